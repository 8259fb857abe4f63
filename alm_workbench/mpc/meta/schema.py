"""The JSON form of a DomainMeta, and the JSON Schema that describes it."""

from __future__ import annotations

from typing import Any

from ..ast import thaw
from .model import TYPE_WORDS, DomainMeta, FunctionDef, KindDef, PropDef, TemplateDef

_WORD: dict[str, Any] = {"type": "string", "minLength": 1}
_WORDS: dict[str, Any] = {"type": "array", "items": _WORD}
_TEXT: dict[str, Any] = {"type": "string"}
_FLAG: dict[str, Any] = {"type": "boolean"}


def _closed(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    found = {"type": "object", "additionalProperties": False, "properties": properties}
    return found | ({"required": list(required)} if required else {})


def _named(entry: str) -> dict[str, Any]:
    return {"type": "array", "items": {"$ref": f"#/$defs/{entry}"}}


DOMAIN_META_SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "DomainMeta",
    "description": "The vocabulary a manifest is checked against, as DomainMeta.to_data() writes it.",
    **_closed(
        {
            "schemaVersion": {"type": "integer", "minimum": 0},
            "kinds": _named("kind"),
            "allowedTypes": _WORDS,
            "allowedEvents": _WORDS,
            "allowedFunctions": _named("function"),
            "common": _named("property"),
            "coreFields": {"type": "object", "additionalProperties": _WORD},
            "actions": _WORDS,
            "templates": _named("template"),
        }
    ),
    "$defs": {
        "kind": _closed(
            {
                "name": _WORD,
                "requiredProps": _WORDS,
                "optionalProps": _WORDS,
                "allowedTypes": _WORDS,
                "properties": _named("property"),
                "children": _WORDS,
                "childOnly": _FLAG,
                "open": _FLAG,
                "doc": _TEXT,
                "example": _TEXT,
            },
            "name",
        ),
        "property": _closed(
            {
                "name": _WORD,
                "type": {"enum": sorted(TYPE_WORDS)},
                "required": _FLAG,
                "values": {"type": "array", "items": _TEXT},
                "kind": _WORD,
                "items": {"$ref": "#/$defs/property"},
                "props": _named("property"),
                "options": _named("property"),
                "single": _FLAG,
                "open": _FLAG,
                "returns": _WORD,
                "default": True,
                "aka": _WORDS,
                "doc": _TEXT,
                "example": True,
            },
            "name",
        ),
        "function": _closed(
            {
                "name": _WORD,
                "args": _WORDS,
                "returns": _WORD,
                "cost": {"type": "integer", "minimum": 0},
                "doc": _TEXT,
                "example": _TEXT,
            },
            "name",
        ),
        "template": _closed(
            {
                "name": _WORD,
                "kind": _WORD,
                "requiredProps": _WORDS,
                "allowedTypes": _WORDS,
                "core": {"type": "object", "additionalProperties": _WORD},
                "doc": _TEXT,
            },
            "name",
        ),
    },
}


def to_data(meta: DomainMeta) -> dict[str, Any]:
    """The JSON form, texts included; `DomainMeta.load` gives an equal vocabulary back."""
    return _trim(
        {
            "schemaVersion": meta.schema_version,
            "kinds": [_kind(kind) for kind in meta.kinds],
            "allowedTypes": list(meta.allowed_types),
            "allowedEvents": list(meta.allowed_events),
            "allowedFunctions": [_function(function) for function in meta.allowed_functions],
            "common": [_property(prop) for prop in meta.common.values()],
            "coreFields": dict(meta.core_fields),
            "actions": list(meta.actions),
            "templates": [_template(template) for template in meta.templates],
        }
    )


def _trim(data: dict[str, Any]) -> dict[str, Any]:
    """Without the parts that say nothing."""
    return {key: value for key, value in data.items() if value not in (None, "", [], {}, ()) or key == "default"}


def _kind(kind: KindDef) -> dict[str, Any]:
    declared = set(kind.properties)
    found = {
        "name": kind.name,
        "requiredProps": [name for name in kind.required_props if name not in declared],
        "optionalProps": [name for name in kind.optional_props if name not in declared],
        "allowedTypes": list(kind.allowed_types),
        "properties": [_property(prop) for prop in kind.properties.values()],
        "children": list(kind.children),
        "childOnly": kind.child_only or None,
        "open": kind.open if kind.open != (not kind.properties) else None,
        "doc": kind.doc,
        "example": kind.example,
    }
    return _trim(found)


def _property(prop: PropDef) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": prop.name,
        "type": prop.type,
        "required": prop.required or None,
        "values": list(prop.values),
        "kind": prop.kind,
        "items": _property(prop.items) if prop.items else None,
        "props": [_property(inner) for inner in prop.props.values()],
        "options": [_property(inner) for inner in prop.options],
        "single": prop.single or None,
        "open": prop.open or None,
        "returns": prop.returns if prop.returns != "any" else None,
        "aka": list(prop.aka),
        "doc": prop.doc,
    }
    found = _trim(found)
    for key in ("default", "example"):
        if getattr(prop, key) is not None:
            found[key] = thaw(getattr(prop, key))
    return found


def _function(function: FunctionDef) -> dict[str, Any]:
    found = _trim(
        {"name": function.name, "args": list(function.args), "doc": function.doc, "example": function.example}
    )
    return found | {"returns": function.returns, "cost": function.cost}


def _template(template: TemplateDef) -> dict[str, Any]:
    return _trim(
        {
            "name": template.name,
            "kind": template.kind,
            "requiredProps": list(template.required_props),
            "allowedTypes": list(template.allowed_types),
            "core": dict(template.core),
            "doc": template.doc,
        }
    )
