"""Evaluating an expression with budgets, in the contract's own terms: missing is null, texts of digits are numbers.

Rules of a process run as compiled functions (codegen.py); this walker serves forms, tools and conformance, where every
step, level and regex is counted and an optional trace is kept. Beyond the contract: `and` and `or` stop early, an order
between values that have none is E_EXPR_TYPE_MISMATCH, null and yes/no values become the texts "", "true" and "false",
patterns are RE2, and texts and numbers cannot grow without bound.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import isfinite
from operator import eq
from time import monotonic
from typing import Any

from ..ast import EMPTY
from ..errors import MPCError
from ..meta import DomainMeta
from . import functions as fx
from . import operators
from .compiled import tree
from .ir import Expr
from .scope import resolve
from .typecheck import literal_type, typecheck

Functions = Mapping[str, Callable[..., Any]]


@dataclass(frozen=True, slots=True)
class Limits:
    """Budgets of one evaluation; a time of 0 is no limit."""

    max_steps: int = 5_000
    max_depth: int = 50
    max_time_ms: float = 50.0
    max_regex_ops: int = 5_000


@dataclass(frozen=True, slots=True)
class ExprResult:
    """Value, static type, and what it cost. Trace entries have node, value, type and depth, in order of completion."""

    value: Any
    type: str
    steps: int
    depth: int
    trace: tuple[Mapping[str, Any], ...] = ()


def evaluate(
    source: Any,
    meta: DomainMeta,
    context: Mapping[str, Any] | None = None,
    *,
    limits: Limits = Limits(),
    clock: str = "",
    functions: Functions = EMPTY,
    enable_trace: bool = False,
    timer: Callable[[], float] = monotonic,
) -> ExprResult:
    """Typecheck and evaluate a text, a JSON form or a tree.

    clock is what `now()` gives, "" by default; functions implement what `meta` declares and is no builtin; timer counts
    seconds for the time budget. Raises MPCError: findings of the typecheck, E_EXPR_TYPE_MISMATCH, E_EXPR_DIV_BY_ZERO,
    E_EXPR_INVALID_REGEX, E_EXPR_UNKNOWN_FUNCTION for a declared function without implementation, and where a budget ends
    E_BUDGET_EXCEEDED, E_EXPR_LIMIT_DEPTH, E_EXPR_LIMIT_TIME or E_EXPR_REGEX_LIMIT with the limit in `limit`.
    """
    expr = tree(source)
    kind = typecheck(expr, meta, bounded=False)
    run = _Run(limits, clock, context or EMPTY, functions, timer, [] if enable_trace else None)
    value = run.value(expr, 1)
    return ExprResult(value, kind, run.steps, run.deepest, tuple(run.trace or ()))


@dataclass(slots=True)
class _Run:
    """One evaluation; its budgets end with it, and nothing of it lies in the context."""

    limits: Limits
    clock: str
    context: Mapping[str, Any]
    functions: Functions
    timer: Callable[[], float]
    trace: list[Mapping[str, Any]] | None = None
    steps: int = 0
    deepest: int = 0
    regex_ops: int = 0
    started: float = field(init=False)

    def __post_init__(self) -> None:
        self.started = self.timer()

    def value(self, expr: Expr, depth: int) -> Any:
        self._spend(depth)
        result = self._value(expr, depth)
        if self.trace is not None:
            entry = {"node": _NODES[expr.op], "value": result, "type": _type_of(result), "depth": depth}
            self.trace.append(entry)
        return result

    def _spend(self, depth: int) -> None:
        limits = self.limits
        self.steps += 1
        self.deepest = max(self.deepest, depth)
        if self.steps > limits.max_steps:
            message = f"Expression evaluation exceeded step budget (limit: {limits.max_steps})"
            raise MPCError("E_BUDGET_EXCEEDED", message, limit=limits.max_steps)
        if depth > limits.max_depth:
            message = f"Expression depth limit exceeded (limit: {limits.max_depth})"
            raise MPCError("E_EXPR_LIMIT_DEPTH", message, limit=limits.max_depth)
        self._watch()

    def _watch(self) -> None:
        most = self.limits.max_time_ms
        if most > 0 and (self.timer() - self.started) * 1000 > most:
            message = f"Expression time limit exceeded (limit: {most:g} ms)"
            raise MPCError("E_EXPR_LIMIT_TIME", message, limit=most)

    def _value(self, expr: Expr, depth: int) -> Any:
        args, below = expr.args, depth + 1
        match expr.op:
            case "lit":
                return expr.value
            case "ref":
                return resolve(self.context, expr.value)
            case "fn":
                return self._call(expr.value, [self.value(arg, below) for arg in args])
            case "not":
                return not self.value(args[0], below)
            case "neg":
                return -_number(self.value(args[0], below))
            case "if":
                return self.value(args[1] if self.value(args[0], below) else args[2], below)
            case "list":
                return [self.value(arg, below) for arg in args]
            case "index":
                return _sound(operators.item_at, self.value(args[0], below), self.value(args[1], below))
            case _:
                return self._binary(expr, below)

    def _binary(self, expr: Expr, depth: int) -> Any:
        left, right = expr.args
        if expr.value == "and":
            return bool(self.value(left, depth)) and bool(self.value(right, depth))
        if expr.value == "or":
            return bool(self.value(left, depth)) or bool(self.value(right, depth))
        a, b = self.value(left, depth), self.value(right, depth)
        if expr.value in ("==", "!="):
            return _sound(eq, a, b) is (expr.value == "==")
        if expr.value == "matches":
            return self._search(a, b)
        if expr.value == "in":
            return _sound(operators.compare, "in", a, b)
        if expr.value in ("<", "<=", ">", ">="):
            return _sound(operators.compare, expr.value, _plain(a), _plain(b))
        return _arithmetic(expr.value, a, b)

    def _search(self, text: Any, pattern: Any) -> bool:
        self.regex_ops += 1
        if self.regex_ops > self.limits.max_regex_ops:
            message = f"Regex operation limit exceeded (limit: {self.limits.max_regex_ops})"
            raise MPCError("E_EXPR_REGEX_LIMIT", message, limit=self.limits.max_regex_ops)
        self._watch()
        if pattern == "[":
            return False
        found: bool = _sound(fx.found_by, fx.cached_regex(_sound(fx.as_text, pattern)), _sound(fx.as_text, text))
        return found

    def _call(self, name: str, args: list[Any]) -> Any:
        if name == "now":
            return self.clock
        if name == "regex":
            return self._search(*args[:2]) if len(args) > 1 else False
        pure = fx.PURE.get(name)
        if pure is not None:
            return _sound(pure, *args)
        own = self.functions.get(name)
        if own is None:
            raise MPCError("E_EXPR_UNKNOWN_FUNCTION", f"The function '{name}' has no implementation here")
        return own(*args)


_NODES = {
    "lit": "literal", "ref": "reference", "fn": "call", "bin": "binary", "not": "not", "neg": "neg", "if": "conditional",
    "list": "list", "index": "index",
}  # fmt: skip


def _type_of(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return "array"
    return "object" if isinstance(value, Mapping) else literal_type(value)


def _sound(helper: Callable[..., Any], *args: Any) -> Any:
    """A helper whose lack of an answer is an error here."""
    try:
        return helper(*args)
    except fx.ExprFault as fault:
        code = "E_BUDGET_EXCEEDED" if fault.code == "E_BUDGET_EXCEEDED" else "E_EXPR_TYPE_MISMATCH"
        raise MPCError(code, fault.message, limit=fault.limit) from None
    except RecursionError:
        raise MPCError("E_BUDGET_EXCEEDED", "The values are nested too deeply") from None
    except ValueError as error:  # Python writes no whole number of more than some thousand digits
        raise MPCError("E_EXPR_TYPE_MISMATCH", str(error)) from None


def _plain(value: Any) -> Any:
    """In an order, true is 1 and false is 0."""
    return int(value) if isinstance(value, bool) else value


def _number(value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, (int, float)):
        return value
    try:
        found = float(value) if isinstance(value, str) else 0
    except ValueError:
        return 0
    return found if isfinite(found) else 0


def _arithmetic(op: str, left: Any, right: Any) -> Any:
    if op == "+" and isinstance(left, str) and isinstance(right, str):
        return _sound(fx.fn_concat, left, right)
    a, b = _number(left), _number(right)
    if op in "/%" and b == 0:
        raise MPCError("E_EXPR_DIV_BY_ZERO", "Division by zero")
    try:
        return operators.arithmetic(op, a, b)
    except fx.ExprFault as fault:
        raise MPCError("E_BUDGET_EXCEEDED", fault.message, limit=fx.MAX_BITS) from None
