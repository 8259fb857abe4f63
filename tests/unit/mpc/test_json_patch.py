"""JSON Patch and JSON Merge Patch: every example of the appendices of RFC 6902 and RFC 7396, and the edges between."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm_workbench.mpc import MPCError, freeze, thaw
from alm_workbench.mpc.overlay import apply_json_patch, merge_patch

from .soak import soak

# RFC 6902, appendix A: document, operations, result (None where it is an error).
RFC_6902 = {
    "A.1": ({"foo": "bar"}, [("add", "/baz", "qux")], {"baz": "qux", "foo": "bar"}),
    "A.2": ({"foo": ["bar", "baz"]}, [("add", "/foo/1", "qux")], {"foo": ["bar", "qux", "baz"]}),
    "A.3": ({"baz": "qux", "foo": "bar"}, [("remove", "/baz")], {"foo": "bar"}),
    "A.4": ({"foo": ["bar", "qux", "baz"]}, [("remove", "/foo/1")], {"foo": ["bar", "baz"]}),
    "A.5": ({"baz": "qux", "foo": "bar"}, [("replace", "/baz", "boo")], {"baz": "boo", "foo": "bar"}),
    "A.6": (
        {"foo": {"bar": "baz", "waldo": "fred"}, "qux": {"corge": "grault"}},
        [("move", "/qux/thud", "/foo/waldo")],
        {"foo": {"bar": "baz"}, "qux": {"corge": "grault", "thud": "fred"}},
    ),
    "A.7": (
        {"foo": ["all", "grass", "cows", "eat"]},
        [("move", "/foo/3", "/foo/1")],
        {"foo": ["all", "cows", "eat", "grass"]},
    ),
    "A.8": (
        {"baz": "qux", "foo": ["a", 2, "c"]},
        [("test", "/baz", "qux"), ("test", "/foo/1", 2)],
        {"baz": "qux", "foo": ["a", 2, "c"]},
    ),
    "A.9": ({"baz": "qux"}, [("test", "/baz", "bar")], None),
    "A.10": ({"foo": "bar"}, [("add", "/child", {"grandchild": {}})], {"foo": "bar", "child": {"grandchild": {}}}),
    "A.11": ({"foo": "bar"}, [{"op": "add", "path": "/baz", "value": "qux", "xyz": 123}], {"foo": "bar", "baz": "qux"}),
    "A.12": ({"foo": "bar"}, [("add", "/baz/bat", "qux")], None),
    "A.14": ({"/": 9, "~1": 10}, [("test", "/~01", 10)], {"/": 9, "~1": 10}),
    "A.15": ({"/": 9, "~1": 10}, [("test", "/~01", "10")], None),
    "A.16": ({"foo": ["bar"]}, [("add", "/foo/-", ["abc", "def"])], {"foo": ["bar", ["abc", "def"]]}),
}
# What the text of the RFCs asks for beyond its examples.
BEYOND = {
    "copy": ({"a": {"b": 1}}, [("copy", "/c", "/a")], {"a": {"b": 1}, "c": {"b": 1}}),
    "copy is a copy": (
        {"a": {"b": 1}},
        [("copy", "/c", "/a"), ("replace", "/c/b", 2)],
        {"a": {"b": 1}, "c": {"b": 2}},
    ),
    "whole document": ({"a": 1}, [("replace", "", [1])], [1]),
    "add replaces": ({"a": 1}, [("add", "/a", 2)], {"a": 2}),
    "null is a value": ({"a": None}, [("test", "/a", None)], {"a": None}),
    "number equality": ({"a": 1}, [("test", "/a", 1.0)], {"a": 1}),
    "true is not 1": ({"a": 1}, [("test", "/a", True)], None),
    "nested true is not 1": ({"a": [1]}, [("test", "/a", [True])], None),
    "key order": ({"a": {"x": 1, "y": 2}}, [("test", "/a", {"y": 2, "x": 1})], {"a": {"x": 1, "y": 2}}),
    "empty key": ({"": 1}, [("replace", "/", 2)], {"": 2}),
    "remove of nothing": ({}, [("remove", "/a")], None),
    "replace of nothing": ({}, [("replace", "/a", 1)], None),
    "beyond the end": ([1], [("add", "/2", 1)], None),
    "at the end": ([1], [("add", "/1", 2)], [1, 2]),
    "leading zero": ([1, 2], [("test", "/00", 1)], None),
    "negative index": ([1], [("test", "/-1", 1)], None),
    "no index": ([1], [("add", "/x", 1)], None),
    "dash reads nothing": ([1], [("test", "/-", 1)], None),
    "into a text": ({"a": "text"}, [("test", "/a/0", "t")], None),
    "move into itself": ({"a": {"b": 1}}, [("move", "/a/b", "/a")], None),
    "move onto itself": ({"a": 1}, [("move", "/a", "/a")], {"a": 1}),
    "unknown op": ({"a": 1}, [("spam", "/a", 1)], None),
    "no value": ({"a": 1}, [{"op": "add", "path": "/b"}], None),
    "no path": ({"a": 1}, [{"op": "add", "value": 1}], None),
    "no from": ({"a": 1}, [{"op": "copy", "path": "/b"}], None),
    "path is no pointer": ({"a": 1}, [("add", "a", 1)], None),
    "bad escape": ({"a~b": 1}, [("test", "/a~b", 1)], None),
    "no operation": ({"a": 1}, ["remove"], None),
    "path is null": ({"a": 1}, [{"op": "add", "path": None, "value": 1}], None),
}


def operations(given: list[Any]) -> list[Any]:
    """Short tuples as operations."""
    found: list[Any] = []
    for item in given:
        if not isinstance(item, tuple):
            found.append(item)
        elif item[0] in ("move", "copy"):
            found.append({"op": item[0], "path": item[1], "from": item[2]})
        else:
            found.append({"op": item[0], "path": item[1], **({"value": item[2]} if len(item) > 2 else {})})
    return found


@pytest.mark.parametrize(
    ("document", "patch", "result"), [*RFC_6902.values(), *BEYOND.values()], ids=[*RFC_6902, *BEYOND]
)
def test_json_patch(document: Any, patch: list[Any], result: Any) -> None:
    """The result, or one registered error; the document is not touched either way."""
    before, frozen = copy.deepcopy(document), freeze(document)
    for given_document in (document, frozen):
        if result is None:
            with pytest.raises(MPCError) as caught:
                apply_json_patch(given_document, operations(patch))
            assert caught.value.code == "E_OVERLAY_PATCH"
        else:
            assert apply_json_patch(given_document, operations(patch)) == result
    assert document == before


def test_a_patch_is_done_as_a_whole() -> None:
    """A later operation that fails undoes the earlier ones."""
    document = {"a": 1}
    with pytest.raises(MPCError, match="Operation 2"):
        apply_json_patch(document, operations([("add", "/b", 1), ("test", "/a", 2)]))
    assert document == {"a": 1}


def test_a_patch_cannot_blow_up() -> None:
    """Copies that double the document again and again are refused before memory is gone."""
    doubling = [{"op": "copy", "from": "", "path": f"/k{i}"} for i in range(64)]
    with pytest.raises(MPCError) as caught:
        apply_json_patch({"a": [1] * 100}, doubling)
    assert caught.value.limit == 1_000_000
    with pytest.raises(MPCError):
        apply_json_patch({}, [{"op": "test", "path": "", "value": {}}] * 10_001)


# RFC 7396, appendix A: original, patch, result.
RFC_7396: list[tuple[Any, Any, Any]] = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, None),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    # The example of section 3.
    (
        {
            "title": "Goodbye!",
            "author": {"givenName": "John", "familyName": "Doe"},
            "tags": ["example", "sample"],
            "content": "This will be unchanged",
        },
        {"title": "Hello!", "phoneNumber": "+01-123-456-7890", "author": {"familyName": None}, "tags": ["example"]},
        {
            "title": "Hello!",
            "author": {"givenName": "John"},
            "tags": ["example"],
            "content": "This will be unchanged",
            "phoneNumber": "+01-123-456-7890",
        },
    ),
]


@pytest.mark.parametrize(("original", "patch", "result"), RFC_7396)
def test_merge_patch(original: Any, patch: Any, result: Any) -> None:
    """Every test case of the RFC, on plain and on frozen data, neither of them touched."""
    before = copy.deepcopy((original, patch))
    assert merge_patch(original, patch) == result
    assert merge_patch(freeze(original), freeze(patch)) == result
    assert (original, patch) == before


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@soak(100)
@given(JSON, JSON)
def test_merging_twice_is_merging_once(original: Any, patch: Any) -> None:
    """A merge patch says how the result looks, so that doing it again changes nothing."""
    once = merge_patch(original, patch)
    assert merge_patch(once, patch) == once


@soak(100)
@given(JSON, JSON)
def test_replacing_the_document(original: Any, other: Any) -> None:
    """Test and replace agree with each other for any values."""
    replaced = apply_json_patch(original, [{"op": "replace", "path": "", "value": other}])
    assert thaw(replaced) == other
    assert apply_json_patch(replaced, [{"op": "test", "path": "", "value": other}]) == other
