"""Evaluating with reasons: which leaf decided, with the values it saw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from . import functions as fx
from .functions import ExprFault
from .ir import LOGIC, Expr, show, show_value
from .walk import Names, walk


@dataclass(frozen=True, slots=True)
class Leaf:
    """One decisive leaf: its text, its outcome (None = undecided), the text with values, and the values by path."""

    text: str
    outcome: bool | None
    seen: str
    values: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""
    start: int = 0
    end: int = 0

    def __str__(self) -> str:
        word = "undecided" if self.outcome is None else "true" if self.outcome else "false"
        tail = self.note or (self.seen if self.seen != self.text else "")
        return f"{self.text} was {word}" + (f": {tail}" if tail else "")


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a condition: True, False or None (undecided), and the leaves that made it so."""

    value: bool | None
    leaves: tuple[Leaf, ...] = ()

    def __str__(self) -> str:
        return "; ".join(str(leaf) for leaf in self.leaves)

    def values(self) -> dict[str, Any]:
        """Every value the decisive leaves looked at, by path."""
        return {path: value for leaf in self.leaves for path, value in leaf.values.items()}


def explain(expr: Expr, scope: Names) -> Outcome:
    """Evaluate a condition as the compiled function does, keeping the decisive leaves; never raises."""
    return _condition(expr, scope)


def _condition(expr: Expr, scope: Names) -> Outcome:
    if expr.op == "not":
        inner = _condition(expr.args[0], scope)
        return Outcome(None if inner.value is None else not inner.value, inner.leaves)
    if expr.op == "bin" and expr.value in LOGIC:
        return _logic(expr, scope)
    if expr.op == "if":
        test = _condition(expr.args[0], scope)
        if test.value is None:
            return test
        return _condition(expr.args[1] if test.value else expr.args[2], scope)
    return _leaf(expr, scope)


def _logic(expr: Expr, scope: Names) -> Outcome:
    stops = expr.value == "or"
    first = _condition(expr.args[0], scope)
    if first.value is None or first.value is stops:
        return first
    second = _condition(expr.args[1], scope)
    if second.value is None or second.value is stops:
        return second
    return Outcome(second.value, first.leaves + second.leaves)


def _leaf(expr: Expr, scope: Names) -> Outcome:
    values: dict[str, Any] = {}
    for node in expr.walk():
        if node.op == "ref":
            values[node.value] = scope.lookup(node.value)
    text = show(expr)
    try:
        result = fx.truth(walk(expr, scope))
        return Outcome(result, (Leaf(text, result, _seen(expr, scope), values, "", expr.start, expr.end),))
    except ExprFault as fault:
        note = fault.message
        missing = sorted(path for path, value in values.items() if value is None)
        if missing:
            note += f" ({', '.join(missing)})"
        return Outcome(None, (Leaf(text, None, text, values, note, expr.start, expr.end),))


def _seen(expr: Expr, scope: Names) -> str:
    """The leaf with its operands replaced by their values."""
    if expr.op == "bin":
        left, right = (_short(walk(arg, scope)) for arg in expr.args)
        return f"{left} {expr.value} {right}"
    if expr.op == "fn":
        return f"{expr.value}({', '.join(_short(walk(arg, scope)) for arg in expr.args)})"
    return _short(walk(expr, scope))


def _short(value: Any) -> str:
    text = show_value(value)
    return text if len(text) <= 60 else text[:57] + "…"
