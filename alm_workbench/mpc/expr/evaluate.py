"""Evaluating an expression with budgets, in the contract's own terms: missing is null, texts of digits are numbers.

Rules of a process run as compiled functions (codegen.py); this walker serves tools and conformance, where every step,
level and regex is counted and an optional trace is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from ..errors import MPCError
from ..meta import DomainMeta
from . import functions as fx
from .ir import Expr, from_json
from .parse import parse_expr
from .scope import resolve
from .typecheck import typecheck


@dataclass(frozen=True, slots=True)
class Limits:
    """Budgets of one evaluation; a time of 0 is no limit."""

    max_steps: int = 5_000
    max_depth: int = 50
    max_time_ms: float = 50.0
    max_regex_ops: int = 5_000


@dataclass(frozen=True, slots=True)
class ExprResult:
    """Value, static type, and what it cost."""

    value: Any
    type: str
    steps: int
    depth: int
    trace: tuple[Mapping[str, Any], ...] = ()


def tree(source: Any) -> Expr:
    """The tree of a text, or of the JSON form."""
    return parse_expr(source) if isinstance(source, str) else from_json(source)


def evaluate(
    source: Any,
    meta: DomainMeta,
    context: Mapping[str, Any] | None = None,
    *,
    limits: Limits = Limits(),
    clock: str = "",
    functions: Mapping[str, Callable[..., Any]] | None = None,
    enable_trace: bool = False,
) -> ExprResult:
    """Typecheck and evaluate; raises MPCError for findings, budgets, division by zero and impossible comparisons."""
    expr = tree(source)
    kind = typecheck(expr, meta)
    run = _Run(limits, clock, context or {}, functions or {}, [] if enable_trace else None)
    value = run.value(expr, 1)
    return ExprResult(value, kind, run.steps, run.deepest, tuple(run.trace or ()))


@dataclass(slots=True)
class _Run:
    limits: Limits
    clock: str
    context: Mapping[str, Any]
    functions: Mapping[str, Callable[..., Any]]
    trace: list[Mapping[str, Any]] | None = None
    steps: int = 0
    deepest: int = 0
    regex_ops: int = 0
    started: float = field(default_factory=monotonic)

    def value(self, expr: Expr, depth: int) -> Any:
        self._spend(depth)
        result = self._value(expr, depth)
        if self.trace is not None:
            self.trace.append({"node": expr.op, "value": result, "depth": depth})
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
        if limits.max_time_ms > 0 and (monotonic() - self.started) * 1000 > limits.max_time_ms:
            message = f"Expression time limit exceeded (limit: {limits.max_time_ms} ms)"
            raise MPCError("E_EXPR_LIMIT_TIME", message, limit=limits.max_time_ms)

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
                return self._soft(fx.item_at, self.value(args[0], below), self.value(args[1], below))
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
            return fx.same(a, b) is (expr.value == "==")
        if expr.value == "matches":
            return self._search(a, b)
        if expr.value in ("<", "<=", ">", ">=", "in"):
            return self._soft(fx.compare, expr.value, a, b)
        return _arithmetic(expr.value, a, b)

    def _soft(self, helper: Callable[..., Any], *args: Any) -> Any:
        try:
            return helper(*args)
        except fx.ExprFault as fault:
            raise MPCError("E_EXPR_TYPE_MISMATCH", fault.message) from None

    def _search(self, text: Any, pattern: Any) -> bool:
        self.regex_ops += 1
        if self.regex_ops > self.limits.max_regex_ops:
            message = f"Regex operation limit exceeded (limit: {self.limits.max_regex_ops})"
            raise MPCError("E_EXPR_REGEX_LIMIT", message, limit=self.limits.max_regex_ops)
        if pattern == "[":
            return False
        return fx.cached_regex(str(pattern)).search(fx.as_text(text)) is not None

    def _call(self, name: str, args: list[Any]) -> Any:
        if name in self.functions:
            return self.functions[name](*args)
        if name == "now":
            return self.clock
        if name == "regex":
            return self._search(*args[:2]) if len(args) > 1 else False
        pure = fx.PURE.get(name)
        return self._soft(pure, *args) if pure is not None else None


def _number(value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, (int, float)):
        return value
    try:
        return float(value) if isinstance(value, str) else 0
    except ValueError:
        return 0


def _arithmetic(op: str, left: Any, right: Any) -> Any:
    if op == "+" and isinstance(left, str) and isinstance(right, str):
        return left + right
    a, b = _number(left), _number(right)
    if op in "/%" and b == 0:
        raise MPCError("E_EXPR_DIV_BY_ZERO", "Division by zero")
    match op:
        case "+":
            return a + b
        case "-":
            return a - b
        case "*":
            return a * b
        case "/":
            return a / b
        case _:
            return a % b
