"""What one step of a workflow has to pass. Single commands and bulk changes both judge here, and only here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from alm_workbench.contexts.artifact.domain import checked_fields
from alm_workbench.contexts.artifact.messages import ArtifactDTO, Situation
from alm_workbench.contexts.artifact.rights import (
    logged,
    reason_data,
    require_access,
    require_policy,
    require_unfrozen,
    span_of,
    without_hidden_values,
)
from alm_workbench.contexts.workflow.intents import Intent, Requirement, requirements, step_intents
from alm_workbench.contexts.workflow.messages import TransitionArtifact
from alm_workbench.errors import TransitionDenied
from alm_workbench.mpc import (
    CompiledManifest,
    EvalContext,
    Reason,
    StateDef,
    TransitionDef,
    TransitionVerdict,
    decide_acl,
    decide_transition,
    permitted,
)
from alm_workbench.mpc.engines.common import decide, scope_of
from alm_workbench.mpc.engines.policy import candidates
from alm_workbench.mpc.workflow.checks import chosen_reason
from alm_workbench.shared.context import DecisionRecord, MessageContext
from alm_workbench.shared.ids import new_id
from alm_workbench.shared.messages import Event


@dataclass(frozen=True, slots=True)
class JudgedStep:
    """A step that workflow, rights and policies allowed: where it leads and the fields the item has then."""

    step: TransitionDef
    target: StateDef
    final: bool
    workflow_id: str
    fields: Mapping[str, Any]
    record: DecisionRecord
    reason: str | None = None
    """What is kept of the reason that was given."""
    approvals: tuple[Requirement, ...] = ()
    """Whose agreement the step waits for before it is taken."""


def judge_step(found: Situation, message: TransitionArtifact) -> JudgedStep:
    """Let every rule look at a step of an item that is loaded, locked and of the expected version.

    Raises ``TransitionDenied``, also where others must agree first, ``AccessDenied`` and ``InvalidInput``; writes nothing.
    """
    judged = weigh_step(found, message)
    if judged.approvals:
        raise waiting(found, judged)
    return judged


def weigh_step(found: Situation, message: TransitionArtifact, *, by_time: bool = False) -> JudgedStep:
    """As ``judge_step``, for whoever sees to the approvals that the step still needs.

    Steps that are taken ``by_time`` belong to nobody: roles and access rules are not asked, guards and policies are.
    """
    item, process = found.artifact, found.process
    fields, context = with_fields(found, message)
    verdict = decide_transition(process.compiled, item.type, item.state, message.transition, context, roles=not by_time)
    if not verdict.allowed:
        raise denied(found, context, verdict, message.transition)
    step = verdict.transition
    reason = None if by_time else chosen_reason(step, message.reason)
    if isinstance(reason, Reason):
        refused = TransitionVerdict(step, False, (reason,), reason.code)
        raise denied(found, context, refused, message.transition)
    event = {
        "name": "transition",
        "from": item.state,
        "to": step.to,
        "transition": step.id,
        "changes": sorted(message.fields),
    }
    flow = process.compiled.workflows[process.compiled.types[item.type].workflow]
    target = flow.states[step.to]
    before, after = replace(found.context, event=event), replace(context, event=event)
    if by_time:
        acl = decide_acl(process.compiled, "transition", item.type, before)
    else:
        require_unfrozen(process, item.type, found.context, item.id, message.fields)
        acl = require_access(process, "transition", item.type, before, item.id, message.fields)
    record = require_policy(process, item.type, after, item.id, acl)
    turn = turned(item.state_category, target.category)
    if turn is not None:
        require_policy(process, item.type, replace(after, event={**event, "name": turn}), item.id, acl)
    reasons = logged(process, verdict.reasons)
    record = replace(
        record,
        rule_id=step.id,
        span=span_of(verdict.reasons) or record.span,
        reasons=[*reasons, *record.reasons],
    )
    asked = (*step_intents(flow, item.state, step), *policy_intents(process.compiled, after, item.type))
    final = step.to in flow.finals
    return JudgedStep(step, target, final, flow.id, fields, record, reason, requirements(asked))


def step_event(context: EvalContext, item: ArtifactDTO, step: TransitionDef) -> EvalContext:
    """The context in which rules look at a step that nobody has said anything with yet."""
    event = {"name": "transition", "from": item.state, "to": step.to, "transition": step.id, "reason": None}
    return replace(context, event={**event, "changes": ()})


def turned(before: str, after: str) -> str | None:
    """``close`` where a step enters the category done, ``reopen`` where it leaves it."""
    if (before == "done") is (after == "done"):
        return None
    return "close" if after == "done" else "reopen"


def policy_intents(compiled: CompiledManifest, context: EvalContext, type_id: str) -> tuple[Intent, ...]:
    """What the policies that allow an event ask for; the event was allowed already."""
    asking = [p for p in candidates(compiled, str(context.event["name"]), type_id) if p.intents and p.effect == "allow"]
    scope = scope_of(compiled, context) if asking else None
    return tuple(i for p in asking if scope is not None and decide(compiled, p.when, scope) for i in p.intents)


def waiting(found: Situation, judged: JudgedStep) -> TransitionDenied:
    """The refusal of a step that must be asked for by itself, since others have to agree."""
    who = "; ".join(f"{need.count} of {', '.join(need.roles)}" for need in judged.approvals)
    message = f"'{judged.step.id}' of {found.artifact.key} waits for approval: {who}"
    values = {"approvals": [{"roles": list(need.roles), "count": need.count} for need in judged.approvals]}
    reason = Reason("R_APPROVAL_NEEDED", message, judged.step.id, judged.step.span, values)
    error = TransitionDenied(message, reasons=[reason_data(reason)])
    error.record = replace(judged.record, verdict="deny", reasons=[reason_data(reason)])
    return error


def with_fields(found: Situation, message: TransitionArtifact) -> tuple[dict[str, Any], EvalContext]:
    """The fields that an item has after a step, and the context in which its guards are asked."""
    item, compiled = found.artifact, found.process.compiled
    fields = dict(item.fields)
    if message.fields:
        fields = checked_fields(compiled, compiled.types[item.type], message.fields, found.context, item.fields)
    view = {**found.context.self_, "fields": fields}
    step = next(
        (t for t in compiled.workflows[compiled.types[item.type].workflow].transitions if t.id == message.transition),
        None,
    )
    event = {
        "name": "transition",
        "from": item.state,
        "to": step.to if step else None,
        "transition": message.transition,
        "reason": message.reason,
        "changes": sorted(message.fields),
    }
    return fields, replace(found.context, self_=view, event=event)


def stepped_event(item: ArtifactDTO, judged: JudgedStep) -> Event:
    """What others are told of a step."""
    payload = {
        "project_id": str(item.project_id),
        "key": item.key,
        "transition": judged.step.id,
        "from": item.state,
        "to": judged.target.id,
    }
    return Event("ArtifactTransitioned", "Artifact", item.id, payload)


def history_entry(
    ctx: MessageContext, found: Situation, judged: JudgedStep, reason: str | None, instance: Any
) -> dict[str, Any]:
    """The row that remembers a step; ``instance`` is the row of the item's workflow before it."""
    item = found.artifact
    return {
        "tenant_id": ctx.principal.tenant_id,
        "id": new_id(),
        "project_id": item.project_id,
        "artifact_id": item.id,
        "instance_id": instance.id,
        "transition_id": judged.step.id,
        "from_state": item.state,
        "to_state": judged.target.id,
        "from_category": item.state_category,
        "to_category": judged.target.category,
        "actor_id": ctx.principal.actor_id,
        "reason": judged.reason or reason,
        "duration_s": max(0.0, (ctx.now - instance.entered_at).total_seconds()),
        "occurred_at": ctx.now,
        "recorded_at": ctx.now,
        "manifest_version_id": found.process.version_id,
        "correlation_id": ctx.correlation_id,
    }


