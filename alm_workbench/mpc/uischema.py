"""A schema for editing every definition of a manifest in a property sheet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .ast import ASTNode, ManifestAST
from .meta import DomainMeta, KindDef


@dataclass(frozen=True, slots=True)
class UISchemaResult:
    """Schemas by `Kind:id`, and what an editor built from them would get wrong."""

    schemas: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def generate_ui_schema(ast: ManifestAST, meta: DomainMeta) -> UISchemaResult:
    """A JSON Schema per top-level definition, from the values it holds.

    Warnings name kinds the vocabulary does not have, required properties that are missing, properties it does not
    declare, lists whose items differ in type, nulls whose type is unknown, and definitions that share `Kind:id`.
    """
    warnings: list[str] = []
    schemas: dict[str, Mapping[str, Any]] = {}
    for node in _ordered(ast.defs):
        key = f"{node.kind}:{node.id}"
        if key in schemas:
            warnings.append(f"{key} is defined more than once; the first one is shown")
            continue
        schemas[key] = _definition(node, meta, key, warnings)
    return UISchemaResult(schemas, tuple(warnings))


def _ordered(nodes: Iterable[ASTNode]) -> list[ASTNode]:
    return sorted(nodes, key=lambda node: (node.kind, node.id))


def _definition(node: ASTNode, meta: DomainMeta, where: str, warnings: list[str]) -> dict[str, Any]:
    kind = meta.get_kind(node.kind)
    _warn(node, kind, meta, where, warnings)
    schema: dict[str, Any] = {"type": "object", "title": node.name or node.id, "x-kind": node.kind, "x-id": node.id}
    if node.properties:
        schema["properties"] = {
            name: _property(name, node.properties[name], f"{where}.{name}", warnings)
            for name in sorted(node.properties)
        }
    if kind is not None and kind.required_props:
        schema["required"] = sorted(kind.required_props)
    if node.children:
        schema["x-children"] = [
            _definition(child, meta, f"{where}/{child.kind}:{child.id}", warnings) for child in _ordered(node.children)
        ]
    return schema


def _warn(node: ASTNode, kind: KindDef | None, meta: DomainMeta, where: str, warnings: list[str]) -> None:
    if kind is None:
        warnings.append(f"{where}: the vocabulary has no kind '{node.kind}'")
        return
    for name in kind.required_props:
        prop = kind.find(name)
        if not any(known in node.properties for known in (name, *(prop.aka if prop else ()))):
            warnings.append(f"{where}: the required property '{name}' is missing")
    declared = {*kind.required_props, *kind.optional_props, *meta.common}
    if not kind.open or len(declared) > len(meta.common):
        strange = [name for name in node.properties if name not in declared and kind.find(name) is None]
        warnings.extend(f"{where}: {node.kind} does not declare '{name}'" for name in strange)


def _property(name: str, value: Any, where: str, warnings: list[str]) -> dict[str, Any]:
    schema = {**_schema(value, where, warnings), "x-field": name}
    if value is not None and value != "" and not isinstance(value, (tuple, Mapping)):
        schema["default"] = value
    return schema


def _schema(value: Any, where: str, warnings: list[str]) -> dict[str, Any]:
    word = _word(value)
    if word == "null":
        warnings.append(f"{where} is null, so its type is not known")
    if word == "array":
        return {"type": word} | _items(value, where, warnings)
    if word == "object":
        inner = {key: _property(key, value[key], f"{where}.{key}", warnings) for key in sorted(value)}
        return {"type": word} | ({"properties": inner} if inner else {})
    return {"type": word}


def _items(value: tuple[Any, ...], where: str, warnings: list[str]) -> dict[str, Any]:
    words = sorted({_word(item) for item in value})
    if not words:
        return {}
    if len(words) > 1:
        warnings.append(f"{where} holds items of different types: {', '.join(words)}")
    return {"items": {"type": words[0] if len(words) == 1 else words}}


def _word(value: Any) -> str:
    """JSON Schema's word for a value's type."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "object" if isinstance(value, Mapping) else "array"
