"""Expressions inside properties: parsed and typechecked against what their definition can see."""

from __future__ import annotations

from collections.abc import Mapping

from ..ast import ASTNode
from ..expr.parse import ExprError, parse_expr
from ..expr.typecheck import ANY, Checker, Known
from ..expr.typecheck import Names as ExprNames
from .findings import Findings, Place
from .semantic import Names, as_tuple

_FIELD_TYPES = {
    "string": "string", "text": "string", "richtext": "string", "url": "string", "user": "string", "team": "string",
    "reference": "any", "int": "int", "number": "number", "bool": "bool", "date": "date", "datetime": "date",
    "choice": "string", "multichoice": "array", "table": "array",
}  # fmt: skip
_OPEN = ("actor.attributes", "project.settings", "event.values", "event.previous", "self.parent")


def check_expressions(findings: Findings, names: Names) -> None:
    """Check every expression property."""
    cache: dict[tuple[str, ...], ExprNames] = {}
    for place in findings.of("expr"):
        types = names.types_for(place.owner)
        scope = cache.get(types)
        if scope is None:
            scope = cache[types] = expression_names(findings, names, types)
        _check(place, scope, findings)


def _check(place: Place, scope: ExprNames, findings: Findings) -> None:
    try:
        tree = parse_expr(place.value)
    except ExprError as error:
        _report(place, error, findings)
        return
    checker = Checker(findings.meta, scope)
    checker.check(tree, place.prop.returns)
    if findings.hints_left <= 0:
        scope.quiet = True
    findings.hints_left -= len(checker.problems)
    for problem in checker.problems:
        _report(place, problem, findings)
    for node, missing in checker.partial:
        some = ", ".join(missing)
        message = f"'{node.value}' does not exist in every type this is about (not in: {some})"
        span = findings.inside(place, node.start, node.end)
        findings.add("E_EXPR_FIELD_NOT_EVERYWHERE", message, place.node, place.path, severity="warning", span=span)


def _report(place: Place, error: ExprError, findings: Findings) -> None:
    span = findings.inside(place, error.start, error.end)
    findings.add(error.code, error.message, place.node, place.path, hint=error.hint, span=span)


def expression_names(findings: Findings, names: Names, types: tuple[str, ...]) -> ExprNames:
    """The names seen by an expression that is about items of these types."""
    states = _states(names, types)
    paths: dict[str, Known] = {f"self.{name}": Known(kind) for name, kind in names.core.items()}
    paths["self"] = paths["actor"] = paths["event"] = paths["project"] = paths["self.fields"] = Known("object")
    paths["now"] = Known("date")
    paths["self.state"] = paths["event.from"] = paths["event.to"] = Known("string", states, "state")
    paths["self.state_category"] = Known("string", frozenset(("todo", "in_progress", "done")), "state category")
    paths["self.type"] = Known("string", names.type_ids, "type")
    paths["self.parent"] = Known("object")
    roles = frozenset(names.by_kind.get("Role", {}))
    paths["actor.id"] = paths["actor.kind"] = paths["actor.display_name"] = Known("string")
    paths["actor.roles"] = Known("array", roles or None, "role")
    paths["actor.attributes"] = paths["project.settings"] = Known("object")
    events = frozenset(findings.meta.allowed_events) or None
    paths["event.name"] = Known("string", events, "event")
    paths["event.changes"] = ANY
    for name in ("transition", "reason", "link_type", "comment"):
        paths[f"event.{name}"] = Known("string")
    for name in ("id", "key", "name", "status"):
        paths[f"project.{name}"] = Known("string")
    paths.update(_fields(names, types))
    links = _link_names(names)
    changed = frozenset(p.removeprefix("self.fields.") for p in paths if p.startswith("self.fields.")) | set(names.core)
    arguments = {"changed": (0, changed, "field")}
    if roles:
        arguments["hasRole"] = (0, roles, "role")
    if links:
        arguments["linkCount"] = (1, links, "link type")
    return ExprNames(paths, _OPEN, arguments)


def _states(names: Names, types: tuple[str, ...]) -> frozenset[str] | None:
    flows = {names.inherited(names.types[t], "workflow") for t in types}
    return frozenset().union(*(names.states(flow) for flow in flows)) or None


def _link_names(names: Names) -> frozenset[str]:
    found: set[str] = set()
    for id_, node in names.by_kind.get("LinkType", {}).items():
        inverse = node.properties.get("inverse")
        found |= {id_, inverse} if isinstance(inverse, str) else {id_}
    return frozenset(found)


def _fields(names: Names, types: tuple[str, ...]) -> dict[str, Known]:
    found: dict[str, Known] = {}
    for type_id in types:
        for id_, node in names.fields[type_id].items():
            path = f"self.fields.{id_}"
            missing = tuple(t for t in types if id_ not in names.fields[t])
            here = _field(names, node, missing)
            before = found.get(path)
            found[path] = here if before is None else _either(before, here)
    return found


def _either(first: Known, second: Known) -> Known:
    kind = first.type if first.type == second.type else "any"
    values = first.values | second.values if first.values is not None and second.values is not None else None
    return Known(kind, values, first.what, first.some)


def _field(names: Names, node: ASTNode, missing: tuple[str, ...]) -> Known:
    declared = node.properties.get("type")
    kind = _FIELD_TYPES.get(declared, "any") if isinstance(declared, str) else "any"
    values = frozenset(choice_ids(names, node)) if declared in ("choice", "multichoice") else None
    return Known(kind, values or None, f"choice of '{node.id}'", missing)


def choice_ids(names: Names, node: ASTNode) -> list[str]:
    """Ids of a field's choices, its own or those of the EnumDef it names."""
    choices = node.properties.get("choices")
    if isinstance(choices, str):
        enum = names.by_kind.get("EnumDef", {}).get(choices)
        choices = enum.properties.get("values") if enum is not None else None
    found = []
    for choice in as_tuple(choices):
        id_ = choice.get("id") if isinstance(choice, Mapping) else choice
        if isinstance(id_, str):
            found.append(id_)
    return found
