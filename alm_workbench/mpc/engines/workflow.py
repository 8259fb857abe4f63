"""Which steps an actor may take, and why not. Anything that cannot be decided is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..ast import FrozenDict
from ..expr.scope import EvalContext, Scope
from ..model import ArtifactTypeDef, CompiledManifest, TransitionDef, WorkflowDef
from ..words import did_you_mean
from .common import Reason, decide, explained, leaf_values, scope_of


@dataclass(frozen=True, slots=True)
class TransitionVerdict:
    """Whether a transition may be taken; `permitted` names the allowed ones when the asked one is unknown."""

    transition: TransitionDef
    allowed: bool
    reasons: tuple[Reason, ...] = ()
    code: str | None = None
    permitted: tuple[str, ...] = ()


def permitted(compiled: CompiledManifest, type_id: str, state: str, ctx: EvalContext) -> tuple[TransitionVerdict, ...]:
    """A verdict for every transition that leaves `state`, in declaration order."""
    workflow = compiled.workflow_of(type_id)
    if workflow is None:
        return ()
    scope = scope_of(compiled, ctx)
    return tuple(_verdict(compiled, type_id, step, scope) for step in workflow.by_state.get(state, ()))


def decide_transition(
    compiled: CompiledManifest, type_id: str, state: str, transition_id: str, ctx: EvalContext
) -> TransitionVerdict:
    """The verdict on one transition, named by its id or its event; of several the first allowed one counts."""
    workflow = compiled.workflow_of(type_id)
    steps = workflow.by_state.get(state, ()) if workflow else ()
    scope = scope_of(compiled, ctx)
    named = [step for step in steps if step.id == transition_id] or [s for s in steps if s.on == transition_id]
    verdicts = [_verdict(compiled, type_id, step, scope) for step in named]
    found = next((verdict for verdict in verdicts if verdict.allowed), verdicts[0] if verdicts else None)
    return found or _unknown(compiled, workflow, type_id, state, transition_id, scope)


def _unknown(
    compiled: CompiledManifest,
    workflow: WorkflowDef | None,
    type_id: str,
    state: str,
    transition_id: str,
    scope: Scope,
) -> TransitionVerdict:
    steps = workflow.by_state.get(state, ()) if workflow else ()
    open_ = tuple(step.id for step in steps if _verdict(compiled, type_id, step, scope).allowed)
    message = f"No transition '{transition_id}' defined from state '{state}'"
    if workflow is None:
        message = f"There is no type '{type_id}' with a workflow"
    elif near := did_you_mean(transition_id, [step.id for step in steps]):
        message += f" ({near})"
    code = "E_WF_UNKNOWN_TRANSITION"
    reason = Reason(code, message, None, workflow.span if workflow else None, FrozenDict({"permitted": open_}))
    return TransitionVerdict(TransitionDef(transition_id, (state,), state), False, (reason,), code, open_)


def _verdict(compiled: CompiledManifest, type_id: str, step: TransitionDef, scope: Scope) -> TransitionVerdict:
    checks = (
        _roles(step, scope),
        _not_actor(step, scope),
        _requires(compiled.types[type_id], step, scope),
        _guard(compiled, step, scope),
    )
    refusals = tuple(reason for reason in checks if reason is not None)
    if refusals:
        return TransitionVerdict(step, False, refusals, refusals[0].code)
    passed = Reason("R_WF_GUARD_PASS", f"'{step.id}' may be taken", step.id, step.span)
    return TransitionVerdict(step, True, (passed,))


def _roles(step: TransitionDef, scope: Scope) -> Reason | None:
    if not step.roles or scope.roles & set(step.roles):
        return None
    have = ", ".join(sorted(scope.roles)) or "none"
    message = f"Actor lacks required roles for '{step.id}': one of {', '.join(step.roles)} is needed, actor has {have}"
    values = FrozenDict({"required": step.roles, "actor.roles": tuple(sorted(scope.roles))})
    return Reason("R_WF_AUTH_DENIED", message, step.id, step.span, values)


def _not_actor(step: TransitionDef, scope: Scope) -> Reason | None:
    if step.not_actor is None:
        return None
    actor = scope.lookup("actor.id")
    author = scope.lookup("self.created_by")
    other = author if step.not_actor == "author" else scope.lookup("self.last_actor") or author
    values = FrozenDict({"actor.id": _plain(actor), step.not_actor: _plain(other)})
    if actor is None or other is None:
        message = f"'{step.id}' needs another person than the {_WHO[step.not_actor]}, and that cannot be told here"
        return Reason("R_EXPR_UNDECIDED", message, step.id, step.span, values)
    if str(actor) != str(other):
        return None
    message = f"'{step.id}' must be done by another person than the {_WHO[step.not_actor]}"
    return Reason("R_WF_NOT_ACTOR", message, step.id, step.span, values)


_WHO = {"author": "author", "last_actor": "one who took the last step"}


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def _requires(kind: ArtifactTypeDef, step: TransitionDef, scope: Scope) -> Reason | None:
    missing = [name for name in step.requires if is_blank(_field_value(scope, name))]
    if not missing:
        return None
    labels = [kind.fields[name].label() if name in kind.fields else name for name in missing]
    message = f"'{step.id}' needs a value in: {', '.join(labels)}"
    return Reason("R_WF_REQUIRES", message, step.id, step.span, FrozenDict({"missing": tuple(missing)}))


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


def _guard(compiled: CompiledManifest, step: TransitionDef, scope: Scope) -> Reason | None:
    if step.guard is None or decide(compiled, step.guard, scope) is True:
        return None
    outcome = explained(compiled, step.guard, scope)
    code = "R_EXPR_UNDECIDED" if outcome.value is None else "R_WF_GUARD_FAIL"
    message = f"Guard failed for '{step.id}': {outcome}"
    return Reason(code, message, step.id, step.guard_span or step.span, leaf_values(outcome))
