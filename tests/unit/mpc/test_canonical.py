"""Canonical JSON and hashes: golden values, refusals, order."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm_workbench.mpc import (
    DomainMeta,
    ManifestAST,
    MPCError,
    ast_hash,
    canonicalize,
    canonicalize_bytes,
    order_definitions,
    stable_hash,
)
from alm_workbench.mpc.canonical import artifact_hash, order_nested

EMPTY_AST = "e1118c38bfb2653e5f2f71f1422d05a65483ebdccd52a9018259ec37a9fce820"
EMPTY_META = "28f09d4ef9fe5a3179780809aacb1c81f4d527a04568b021df66271f9a2cef96"

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("value", "digest"),
    [
        ({}, "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"),
        ({"b": 2, "a": [1, "é"]}, "df9a461ade0c8810b77c66e46319e53600e5ff54762a78d8b3ec0c69d5c1ea64"),
    ],
)
def test_stable_hash_has_the_contract_values(value: Any, digest: str) -> None:
    """The hash is SHA-256 over the canonical bytes."""
    assert stable_hash(value) == digest


def test_empty_manifest_meta_and_artifact_hash() -> None:
    """The three hashes of nothing are those of the contract."""
    assert ast_hash(ManifestAST()) == EMPTY_AST
    assert DomainMeta().hash == EMPTY_META
    digest = "1f6407c091ef2a4e770d9de5a107f2ce377cb880f5da38d00f35cc92ec23748a"
    assert artifact_hash(EMPTY_AST, EMPTY_META, "0.1.0") == digest


def test_keys_are_sorted_and_text_is_kept() -> None:
    """Keys go by code point, there are no spaces, letters stay letters."""
    assert canonicalize({"b": 1.0, "a": "ğ", "Z": None}) == '{"Z":null,"a":"ğ","b":1.0}'


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1: "x"}, {"x": {1, 2}}, object()])
def test_values_without_a_canonical_form_are_refused(value: Any) -> None:
    """NaN, infinity, keys that are no text, and foreign objects raise."""
    with pytest.raises(MPCError):
        canonicalize(value)


def test_half_a_surrogate_pair_cannot_be_hashed() -> None:
    """Text that is no Unicode raises our error, not UnicodeEncodeError."""
    with pytest.raises(MPCError):
        stable_hash("\ud83d")


@given(json_values)
def test_hash_does_not_depend_on_key_order(value: Any) -> None:
    """A mapping written in another order has the same hash."""
    turned = dict(reversed(list(value.items()))) if isinstance(value, dict) else value
    assert canonicalize(turned) == canonicalize(value)


def test_definitions_are_ordered_by_priority_name_id_kind() -> None:
    """Priority first, highest on top; nulls count as nothing."""
    items: list[dict[str, Any]] = [
        {"id": "c", "name": None, "priority": None},
        {"id": "b", "name": "x", "priority": 1},
        {"id": "a", "name": "x", "priority": 1},
        {"id": "z", "priority": 9},
    ]
    assert [item["id"] for item in order_definitions(items)] == ["z", "a", "b", "c"]


def test_only_lists_of_definitions_are_reordered() -> None:
    """Other lists keep their order."""
    data = {"defs": [{"id": "b"}, {"id": "a"}], "other": [{"id": "b"}, {"id": "a"}]}
    assert order_nested(data) == {"defs": [{"id": "a"}, {"id": "b"}], "other": [{"id": "b"}, {"id": "a"}]}


class TestRfc8785:
    """Examples printed in the RFC, and the differences that are meant."""

    def test_its_example_of_serialisation(self) -> None:
        """Section 3.2.2 and 3.2.3, but for how numbers are written."""
        text = '{"string": "\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/", "literals": [null, true, false]}'
        expected = '{"literals":[null,true,false],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
        assert canonicalize(json.loads(text)) == expected

    def test_its_example_of_sorting(self) -> None:
        """Section 3.2.3: by UTF-16 unit there, by code point here; they part only beyond U+FFFF."""
        names = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
        ours = list(json.loads(canonicalize(dict.fromkeys(names))))
        theirs = sorted(names, key=lambda name: name.encode("utf-16-be"))
        assert ours == ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\ufb33", "\U0001f600"]
        assert theirs == ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]
        assert [n for n in ours if n <= "\uffff" and n != "\ufb33"] == [n for n in theirs if n < "\ufb33"]

    @pytest.mark.parametrize(
        ("number", "written"),
        [
            (0.0, "0.0"), (-0.0, "-0.0"), (5e-324, "5e-324"), (1.7976931348623157e308, "1.7976931348623157e+308"),
            (9007199254740992, "9007199254740992"), (295147905179352830000, "295147905179352830000"),
            (333333333.33333329, "333333333.3333333"), (4.5, "4.5"), (0.000001, "1e-06"), (1e21, "1e+21"),
            (10**30, "1000000000000000000000000000000"),
        ],
    )  # fmt: skip
    def test_numbers_keep_their_kind(self, number: float, written: str) -> None:
        """Shortest digits that read back the same, as in Appendix B; 1 and 1.0 stay two things, as the contract wants."""
        assert canonicalize(number) == written
        assert json.loads(written) == number

    @pytest.mark.parametrize(
        "value", [{1: "a"}, {"a": {None: 1}}, "\ud800", ["\udfff"], {"\ud83d": 1}, object(), {"a": {1, 2}}, b"x"]
    )
    def test_what_has_no_form_is_refused(self, value: Any) -> None:
        """Keys that are not text, halves of pairs, other types: a registered code, no bare exception."""
        with pytest.raises(MPCError) as caught:
            canonicalize_bytes(value)
        assert caught.value.code in ("E_CANONICAL_KEY", "E_CANONICAL_TYPE")
