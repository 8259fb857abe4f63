"""An expression compiled for plain mappings, for tools, plugins and measurements: value, decision, trace, explanation.

    found = compile_expression("priority >= 3 and 'lead' in roles")
    found.decide({"priority": 3, "roles": ["lead"]})      # True, False, or None: undecided
    found.trace({"priority": 1})                          # (False, (False, None)): the outcome of every leaf

A dotted name is a path through nested mappings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from ..ast import EMPTY
from ..errors import MPCError
from ..meta import DomainMeta
from .codegen import Program, exactly, make_program
from .cost import MAX_DEPTH, MAX_STEPS, Cost, cost
from .explain import Outcome, Renderer, undecided_trace
from .functions import ExprFault
from .generate import Mode
from .ir import Expr, from_json
from .parse import parse_expr
from .scope import PlainScope, iso
from .typecheck import Known, Names, function_cost, typecheck, value_group

Functions = Mapping[str, Callable[..., Any]]
Trace = tuple[bool | None, tuple[Any, ...]]
NO_META = DomainMeta()


@dataclass(frozen=True)
class Compiled:
    """A compiled expression. Every call takes a mapping of names to JSON values; it is never changed.

    `evaluate` gives the value (in strict mode it raises ExprFault where undecided, in filter mode it never raises).
    """

    expr: Expr
    type: str
    cost: Cost
    mode: Mode
    evaluate: Program
    _wrap: Callable[[Mapping[str, Any]], PlainScope]

    def decide(self, names: Mapping[str, Any]) -> bool | None:
        """The outcome as a condition: True, False, or None when undecided."""
        try:
            return self._condition(names) is True
        except ExprFault:
            return None

    def trace(self, names: Mapping[str, Any]) -> Trace:
        """The outcome, and that of every leaf in `leaves`: True, False, None if it was not reached, or "undecided"."""
        try:
            return self._traced[0](names)  # type: ignore[no-any-return]
        except ExprFault:
            return undecided_trace(self.expr, self._wrap(names), self.leaves)

    def explain(self, names: Mapping[str, Any]) -> Outcome:
        """The outcome with the leaves that decided it and the values they saw."""
        keeping = self._keeping
        if keeping is not None:
            try:
                value, outcomes, kept = keeping(names)
                return Outcome(value, None, self._renderer.deciding(outcomes), kept)
            except ExprFault:
                pass
        value, outcomes = self.trace(names)
        return self._renderer.outcome(value, outcomes, self._wrap(names), None if self._dotted else names.get)

    @property
    def leaves(self) -> tuple[Expr, ...]:
        """The leaves a trace is about, in the order they are reached."""
        return self._traced[1]

    @cached_property
    def _condition(self) -> Program:
        return self.evaluate if self.mode.condition else self._make(condition=True, traced=False)[0]

    @cached_property
    def _traced(self) -> tuple[Program, tuple[Expr, ...]]:
        return self._make(condition=True, traced=True)

    @cached_property
    def _keeping(self) -> Program | None:
        """A trace that keeps the values it saw; None where a leaf may decide without looking at all of them."""
        if not self.mode.strict or not Renderer.keeps(self.expr):
            return None
        mode = replace(self.mode, condition=True, traced=True, kept=True)

        def unsure(_names: Any) -> Any:
            raise ExprFault("R_EXPR_UNDECIDED", "left to the walker")

        return make_program(self.expr, mode, unsure, {"wrap": self._wrap})[0]

    @cached_property
    def _dotted(self) -> bool:
        return any(node.op == "ref" and "." in node.value for node in self.expr.walk())

    @cached_property
    def _renderer(self) -> Renderer:
        return Renderer(self.expr, self.leaves, strict=self.mode.strict)

    def _make(self, *, condition: bool, traced: bool) -> tuple[Program, tuple[Expr, ...]]:
        mode = replace(self.mode, condition=condition, traced=traced)
        if not traced:
            return make_program(self.expr, mode, exactly(self.expr, mode, self._wrap), {"wrap": self._wrap})
        leaves = Renderer.leaves_of(self.expr)

        def walked(names: Mapping[str, Any]) -> Trace:
            return undecided_trace(self.expr, self._wrap(names), leaves, strict=mode.strict)

        return make_program(self.expr, mode, walked, {"wrap": self._wrap})[0], leaves


def compile_expression(
    source: Any,
    meta: DomainMeta | None = None,
    names: Names | Mapping[str, Known | str] | None = None,
    *,
    strict: bool = True,
    condition: bool | None = None,
    budget: int | None = MAX_STEPS,
    functions: Functions = EMPTY,
    now: datetime | None = None,
) -> Compiled:
    """Compile an expression text, its JSON form or a tree for plain mappings.

    names: what may be named, path to type word ("int", "string", "bool", "array", "date", "any" …); names of a known type get
    shorter code, which relies on their values being of that type or null. condition: whether a yes/no value is wanted
    (default: where the static type says so). budget: the most steps, None for no limit and no measuring of lists.
    functions: implementations for functions that `meta` declares. now: the moment `now()` gives.

    Raises ExprError with the place for what cannot be parsed or has wrong types, MPCError E_BUDGET_EXCEEDED and
    E_EXPR_LIMIT_DEPTH for what costs too much.
    """
    expr = tree(source)
    known = names if names is None or isinstance(names, Names) else Names(_known(names))
    kind = typecheck(expr, meta or NO_META, known)
    worst = cost(expr, function_cost(meta or NO_META))
    _afford(worst, budget)
    moment = iso(now) if now else ""

    def wrap(context: Mapping[str, Any]) -> PlainScope:
        return PlainScope(context, functions, moment)

    types = {path: group for path, what in known.paths.items() if (group := value_group(what.type))} if known else EMPTY
    want = kind == "bool" if condition is None else condition
    mode = Mode(strict, want, scoped=False, sized=budget is not None, types=types)
    run = make_program(expr, mode, exactly(expr, mode, wrap), {"wrap": wrap})[0]
    return Compiled(expr, kind, worst, mode, run, wrap)


def tree(source: Any) -> Expr:
    """The tree of a text, of the JSON form, or of itself; raises MPCError."""
    if isinstance(source, Expr):
        return source
    return parse_expr(source) if isinstance(source, str) else from_json(source)


def _known(names: Mapping[str, Known | str]) -> dict[str, Known]:
    return {path: what if isinstance(what, Known) else Known(what) for path, what in names.items()}


def _afford(worst: Cost, budget: int | None) -> None:
    if worst.depth > MAX_DEPTH:
        message = f"Expression depth limit exceeded (limit: {MAX_DEPTH})"
        raise MPCError("E_EXPR_LIMIT_DEPTH", message, limit=MAX_DEPTH)
    if budget is not None and worst.steps > budget:
        message = f"Expression evaluation exceeded step budget (limit: {budget})"
        raise MPCError("E_BUDGET_EXCEEDED", message, limit=budget)
