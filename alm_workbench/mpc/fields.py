"""Checking and normalising an item's field values against its type; a problem per field, never an exception.

Values may come typed (JSON) or as text (CSV, forms): text that clearly means a value of the field's type is converted.
Conditions of fields are two-valued: where a value is missing the condition is false.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .ast import EMPTY
from .engines.common import program_for, scope_of
from .engines.workflow import is_blank
from .expr.scope import EvalContext, Scope
from .field_values import BadValue, clean_value
from .model import ArtifactTypeDef, CompiledManifest
from .words import did_you_mean


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with one field; `field` may point into a table: `steps[2].expected`."""

    field: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class FieldResult:
    """The whole new field map of the item (plain JSON values), and the problems."""

    values: dict[str, Any]
    problems: tuple[FieldProblem, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def clean_fields(
    compiled: CompiledManifest,
    type_id: str,
    values: Mapping[str, Any],
    *,
    ctx: EvalContext,
    existing: Mapping[str, Any] | None = None,
    partial: bool = False,
    properties: Mapping[str, Any] | None = None,
) -> FieldResult:
    """Check `values` for an item of a type.

    A new item (no `existing`) gets defaults, also where a value is null. With `existing`, values are laid over it and
    null clears a field. With
    `partial`, a required field that stays empty is a problem only if this call touches it. `result.values` is the whole
    field map to store; fields with problems keep their former value.

    `properties` (title, state …) are what else changes: computed fields, and conditions that ask for a value, see them;
    whether a field may be changed now is asked of the item as `ctx` has it.
    """
    kind = compiled.types.get(type_id)
    if kind is None:
        hint = did_you_mean(type_id, compiled.types)
        message = f"There is no type '{type_id}'" + (f" ({hint})" if hint else "")
        return FieldResult(dict(existing or {}), (FieldProblem("", "E_FIELD_UNKNOWN_TYPE", message),))
    return _Cleaning(compiled, kind, ctx, existing, partial, properties or {}).run(values)


class _Cleaning:
    def __init__(
        self,
        compiled: CompiledManifest,
        kind: ArtifactTypeDef,
        ctx: EvalContext,
        existing: Mapping[str, Any] | None,
        partial: bool,
        properties: Mapping[str, Any] = EMPTY,
    ) -> None:
        self.compiled = compiled
        self.kind = kind
        self.ctx = ctx
        self.existing = existing
        self.partial = partial
        self.properties = properties
        self.problems: list[FieldProblem] = []
        self.values: dict[str, Any] = dict(existing or {})
        self.touched: set[str] = set()
        self.bad: set[str] = set()
        self.claimed: dict[str, Any] = {}

    def run(self, values: Mapping[str, Any]) -> FieldResult:
        if self.existing is None:
            self._defaults()
        before = self._scope({}) if any(f.readonly_when for f in self.kind.fields.values()) else None
        for name, value in values.items():
            self._take(str(name), value, before)
        self._compute()
        self._required()
        order = {name: number for number, name in enumerate(self.kind.fields)}
        self.problems.sort(key=lambda p: order.get(p.field.split("[")[0], len(order)))
        return FieldResult(self.values, tuple(self.problems))

    def problem(self, field: str, code: str, message: str) -> None:
        self.problems.append(FieldProblem(field, code, message))

    def _scope(self, properties: Mapping[str, Any] | None = None) -> Scope:
        workflow = self.compiled.workflows.get(self.kind.workflow)
        item: dict[str, Any] = {"state": workflow.initial if workflow else None, **self.ctx.self_}
        item.update(self.properties if properties is None else properties)
        item["type"], item["fields"] = self.kind.id, self.values
        ctx = self.ctx
        return scope_of(self.compiled, EvalContext(item, ctx.actor, ctx.event, ctx.project, ctx.now, ctx.functions))

    def _defaults(self) -> None:
        for field in self.kind.fields.values():
            if field.default is not None and not field.computed:
                try:
                    self.values[field.id] = clean_value(field, field.default)
                except BadValue as bad:
                    self.problem(field.id, bad.code, f"The default of {field.label()} is wrong: {bad.message}")

    def _take(self, name: str, value: Any, before: Scope | None) -> None:
        id_ = self.kind.field_ids.get(name)
        if id_ is None:
            hint = did_you_mean(name, self.kind.field_ids)
            message = f"{self.kind.label()} has no field '{name}'" + (f" ({hint})" if hint else "")
            self.problem(name, "E_FIELD_UNKNOWN", message)
            return
        field = self.kind.fields[id_]
        try:
            cleaned = clean_value(field, value)
        except BadValue as bad:
            self.bad.add(id_)
            self.problem(id_ + bad.where, bad.code, f"{field.label()}: {bad.message}")
            return
        if field.computed:
            self.claimed[id_] = cleaned
            return
        if cleaned is None and self.existing is None:
            return
        if cleaned == self.values.get(id_) and type(cleaned) is type(self.values.get(id_)):
            return
        if before is not None and self.existing is not None and self._holds(field.readonly_when, before):
            self.problem(id_, "E_FIELD_READONLY", f"{field.label()} cannot be changed now")
        else:
            self.touched.add(id_)
            self._set(id_, cleaned)

    def _set(self, id_: str, value: Any) -> None:
        if value is None:
            self.values.pop(id_, None)
        else:
            self.values[id_] = value

    def _holds(self, text: str | None, scope: Scope) -> bool:
        if text is None:
            return False
        try:
            return program_for(self.compiled, text, strict=False)(scope) is True
        except Exception:
            return False

    def _compute(self) -> None:
        computed = [field for field in self.kind.fields.values() if field.computed]
        for field in computed:
            assert field.computed is not None
            try:
                value = program_for(self.compiled, field.computed, strict=False, condition=False)(self._scope())
                self._set(field.id, clean_value(field, list(value) if isinstance(value, tuple) else value))
            except Exception:
                self._set(field.id, None)
            # Sending the worked-out value back is no attempt to set it.
            if self.claimed.get(field.id) not in (None, self.values.get(field.id)):
                self.problem(field.id, "E_FIELD_COMPUTED", f"{field.label()} is worked out and cannot be set")

    def _required(self) -> None:
        scope = self._scope()
        for field in self.kind.fields.values():
            if not (field.required or field.required_when) or field.computed or field.id in self.bad:
                continue
            if self.partial and self.existing is not None and field.id not in self.touched:
                continue
            if not is_blank(self.values.get(field.id)):
                continue
            if field.visible_when is not None and not self._holds(field.visible_when, scope):
                continue
            if field.required or self._holds(field.required_when, scope):
                self.problem(field.id, "E_FIELD_REQUIRED", f"{field.label()} must have a value")


def conditions(
    compiled: CompiledManifest, type_id: str, values: Mapping[str, Any], ctx: EvalContext
) -> Callable[[str | None], bool]:
    """Asks conditions of a type's fields about an item with these values; no condition, like one that fails, is false."""
    cleaning = _Cleaning(compiled, compiled.types[type_id], ctx, values, True)
    scope = cleaning._scope()
    return lambda text: cleaning._holds(text, scope)
