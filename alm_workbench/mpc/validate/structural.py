"""Kinds, properties and value types: is the manifest made of the right parts?"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ..ast import ASTNode
from ..errors import MPCError
from ..meta import KindDef, PropDef
from .findings import Findings, Place
from .opened import check_open, check_steps, type_word

_WORDS = {
    "string": "text in quotes",
    "int": "a whole number",
    "number": "a number",
    "bool": "true or false",
    "list": "a list",
    "object": "an object { … }",
    "enum": "text in quotes",
    "text": "text, or texts by language {en: …, tr: …}",
    "expr": "an expression in quotes",
    "regex": "a pattern in quotes",
    "ref": "the id of a definition in quotes",
    "field": "the id of a field in quotes",
    "state": "the id of a state in quotes",
    "event": "the name of an event in quotes",
    "privilege": "a privilege code in quotes",
    "resource": "a type, type.field or * in quotes",
}
_LANGUAGE = re.compile(r"[a-z]{2}(-[A-Za-z0-9]{2,8})?\Z")
_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]*\Z")
_PRIVILEGE = re.compile(r"(\*|[a-z][a-z0-9_]*:(\*|[a-z][a-z0-9_]*))\Z")


def check_structure(findings: Findings, node: ASTNode, parent: ASTNode | None = None) -> None:
    """Check a definition against its kind, then its children."""
    kind = findings.meta.get_kind(node.kind)
    if kind is None:
        _unknown_kind(node, findings)
        return
    if not _ID.match(node.id):
        message = f"'{node.id}' is not an id: letters, digits, '_', '-' and '.'"
        hint = None if node.id.isascii() else "the letters are a-z and A-Z; others belong into labels"
        findings.add("E_VALID_ID", message, node, hint=hint)
    _check_position(node, parent, kind, findings)
    # What is inherited need not be said again: the definition at the end of the line has to say it.
    required = () if isinstance(node.properties.get("extends"), str) else kind.required_props
    for name in required:
        prop = kind.find(name)
        names = (name, *(prop.aka if prop else ()))
        if not any(n in node.properties for n in names):
            message = f"{node.kind} '{node.id}' needs '{name}'"
            hint = prop.doc or None if prop else None
            findings.add("E_META_MISSING_REQUIRED_FIELD", message, node, hint=hint)
    for key, value in node.properties.items():
        _check_property(node, parent, kind, key, value, findings)
    if kind.open:
        check_steps(findings, node)
    for child in node.children:
        check_structure(findings, child, node)


def _unknown_kind(node: ASTNode, findings: Findings) -> None:
    hint = findings.hint(node.kind, findings.meta.kind_names)
    span = node.source.kind_span() if node.source else None
    findings.add("E_META_UNKNOWN_KIND", f"Unknown kind '{node.kind}' on def '{node.id}'", node, hint=hint, span=span)


def _check_position(node: ASTNode, parent: ASTNode | None, kind: KindDef, findings: Findings) -> None:
    if parent is None:
        if kind.child_only:
            _misplaced(node, f"{node.kind} '{node.id}' belongs inside another definition", None, findings)
        return
    owner = findings.meta.get_kind(parent.kind)
    if owner is not None and not owner.open and node.kind not in owner.children:
        hint = f"it can hold: {', '.join(owner.children)}" if owner.children else "write it at the top level"
        _misplaced(node, f"{parent.kind} '{parent.id}' cannot hold a {node.kind}", hint, findings)


def _misplaced(node: ASTNode, message: str, hint: str | None, findings: Findings) -> None:
    span = node.source.kind_span() if node.source else None
    findings.add("E_META_CHILD_NOT_ALLOWED", message, node, span=span, hint=hint)


def _check_property(
    node: ASTNode, parent: ASTNode | None, kind: KindDef, key: str, value: Any, findings: Findings
) -> None:
    prop = kind.find(key) or findings.meta.common.get(key)
    if prop is None:
        if not kind.open:
            known = [*kind.properties, *findings.meta.common]
            message = f"{node.kind} has no property '{key}'"
            hint = findings.hint(key, known)
            findings.add("E_META_UNKNOWN_PROPERTY", message, node, (key,), hint=hint, on_key=True)
        else:
            check_open(findings, node, kind, key, value)
        return
    _check_value(Place(node, parent, (key,), prop, value), findings)


def fits(prop: PropDef, value: Any) -> bool:
    """Whether a value has the shape of a property, looking no deeper than its first level."""
    shape = _SHAPES.get(prop.type)
    return isinstance(value, str) if shape is None else shape(prop, value)


def _fits_list(prop: PropDef, value: Any) -> bool:
    return isinstance(value, tuple) or (prop.single and prop.items is not None and fits(prop.items, value))


_SHAPES: dict[str, Callable[[PropDef, Any], bool]] = {
    "any": lambda prop, value: True,
    "int": lambda prop, value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda prop, value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "bool": lambda prop, value: isinstance(value, bool),
    "list": _fits_list,
    "object": lambda prop, value: isinstance(value, dict),
    "text": lambda prop, value: isinstance(value, (str, dict)),
    "oneof": lambda prop, value: any(fits(option, value) for option in prop.options),
}


def _check_value(place: Place, findings: Findings) -> None:
    prop, value = place.prop, place.value
    if prop.type == "oneof":
        option = next((option for option in prop.options if fits(option, value)), None)
        if option is None:
            words = " or ".join(_WORDS.get(option.type, option.type) for option in prop.options)
            _wrong_type(place, words, findings)
        else:
            _check_value(Place(place.node, place.parent, place.path, option, value), findings)
        return
    if not fits(prop, value):
        _wrong_type(place, _WORDS.get(prop.type, prop.type), findings)
        return
    if prop.type == "list":
        _check_list(place, findings)
    elif prop.type == "object":
        _check_object(place, findings)
    elif prop.type == "text":
        _check_text(place, findings)
    elif prop.type in _CHECKS:
        _CHECKS[prop.type](place, findings)
    else:
        findings.found(place)


def _wrong_type(place: Place, words: str, findings: Findings) -> None:
    message = f"'{place.prop.name}' must be {words}, not {_shown(place.value)}"
    findings.add("E_META_TYPE_NOT_ALLOWED", message, place.node, place.path)


def _shown(value: Any) -> str:
    word = {"null": "null", "array": "a list", "object": "an object"}.get(type_word(value))
    if word:
        return word
    text = f'"{value}"' if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= 40 else text[:37] + "…"


def _check_list(place: Place, findings: Findings) -> None:
    items = place.prop.items
    if items is None:
        return
    if not isinstance(place.value, tuple):
        _check_value(Place(place.node, place.parent, place.path, items, place.value), findings)
        return
    for number, value in enumerate(place.value):
        inner = Place(place.node, place.parent, (*place.path, number), items, value)
        _check_value(inner, findings)


def _check_object(place: Place, findings: Findings) -> None:
    prop = place.prop
    for name, inner in prop.props.items():
        if inner.required and not any(n in place.value for n in (name, *inner.aka)):
            message = f"This entry of '{prop.name}' needs '{name}'"
            findings.add("E_META_MISSING_REQUIRED_FIELD", message, place.node, place.path)
    for key, value in place.value.items():
        found = prop.find(key)
        path = (*place.path, key)
        if found is not None:
            _check_value(Place(place.node, place.parent, path, found, value), findings)
        elif prop.props and not prop.open:
            hint = findings.hint(key, prop.props)
            message = f"An entry of '{prop.name}' has no property '{key}'"
            findings.add("E_META_UNKNOWN_PROPERTY", message, place.node, path, hint=hint, on_key=True)


def _check_text(place: Place, findings: Findings) -> None:
    if isinstance(place.value, str):
        return
    for language, text in place.value.items():
        path = (*place.path, language)
        if not _LANGUAGE.match(language):
            message = f"'{language}' is not a language code such as en or tr"
            findings.add("E_META_TYPE_NOT_ALLOWED", message, place.node, path, on_key=True)
        if not isinstance(text, str):
            findings.add("E_META_TYPE_NOT_ALLOWED", f"'{place.prop.name}' must hold texts", place.node, path)


def _check_enum(place: Place, findings: Findings) -> None:
    if place.value not in place.prop.values:
        hint = findings.hint(place.value, place.prop.values, f"one of: {', '.join(place.prop.values)}")
        message = f"'{place.value}' is not a value of '{place.prop.name}'"
        findings.add("E_META_UNKNOWN_VALUE", message, place.node, place.path, hint=hint)


def _check_event(place: Place, findings: Findings) -> None:
    if findings.meta.allowed_events and place.value not in findings.meta.allowed_events:
        hint = findings.hint(place.value, findings.meta.allowed_events)
        findings.add("E_META_UNKNOWN_VALUE", f"Unknown event '{place.value}'", place.node, place.path, hint=hint)


def _check_privilege(place: Place, findings: Findings) -> None:
    if not _PRIVILEGE.match(place.value):
        message = f"'{place.value}' is not a privilege code such as artifact:create, artifact:* or *"
        findings.add("E_META_UNKNOWN_VALUE", message, place.node, place.path)


def _check_regex(place: Place, findings: Findings) -> None:
    from ..expr.functions import compile_regex

    shape = place.prop.values[0] if place.prop.values else None
    try:
        compile_regex(place.value)
        if shape is not None and compile_regex(shape).fullmatch(place.value) is None:
            findings.add("E_META_UNKNOWN_VALUE", f"'{place.prop.name}' must look like {shape}", place.node, place.path)
    except MPCError as error:
        findings.add(error.code, error.message, place.node, place.path)


_CHECKS = {"enum": _check_enum, "event": _check_event, "privilege": _check_privilege, "regex": _check_regex}
