"""Whether a step may be taken, and why not: one meaning for items, for charts and for simulations.

Anything that cannot be decided is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ..ast import FrozenDict
from ..engines.common import Reason, explained, leaf_values, program_for
from ..expr.codegen import Program
from ..expr.explain import Leaf, Outcome
from ..expr.scope import Scope
from ..model import CompiledManifest, TransitionDef
from ..words import fold


@dataclass(frozen=True, slots=True)
class TransitionVerdict:
    """Whether a transition may be taken; `permitted` names the allowed ones when the asked one is unknown."""

    transition: TransitionDef
    allowed: bool
    reasons: tuple[Reason, ...] = ()
    code: str | None = None
    permitted: tuple[str, ...] = ()


class Guards(Protocol):
    """Where the compiled form of guards comes from."""

    def program(self, text: str, condition: bool = True) -> Program:
        """The compiled function of an expression; raises MPCError where it is none."""

    def explain(self, text: str, scope: Scope) -> Outcome:
        """The outcome of a guard with its decisive leaves; never raises."""


class TextGuards:
    """Guards compiled from their text."""

    def program(self, text: str, condition: bool = True) -> Program:
        """The compiled function of an expression; raises MPCError where it is none."""
        from ..expr.codegen import program_of

        return program_of(text, True, condition)

    def explain(self, text: str, scope: Scope) -> Outcome:
        """The outcome of a guard with its decisive leaves; never raises."""
        from ..expr.explain import explain
        from ..expr.parse import parse_expr

        try:
            return explain(parse_expr(text), scope)
        except Exception as error:
            return Outcome(None, (Leaf(text, None, text, {}, f"{type(error).__name__}: {error}"),))


class ManifestGuards:
    """Guards of a compiled manifest, whose trees are in the artefact."""

    __slots__ = ("compiled",)

    def __init__(self, compiled: CompiledManifest) -> None:
        self.compiled = compiled

    def program(self, text: str, condition: bool = True) -> Program:
        """The compiled function of an expression; raises MPCError where it is none."""
        return program_for(self.compiled, text, condition=condition)

    def explain(self, text: str, scope: Scope) -> Outcome:
        """The outcome of a guard with its decisive leaves; never raises."""
        return explained(self.compiled, text, scope)


FieldLabel = Callable[[str], str]


def refusals(
    step: TransitionDef, scope: Scope, guards: Guards, label: FieldLabel = str, *, roles: bool = True
) -> tuple[Reason, ...]:
    """Every reason against a step, none if it may be taken; without `roles` it does not matter who takes it."""
    who = (lacking_role(step, scope), same_person(step, scope)) if roles else ()
    checks = (*who, missing_fields(step, scope, label), failed_guard(step, scope, guards))
    return tuple(reason for reason in checks if reason is not None)


def passed(step: TransitionDef) -> Reason:
    """The reason for a step that may be taken."""
    return Reason("R_WF_GUARD_PASS", f"'{step.id}' may be taken", step.id, step.span)


def lacking_role(step: TransitionDef, scope: Scope) -> Reason | None:
    """The actor has none of the roles a step needs."""
    if not step.roles or scope.roles & set(step.roles):
        return None
    have = ", ".join(sorted(scope.roles)) or "none"
    message = f"Actor lacks required roles for '{step.id}': one of {', '.join(step.roles)} is needed, actor has {have}"
    values = FrozenDict({"required": step.roles, "actor.roles": tuple(sorted(scope.roles))})
    return Reason("R_WF_AUTH_DENIED", message, step.id, step.span, values)


_WHO = {"author": "author", "last_actor": "one who took the last step"}


def same_person(step: TransitionDef, scope: Scope) -> Reason | None:
    """The actor is the very person who must not take the step, or nobody can tell."""
    if step.not_actor is None:
        return None
    actor = scope.lookup("actor.id")
    author = scope.lookup("self.created_by")
    other = author if step.not_actor == "author" else scope.lookup("self.last_actor") or author
    values = FrozenDict({"actor.id": _plain(actor), step.not_actor: _plain(other)})
    if actor is None or other is None:
        message = f"'{step.id}' needs another person than the {_WHO[step.not_actor]}, and that cannot be told here"
        return Reason("R_EXPR_UNDECIDED", message, step.id, step.span, values)
    if person(scope, actor) != person(scope, other):
        return None
    message = f"'{step.id}' must be done by another person than the {_WHO[step.not_actor]}"
    return Reason("R_WF_NOT_ACTOR", message, step.id, step.span, values)


def person(scope: Scope, actor: Any) -> str:
    """Who acts: the person behind a key (`self.people` maps keys to those who made them), or the actor."""
    behind = scope.lookup("self.people")
    found = behind.get(str(actor)) if isinstance(behind, Mapping) else None
    return str(found or actor)


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def missing_fields(step: TransitionDef, scope: Scope, label: FieldLabel = str) -> Reason | None:
    """Fields that a step needs have no value."""
    missing = [name for name in step.requires if is_blank(_field_value(scope, name))]
    if not missing:
        return None
    message = f"'{step.id}' needs a value in: {', '.join(label(name) for name in missing)}"
    return Reason("R_WF_REQUIRES", message, step.id, step.span, FrozenDict({"missing": tuple(missing)}))


def chosen_reason(step: TransitionDef, given: str | None) -> str | Reason | None:
    """The reason that is kept of what was given: a text as it is, or the id of one of the step's reasons.

    A step that offers reasons needs one of them, by id or label, `: ` and more words after it if wanted.
    """
    text = " ".join((given or "").split())
    if not step.reason:
        return text or None
    known = {fold(word): choice.id for choice in step.reason for word in (*choice.labels.values(), choice.id)}
    if (whole := known.get(fold(text))) is not None:
        return whole
    head, colon, rest = text.partition(":")
    chosen = known.get(fold(head.strip()))
    if chosen is not None and colon:
        return f"{chosen}: {rest.strip()}" if rest.strip() else chosen
    offered = tuple(choice.id for choice in step.reason)
    message = f"'{step.id}' needs a reason: one of {', '.join(choice.label() for choice in step.reason)}"
    return Reason("R_WF_REASON", message, step.id, step.span, FrozenDict({"reasons": offered}))


def _field_value(scope: Scope, name: str) -> Any:
    fields = scope.lookup("self.fields")
    if isinstance(fields, Mapping) and name in fields:
        return fields[name]
    return scope.lookup(f"self.{name}")


def is_blank(value: Any) -> bool:
    """Missing, or a text of spaces, or an empty list or object."""
    if isinstance(value, str):
        return not value.strip()
    return value is None or (isinstance(value, (list, tuple, Mapping)) and not value)


def failed_guard(step: TransitionDef, scope: Scope, guards: Guards) -> Reason | None:
    """The guard does not hold, or cannot be decided."""
    if step.guard is None or holds(step.guard, scope, guards):
        return None
    outcome = guards.explain(step.guard, scope)
    code = "R_EXPR_UNDECIDED" if outcome.value is None else "R_WF_GUARD_FAIL"
    message = f"Guard failed for '{step.id}': {outcome}"
    return Reason(code, message, step.id, step.guard_span or step.span, leaf_values(outcome))


def holds(guard: str, scope: Scope, guards: Guards) -> bool:
    """Whether a guard is decided and true; never raises."""
    try:
        return guards.program(guard)(scope) is True
    except Exception:
        return False
