"""Forms of a process: for every type one that follows from its fields, cut and ordered by a FormDef where one exists.

What the form says is what the server does: values go through `clean_fields`, conditions of fields are two-valued (a
missing value makes them false), access is `decide_acl`'s. A field under a read mask is not shown and leaves neither
value nor choices behind; a field that the action is not allowed on can be read but not changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from ..engines.acl import decide_acl
from ..engines.acl_decision import AclDecision
from ..expr.scope import EvalContext
from ..fields import clean_fields, conditions
from ..model import ArtifactTypeDef, CompiledManifest, FieldDef
from ..model.forms import FormDef, FormSection
from ..words import did_you_mean
from .messages import Catalogue, Messages
from .package import WHOLE_FORM, FieldState, FormError, FormPackage
from .sentences import sentence
from .type_schema import field_hints, type_schema

Action = Literal["create", "update"]


@dataclass(frozen=True, slots=True)
class _Access:
    """Why fields are hidden or closed, by field id."""

    hidden: Mapping[str, str]
    closed: Mapping[str, str]


def type_form(
    compiled: CompiledManifest,
    type_id: str,
    values: Mapping[str, Any],
    ctx: EvalContext,
    *,
    lang: str = "en",
    action: Action = "create",
    form_id: str | None = None,
    messages: Catalogue | None = None,
) -> FormPackage:
    """The form of a type for an actor and the values entered so far.

    For `update`, `ctx.self_` is the item and its `fields` the stored values that `values` are laid over. The FormDef is
    `form_id`, else the first that fits type, action and state, else all fields in order. `package.values` is the field
    map the server would store, without what is hidden; whenever the package is valid, they satisfy its JSON Schema. An
    unknown type or form is a package with one error, never an exception.
    """
    texts = Messages(lang, messages)
    kind = compiled.types.get(type_id)
    if kind is None:
        return _nothing("unknown_type", texts, type_id, compiled.types)
    if form_id is not None and form_id not in compiled.forms:
        return _nothing("unknown_form", texts, form_id, compiled.forms)
    ctx = _about(compiled, kind, values if action == "create" else {}, ctx)
    form = compiled.forms[form_id] if form_id is not None else find_form(compiled, kind, action, ctx)
    return _Derivation(compiled, kind, form, ctx, action, texts).package(values)


def _about(
    compiled: CompiledManifest, kind: ArtifactTypeDef, fields: Mapping[str, Any], ctx: EvalContext
) -> EvalContext:
    """The facts with an item: one that does not exist yet stands at the beginning of its workflow."""
    workflow = compiled.workflows.get(kind.workflow)
    start = {"type": kind.id, "state": workflow.initial if workflow else None, "fields": fields}
    return replace(ctx, self_={**start, **ctx.self_})


def find_form(compiled: CompiledManifest, kind: ArtifactTypeDef, action: Action, ctx: EvalContext) -> FormDef | None:
    """The FormDef for a type, an action and the item's state, the most particular first; None for the derived form."""
    state, event = ctx.self_.get("state"), ctx.event.get("name")
    fitting = [
        form
        for form in compiled.forms.values()
        if form.type == kind.id
        and form.action in (None, action)
        and form.state in (None, state)
        and form.transition in (None, event)
    ]
    return max(fitting, key=_particular, default=None)


def _particular(form: FormDef) -> int:
    return (form.transition is not None) * 4 + (form.state is not None) * 2 + (form.action is not None)


def _sections(kind: ArtifactTypeDef, form: FormDef | None, action: Action) -> tuple[FormSection, ...]:
    """The form's groups. Fields without which no item can be made are asked for even if a form leaves them out."""
    if form is None:
        return (FormSection("", fields=tuple(kind.fields)),)
    if action == "update":
        return form.sections
    named = set(form.field_ids)
    left_out = tuple(f.id for f in kind.fields.values() if f.required and f.default is None and f.id not in named)
    return (*form.sections, FormSection("", fields=left_out)) if left_out else form.sections


def _nothing(key: str, texts: Messages, name: str, known: Any) -> FormPackage:
    hint = did_you_mean(name, known)
    message = texts.say(key, form=name, type=name) + (f" ({hint})" if hint else "")
    code = "E_FIELD_UNKNOWN_TYPE" if key == "unknown_type" else "E_VALID_UNRESOLVED_REF"
    return FormPackage(errors=(FormError(WHOLE_FORM, message, code=code),))


