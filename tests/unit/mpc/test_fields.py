"""Field values: conversion, limits, conditions, one problem per field."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alm_workbench.mpc import CompiledManifest, DomainMeta, EvalContext, canonicalize, check, clean_fields
from alm_workbench.mpc.fields import conditions

CTX = EvalContext(actor={"id": "u1", "roles": ["engineer"]})


def one(meta: DomainMeta, spec: str, value: Any, **more: Any) -> tuple[Any, str | None]:
    """The stored value of a field called f, and the code of its problem."""
    text = (
        'def EnumDef level { values: [{id: "low", labels: {tr: "Düşük"}}, {id: "high", labels: {tr: "YÜKSEK"}}] }\n'
        'def Workflow w { initial: "a" states: ["a"] transitions: [] }\n'
        f'def ArtifactType t {{ workflow: "w" def FieldDef f {{ {spec} }} def FieldDef g {{ type: "int" }} }}'
    )
    result = check(text, meta)
    assert result.compiled is not None, [str(d) for d in result.diagnostics]
    found = clean_fields(result.compiled, "t", {"f": value}, ctx=CTX, **more)
    return found.values.get("f"), found.problems[0].code if found.problems else None


def test_five_is_five_however_it_is_written(meta: DomainMeta) -> None:
    """5.0 and 5 are kept as one value, else a sheet that goes out and in again would differ; big ones lose nothing."""
    assert [repr(one(meta, 'type: "number"', value)[0]) for value in (5, 5.0, "5", "5.0", -0.0)] == ["5"] * 4 + ["0"]
    assert repr(one(meta, 'type: "number"', 1e300)[0]) == "1e+300"


@pytest.mark.parametrize(
    ("spec", "value", "stored"),
    [
        ('type: "string"', " a<b ", " a<b "),
        ('type: "string"', 5, "5"),
        ('type: "text"', "l1\r\nl2", "l1\r\nl2"),
        ('type: "richtext"', "<p>ş</p>", "<p>ş</p>"),
        ('type: "int"', "42", 42),
        ('type: "int"', 3.0, 3),
        ('type: "number"', "1.5", 1.5),
        ('type: "number"', "7", 7),
        ('type: "bool"', "Evet", True),
        ('type: "bool"', "HAYIR", False),
        ('type: "bool"', 1, True),
        ('type: "date"', date(2026, 3, 31), "2026-03-31"),
        ('type: "date"', " 2026-03-31 ", "2026-03-31"),
        ('type: "datetime"', "2026-03-31T12:00:00+03:00", "2026-03-31T09:00:00Z"),
        ('type: "datetime"', datetime(2026, 3, 31, tzinfo=UTC), "2026-03-31T00:00:00Z"),
        ('type: "choice" choices: "level"', "HIGH", "high"),
        ('type: "choice" choices: "level"', "yüksek", "high"),
        ('type: "choice" choices: ["A", "a"]', "a", "a"),
        ('type: "multichoice" choices: "level"', "low; high;low", ["low", "high"]),
        ('type: "multichoice" choices: "level"', ["high"], ["high"]),
        ('type: "url"', "https://example.org/a?b=1", "https://example.org/a?b=1"),
        ('type: "user"', "u1", "u1"),
        ('type: "reference" target: "t"', ["a", "b"], ["a", "b"]),
        ('type: "table" columns: [{id: "n", type: "int", default: 1}]', [{"n": "2"}, {}], [{"n": 2}, {"n": 1}]),
        ('type: "int"', "", None),
        ('type: "int"', None, None),
    ],
)
def test_values_are_converted(meta: DomainMeta, spec: str, value: Any, stored: Any) -> None:
    """Typed values and clear texts become the stored form."""
    found, problem = one(meta, spec, value)
    assert problem is None
    assert found == stored
    assert type(found) is type(stored)


@pytest.mark.parametrize(
    ("spec", "value", "code"),
    [
        ('type: "string"', "two\nlines", "E_FIELD_TYPE"),
        ('type: "string" max_length: 3', "four", "E_FIELD_RANGE"),
        ('type: "string" pattern: "[A-Z]+"', "Ab", "E_FIELD_PATTERN"),
        ('type: "text"', "nul\0", "E_FIELD_TYPE"),
        ('type: "text"', "\ud83d", "E_FIELD_TYPE"),
        ('type: "int"', "1.5", "E_FIELD_TYPE"),
        ('type: "int"', True, "E_FIELD_TYPE"),
        ('type: "int"', 2**70, "E_FIELD_TYPE"),
        ('type: "int" min: 1', 0, "E_FIELD_RANGE"),
        ('type: "number" max: 5', "5.1", "E_FIELD_RANGE"),
        ('type: "number"', float("nan"), "E_FIELD_TYPE"),
        ('type: "bool"', "maybe", "E_FIELD_TYPE"),
        ('type: "date"', "31.03.2026", "E_FIELD_TYPE"),
        ('type: "date" min: "2026-01-01"', "2025-12-31", "E_FIELD_RANGE"),
        ('type: "datetime"', "2026-03-31T12:00:00", "E_FIELD_TYPE"),
        ('type: "choice" choices: "level"', "medium", "E_FIELD_CHOICE"),
        ('type: "multichoice" choices: "level" max: 1', ["low", "high"], "E_FIELD_RANGE"),
        ('type: "url"', "javascript:alert(1)", "E_FIELD_TYPE"),
        ('type: "table" columns: [{id: "n", type: "int", required: true}]', [{}], "E_FIELD_REQUIRED"),
        ('type: "table" columns: [{id: "n", type: "int"}]', [{"m": 1}], "E_FIELD_UNKNOWN"),
        ('type: "table" columns: [{id: "n", type: "int"}]', {"n": 1}, "E_FIELD_TYPE"),
        ('type: "int" computed: "self.fields.g"', 7, "E_FIELD_COMPUTED"),
        ('type: "int" required: true', None, "E_FIELD_REQUIRED"),
    ],
)
def test_values_that_do_not_fit_are_problems(meta: DomainMeta, spec: str, value: Any, code: str) -> None:
    """Each with its code; the value is not taken."""
    found, problem = one(meta, spec, value)
    assert (found, problem) == (None, code)


def test_a_title_and_a_text_are_enough_for_a_requirement(safety: CompiledManifest) -> None:
    """Everything else has a default; an empty text is fine in a draft."""
    for text in ("The <b>system</b> shall", "", None):
        found = clean_fields(safety, "requirement", {"text": text}, ctx=CTX)
        assert found.problems == ()
        assert (found.values["asil"], found.values["priority"]) == ("QM", "medium")


@pytest.mark.parametrize("kind", ["need", "hazard", "defect", "task", "test_case", "change_request", "safety_goal"])
def test_the_other_types_need_no_more(safety: CompiledManifest, kind: str) -> None:
    """Plain imports work for all types."""
    assert clean_fields(safety, kind, {"text": "x"}, ctx=CTX).ok


def test_unknown_fields_are_named_with_a_suggestion(safety: CompiledManifest) -> None:
    """And an unknown type is one problem."""
    found = clean_fields(safety, "requirement", {"prioritty": "high"}, ctx=CTX)
    assert found.problems[0].message == "Requirement has no field 'prioritty' (did you mean 'priority'?)"
    assert clean_fields(safety, "nothing", {}, ctx=CTX).problems[0].code == "E_FIELD_UNKNOWN_TYPE"


def test_every_problem_is_reported_in_the_order_of_the_fields(safety: CompiledManifest) -> None:
    """Not only the first."""
    found = clean_fields(safety, "requirement", {"ftti": -1, "asil": "Z", "text": 5.5}, ctx=CTX)
    assert [p.field for p in found.problems] == ["asil", "ftti"]


def test_required_when_looks_at_the_state(safety: CompiledManifest) -> None:
    """The root cause is needed once the defect is in review."""
    in_review = EvalContext({"state": "in_review"}, CTX.actor)
    assert [p.field for p in clean_fields(safety, "defect", {}, ctx=in_review).problems] == ["root_cause"]
    assert clean_fields(safety, "defect", {"root_cause": "wear"}, ctx=in_review).ok


def test_changes_are_laid_over_what_is_there(safety: CompiledManifest) -> None:
    """Null clears; untouched required fields are not asked for again; unknown stored keys stay."""
    existing = {"asil": "B", "text": "old", "gone": 1}
    found = clean_fields(
        safety, "requirement", {"text": None, "priority": "high"}, ctx=CTX, existing=existing, partial=True
    )
    assert (found.values, found.ok) == ({"asil": "B", "gone": 1, "priority": "high"}, True)
    cleared = clean_fields(safety, "requirement", {"asil": None}, ctx=CTX, existing=existing, partial=True)
    assert [p.code for p in cleared.problems] == ["E_FIELD_REQUIRED"]
    assert existing["asil"] == "B"


def test_readonly_fields_keep_their_value(meta: DomainMeta) -> None:
    """Sending the same value back is no change."""
    spec = 'type: "int" readonly_when: "self.state == \'a\'"'
    assert one(meta, spec, 6, existing={"f": 5}, partial=True) == (5, "E_FIELD_READONLY")
    assert one(meta, spec, 5, existing={"f": 5}, partial=True) == (5, None)
    assert one(meta, spec, 6) == (6, None)


def test_computed_fields_follow(safety: CompiledManifest) -> None:
    """The number of steps is worked out from the table."""
    steps = [{"action": "brake", "expected": "stops"}] * 3
    assert clean_fields(safety, "test_case", {"steps": steps}, ctx=CTX).values["step_count"] == 3


def test_hidden_required_fields_do_not_block(meta: DomainMeta) -> None:
    """What is not asked for cannot be missing."""
    assert one(meta, 'type: "int" required: true visible_when: "self.fields.g > 3"', None) == (None, None)


def test_conditions_follow_the_values(safety: CompiledManifest) -> None:
    """The safety mechanism shows at ASIL C and D."""
    text = safety.types["requirement"].fields["safety_mechanism"].visible_when
    for asil, shown in (("QM", False), ("D", True), (None, False)):
        assert conditions(safety, "requirement", {"asil": asil}, CTX)(text) is shown


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.dates() | st.datetimes(timezones=st.just(timezone(timedelta(hours=3)))),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_any_input_is_a_result_and_cleaning_twice_changes_nothing(
    safety: CompiledManifest, data: st.DataObject
) -> None:
    """Never an exception; stored values are JSON, and clean themselves."""
    kind = safety.types[data.draw(st.sampled_from(sorted(safety.types)))]
    values = data.draw(st.dictionaries(st.sampled_from(sorted(kind.fields)), json_values, max_size=5))
    first = clean_fields(safety, kind.id, values, ctx=CTX)
    canonicalize(first.values)
    again = clean_fields(safety, kind.id, first.values, ctx=CTX)
    assert again.values == first.values
    assert {p.code for p in again.problems} <= {"E_FIELD_REQUIRED"}
