"""Reasons, and evaluating a rule's condition once fast and, when it matters, once more with an explanation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..ast import EMPTY, FrozenDict, freeze
from ..errors import MPCError, Span
from ..expr.codegen import Program, program
from ..expr.explain import Leaf, Outcome, explain
from ..expr.functions import ExprFault
from ..expr.ir import OBJECT, Expr, from_json
from ..expr.parse import parse_expr
from ..expr.scope import EvalContext, Scope
from ..model import CompiledManifest


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a decision fell: a registered code, a sentence, the rule and its place, the values it saw.

    `labels` holds what the rule's author wrote for people, by language.
    """

    code: str
    message: str
    rule_id: str | None = None
    span: Span | None = None
    values: Mapping[str, Any] = EMPTY
    labels: Mapping[str, str] = EMPTY


def scope_of(compiled: CompiledManifest, ctx: EvalContext) -> Scope:
    """The facts with the actor's roles closed over what they imply."""
    return Scope(ctx, compiled.close_roles(ctx.actor.get("roles")))


class ItemScope(Scope):
    """The facts of another scope about another item: made for every item of a list, so it only copies the names."""

    __slots__ = ("base",)
    base: Scope
    __init__ = dict.__init__  # the C function itself: a Python one costs as much as all the rest

    @property
    def _ctx(self) -> EvalContext:  # type: ignore[override]
        return self.base._ctx

    @property
    def roles(self) -> frozenset[str]:  # type: ignore[override]
        """The roles of the actor."""
        return self.base.roles

    @property
    def functions(self) -> Mapping[str, Callable[..., Any]]:  # type: ignore[override]
        """The functions that expressions may call."""
        return self.base.functions


def about(scope: Scope, item: Mapping[str, Any]) -> Scope:
    """The same facts about another item."""
    found: ItemScope = ItemScope(scope)
    found.base = scope
    found["self"] = item
    return found


_TREES: dict[tuple[str, str], Expr] = {}
_PROGRAMS: dict[tuple[str, str, bool, bool], Program] = {}


def tree_of(compiled: CompiledManifest, text: str) -> Expr:
    """The expression's tree, from the artefact where it is kept; raises MPCError."""
    key = (compiled.artifact_hash, text)
    found = _TREES.get(key)
    if found is None:
        stored = compiled.expressions.get(text)
        found = from_json(stored) if stored is not None else parse_expr(text)
        if len(_TREES) > 20_000:
            _TREES.clear()
        _TREES[key] = found
    return found


def program_for(compiled: CompiledManifest, text: str, *, strict: bool = True, condition: bool = True) -> Program:
    """The compiled function of an expression of this manifest."""
    key = (compiled.artifact_hash, text, strict, condition)
    found = _PROGRAMS.get(key)
    if found is None:
        if len(_PROGRAMS) > 20_000:
            _PROGRAMS.clear()
        found = _PROGRAMS[key] = program(tree_of(compiled, text), strict=strict, condition=condition)
    return found


def decide(compiled: CompiledManifest, text: str | None, scope: Scope) -> bool | None:
    """A condition's outcome: True, False, or None when undecided. No condition is True. Never raises."""
    if text is None:
        return True
    try:
        return bool(program_for(compiled, text)(scope))
    except ExprFault:
        return None
    except Exception:
        return None


def explained(compiled: CompiledManifest, text: str, scope: Scope) -> Outcome:
    """The outcome with its decisive leaves. Never raises."""
    try:
        return explain(tree_of(compiled, text), scope)
    except MPCError as error:
        return Outcome(None, (Leaf(text, None, text, {}, error.message),))
    except Exception as error:
        return Outcome(None, (Leaf(text, None, text, {}, f"{type(error).__name__}: {error}"),))


def leaf_values(outcome: Outcome) -> FrozenDict:
    """The plain values the decisive leaves saw, frozen; of objects such as `self` only that they were looked into."""
    plain = {path: value for path, value in outcome.values().items() if not isinstance(value, Mapping)}
    plain.update((path, OBJECT) for leaf in outcome.leaves for path in leaf.into)
    return FrozenDict({path: freeze(value) for path, value in plain.items()})
