"""What a form is when it reaches a face: a JSON Schema, hints for drawing, the state of each field, what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import Diagnostic


@dataclass(frozen=True, slots=True)
class FieldState:
    """Whether a field is shown and may be changed; `reason` says why not, `required` holds for derived forms."""

    field_id: str
    visible: bool = True
    readonly: bool = False
    required: bool = False
    reason: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The contract's three keys."""
        return {"field_id": self.field_id, "visible": self.visible, "readonly": self.readonly}


@dataclass(frozen=True, slots=True)
class FormError:
    """What is wrong with a field: a sentence, the expression that failed if there is one, a code for programs.

    `field_id` may point into a table (`steps[2].expected`); `__form__` stands for the form itself.
    """

    field_id: str
    message: str
    expr: str | None = None
    code: str = "E_FIELD_TYPE"

    def to_dict(self) -> dict[str, Any]:
        """The contract's keys; an error of the form itself has no expression."""
        data: dict[str, Any] = {"field_id": self.field_id, "message": self.message}
        return data if self.field_id == WHOLE_FORM else {**data, "expr": self.expr}


WHOLE_FORM = "__form__"


@dataclass(frozen=True, slots=True)
class FormPackage:
    """Everything a face needs. `diagnostics` names expressions that could not be evaluated; `values` is what the server
    would store (derived forms only)."""

    json_schema: Mapping[str, Any] = field(default_factory=dict)
    ui_schema: Mapping[str, Any] = field(default_factory=dict)
    field_state: tuple[FieldState, ...] = ()
    errors: tuple[FormError, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def valid(self) -> bool:
        """Whether nothing is wrong."""
        return not self.errors

    def state(self, field_id: str) -> FieldState:
        """The state of one field; raises KeyError."""
        for found in self.field_state:
            if found.field_id == field_id:
                return found
        raise KeyError(field_id)

    def to_dict(self) -> dict[str, Any]:
        """The contract's wire form: jsonSchema, uiSchema, fieldState, validation."""
        return {
            "jsonSchema": dict(self.json_schema),
            "uiSchema": dict(self.ui_schema),
            "fieldState": [state.to_dict() for state in self.field_state],
            "validation": {"valid": self.valid, "errors": [error.to_dict() for error in self.errors]},
        }

    def to_detail(self) -> dict[str, Any]:
        """The wire form with what the contract has no room for: reasons, required marks, codes, values."""
        data = self.to_dict()
        for entry, state in zip(data["fieldState"], self.field_state, strict=True):
            entry["required"] = state.required
            if state.reason is not None:
                entry["reason"] = state.reason
        for entry, error in zip(data["validation"]["errors"], self.errors, strict=True):
            entry["code"] = error.code
        data["values"] = dict(self.values)
        data["diagnostics"] = [
            {"code": d.code, "message": d.message, "severity": d.severity, "path": d.path} for d in self.diagnostics
        ]
        return data
