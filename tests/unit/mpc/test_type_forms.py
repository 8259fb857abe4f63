"""Forms derived from types: what they show is what the server does."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm_workbench.mpc import CompiledManifest, DomainMeta, EvalContext, FormPackage, check, clean_fields, type_form

from .conftest import META_DIR
from .soak import soak

TEXT = """
@schema 2
@namespace "t"
def EnumDef level { values: [{id: "low", order: 1, labels: {tr: "Düşük"}}, {id: "high", order: 2, color: "#d33"}] }
def Workflow flow {
  initial: "open"
  states: [{id: "open", category: "todo"}, {id: "done", category: "done"}]
  transitions: [{from: "open", to: "done"}]
}
def Role clerk { } def Role boss { implies: ["clerk"] }
def ACL clerks { action: ["create", "read", "update"] resource: "*" roles: ["clerk"] mask: ["secret"] }
def ACL bosses { action: "*" resource: "*" roles: ["boss"] priority: 10 }
def ACL frozen { action: "update" resource: "thing.level" effect: "deny" priority: 20 condition: "self.state == 'done'" }
def ArtifactType thing "Thing" {
  workflow: "flow" labels: {tr: "Şey"}
  def FieldDef level { type: "choice" choices: "level" default: "low" labels: {en: "Level", tr: "Düzey"} }
  def FieldDef code { type: "string" pattern: "[A-Z]+" max_length: 5 required: true labels: {en: "Code", tr: "Kod"} }
  def FieldDef effort { type: "int" min: 0 max: 10 unit: "h" placeholder: {en: "hours", tr: "saat"} }
  def FieldDef why { type: "text" required_when: "self.fields.level == 'high'" visible_when: "self.fields.level == 'high'" }
  def FieldDef closed_on { type: "date" min: "2026-01-01" readonly_when: "self.state == 'done'" }
  def FieldDef double { type: "int" computed: "self.fields.effort * 2" }
  def FieldDef secret { type: "string" sensitive: true default: "hush" }
  def FieldDef see { type: "reference" target: ["thing"] }
  def FieldDef tags { type: "multichoice" choices: ["a", "b"] max: 1 }
  def FieldDef steps {
    type: "table" labels: {en: "Steps", tr: "Adımlar"}
    columns: [{id: "do", type: "string", required: true}, {id: "times", type: "int", min: 1}]
  }
}
def FormDef short "Short" { type: "thing" action: "create" fields: ["code"] sections: [
  {id: "more", labels: {en: "More", tr: "Devamı"}, fields: ["level", "why"]},
  {id: "risky", fields: ["effort"], visible_when: "self.fields.level == 'high'"},
] }
def FormDef closing { type: "thing" state: "done" fields: ["closed_on"] }
"""


@pytest.fixture(scope="module")
def process(meta: DomainMeta) -> CompiledManifest:
    result = check(TEXT, meta)
    assert result.compiled is not None, [str(d) for d in result.diagnostics]
    return result.compiled


def actor(*roles: str, **item: Any) -> EvalContext:
    return EvalContext(self_=item, actor={"id": "u1", "roles": list(roles)})


def form(process: CompiledManifest, values: dict[str, Any], ctx: EvalContext, **more: Any) -> FormPackage:
    return type_form(process, "thing", values, ctx, **({"action": "update"} | more))


def test_every_field_is_there_in_order_with_its_limits(process: CompiledManifest) -> None:
    """Choices have labels, numbers limits and units, texts patterns, tables columns, references targets."""
    schema = form(process, {}, actor("boss"), lang="tr").json_schema
    props = schema["properties"]
    assert list(props) == ["level", "code", "effort", "why", "closed_on", "double", "secret", "see", "tags", "steps"]
    assert schema["title"] == "Şey"
    assert props["level"]["oneOf"][0] == {"const": "low", "title": "Düşük"}
    assert props["level"]["oneOf"][1]["x-color"] == "#d33"
    assert (props["effort"]["minimum"], props["effort"]["maximum"], props["effort"]["x-unit"]) == (0, 10, "h")
    assert (props["code"]["maxLength"], props["code"]["title"]) == (5, "Kod")
    assert props["see"]["x-target"] == ["thing"]
    assert props["double"]["readOnly"] is True
    assert props["secret"]["x-sensitive"] is True
    assert props["steps"]["items"]["required"] == ["do"]
    assert props["steps"]["items"]["properties"]["times"]["minimum"] == 1
    jsonschema.Draft202012Validator.check_schema(dict(schema))


def test_hints_speak_the_readers_language(process: CompiledManifest) -> None:
    """Placeholders and widgets."""
    ui = form(process, {}, actor("boss"), lang="tr").ui_schema
    assert ui["effort"] == {"ui:placeholder": "saat"}
    assert ui["why"] == {"ui:widget": "textarea"}


def test_conditions_follow_the_values(process: CompiledManifest) -> None:
    """A condition that holds shows a field and asks for it."""
    low = form(process, {"code": "A"}, actor("boss"))
    high = form(process, {"code": "A", "level": "high"}, actor("boss"))
    assert (low.state("why").visible, high.state("why").visible, high.state("why").required) == (False, True, True)
    assert "self.fields.level == 'high'" in (low.state("why").reason or "")
    assert "why" in high.json_schema["required"]


def test_computed_fields_are_worked_out_and_closed(process: CompiledManifest) -> None:
    """They show their value, and say why they cannot be set."""
    found = form(process, {"code": "A", "effort": 4}, actor("boss"))
    assert (found.values["double"], found.state("double").readonly) == (8, True)
    refused = form(process, {"code": "A", "effort": 4, "double": 9}, actor("boss"))
    assert [(e.field_id, e.code) for e in refused.errors] == [("double", "E_FIELD_COMPUTED")]


def test_a_masked_field_leaves_nothing_behind(process: CompiledManifest) -> None:
    """Neither value nor schema; setting it is refused; whoever may see it sees it."""
    stored = {"fields": {"code": "A", "secret": "s"}}
    clerk = form(process, {"secret": "mine"}, actor("clerk", **stored))
    assert "secret" not in clerk.json_schema["properties"]
    assert "secret" not in clerk.values
    assert "secret" not in clerk.ui_schema["ui:order"]
    assert (clerk.state("secret").visible, bool(clerk.state("secret").reason)) == (False, True)
    assert [(e.field_id, e.code) for e in clerk.errors] == [("secret", "E_FIELD_READONLY")]
    assert form(process, {}, actor("boss", **stored)).values["secret"] == "s"


def test_a_field_whose_change_is_denied_can_be_read(process: CompiledManifest) -> None:
    """It says which rule closes it; sending back what is stored changes nothing."""
    ctx = actor("boss", state="done", fields={"code": "A", "level": "low"})
    found = form(process, {"level": "low"}, ctx, form_id=None)
    whole = type_form(process, "thing", {"level": "high"}, ctx, action="update", form_id="short")
    assert found.valid
    assert (whole.state("level").visible, whole.state("level").readonly) == (True, True)
    assert "Frozen" in (whole.state("level").reason or "")
    assert [e.field_id for e in whole.errors] == ["level"]


def test_somebody_without_access_can_change_nothing(process: CompiledManifest) -> None:
    """Nothing matched means no."""
    found = form(process, {}, actor("nobody", fields={"code": "A"}))
    assert all(state.readonly for state in found.field_state)


def test_a_read_only_condition_looks_at_what_is_stored(process: CompiledManifest) -> None:
    """As the server does; it does not hold on a new item."""
    stored = {"fields": {"code": "A", "closed_on": "2026-02-02"}, "state": "done"}
    found = form(process, {"closed_on": "2026-03-03"}, actor("boss", **stored))
    assert (found.state("closed_on").readonly, found.errors[0].code) == (True, "E_FIELD_READONLY")
    assert not type_form(process, "thing", {}, actor("boss")).state("code").readonly


def test_a_form_definition_chooses_orders_and_groups(process: CompiledManifest) -> None:
    """The form that fits action and state is used, and its sections carry headings."""
    found = type_form(process, "thing", {"code": "A"}, actor("boss"), lang="tr")
    assert [state.field_id for state in found.field_state] == ["code", "level", "why", "effort"]
    assert [(s["id"], s["title"], s["visible"]) for s in found.ui_schema["ui:sections"]] == [
        ("", "", True),
        ("more", "Devamı", True),
        ("risky", "Risky", False),
    ]
    assert not found.state("effort").visible
    assert found.state("effort").reason == "Yalnızca şu koşulda gösterilir: self.fields.level == 'high'"
    assert found.values["secret"] == "hush"
    done = form(process, {}, actor("boss", state="done", fields={"code": "A"}))
    assert [state.field_id for state in done.field_state] == ["closed_on"]


def test_what_a_form_leaves_out_stays_hidden(process: CompiledManifest) -> None:
    """A masked field that a form does not name gives away no value and takes none."""
    found = type_form(process, "thing", {"code": "A", "secret": "mine"}, actor("clerk"))
    assert "secret" not in {state.field_id for state in found.field_state}
    assert "secret" not in found.values
    assert [(e.field_id, e.code) for e in found.errors] == [("secret", "E_FIELD_READONLY")]


def test_a_form_cannot_leave_out_what_an_item_needs(process: CompiledManifest) -> None:
    """A required field without a default is asked for at the end of a form for new items, not of one for old ones."""
    ctx = actor("boss", state="done")
    new = type_form(process, "thing", {}, ctx, form_id="closing")
    assert [state.field_id for state in new.field_state] == ["closed_on", "code"]
    old = type_form(process, "thing", {}, ctx, form_id="closing", action="update")
    assert [state.field_id for state in old.field_state] == ["closed_on"]


def test_forms_are_part_of_the_stored_artefact(process: CompiledManifest) -> None:
    """Sections and conditions come back as they were."""
    again = CompiledManifest.from_data(process.to_data())
    assert again.forms == process.forms
    assert again.forms["short"].sections[2].visible_when == "self.fields.level == 'high'"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ('type: "thing" fields: ["cod"]', "E_VALID_UNRESOLVED_REF"),
        ('type: "thnig"', "E_VALID_UNRESOLVED_REF"),
        ('fields: ["code"]', "E_META_MISSING_REQUIRED_FIELD"),
        ('type: "thing" state: "nowhere"', "E_WF_UNKNOWN_STATE"),
        ('type: "thing" action: "delete"', "E_META_UNKNOWN_VALUE"),
        ('type: "thing" sections: [{fields: ["code"], visible_when: "self.fields.levl == 1"}]', "E_EXPR_UNKNOWN_NAME"),
    ],
)
def test_a_form_definition_is_checked(meta: DomainMeta, body: str, code: str) -> None:
    """Its type, fields, state and conditions exist."""
    found = check(f"{TEXT}\ndef FormDef wrong {{ {body} }}", meta).diagnostics
    assert [d.code for d in found if d.severity == "error"] == [code]


def test_problems_are_said_in_the_readers_language(process: CompiledManifest) -> None:
    """The server's own sentences in English, the same findings in Turkish."""
    values = {"level": "x", "effort": 99, "why": 1, "closed_on": "y", "tags": ["a", "b"], "steps": [{"times": 0}]}
    english = type_form(process, "thing", values, actor("boss"), form_id=None, action="update")
    turkish = type_form(process, "thing", values, actor("boss"), lang="tr", action="update")
    server = clean_fields(process, "thing", values, ctx=actor("boss", state="open"), existing={}, partial=True)
    assert [e.message for e in english.errors] == [p.message for p in server.problems]
    assert [e.field_id for e in turkish.errors] == [e.field_id for e in english.errors]
    texts = {e.field_id: e.message for e in turkish.errors}
    assert texts["level"] == "'Düzey' seçeneklerden biri olmalıdır: Düşük, High"
    assert texts["effort"] == "'Effort' 0 ile 10 arasında olmalıdır"
    assert texts["steps[0].do"].startswith("1. satır: ")


