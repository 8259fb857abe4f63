"""Which steps an actor may take with an item, and why not. Anything that cannot be decided is refused."""

from __future__ import annotations

from ..ast import FrozenDict
from ..expr.scope import EvalContext, Scope
from ..model import CompiledManifest, TransitionDef, WorkflowDef
from ..words import did_you_mean
from ..workflow.checks import ManifestGuards, TransitionVerdict, is_blank, passed, refusals
from .common import Reason, scope_of

__all__ = ["TransitionVerdict", "decide_transition", "is_blank", "permitted"]


def permitted(compiled: CompiledManifest, type_id: str, state: str, ctx: EvalContext) -> tuple[TransitionVerdict, ...]:
    """A verdict for every transition that leaves `state`, in declaration order."""
    workflow = compiled.workflow_of(type_id)
    if workflow is None:
        return ()
    scope = scope_of(compiled, ctx)
    return tuple(_verdict(compiled, type_id, step, scope) for step in workflow.by_state.get(state, ()))


def decide_transition(
    compiled: CompiledManifest, type_id: str, state: str, transition_id: str, ctx: EvalContext, *, roles: bool = True
) -> TransitionVerdict:
    """The verdict on one transition, named by its id or its event; of several the first allowed one counts.

    Without ``roles`` it does not matter who takes it: time does.
    """
    workflow = compiled.workflow_of(type_id)
    steps = workflow.by_state.get(state, ()) if workflow else ()
    scope = scope_of(compiled, ctx)
    named = [step for step in steps if step.id == transition_id] or [s for s in steps if s.on == transition_id]
    verdicts = [_verdict(compiled, type_id, step, scope, roles=roles) for step in named]
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


def _verdict(
    compiled: CompiledManifest, type_id: str, step: TransitionDef, scope: Scope, *, roles: bool = True
) -> TransitionVerdict:
    fields = compiled.types[type_id].fields

    def label(name: str) -> str:
        return fields[name].label() if name in fields else name

    against = refusals(step, scope, ManifestGuards(compiled), label, roles=roles)
    if against:
        return TransitionVerdict(step, False, against, against[0].code)
    return TransitionVerdict(step, True, (passed(step),))
