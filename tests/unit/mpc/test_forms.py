"""Free-standing forms: the contract's package, failures that fall open or closed, sizes and budgets."""

from __future__ import annotations

from typing import Any

import pytest

from alm_workbench.mpc import FormEngine, MPCError, parse
from alm_workbench.mpc.expr.evaluate import Limits
from alm_workbench.mpc.forms import CATALOGUE, FormLimits, Messages

ORDER = """
@namespace "shop"
def ACL see_price { action: "read" resource: "price" roles: ["clerk"] effect: "allow" maskFields: ["price"] }
def FormDef order "Order" {
  workflowState: "open" workflowTrigger: "submit"
  def FieldDef item "Item" { type: "select" options: ["bolt", "nut"] required: true placeholder: "choose" }
  def FieldDef price "Price" { type: "number" min: 0 max: 100 default: 1 }
  def FieldDef note { type: "textarea" max: 20 visibilityExpr: "len(item) > 0" }
  def FieldDef token { type: "hidden" }
  def FieldDef due "Due" { type: "date" readonlyExpr: "role != 'lead'" }
  fields: [{id: "count", type: "number", label: "Count", validationExpr: "count > 0"}]
}
"""


@pytest.fixture(scope="module")
def engine() -> FormEngine:
    return FormEngine(parse(ORDER))


def package(engine: FormEngine, data: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return engine.get_form_package("order", data or {}, **more).to_dict()


def test_the_schema_says_what_the_form_declares(engine: FormEngine) -> None:
    """Title, workflow marks, required ids, and a property per field: children first, then the listed ones."""
    schema = package(engine)["jsonSchema"]
    assert (schema["title"], schema["x-form-id"], schema["required"]) == ("Order", "order", ["item"])
    assert (schema["x-workflow-state"], schema["x-workflow-trigger"]) == ("open", "submit")
    assert list(schema["properties"]) == ["item", "price", "note", "token", "due", "count"]
    price = {"type": "number", "title": "Price", "minimum": 0, "maximum": 100, "default": 1, "x-field-id": "price"}
    assert schema["properties"]["price"] == price
    note = {"type": "string", "maxLength": 20, "x-field-id": "note", "x-visibility-expr": "len(item) > 0"}
    assert schema["properties"]["note"] == note
    assert schema["properties"]["item"]["enum"] == ["bolt", "nut"]


def test_the_hints_name_every_field_and_its_widget(engine: FormEngine) -> None:
    """An empty entry stands for a plain field."""
    ui = package(engine)["uiSchema"]
    assert ui["ui:order"] == ["item", "price", "note", "token", "due", "count"]
    assert ui["item"] == {"ui:placeholder": "choose"}
    assert [ui[name].get("ui:widget") for name in ("note", "token", "due", "price")] == [
        "textarea",
        "hidden",
        "date",
        None,
    ]


def test_a_masked_field_can_only_be_read(engine: FormEngine) -> None:
    """The access rule speaks of clerks: only they see it so, and they read why."""
    found = engine.get_form_package("order", {}, actor_roles=["user", "clerk"]).state("price")
    assert (found.readonly, found.visible, found.reason) == (True, True, CATALOGUE["tr"]["masked"])
    assert not engine.get_form_package("order", {}, actor_roles=["user"]).state("price").readonly
    assert engine.apply_acl("order", actor_roles=["clerk"])["price"] is True


def test_conditions_decide_on_state_and_validity(engine: FormEngine) -> None:
    """Visibility, read-only and validation expressions see the data and the role."""
    lead = engine.get_form_package("order", {"item": "bolt", "count": 0}, actor_roles=["lead"])
    assert (lead.state("note").visible, lead.state("due").readonly) == (True, False)
    assert [error.to_dict()["expr"] for error in lead.errors] == ["count > 0"]
    assert not engine.get_form_package("order", {}).state("note").visible


@pytest.mark.parametrize(
    ("fail_open", "visible", "readonly", "valid"), [(True, True, False, True), (False, False, True, True)]
)
def test_a_failing_expression_falls_to_its_default_or_the_inverse(
    fail_open: bool, visible: bool, readonly: bool, valid: bool
) -> None:
    """Open: shown, changeable, valid. Closed: the inverse. Either way it is reported."""
    text = """def FormDef f { def FieldDef a { type: "string" visibilityExpr: "nope(1)" readonlyExpr: "nope(2)" } }"""
    found = FormEngine(parse(text)).get_form_package("f", {"a": "x"}, fail_open=fail_open)
    assert (found.state("a").visible, found.state("a").readonly, found.valid) == (visible, readonly, valid)
    assert [d.code for d in found.diagnostics] == ["E_FORM_EXPR_FAILED"] * 2
    assert "nope" in found.diagnostics[0].message


def test_a_failing_validation_closes_too() -> None:
    """What cannot be decided is not valid where failures count."""
    engine = FormEngine(parse("""def FormDef f { def FieldDef a { type: "string" validationExpr: "a > 1" } }"""))
    assert engine.get_form_package("f", {"a": "x"}).valid
    assert not engine.get_form_package("f", {"a": "x"}, fail_open=False).valid


def test_the_step_budget_counts_as_failure() -> None:
    """An expression beyond its steps falls like any other."""
    text = """def FormDef f { def FieldDef a { type: "string" visibilityExpr: "1+1+1+1+1+1 > 0" } }"""
    engine = FormEngine(parse(text), limits=Limits(max_steps=3))
    assert not engine.get_form_package("f", {}, fail_open=False).state("a").visible


@pytest.mark.parametrize("key", ["__budget__", "__trace__", "__clock__", "role", "actor"])
def test_submitted_data_cannot_touch_the_evaluation(key: str) -> None:
    """No submitted key reaches the budget, the clock, or what the expression knows of the actor."""
    text = """def FormDef f { def FieldDef age { type: "number" validationExpr: "age >= 18 and role == 'clerk'" } }"""
    found = FormEngine(parse(text)).validate_submission("f", {"age": 3, key: "clerk"}, actor_roles=["user"])
    assert [error.field_id for error in found] == ["age"]


def test_the_clock_is_given() -> None:
    """`now()` is what the caller says, as text or when asked."""
    text = """def FormDef f { def FieldDef a { type: "string" visibilityExpr: "now() == '2026-11-23'" } }"""
    engine = FormEngine(parse(text))
    for clock in ("2026-11-23", lambda: "2026-11-23"):
        assert engine.get_form_package("f", {}, clock=clock).state("a").visible
    assert not engine.get_form_package("f", {}).state("a").visible


def test_an_unknown_form_is_an_error_of_the_whole(engine: FormEngine) -> None:
    """Everything is empty, and the error has no expression."""
    found = engine.get_form_package("nope", {}).to_dict()
    assert (found["jsonSchema"], found["uiSchema"], found["fieldState"]) == ({}, {}, [])
    (error,) = found["validation"]["errors"]
    assert error["field_id"] == "__form__"
    assert "expr" not in error


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (FormLimits(max_data_size=10), "E_FORM_DATA_TOO_LARGE"),
        (FormLimits(max_actor_size=3), "E_FORM_ACTOR_TOO_LARGE"),
    ],
)
def test_what_is_too_large_is_refused(limits: FormLimits, code: str) -> None:
    """Data and actor have a size; texts count their characters."""
    engine = FormEngine(parse(ORDER), form_limits=limits)
    with pytest.raises(MPCError) as error:
        engine.get_form_package("order", {"item": "b" * 20}, actor_roles=["administrator"])
    assert error.value.code == code


