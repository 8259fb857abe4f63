"""Defects of the reference in forms and in comparing vocabularies: none of them is ours."""

from __future__ import annotations

from typing import Any

import pytest

from alm_workbench.mpc import DomainMeta, FormEngine, diff_meta, parse
from alm_workbench.mpc.forms import form_meta
from alm_workbench.mpc.validate import validate


def meta(**parts: Any) -> DomainMeta:
    return DomainMeta.load(parts)


def kind(**parts: Any) -> DomainMeta:
    return meta(kinds=[{"name": "P", **parts}])


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        (kind(), kind(allowedTypes=["string"]), "restricted to string"),
        (kind(requiredProps=["x"]), kind(), "'x' removed"),
        (kind(optionalProps=["x"]), kind(), "'x' removed"),
        (kind(optionalProps=["x"]), kind(requiredProps=["x"]), "required now"),
        (kind(properties={"x": "int"}), kind(properties={"x": "string"}), "from int to string"),
        (
            kind(properties={"x": {"type": "enum", "values": ["a", "b"]}}),
            kind(properties={"x": {"type": "enum", "values": ["a"]}}),
            "value 'b' removed",
        ),
        (meta(), meta(events=["create"]), "only create"),
        (meta(functions=[{"name": "f", "cost": 1}]), meta(functions=[{"name": "f", "cost": 2}]), "costs 2"),
    ],
)
def test_w_17_restrictions_are_breaking(old: DomainMeta, new: DomainMeta, word: str) -> None:
    """What took something away from manifests is seen, and named."""
    found = diff_meta(old, new)
    assert len(found.breaking) == 1
    assert word in found.breaking[0]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (meta(functions=[{"name": "f", "cost": 5}]), meta(functions=[{"name": "f", "cost": 1}])),
        (kind(allowedTypes=["string"]), kind()),
        (kind(allowedTypes=["string"]), kind(allowedTypes=["string", "int"])),
        (kind(requiredProps=["x"]), kind(optionalProps=["x"])),
        (kind(), kind(optionalProps=["x"])),
    ],
)
def test_w_17_what_gives_more_room_is_not_breaking(old: DomainMeta, new: DomainMeta) -> None:
    """A lower cost, a lifted restriction, a further optional property: seen, and not breaking."""
    found = diff_meta(old, new)
    assert (len(found.breaking), len(found.non_breaking)) == (0, 1)


FIELDS = """
def FormDef f {
  def FieldDef age "Age" { type: "number" min: 18 max: 99 }
  def FieldDef name "Name" { type: "string" min: 2 max: 5 }
  def FieldDef size "Size" { type: "select" options: ["s", "m"] }
  def FieldDef tags "Tags" { type: "multiselect" options: ["a", "b", "c"] max: 2 }
  def FieldDef day "Day" { type: "date" min: "2026-01-01" }
  def FieldDef ok "OK" { type: "boolean" }
}
"""


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("age", 17),
        ("age", 100),
        ("age", "20"),
        ("age", True),
        ("age", float("nan")),
        ("name", "x"),
        ("name", "too long"),
        ("name", 5),
        ("size", "xl"),
        ("tags", ["a", "z"]),
        ("tags", ["a", "b", "c"]),
        ("tags", "a"),
        ("day", "2025-12-31"),
        ("day", "tomorrow"),
        ("ok", "true"),
        ("ok", 1),
    ],
)
def test_w_52_types_limits_and_options_are_validated(field: str, value: Any) -> None:
    """A value that does not fit its declaration is an error of its field, and of no other."""
    errors = FormEngine(parse(FIELDS)).validate_submission("f", {field: value})
    assert [error.field_id for error in errors] == [field]
    assert all(error.expr is None for error in errors)


def test_w_52_fitting_values_are_accepted() -> None:
    """The same form takes what fits."""
    data = {"age": 18, "name": "Ada", "size": "m", "tags": ["a", "b"], "day": "2026-01-01", "ok": False}
    assert FormEngine(parse(FIELDS)).validate_submission("f", data) == ()


def test_w_52_hidden_fields_never_block() -> None:
    """A required field that is not shown is not asked for."""
    text = """def FormDef f {
      def FieldDef kind { type: "string" }
      def FieldDef reason { type: "string" required: true visibilityExpr: "kind == 'other'" }
    }"""
    engine = FormEngine(parse(text))
    assert engine.get_form_package("f", {"kind": "usual"}).valid
    assert [e.field_id for e in engine.validate_submission("f", {"kind": "other"})] == ["reason"]


def test_w_52_every_role_is_seen() -> None:
    """An expression can ask for any of the actor's roles, and submitted data cannot claim them."""
    text = """def FormDef f { def FieldDef a { type: "string" readonlyExpr: "not ('lead' in roles)" } }"""
    engine = FormEngine(parse(text))
    assert not engine.get_form_package("f", {}, actor_roles=["user", "lead"]).state("a").readonly
    assert engine.get_form_package("f", {"roles": ["lead"]}, actor_roles=["user"]).state("a").readonly


def test_w_52_a_text_is_one_role() -> None:
    """`actor_roles="lead"` is the role lead, not four letters."""
    text = """def FormDef f { def FieldDef a { type: "string" visibilityExpr: "role == 'lead'" } }"""
    assert FormEngine(parse(text)).get_form_package("f", {}, actor_roles="lead").state("a").visible


def test_w_52_forms_with_nested_fields_are_valid() -> None:
    """The vocabulary of forms takes FieldDef children, and a list of fields as well."""
    assert validate(parse(FIELDS), form_meta()) == []
    listed = parse('def FormDef f { fields: [{id: "a", type: "number", min: 1}] }')
    assert validate(listed, form_meta()) == []
    assert [e.field_id for e in FormEngine(listed).validate_submission("f", {"a": 0})] == ["a"]
