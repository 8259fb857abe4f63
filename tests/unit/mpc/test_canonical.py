"""Canonical JSON and hashes: golden values, refusals, order."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm_workbench.mpc import DomainMeta, ManifestAST, MPCError, ast_hash, canonicalize, order_definitions, stable_hash
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
