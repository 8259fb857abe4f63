"""Meaning across definitions: every reference leads somewhere. Definitions, fields, states and resources."""

from __future__ import annotations

from collections.abc import Iterable

from ..ast import ASTNode, Path
from .findings import Findings, Place
from .names import Names, as_tuple, states_of

__all__ = ["as_tuple", "check_references", "check_role", "states_of"]


def check_references(findings: Findings, names: Names, node: ASTNode) -> None:
    """Check the references of one definition and its children."""
    _check_extends(findings, names, node)
    _check_imports(findings, names, node)
    for place in findings.of("ref"):
        kind = place.prop.kind or ""
        if not names.has(kind, place.value) and not names.of_unknown_kind(place.value):
            _unresolved(findings, place, f"no {kind} '{place.value}' in this manifest", names.ids(kind))
    types: tuple[str, ...] | None = None
    for word, check in (("field", _check_field), ("state", _check_state)):
        for place in findings.of(word):
            types = names.types_for(node) if types is None else types
            check(findings, place, names, types)
    for place in findings.of("resource"):
        _check_resource(findings, place, names)


def _check_extends(findings: Findings, names: Names, node: ASTNode) -> None:
    parent = node.properties.get("extends")
    if isinstance(parent, str) and not names.has(node.kind, parent) and not names.of_unknown_kind(parent):
        others = [id_ for id_ in names.ids(node.kind) if id_ != node.id]
        message = f"'{node.id}' extends '{parent}', which is no {node.kind} of this manifest"
        findings.add("E_VALID_UNRESOLVED_REF", message, node, ("extends",), hint=findings.hint(parent, others))


def check_role(findings: Findings, names: Names, node: ASTNode) -> None:
    """Report a circle of implied roles, at the first of them in the text: all its roles would be one and the same."""
    if node.kind != "Role":
        return
    before: dict[str, str] = {}
    todo = [node.id]
    while todo and node.id not in before:
        role = todo.pop()
        news = [implied for implied in dict.fromkeys(names.implied(role)) if implied not in before]
        before.update(dict.fromkeys(news, role))
        todo += news
    if node.id not in before:
        return
    circle = [node.id]
    while (role := before[circle[-1]]) != node.id:
        circle.append(role)
    order = names.ids("Role")
    if node.id == min(circle, key=order.index):
        way = " -> ".join([node.id, *reversed(circle)])
        message = f"Roles imply each other in a circle: {way}"
        findings.add("E_VALID_CYCLE_DETECTED", message, node, ("implies",), severity="warning")


def imported(node: ASTNode, findings: Findings) -> Iterable[tuple[Path, str]]:
    """The ids a definition of an open kind takes in by an `imports` list, with their places."""
    kind = findings.meta.get_kind(node.kind)
    items = node.properties.get("imports")
    if isinstance(items, tuple) and (kind is None or kind.find("imports") is None):
        for number, item in enumerate(items):
            if isinstance(item, str):
                yield ("imports", number), item


def _check_imports(findings: Findings, names: Names, node: ASTNode) -> None:
    for path, id_ in imported(node, findings):
        if not names.has_any(id_):
            message = f"'{node.id}' imports '{id_}', which is not defined in this manifest"
            hint = findings.hint(id_, names.all_ids())
            findings.add("E_VALID_UNRESOLVED_REF", message, node, path, hint=hint)


def _unresolved(findings: Findings, place: Place, what: str, known: Iterable[str]) -> None:
    message = f"'{place.prop.name}': {what}" if place.prop.name else f"There is {what}"
    hint = findings.hint(str(place.value), known)
    findings.add("E_VALID_UNRESOLVED_REF", message, place.node, place.path, hint=hint)


def _check_field(findings: Findings, place: Place, names: Names, types: tuple[str, ...]) -> None:
    if not types:
        return  # Which fields there are is not known: the type is missing, or comes with whoever imports this.
    known = names.fields_of(types)
    if place.value not in known:
        where = f"type '{types[0]}'" if len(types) == 1 else "these types"
        _unresolved(findings, place, f"no field '{place.value}' in {where}", known)


def _check_state(findings: Findings, place: Place, names: Names, types: tuple[str, ...]) -> None:
    if place.owner.kind == "Workflow":
        known: Iterable[str] = states_of(place.owner)
        workflow = f"workflow '{place.owner.id}'"
    elif not types:
        return
    else:
        known = names.states(types)
        workflow = "the workflows of these types"
    if place.value not in known:
        message = f"'{place.value}' is no state of {workflow}"
        hint = findings.hint(place.value, known)
        findings.add("E_WF_UNKNOWN_STATE", message, place.node, place.path, hint=hint)


def _check_resource(findings: Findings, place: Place, names: Names) -> None:
    type_id, field = names.resource(place.value)
    if type_id != "*" and not names.has("ArtifactType", type_id):
        types = names.ids("ArtifactType")
        _unresolved(findings, place, f"no ArtifactType '{type_id}' in this manifest", types)
        return
    if field:
        known = names.fields_of(names.ids("ArtifactType") if type_id == "*" else (type_id,))
        if field not in known:
            _unresolved(findings, place, f"no field '{field}' in type '{type_id}'", known)
