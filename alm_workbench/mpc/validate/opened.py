"""Definitions of open kinds: what the vocabulary says of them in general, and the expressions they hold.

An open kind takes any property, so nothing declares where its expressions are; by the contract's names they stand in
`expr`, `guard`, `when`, `condition` and in whatever ends in `Expr`, at any depth. Other texts are prose and are never
scanned: "staff (see wiki)" calls no function.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..ast import ASTNode, Path
from ..errors import MPCError
from ..expr.ir import Expr, from_json
from ..expr.parse import ExprError, parse_expr
from ..meta import KindDef, PropDef
from .findings import Findings, Place
from .names import ids_in

_EXPRESSIONS = frozenset(("expr", "guard", "when", "condition"))
_EVENTS = frozenset(("event", "events"))
_NO_PROP = PropDef("", "expr")
_IR = ("fn", "op", "ref", "lit", "not", "neg", "if")


def check_open(findings: Findings, node: ASTNode, kind: KindDef, key: str, value: Any) -> None:
    """Check a property that its kind does not declare."""
    if key in ("extends", "imports"):
        return
    _check_type(findings, node, kind, key, value)
    if kind.optional_props and not kind.properties and key not in (*kind.required_props, *kind.optional_props):
        known = [*kind.required_props, *kind.optional_props]
        message = f"{node.kind} has no property '{key}'"
        findings.add(
            "E_META_UNKNOWN_PROPERTY", message, node, (key,), severity="warning", on_key=True,
            hint=findings.hint(key, known),
        )  # fmt: skip
    if key in _EVENTS and findings.meta.allowed_events:
        _check_events(findings, node, key, value)
    for path, found in expressions_in(key, value):
        _check_expression(findings, node, path, found)


def type_word(value: Any) -> str:
    """The contract's word for a value's type."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int"
    if isinstance(value, float):
        return "float"
    if isinstance(value, str):
        return "string"
    return "object" if isinstance(value, Mapping) else "array"


def _check_type(findings: Findings, node: ASTNode, kind: KindDef, key: str, value: Any) -> None:
    allowed = kind.allowed_types or findings.meta.allowed_types
    if not allowed or value is None:
        return
    word = type_word(value)
    if word in allowed or (word in ("int", "float") and "number" in allowed):
        return
    message = f"'{key}' of {node.kind} '{node.id}' is a {word}; allowed: {', '.join(allowed)}"
    findings.add("E_META_TYPE_NOT_ALLOWED", message, node, (key,))


def _check_events(findings: Findings, node: ASTNode, key: str, value: Any) -> None:
    for number, event in enumerate(value if isinstance(value, tuple) else (value,)):
        if isinstance(event, str) and event not in findings.meta.allowed_events:
            path: Path = (key, number) if isinstance(value, tuple) else (key,)
            hint = findings.hint(event, findings.meta.allowed_events)
            findings.add("E_META_UNKNOWN_VALUE", f"Unknown event '{event}'", node, path, hint=hint)


def expressions_in(key: str, value: Any) -> Iterator[tuple[Path, Any]]:
    """Places of expressions, as text or as a tree, inside a property, deepest nesting 60 (the parser's limit)."""
    todo: list[tuple[Path, str, Any]] = [((key,), key, value)]
    while todo:
        path, name, here = todo.pop()
        named = name in _EXPRESSIONS or name.endswith("Expr")
        if named and (isinstance(here, str) or (isinstance(here, Mapping) and any(word in here for word in _IR))):
            yield path, here
        elif isinstance(here, Mapping):
            todo.extend(((*path, inner), inner, item) for inner, item in reversed(list(here.items())))
        elif isinstance(here, tuple):
            todo.extend(((*path, number), "", item) for number, item in reversed(list(enumerate(here))))


def check_steps(findings: Findings, node: ASTNode) -> None:
    """Check the steps of a definition with states and transitions that is no Workflow: they join states it has."""
    states, steps = node.properties.get("states"), node.properties.get("transitions")
    if not isinstance(states, tuple) or not isinstance(steps, tuple) or node.kind == "Workflow":
        return
    known = ids_in(states)
    for number, step in enumerate(steps):
        for key in ("from", "to"):
            target = step.get(key) if isinstance(step, Mapping) else None
            if isinstance(target, str) and target not in known:
                message = f"'{key}': '{target}' is no state of {node.kind} '{node.id}'"
                hint = findings.hint(target, known)
                findings.add("E_VALID_UNRESOLVED_REF", message, node, ("transitions", number, key), hint=hint)


def _check_expression(findings: Findings, node: ASTNode, path: Path, value: Any) -> None:
    place = Place(node, None, path, _NO_PROP, value)
    try:
        tree = parse_expr(value) if isinstance(value, str) else from_json(value)
    except ExprError as error:
        span = findings.inside(place, error.start, error.end)
        findings.add(error.code, error.message, node, path, hint=error.hint, span=span)
        return
    except (MPCError, ValueError) as error:
        findings.add("E_EXPR_PARSE", getattr(error, "message", str(error)), node, path)
        return
    allowed = findings.meta.function_names
    for call in _calls(tree):
        name = str(call.value)
        if allowed and name not in allowed:
            span = findings.inside(place, call.start, call.end) if isinstance(value, str) else None
            hint = findings.hint(name, allowed)
            message = f"Function '{name}' is not allowed"
            findings.add("E_META_FUNCTION_NOT_ALLOWED", message, node, path, hint=hint, span=span)


def _calls(tree: Expr) -> Iterator[Expr]:
    todo = [tree]
    while todo:
        here = todo.pop()
        if here.op == "fn":
            yield here
        todo.extend(reversed(here.args))