def test_a_form_that_takes_too_long_is_refused() -> None:
    """The budget is over all expressions of the form, by the given timer."""
    ticks = iter(range(100))
    engine = FormEngine(parse(ORDER), form_limits=FormLimits(max_total_ms=1_500), timer=lambda: float(next(ticks)))
    with pytest.raises(MPCError) as error:
        engine.get_form_package("order", {"item": "bolt"})
    assert error.value.code == "E_FORM_TIMEOUT"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('def FormDef f { def FieldDef a { type: "colour" } }', "E_META_UNKNOWN_VALUE"),
        ('def FormDef f { fields: [{type: "string"}] }', "E_META_MISSING_REQUIRED_FIELD"),
        ('def FormDef f { def FieldDef a { type: "string" } fields: [{id: "a"}] }', "E_VALID_DUPLICATE_DEF"),
    ],
)
def test_a_form_that_makes_no_sense_is_refused(text: str, code: str) -> None:
    """With a registered code, when the engine is made."""
    with pytest.raises(MPCError) as error:
        FormEngine(parse(text))
    assert error.value.code == code


def test_the_language_is_the_callers() -> None:
    """The contract's sentence by default, English, a dialect's own, and one's own wording."""
    text = 'def FormDef f { def FieldDef a "A" { type: "string" required: true } }'
    for lang, expected in (
        ("tr", "'A' alanı zorunludur"),
        ("en", "'A' is required"),
        ("tr-TR", "'A' alanı zorunludur"),
    ):
        assert FormEngine(parse(text), lang=lang).validate_submission("f", {})[0].message == expected
    own = {"de": {"required": "'{label}' fehlt"}}
    assert FormEngine(parse(text), lang="de", messages=own).validate_submission("f", {})[0].message == "'A' fehlt"


def test_both_catalogues_say_the_same_things() -> None:
    """Every sentence exists in both languages with the same values."""
    import string

    def values(template: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(template) if name}

    assert CATALOGUE["en"].keys() == CATALOGUE["tr"].keys()
    for key in CATALOGUE["en"]:
        assert values(CATALOGUE["en"][key]) == values(CATALOGUE["tr"][key]), key
    assert Messages("xx").say("required", label="A") == "'A' is required"


def test_forms_can_be_found(engine: FormEngine) -> None:
    """By id and by workflow state."""
    assert [form.id for form in engine.get_forms()] == ["order"]
    assert engine.get_form("order") is not None
    assert engine.get_form("nope") is None
    assert [form.id for form in engine.get_forms_for_state("open")] == ["order"]
    assert engine.get_forms_for_state("closed") == ()
    assert next(iter(engine.compute_field_state("order", {}))).field_id == "item"