def denied(found: Situation, context: EvalContext, verdict: TransitionVerdict, name: str) -> TransitionDenied:
    """The refusal of a step: its reasons, and what is possible instead."""
    item, process = found.artifact, found.process
    options = permitted(process.compiled, item.type, item.state, context)
    reasons = [reason_data(r) for r in without_hidden_values(process, context, item.type, verdict.reasons)]
    error = TransitionDenied(
        f"{item.key} cannot {name!r} from {item.state!r}" + (f": {reasons[0]['message']}" if reasons else ""),
        reasons=reasons,
        permitted=[v.transition.id for v in options if v.allowed],
        permitted_with={v.transition.id: missing for v in options if (missing := only_lacks(v))},
    )
    rule = next((r["rule_id"] for r in reasons if r["rule_id"]), None)
    error.record = DecisionRecord(
        "deny",
        "Artifact",
        item.id,
        rule,
        logged(process, verdict.reasons),
        process.compiled.artifact_hash,
        process.version_id,
        span_of(verdict.reasons),
    )
    return error


def only_lacks(verdict: TransitionVerdict) -> list[str]:
    """The fields a step waits for, when nothing else stands in its way."""
    if verdict.allowed or any(reason.code != "R_WF_REQUIRES" for reason in verdict.reasons):
        return []
    return [str(name) for reason in verdict.reasons for name in reason.values["missing"]]
