"""Checks of FieldDefs that a property's shape alone cannot say."""

from __future__ import annotations

from typing import Any

from ..ast import ASTNode
from .findings import Findings
from .names import FieldInfo, Names, ids_in

_NEEDS = {"choice": "choices", "multichoice": "choices", "table": "columns"}
_ONLY = {
    "choices": ("choice", "multichoice"),
    "columns": ("table",),
    "target": ("reference",),
    "pattern": ("string", "text", "url"),
    "max_length": ("string", "text", "richtext", "url"),
    "unit": ("int", "number"),
    "min": ("int", "number", "date", "datetime", "multichoice", "table"),
    "max": ("int", "number", "date", "datetime", "multichoice", "table"),
}


def check_fields(findings: Findings, names: Names, node: ASTNode) -> None:
    """Check every FieldDef of a type."""
    if node.kind == "ArtifactType":
        for child in node.children:
            if child.kind == "FieldDef":
                _check(child, findings, names)


def _check(node: ASTNode, findings: Findings, names: Names) -> None:
    kind = node.properties.get("type")
    if not isinstance(kind, str):
        return
    need = _NEEDS.get(kind)
    if need and need not in node.properties:
        findings.add("E_META_MISSING_REQUIRED_FIELD", f"Field '{node.id}' of type {kind} needs '{need}'", node)
    for key, kinds in _ONLY.items():
        if key in node.properties and kind not in kinds:
            message = f"'{key}' has no meaning for a field of type {kind}"
            findings.add("E_META_TYPE_NOT_ALLOWED", message, node, (key,), on_key=True)
    if node.id in findings.meta.core_fields:
        findings.add("E_VALID_RESERVED_NAME", f"'{node.id}' is a name every item already has", node)
    _check_default(node, kind, findings, names)
    low, high = node.properties.get("min"), node.properties.get("max")
    if _above(low, high):
        findings.add("E_META_TYPE_NOT_ALLOWED", f"'min' {low} is above 'max' {high}", node, ("min",))


def _above(low: Any, high: Any) -> bool:
    numbers = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in (low, high))
    return bool((numbers or (isinstance(low, str) and isinstance(high, str))) and low > high)


def _check_default(node: ASTNode, kind: str, findings: Findings, names: Names) -> None:
    if "default" not in node.properties or kind not in ("choice", "multichoice"):
        return
    choices = node.properties.get("choices")
    if choices is None or (isinstance(choices, str) and not names.has("EnumDef", choices)):
        return  # That they are missing is said already, and what they are is not known.
    known = names.choices(FieldInfo(kind, choices if isinstance(choices, str) else ids_in(choices)))
    default = node.properties["default"]
    for value in default if isinstance(default, tuple) else (default,):
        if value is not None and value not in known:
            hint = findings.hint(str(value), known)
            message = f"The default '{value}' is none of the choices of '{node.id}'"
            findings.add("E_META_UNKNOWN_VALUE", message, node, ("default",), hint=hint)
