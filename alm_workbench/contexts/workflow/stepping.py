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
from alm_workbench.contexts.workflow.messages import TransitionArtifact
from alm_workbench.errors import TransitionDenied
from alm_workbench.mpc import (
    EvalContext,
    StateDef,
    TransitionDef,
    TransitionVerdict,
    decide_transition,
    permitted,
)
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


def judge_step(found: Situation, message: TransitionArtifact) -> JudgedStep:
    """Let every rule look at a step of an item that is loaded, locked and of the expected version.

    Raises ``TransitionDenied``, ``AccessDenied`` and ``InvalidInput``; writes nothing.
    """
    item, process = found.artifact, found.process
    fields, context = with_fields(found, message)
    verdict = decide_transition(process.compiled, item.type, item.state, message.transition, context)
    if not verdict.allowed:
        raise denied(found, context, verdict, message.transition)
    step = verdict.transition
    event = {
        "name": "transition",
        "from": item.state,
        "to": step.to,
        "transition": step.id,
        "changes": sorted(message.fields),
    }
    require_unfrozen(process, item.type, found.context, item.id, message.fields)
    before = replace(found.context, event=event)
    acl = require_access(process, "transition", item.type, before, item.id, message.fields)
    record = require_policy(process, item.type, replace(context, event=event), item.id, acl)
    reasons = logged(process, verdict.reasons)
    record = replace(
        record,
        rule_id=step.id,
        span=span_of(verdict.reasons) or record.span,
        reasons=[*reasons, *record.reasons],
    )
    flow = process.compiled.workflows[process.compiled.types[item.type].workflow]
    return JudgedStep(step, flow.states[step.to], step.to in flow.finals, flow.id, fields, record)


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
        "reason": reason,
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
