"""Checks of FieldDefs that a property's shape alone cannot say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..ast import ASTNode, thaw
from ..field_values import BadValue, clean_value
from ..meta.model import LATER_CORE_FIELDS
from ..model import FieldDef
from .findings import Findings
from .names import FieldInfo, Names, ids_in

_NEEDS = {"choice": "choices", "multichoice": "choices", "table": "columns"}
_PLAIN = ("string", "text", "richtext", "url", "int", "number", "bool", "date", "datetime")
_COUNTED = ("multichoice", "table")
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
    if findings.closed(node):
        _check_columns(node, kind, findings)
    if "-" in node.id and findings.closed(node):
        message = f"In expressions '{node.id}' reads as a subtraction; write '{node.id.replace('-', '_')}'"
        findings.add("E_VALID_ID", message, node, severity="warning")
    if node.id in findings.meta.core_fields and node.id not in LATER_CORE_FIELDS:
        findings.add("E_VALID_RESERVED_NAME", f"'{node.id}' is a name every item already has", node)
    _check_default(node, kind, findings, names)
    _check_values(node, kind, findings)
    low, high = node.properties.get("min"), node.properties.get("max")
    if _above(low, high):
        findings.add("E_META_TYPE_NOT_ALLOWED", f"'min' {low} is above 'max' {high}", node, ("min",))


def _check_columns(node: ASTNode, kind: str, findings: Findings) -> None:
    """A cell to choose for needs something to choose from."""
    columns = node.properties.get("columns") if kind == "table" else None
    for number, column in enumerate(columns if isinstance(columns, tuple) else ()):
        if not isinstance(column, Mapping) or "choices" in column:
            continue
        of, id_ = column.get("type"), column.get("id", number + 1)
        if isinstance(of, str) and _NEEDS.get(of) == "choices":
            message = f"Column '{id_}' of '{node.id}' is of type {of} and needs 'choices'"
            findings.add("E_META_MISSING_REQUIRED_FIELD", message, node, ("columns", number))


def _check_values(node: ASTNode, kind: str, findings: Findings) -> None:
    """Limits and default are values as an item has them; a default of a computed field is never looked at."""
    limits: dict[str, Any] = {}
    for key in ("min", "max"):
        limit = node.properties.get(key)
        of = "int" if kind in _COUNTED else kind
        if limit is not None and of in _PLAIN and kind in _ONLY[key]:
            limits[key] = _fitting(FieldDef(node.id, of), limit, key, node, findings)
    if kind in _PLAIN and "computed" not in node.properties:
        for key, shape in (("pattern", str), ("max_length", int)):
            limit = node.properties.get(key)
            limits[key] = limit if kind in _ONLY[key] and isinstance(limit, shape) else None
        _fitting(FieldDef(node.id, kind, **limits), node.properties.get("default"), "default", node, findings)


def _fitting(field: FieldDef, value: Any, key: str, node: ASTNode, findings: Findings) -> Any:
    """The value as it is stored, None with a finding where a field of that kind cannot have it."""
    try:
        return clean_value(field, thaw(value))
    except BadValue as bad:
        findings.add(bad.code, f"'{key}' of '{node.id}' {bad.message}", node, (key,))
        return None


def check_lists(findings: Findings, node: ASTNode) -> None:
    """Check that no two entries of choices, columns or values have the same id."""
    for owner in (node, *node.children):
        for key in ("values", "choices", "columns"):
            items = owner.properties.get(key)
            if isinstance(items, tuple) and owner.kind in ("EnumDef", "FieldDef"):
                _check_unique(owner, key, items, findings)


def _check_unique(node: ASTNode, key: str, items: tuple[Any, ...], findings: Findings) -> None:
    seen: set[str] = set()
    for number, item in enumerate(items):
        for id_ in ids_in((item,)):
            if id_ in seen:
                message = f"'{id_}' is twice among the {key} of '{node.id}'"
                findings.add("E_VALID_DUPLICATE_DEF", message, node, (key, number))
            seen.add(id_)


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
