"""Evaluating with reasons: which leaf decided, with the values it saw."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .functions import PURE, ExprFault
from .ir import LOGIC, Expr
from .sentences import UNDECIDED, Leaf, Lookup, Plan, Story
from .slots import paths_of
from .walk import FILTER, STRICT, Names, Operations, truth_of

__all__ = ["UNDECIDED", "Leaf", "Outcome", "Renderer", "explain", "undecided_trace"]


class Outcome:
    """The result of a condition: True, False or None (undecided), and the leaves that made it so.

    What the leaves saw is taken at once, put into words when it is asked for.
    """

    __slots__ = ("_kept", "_leaves", "_seen", "value")

    def __init__(
        self,
        value: bool | None,
        leaves: tuple[Leaf, ...] | None = (),
        seen: Story | None = None,
        kept: tuple[Any, ...] | None = None,
    ) -> None:
        self.value = value
        self._leaves = leaves
        self._seen = seen
        self._kept = kept

    @property
    def leaves(self) -> tuple[Leaf, ...]:
        """The decisive leaves."""
        if self._leaves is None:
            self._leaves = self._seen.leaves(self._kept) if self._seen else ()
        return self._leaves

    def __str__(self) -> str:
        if self._leaves is None and self._seen is not None:
            return self._seen.told(self._kept)
        return "; ".join([str(leaf) for leaf in self.leaves])

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

    __slots__ = ("_decisive", "_plans", "_tree")

    def __init__(self, expr: Expr, leaves: tuple[Expr, ...], *, strict: bool = True) -> None:
        paths = {path: number for number, path in enumerate(paths_of(expr))}
        self._plans = [Plan(leaf, paths, strict=strict) for leaf in leaves]
        self._tree = _decisive_tree(expr, iter(range(len(leaves))))
        self._decisive: dict[tuple[Any, ...], Story] = {}

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

    def outcome(
        self, value: bool | None, outcomes: tuple[Any, ...], scope: Names, lookup: Lookup | None = None
    ) -> Outcome:
        """The outcome with the leaves that decided; `lookup` is a quicker way to the names of the scope, if there is one."""
        get = lookup or scope.lookup
        sights = self.deciding(outcomes).sights
        return Outcome(
            value, None, Story([(plan, outcome, plan.look(outcome, scope, get)) for plan, outcome, _ in sights])
        )

    def deciding(self, outcomes: tuple[Any, ...]) -> Story:
        """The leaves that decided, for an Outcome that has the values of all paths."""
        found = self._decisive.get(outcomes)
        if found is None:
            numbers = _decided(self._tree, outcomes)[1]
            found = Story([(self._plans[number], outcomes[number], ()) for number in numbers])
            if len(self._decisive) < 1_000:
                self._decisive[outcomes] = found
        return found

    @staticmethod
    def keeps(expr: Expr) -> bool:
        """Whether a leaf with an outcome has looked at all its paths, and nothing outside decides what it shows."""
        inside = [node for leaf in Renderer.leaves_of(expr) for node in leaf.walk()]
        whole = all(node.op != "if" and not (node.op == "bin" and node.value in LOGIC) for node in inside)
        return whole and all(node.value in PURE for node in inside if node.op == "fn")


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