class _Derivation:
    """One form for one actor and item."""

    def __init__(
        self,
        compiled: CompiledManifest,
        kind: ArtifactTypeDef,
        form: FormDef | None,
        ctx: EvalContext,
        action: Action,
        texts: Messages,
    ) -> None:
        self.compiled = compiled
        self.kind = kind
        self.sections = _sections(kind, form, action)
        self.fields = self._fields()
        self.ctx = ctx
        self.action = action
        self.texts = texts
        self.access = self._access()

    def _fields(self) -> tuple[FieldDef, ...]:
        """The form's fields in order; core fields such as the title are the face's own business."""
        ids = dict.fromkeys(id_ for section in self.sections for id_ in section.fields)
        return tuple(self.kind.fields[id_] for id_ in ids if id_ in self.kind.fields)

    def _access(self) -> _Access:
        # Of every field, also of those the form leaves out: none of them may slip through by its values.
        say, ids = self.texts.say, tuple(self.kind.fields)
        reading = decide_acl(self.compiled, "read", self.kind.id, self.ctx)
        hidden = {id_: say("masked") for id_ in ids if id_ in reading.mask}
        acting = decide_acl(self.compiled, self.action, self.kind.id, self.ctx)
        if self.action == "update" and not reading.allow:
            hidden = dict.fromkeys(ids, say("masked"))
        if not acting.allow:
            return _Access(hidden, dict.fromkeys(ids, self._because(acting)))
        closed = {}
        for id_ in ids:
            if id_ in acting.mask:
                field_decision = decide_acl(self.compiled, self.action, self.kind.id, self.ctx, id_)
                closed[id_] = self._because(field_decision)
        return _Access(hidden, closed)

    def _because(self, decision: AclDecision) -> str:
        """The rule that denies; not the values it saw, which may be hidden from the actor."""
        rule = decision.rule
        return self.texts.say("denied") + (f": {rule.label(self.texts.lang)}" if rule is not None else "")

    def package(self, values: Mapping[str, Any]) -> FormPackage:
        existing: Mapping[str, Any] | None = None
        if self.action == "update":
            existing = self.ctx.self_["fields"] or {}
        refused = self._refused(values, existing or {})
        allowed = {key: value for key, value in values.items() if self._id(key) not in refused}
        cleaned = clean_fields(
            self.compiled, self.kind.id, allowed, ctx=self.ctx, existing=existing, partial=existing is not None
        )
        holds = conditions(self.compiled, self.kind.id, cleaned.values, self.ctx)
        before = conditions(self.compiled, self.kind.id, existing or {}, self.ctx)
        states = self._states(holds, before)
        errors = [refused[id_] for id_ in self.kind.fields if id_ in refused]
        errors += [
            FormError(problem.field, sentence(problem, self.kind.fields, self.texts), code=problem.code)
            for problem in cleaned.problems
        ]
        shown = tuple(field for field in self.fields if field.id not in self.access.hidden)
        needed = [state.field_id for state in states if state.required and state.visible]
        return FormPackage(
            type_schema(self.kind, shown, needed, self.texts.lang),
            self._ui(states, shown),
            states,
            tuple(errors),
            values={key: value for key, value in cleaned.values.items() if key not in self.access.hidden},
        )

    def _id(self, name: str) -> str:
        return self.kind.field_ids.get(name, name)

    def _refused(self, values: Mapping[str, Any], existing: Mapping[str, Any]) -> dict[str, FormError]:
        """Values for fields that the actor may not see or change; sending back what is stored changes nothing."""
        refused: dict[str, FormError] = {}
        for name, value in values.items():
            id_ = self._id(name)
            reason = self.access.hidden.get(id_) or self.access.closed.get(id_)
            same = id_ not in self.access.hidden and value == existing.get(id_)
            if reason is not None and not same:
                label = self.kind.fields[id_].label(self.texts.lang)
                refused[id_] = FormError(id_, f"{label}: {reason}", code="E_FIELD_READONLY")
        return refused

    def _states(
        self, holds: Callable[[str | None], bool], before: Callable[[str | None], bool]
    ) -> tuple[FieldState, ...]:
        shut = {
            id_: section
            for section in self.sections
            if section.visible_when is not None and not holds(section.visible_when)
            for id_ in section.fields
        }
        return tuple(self._state(field, shut.get(field.id), holds, before) for field in self.fields)

    def _state(
        self,
        field: FieldDef,
        shut: FormSection | None,
        holds: Callable[[str | None], bool],
        before: Callable[[str | None], bool],
    ) -> FieldState:
        say = self.texts.say
        if field.id in self.access.hidden:
            return FieldState(field.id, False, True, False, self.access.hidden[field.id])
        required = not field.computed and (field.required or holds(field.required_when))
        if field.visible_when is not None and not holds(field.visible_when):
            closed = field.id in self.access.closed
            return FieldState(field.id, False, closed, False, say("visible_when", condition=field.visible_when))
        if field.computed:
            return FieldState(field.id, shut is None, True, False, say("computed"))
        if field.id in self.access.closed:
            return FieldState(field.id, shut is None, True, required, self.access.closed[field.id])
        if self.action == "update" and before(field.readonly_when):
            return FieldState(
                field.id, shut is None, True, required, say("readonly_when", condition=field.readonly_when)
            )
        # The server asks for a required field whatever a form shows, so a closed group cannot hide one that is empty.
        reason = say("visible_when", condition=shut.visible_when) if shut is not None and not required else None
        return FieldState(field.id, reason is None, False, required, reason)

    def _ui(self, states: tuple[FieldState, ...], shown: tuple[FieldDef, ...]) -> dict[str, Any]:
        lang = self.texts.lang
        ids = [field.id for field in shown]
        visible = {state.field_id for state in states if state.visible}
        ui: dict[str, Any] = {"ui:order": ids}
        ui |= {field.id: field_hints(field, lang) for field in shown}
        if any(section.id for section in self.sections):
            ui["ui:sections"] = [
                {
                    "id": section.id,
                    "title": section.label(lang) if section.id else "",
                    "fields": [id_ for id_ in section.fields if id_ in ids],
                    "visible": not visible.isdisjoint(section.fields),
                }
                for section in self.sections
            ]
        return ui
