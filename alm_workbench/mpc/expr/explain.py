"""Evaluating with reasons: which leaf decided, with the values it saw."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .functions import ExprFault
from .ir import LOGIC, Expr, show, show_value
from .walk import FILTER, STRICT, Names, Operations, truth_of, walk

UNDECIDED = "undecided"


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
    """Evaluate a condition as the compiled function does, keeping the decisive leaves; raises nothing of its own."""
    leaves = Renderer.leaves_of(expr)
    value, outcomes = undecided_trace(expr, scope, leaves)
    return Renderer(expr, leaves).outcome(value, outcomes, scope)


def undecided_trace(
    expr: Expr, scope: Names, leaves: Iterable[Expr], *, strict: bool = True
) -> tuple[bool | None, tuple[Any, ...]]:
    """The outcome and the outcome of every leaf, by walking: None where a leaf was not reached, or UNDECIDED."""
    seen: list[Any] = [None] * len(tuple(leaves))
    value = _walked(expr, scope, seen, _Position(), STRICT if strict else FILTER)
    return value, tuple(seen)


@dataclass(slots=True)
class _Position:
    leaf: int = 0


def _walked(expr: Expr, scope: Names, seen: list[Any], at: _Position, do: Operations) -> bool | None:
    """One condition; leaves are numbered in the order of the text, whether reached or not."""
    if expr.op == "not":
        value = _walked(expr.args[0], scope, seen, at, do)
        return None if value is None else not value
    if expr.op == "bin" and expr.value in LOGIC:
        first = _walked(expr.args[0], scope, seen, at, do)
        if first is None or first is (expr.value == "or"):
            at.leaf += _leaves(expr.args[1])
            return first
        return _walked(expr.args[1], scope, seen, at, do)
    if expr.op == "if":
        return _chosen(expr, scope, seen, at, do)
    number, at.leaf = at.leaf, at.leaf + 1
    try:
        seen[number] = truth_of(expr, scope, do)
    except ExprFault:
        seen[number] = UNDECIDED
        return None
    found: bool = seen[number]
    return found


def _chosen(expr: Expr, scope: Names, seen: list[Any], at: _Position, do: Operations) -> bool | None:
    test, then, other = expr.args
    value = _walked(test, scope, seen, at, do)
    if value is None:
        return None
    if not value:
        at.leaf += _leaves(then)
        return _walked(other, scope, seen, at, do)
    found = _walked(then, scope, seen, at, do)
    at.leaf += _leaves(other)
    return found


def _leaves(expr: Expr) -> int:
    if expr.op in ("not", "if") or (expr.op == "bin" and expr.value in LOGIC):
        return sum(_leaves(arg) for arg in expr.args)
    return 1


class Renderer:
    """Turns the outcomes of a tree's leaves into the decisive ones in words; what does not change is prepared once."""

    __slots__ = ("_decisive", "_plans", "expr")

    def __init__(self, expr: Expr, leaves: tuple[Expr, ...], *, strict: bool = True) -> None:
        self.expr = expr
        self._plans = [_Plan(leaf, strict=strict) for leaf in leaves]
        self._decisive = _decisive_tree(expr, iter(range(len(leaves))))

    @staticmethod
    def leaves_of(expr: Expr) -> tuple[Expr, ...]:
        """The leaves of a condition, in the order of its text."""
        found: list[Expr] = []

        def gather(node: Expr) -> None:
            if node.op in ("not", "if") or (node.op == "bin" and node.value in LOGIC):
                for arg in node.args:
                    gather(arg)
            else:
                found.append(node)

        gather(expr)
        return tuple(found)

    def outcome(self, value: bool | None, outcomes: tuple[Any, ...], scope: Names) -> Outcome:
        """The outcome with the leaves that decided."""
        numbers = _decided(self._decisive, outcomes)[1]
        return Outcome(value, tuple(self._plans[number].leaf(outcomes[number], scope) for number in numbers))


Decisive = tuple[str, Any]


def _decisive_tree(expr: Expr, numbers: Any) -> Decisive:
    """The tree with numbers for leaves: ("leaf", n) or (operator, parts)."""
    if expr.op in ("not", "if"):
        return (expr.op, [_decisive_tree(arg, numbers) for arg in expr.args])
    if expr.op == "bin" and expr.value in LOGIC:
        return (expr.value, [_decisive_tree(arg, numbers) for arg in expr.args])
    return ("leaf", next(numbers))


def _decided(node: Decisive, outcomes: tuple[Any, ...]) -> tuple[bool | None, list[int]]:
    """The outcome of a part, and the numbers of the leaves that made it so."""
    op, parts = node
    if op == "leaf":
        outcome = outcomes[parts]
        return (None if outcome is UNDECIDED else outcome), [parts]
    value, numbers = _decided(parts[0], outcomes)
    if value is None:
        return None, numbers
    if op == "not":
        return not value, numbers
    if op == "if":
        return _decided(parts[1] if value else parts[2], outcomes)
    if value is (op == "or"):
        return value, numbers
    second, more = _decided(parts[1], outcomes)
    if second is None or second is (op == "or"):
        return second, more
    return second, numbers + more


class _Plan:
    """How one leaf is shown: its text, the paths it looks at, and the operands whose values are put in their place."""

    __slots__ = ("expr", "head", "middle", "operands", "paths", "strict", "tail", "text")

    def __init__(self, expr: Expr, *, strict: bool) -> None:
        self.expr, self.strict = expr, strict
        self.text = show(expr)
        self.paths = tuple(dict.fromkeys(node.value for node in expr.walk() if node.op == "ref"))
        self.head = self.tail = ""
        self.operands, self.middle = (expr,), ""
        if expr.op == "bin":
            self.operands, self.middle = expr.args, f" {expr.value} "
        elif expr.op == "fn" and expr.value == "$same":
            self.operands, self.middle = expr.args, " == "
            self.text = " == ".join(show(arg) for arg in expr.args)
        elif expr.op == "fn":
            self.operands, self.head, self.middle, self.tail = expr.args, f"{expr.value}(", ", ", ")"

    def leaf(self, outcome: Any, scope: Names) -> Leaf:
        """The leaf with what it saw."""
        expr = self.expr
        values = {path: scope.lookup(path) for path in self.paths}
        if outcome is not UNDECIDED:
            return Leaf(self.text, outcome, self._seen(scope, values), values, "", expr.start, expr.end)
        return Leaf(self.text, None, self.text, values, self._note(scope, values), expr.start, expr.end)

    def _seen(self, scope: Names, values: Mapping[str, Any]) -> str:
        """The leaf with its operands replaced by their values."""
        do = STRICT if self.strict else FILTER
        shown = [
            _short(
                values[part.value] if part.op == "ref" else part.value if part.op == "lit" else walk(part, scope, do)
            )
            for part in self.operands
        ]
        return self.head + self.middle.join(shown) + self.tail

    def _note(self, scope: Names, values: Mapping[str, Any]) -> str:
        try:
            truth_of(self.expr, scope)
        except ExprFault as fault:
            missing = sorted(path for path, value in values.items() if value is None)
            return fault.message + (f" ({', '.join(missing)})" if missing else "")
        return "the values changed meanwhile"


def _short(value: Any) -> str:
    text = show_value(value)
    return text if len(text) <= 60 else text[:57] + "…"
