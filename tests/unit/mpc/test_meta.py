"""DomainMeta: loading, hashing, extending."""

from __future__ import annotations

import pytest

from alm_workbench.mpc import DomainMeta, FunctionDef, MPCError, load_domain_meta


def test_the_shipped_vocabulary_has_the_kinds_of_the_language(meta: DomainMeta) -> None:
    """All kinds, 13 events and 6 value types are declared."""
    wanted = "EnumDef ArtifactType FieldDef LinkType Workflow Role ACL Policy Automation View Planning FormDef Import"
    assert set(wanted.split()) | {"Overlay", "Redact"} <= meta.kind_names
    assert (len(meta.allowed_events), len(meta.allowed_types)) == (13, 6)
    workflow = meta.get_kind("Workflow")
    assert workflow is not None
    assert workflow.required_props == ("initial", "states", "transitions")


def test_every_property_and_function_is_documented(meta: DomainMeta) -> None:
    """Kinds and functions say what they are for."""
    assert all(kind.doc for kind in meta.kinds)
    assert all(function.doc for function in meta.allowed_functions)


def test_documentation_does_not_change_the_hash() -> None:
    """Only what validation depends on is hashed."""
    one = load_domain_meta("kinds: {P: {doc: a, properties: {x: {type: int, doc: b}}}}")
    two = load_domain_meta("kinds: {P: {properties: {x: int}}}")
    three = load_domain_meta("kinds: {P: {properties: {x: string}}}")
    assert one.hash == two.hash != three.hash


def test_the_contract_form_is_read_too() -> None:
    """camelCase keys and lists of kinds."""
    data = {"kinds": [{"name": "P", "requiredProps": ["x"], "allowedTypes": ["int"]}], "allowedEvents": ["go"]}
    meta = DomainMeta.load(data)
    kind = meta.get_kind("P")
    assert kind is not None
    assert (kind.required_props, kind.allowed_types, kind.open) == (("x",), ("int",), True)


def test_plugins_add_functions_but_cannot_replace_them(meta: DomainMeta) -> None:
    """A new name is added, a taken one refused, the base stays as it was."""
    more = meta.with_functions([FunctionDef("riskScore", ("int",), "number")])
    assert "riskScore" in more.function_names - meta.function_names
    assert more.hash != meta.hash
    with pytest.raises(MPCError, match="len"):
        meta.with_functions([FunctionDef("len")])


@pytest.mark.parametrize(
    "text", ["kinds: 5", "kinds: [{}]", "kinds: {P: {properties: {x: {type: wat}}}}", "a: [", "[1]"]
)
def test_a_broken_vocabulary_is_an_error(text: str) -> None:
    """Never a bare Python exception."""
    with pytest.raises(MPCError):
        load_domain_meta(text)
