"""Free-standing forms as the contract writes them: FormDef with FieldDef children, or with a list of fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from ..ast import ASTNode, thaw
from ..errors import MPCError
from ..meta import DomainMeta, KindDef

FIELD_TYPES = ("string", "number", "boolean", "select", "multiselect", "date", "textarea", "hidden")


@cache
def form_meta() -> DomainMeta:
    """The vocabulary of free-standing forms. Fields may be children or a list, so neither is required."""
    form = KindDef("FormDef", (), ("fields", "title", "workflowState", "workflowTrigger"), children=("FieldDef",))
    optional = "label required default min max options placeholder validationExpr visibilityExpr readonlyExpr"
    return DomainMeta(kinds=(form, KindDef("FieldDef", ("type",), tuple(optional.split()))))


@dataclass(frozen=True, slots=True)
class FormField:
    """One field of a free-standing form. `declared` says whether its type was written down."""

    id: str
    type: str = "string"
    label: str | None = None
    required: bool = False
    default: Any = None
    min: Any = None
    max: Any = None
    options: tuple[Any, ...] = ()
    placeholder: str | None = None
    validation: str | None = None
    visibility: str | None = None
    readonly: str | None = None
    declared: bool = False

    @property
    def shown(self) -> str:
        """What people call it."""
        return self.label or self.id


@dataclass(frozen=True, slots=True)
class Form:
    """A free-standing form."""

    id: str
    title: str
    fields: tuple[FormField, ...] = ()
    workflow_state: str | None = None
    workflow_trigger: str | None = None


def form_of(node: ASTNode) -> Form:
    """The form of a FormDef: its FieldDef children first, then the entries of `fields`.

    Raises MPCError E_META_UNKNOWN_VALUE for a field type that forms do not have, E_VALID_DUPLICATE_DEF for two fields
    of one id, E_META_MISSING_REQUIRED_FIELD for an entry without id.
    """
    get = node.properties.get
    fields = [_field(child.id, child.properties, child.name) for child in node.children if child.kind == "FieldDef"]
    listed = get("fields")
    fields += [
        _field(_entry_id(node, entry), entry, entry.get("name"))
        for entry in (listed if isinstance(listed, tuple) else ())
        if isinstance(entry, Mapping)
    ]
    seen: set[str] = set()
    for field in fields:
        if field.id in seen:
            raise MPCError("E_VALID_DUPLICATE_DEF", f"Form '{node.id}' has the field '{field.id}' twice")
        seen.add(field.id)
    title = node.name or get("title") or node.id
    return Form(node.id, str(title), tuple(fields), get("workflowState"), get("workflowTrigger"))


def _entry_id(node: ASTNode, entry: Mapping[str, Any]) -> str:
    id_ = entry.get("id")
    if not isinstance(id_, str) or not id_:
        raise MPCError("E_META_MISSING_REQUIRED_FIELD", f"A field of form '{node.id}' has no id")
    return id_


def _field(id_: str, props: Mapping[str, Any], name: str | None) -> FormField:
    kind = props.get("type", "string")
    if kind not in FIELD_TYPES:
        known = ", ".join(FIELD_TYPES)
        raise MPCError("E_META_UNKNOWN_VALUE", f"'{kind}' is no type of a form field (known: {known})")
    options = props.get("options")
    return FormField(
        id_,
        kind,
        name or props.get("label"),
        props.get("required") is True,
        thaw(props.get("default")),
        props.get("min"),
        props.get("max"),
        tuple(options) if isinstance(options, tuple) else (),
        props.get("placeholder"),
        props.get("validationExpr"),
        props.get("visibilityExpr"),
        props.get("readonlyExpr"),
        "type" in props,
    )


_JSON_TYPES = {"number": "number", "boolean": "boolean", "multiselect": "array"}
_WIDGETS = ("textarea", "hidden", "date")


def json_schema(form: Form) -> dict[str, Any]:
    """The contract's JSON Schema of a form."""
    schema: dict[str, Any] = {"type": "object", "title": form.title, "x-form-id": form.id}
    schema["properties"] = {field.id: _property(field) for field in form.fields}
    required = sorted(field.id for field in form.fields if field.required)
    if required:
        schema["required"] = required
    if form.workflow_state is not None:
        schema["x-workflow-state"] = form.workflow_state
    if form.workflow_trigger is not None:
        schema["x-workflow-trigger"] = form.workflow_trigger
    return schema


def _property(field: FormField) -> dict[str, Any]:
    low, high = ("minimum", "maximum") if field.type == "number" else ("minLength", "maxLength")
    wanted = {
        "title": field.label,
        "default": field.default,
        low: field.min,
        high: field.max,
        "enum": thaw(field.options) or None,
        "x-placeholder": field.placeholder,
        "x-validation-expr": field.validation,
        "x-visibility-expr": field.visibility,
        "x-readonly-expr": field.readonly,
    }
    found = {"type": _JSON_TYPES.get(field.type, "string"), "x-field-id": field.id}
    return found | {key: value for key, value in wanted.items() if value is not None}


def ui_schema(form: Form) -> dict[str, Any]:
    """The contract's hints for drawing: the order, and an entry for every field."""
    schema: dict[str, Any] = {"ui:order": [field.id for field in form.fields]}
    for field in form.fields:
        entry: dict[str, Any] = {}
        if field.placeholder is not None:
            entry["ui:placeholder"] = field.placeholder
        if field.type in _WIDGETS:
            entry["ui:widget"] = field.type
        schema[field.id] = entry
    return schema
