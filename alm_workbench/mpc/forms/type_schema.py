"""JSON Schema (2020-12) and drawing hints of the fields of a type."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..ast import thaw
from ..field_values import MAX_ROWS, MAX_STRING, MAX_TEXT
from ..model import ArtifactTypeDef, Choice, FieldDef, pick_label

JsonSchema = dict[str, Any]

WIDGETS = {
    "text": "textarea",
    "richtext": "richtext",
    "date": "date",
    "datetime": "datetime",
    "user": "user",
    "team": "team",
    "reference": "reference",
    "table": "table",
    "multichoice": "checkboxes",
}


def field_schema(field: FieldDef, lang: str) -> JsonSchema:
    """The schema of a field's stored value, with what a face needs to draw it."""
    schema = value_schema(field, lang)
    schema["title"] = field.label(lang)
    extras: dict[str, Any] = {
        "description": pick_label(field.description, "", lang) or None,
        "default": thaw(field.default),
        "readOnly": True if field.computed else None,
        "x-computed": field.computed,
        "x-unit": field.unit,
        "x-sensitive": field.sensitive or None,
        "x-visible-when": field.visible_when,
        "x-required-when": field.required_when,
        "x-readonly-when": field.readonly_when,
    }
    schema["x-field-id"], schema["x-field-type"] = field.id, field.type
    return schema | {key: value for key, value in extras.items() if value is not None}


def value_schema(field: FieldDef, lang: str) -> JsonSchema:
    """The schema of a field's stored value alone."""
    return _SCHEMAS[field.type](field, lang)


def _texts(limit: int, **more: Any) -> Callable[[FieldDef, str], JsonSchema]:
    def schema(field: FieldDef, _lang: str) -> JsonSchema:
        found: JsonSchema = {"type": "string", "maxLength": field.max_length or limit, **more}
        if field.pattern is not None:
            # Ours matches the whole text, JSON Schema's any part of it; an empty text is no value.
            found["pattern"] = f"^(?:(?:{field.pattern})|)$"
        return found

    return schema


def _numbers(word: str) -> Callable[[FieldDef, str], JsonSchema]:
    return lambda field, _lang: {"type": word} | _limits(field, "minimum", "maximum")


def _moments(form: str) -> Callable[[FieldDef, str], JsonSchema]:
    limits = ("formatMinimum", "formatMaximum")
    return lambda field, _lang: {"type": "string", "format": form} | _limits(field, *limits)


def _limits(field: FieldDef, low: str, high: str) -> JsonSchema:
    return {key: value for key, value in ((low, field.min), (high, field.max)) if value is not None}


def _choice(field: FieldDef, lang: str) -> JsonSchema:
    return {"type": "string", "oneOf": [_option(choice, lang) for choice in field.choices]}


def _option(choice: Choice, lang: str) -> JsonSchema:
    color = {"x-color": choice.color} if choice.color else {}
    return {"const": choice.id, "title": choice.label(lang), **color}


def _multichoice(field: FieldDef, lang: str) -> JsonSchema:
    items = {"type": "array", "items": _choice(field, lang), "uniqueItems": True}
    return items | _limits(field, "minItems", "maxItems")


def _reference(field: FieldDef, _lang: str) -> JsonSchema:
    one: JsonSchema = {"type": "string", "maxLength": 200}
    found: JsonSchema = {"anyOf": [one, {"type": "array", "items": one}]}
    if field.target:
        found["x-target"] = list(field.target)
    return found


def _table(field: FieldDef, lang: str) -> JsonSchema:
    columns = {column.id: field_schema(column, lang) for column in field.columns}
    row: JsonSchema = {"type": "object", "properties": columns, "additionalProperties": False}
    needed = [column.id for column in field.columns if column.required]
    if needed:
        row["required"] = needed
    return {"type": "array", "items": row, "maxItems": MAX_ROWS} | _limits(field, "minItems", "maxItems")


_SCHEMAS: dict[str, Callable[[FieldDef, str], JsonSchema]] = {
    "string": _texts(MAX_STRING),
    "text": _texts(MAX_TEXT),
    "richtext": _texts(MAX_TEXT, contentMediaType="text/html"),
    "url": _texts(MAX_TEXT, format="uri"),
    "int": _numbers("integer"),
    "number": _numbers("number"),
    "bool": lambda _field, _lang: {"type": "boolean"},
    "date": _moments("date"),
    "datetime": _moments("date-time"),
    "choice": _choice,
    "multichoice": _multichoice,
    "user": _reference,
    "team": _reference,
    "reference": _reference,
    "table": _table,
}


def type_schema(kind: ArtifactTypeDef, fields: Iterable[FieldDef], required: list[str], lang: str) -> JsonSchema:
    """The schema of an item's whole field map as it is stored."""
    schema: JsonSchema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "title": kind.label(lang),
        "x-type": kind.id,
        "properties": {field.id: field_schema(field, lang) for field in fields},
    }
    return schema | ({"required": required} if required else {})


def field_hints(field: FieldDef, lang: str) -> dict[str, Any]:
    """How a field is drawn."""
    hints: dict[str, Any] = {}
    if field.type in WIDGETS:
        hints["ui:widget"] = WIDGETS[field.type]
    placeholder = pick_label(field.placeholder, "", lang)
    if placeholder:
        hints["ui:placeholder"] = placeholder
    return hints
