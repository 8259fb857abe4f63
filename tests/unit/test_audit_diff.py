"""Differences of JSON states: applying them to the one gives the other, exactly."""

from __future__ import annotations

import copy
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alm_workbench.contexts.audit.diff import apply, diff, same
from alm_workbench.contexts.audit.domain import GlobalId
from alm_workbench.contexts.audit.messages import DiffOpDTO

NAMES = st.sampled_from(["a", "b", "a/b", "~", "~1", "", "0", "1", "ı"]) | st.text(max_size=3)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=4)
)
STATES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(NAMES, inner, max_size=4))


@given(STATES, STATES)
@example([1, 2, 3], [0, 1, 2, 3])
@example([1], [True])
@example({"a": 1}, {"a": 1.0})
@example({"a/b": {"~": 1}}, {"a/b": {"~": [None]}})
@example([], [[], {}])
def test_applying_the_difference_gives_the_other(left: object, right: object) -> None:
    """apply(a, diff(a, b)) == b, to the type of every number; the given state is not touched."""
    before = copy.deepcopy(left)
    assert same(apply(left, diff(left, right)), right)
    assert same(left, before)


@given(STATES)
def test_there_is_no_difference_to_itself(state: object) -> None:
    """diff(a, a) is empty."""
    assert diff(state, copy.deepcopy(state)) == ()


@given(STATES, STATES)
def test_every_operation_names_both_values(left: object, right: object) -> None:
    """Read backwards, with both values changed over, the same operations lead back."""
    words = {"add": "remove", "remove": "add", "replace": "replace"}
    back = [DiffOpDTO(words[o.op], o.path, o.right, o.left) for o in reversed(diff(left, right))]  # type: ignore[arg-type]
    assert same(apply(right, back), left)


def test_an_item_put_in_front_is_one_operation() -> None:
    """A step added before others does not change them."""
    steps = [{"step": n} for n in range(5)]
    assert diff({"steps": steps}, {"steps": [{"step": 9}, *steps]}) == (
        DiffOpDTO("add", "/steps/0", None, {"step": 9}),
    )


def test_what_does_not_fit_is_refused() -> None:
    """An operation on something that is not there says where."""
    with pytest.raises(LookupError, match="/a"):
        apply({}, [DiffOpDTO("remove", "/a", 1, None)])
    with pytest.raises(LookupError, match="/3"):
        apply([1], [DiffOpDTO("replace", "/3", 1, 2)])


@given(st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,20}", fullmatch=True), st.uuids())
def test_global_ids_survive_the_way_through_text(kind: str, entity_id: UUID) -> None:
    """parse(str(id)) == id."""
    named = GlobalId(kind, entity_id)
    assert GlobalId.parse(str(named)) == named


@pytest.mark.parametrize("text", ["", "Artifact", "/", "Artifact/1", "A b/00000000-0000-0000-0000-000000000000"])
def test_other_texts_are_no_global_ids(text: str) -> None:
    """Everything else is refused."""
    with pytest.raises(ValueError):
        GlobalId.parse(text)