@pytest.mark.parametrize(("type_id", "form_id"), [("thnig", None), ("thing", "shrot")])
def test_an_unknown_type_or_form_is_an_error_with_a_hint(
    process: CompiledManifest, type_id: str, form_id: str | None
) -> None:
    """Never an exception."""
    found = type_form(process, type_id, {}, actor("boss"), form_id=form_id)
    assert found.errors[0].field_id == "__form__"
    assert "did you mean" in found.errors[0].message


def test_the_detailed_form_is_plain_data(process: CompiledManifest) -> None:
    """Reasons, codes and values beside the contract's keys."""
    data = form(process, {"level": "x"}, actor("clerk", fields={"code": "A"})).to_detail()
    assert data["validation"]["errors"][0]["code"] == "E_FIELD_CHOICE"
    assert {"required", "reason"} <= set(data["fieldState"][6])
    assert data["values"]["code"] == "A"


@pytest.fixture(scope="module")
def shipped(meta: DomainMeta) -> list[CompiledManifest]:
    paths = [*sorted(META_DIR.glob("presets/*.alm")), *sorted(META_DIR.glob("manifests/*.alm"))]
    found = [check(path.read_text("utf-8"), meta).compiled for path in paths]
    return [compiled for compiled in found if compiled is not None]


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 70_000),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["low", "A", "2026-05-05"]),
)


@soak(60)
@given(data=st.data())
def test_valid_values_satisfy_the_schema_and_the_server(shipped: list[CompiledManifest], data: st.DataObject) -> None:
    """For every shipped type: a package never fails, agrees with the server, and its schema accepts what is valid."""
    compiled = data.draw(st.sampled_from(shipped))
    kind = data.draw(st.sampled_from(sorted(compiled.types)))
    fields = sorted(compiled.types[kind].fields)
    values = data.draw(st.dictionaries(st.sampled_from(fields), st.one_of(SCALARS, st.lists(SCALARS, max_size=2))))
    ctx = EvalContext(actor={"id": "u", "roles": ["owner"]})
    found = type_form(compiled, kind, values, ctx)
    assert found.valid == clean_fields(compiled, kind, values, ctx=ctx).ok
    if found.valid:
        jsonschema.validate(dict(found.values), dict(found.json_schema))
