"""The exact meaning of a tree, node by node: what generated code must agree with, and what it falls back to.

Two modes (design decision 13). *Strict*, for guards, access rules and policies: an operation without an answer (null or
mistyped operands) raises ExprFault, the rule is undecided. *Filter*, for conditions of fields, views and reports: a
comparison without an answer is false, an arithmetic or function result without an answer is null.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from . import functions as fx
from . import operators
from .functions import ExprFault
from .ir import LOGIC, Expr

Step = Callable[..., Any]


class Names(Protocol):
    """Where a tree finds its names and functions: Scope or PlainScope."""

    @property
    def functions(self) -> Any: ...

    def lookup(self, path: str) -> Any:
        """The value at a dotted path, None if there is none."""
        ...


def soft(helper: Step, otherwise: Any) -> Step:
    """A helper in filter mode: what has no answer is `otherwise`."""

    def run(*args: Any) -> Any:
        try:
            return helper(*args)
        except ExprFault:
            return otherwise

    return run


class Operations:
    """The helpers of one mode."""

    __slots__ = ("arithmetic", "call", "compare", "item_at", "negate", "truth")

    def __init__(self, *, strict: bool) -> None:
        def choose(helper: Step, otherwise: Any) -> Step:
            return helper if strict else soft(helper, otherwise)

        self.compare = choose(operators.compare, False)
        self.truth = choose(operators.truth, False)
        self.arithmetic = choose(operators.arithmetic, None)
        self.negate = choose(operators.negate, None)
        self.item_at = choose(operators.item_at, None)
        self.call = choose(fx.call, None)


STRICT = Operations(strict=True)
FILTER = Operations(strict=False)


def is_null(expr: Expr) -> bool:
    """Whether a node is the literal null."""
    return expr.op == "lit" and expr.value is None


def is_condition(expr: Expr) -> bool:
    """Whether a node can only be true or false."""
    if expr.op == "not" or (expr.op == "lit" and isinstance(expr.value, bool)):
        return True
    return expr.op == "bin" and (expr.value in LOGIC or expr.value not in "+-*/%")


def walk(expr: Expr, names: Names, do: Operations = STRICT) -> Any:
    """The value of a tree; raises ExprFault in strict mode only."""
    match expr.op:
        case "lit":
            return expr.value
        case "ref":
            return names.lookup(expr.value)
        case "bin":
            return _binary(expr, names, do)
        case "fn":
            return do.call(expr.value, names, *(walk(arg, names, do) for arg in expr.args))
        case "not":
            return not truth_of(expr.args[0], names, do)
        case "neg":
            return do.negate(walk(expr.args[0], names, do))
        case "if":
            test, then, other = expr.args
            return walk(then if truth_of(test, names, do) else other, names, do)
        case "index":
            return do.item_at(walk(expr.args[0], names, do), walk(expr.args[1], names, do))
        case _:
            return tuple(walk(arg, names, do) for arg in expr.args)


def truth_of(expr: Expr, names: Names, do: Operations = STRICT) -> bool:
    """The value of a tree that stands where a condition is needed."""
    value = walk(expr, names, do)
    return value is True if is_condition(expr) else do.truth(value) is True


def _binary(expr: Expr, names: Names, do: Operations) -> Any:
    left, right = expr.args
    if expr.value == "and":
        return truth_of(left, names, do) and truth_of(right, names, do)
    if expr.value == "or":
        return truth_of(left, names, do) or truth_of(right, names, do)
    if expr.value in ("==", "!=") and (is_null(left) or is_null(right)):
        present = walk(right if is_null(left) else left, names, do)
        return (present is None) is (expr.value == "==")
    a, b = walk(left, names, do), walk(right, names, do)
    if expr.value in "+-*/%":
        return do.arithmetic(expr.value, a, b)
    return do.compare(expr.value, a, b)
