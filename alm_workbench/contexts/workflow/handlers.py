"""What the workflow context does with its messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from alm_workbench.contexts.artifact.domain import checked_fields
from alm_workbench.contexts.artifact.messages import (
    ArtifactDTO,
    GetArtifact,
    RemapStates,
    SetState,
    Situation,
    SituationOf,
)
from alm_workbench.contexts.artifact.rights import (
    logged,
    reason_data,
    require_access,
    require_policy,
    require_unfrozen,
    span_of,
    without_hidden_values,
)
from alm_workbench.contexts.manifest.messages import CompiledVersion
from alm_workbench.contexts.workflow.messages import (
    HistoryEntryDTO,
    MoveStates,
    PermittedTransitions,
    ReasonDTO,
    StartInstances,
    StateHistory,
    TransitionArtifact,
    TransitionVerdictDTO,
)
from alm_workbench.contexts.workflow.repository import WorkflowRepository
from alm_workbench.errors import AccessDenied, StaleVersion, TransitionDenied
from alm_workbench.mpc import EvalContext, Reason, TransitionVerdict, decide_transition, permitted
from alm_workbench.shared.context import DecisionRecord, MessageContext
from alm_workbench.shared.ids import ArtifactId, new_id
from alm_workbench.shared.messages import Event


class TransitionHandler:
    """Takes one step: version, workflow, ACL, policy, then item, instance, history and event together."""

    def __init__(self, workflows: WorkflowRepository) -> None:
        self._workflows = workflows

    def __call__(self, ctx: MessageContext, message: TransitionArtifact) -> ArtifactDTO:
        found = ctx.ask(SituationOf(message.artifact_id, "transition"))
        item, process = found.artifact, found.process
        if item.version != message.expected_version:
            raise StaleVersion(
                f"{item.key} has version {item.version} by now, you moved version {message.expected_version}",
                current=self._current(ctx, message.artifact_id),
            )
        fields, context = self._with_fields(found, message)
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
        ctx.decided(
            replace(
                record,
                rule_id=step.id,
                span=span_of(verdict.reasons) or record.span,
                reasons=[*reasons, *record.reasons],
            )
        )
        flow = process.compiled.workflows[process.compiled.types[item.type].workflow]
        target = flow.states[step.to]
        moved = ctx.ask(SetState(item.id, item.version, target.id, target.category, fields, process.version_id))
        self._remember(
            ctx, found, step.id, target.id, target.category, message.reason, target.id in flow.finals, flow.id
        )
        payload = {
            "project_id": str(item.project_id),
            "key": item.key,
            "transition": step.id,
            "from": item.state,
            "to": target.id,
        }
        ctx.emit(Event("ArtifactTransitioned", "Artifact", item.id, payload))
        return moved

    def _current(self, ctx: MessageContext, artifact_id: ArtifactId) -> dict[str, Any] | None:
        """The present state as the caller may see it."""
        try:
            shown = ctx.ask(GetArtifact(artifact_id))
        except AccessDenied:
            return None
        return {"version": shown.version, "state": shown.state, "key": shown.key}

    def _with_fields(self, found: Situation, message: TransitionArtifact) -> tuple[dict[str, Any], EvalContext]:
        item, compiled = found.artifact, found.process.compiled
        fields = dict(item.fields)
        if message.fields:
            fields = checked_fields(compiled, compiled.types[item.type], message.fields, found.context, item.fields)
        view = {**found.context.self_, "fields": fields}
        step = next(
            (
                t
                for t in compiled.workflows[compiled.types[item.type].workflow].transitions
                if t.id == message.transition
            ),
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

    def _remember(
        self,
        ctx: MessageContext,
        found: Situation,
        transition: str,
        state: str,
        category: str,
        reason: str | None,
        final: bool,
        workflow_id: str,
    ) -> None:
        item = found.artifact
        instance = self._workflows.of(ctx.conn, [item.id])[item.id]
        entry = {
            "tenant_id": ctx.principal.tenant_id,
            "id": new_id(),
            "project_id": item.project_id,
            "artifact_id": item.id,
            "instance_id": instance.id,
            "transition_id": transition,
            "from_state": item.state,
            "to_state": state,
            "from_category": item.state_category,
            "to_category": category,
            "actor_id": ctx.principal.actor_id,
            "reason": reason,
            "duration_s": max(0.0, (ctx.now - instance.entered_at).total_seconds()),
            "occurred_at": ctx.now,
            "recorded_at": ctx.now,
            "manifest_version_id": found.process.version_id,
            "correlation_id": ctx.correlation_id,
        }
        self._workflows.move(
            ctx.conn, [instance.id], state, ctx.now, final, found.process.version_id, workflow_id, [entry]
        )


class PermittedHandler:
    """Lists the steps out of the present state with their verdicts."""

    def __call__(self, ctx: MessageContext, message: PermittedTransitions) -> tuple[TransitionVerdictDTO, ...]:
        if "state" in ctx.ask(GetArtifact(message.artifact_id)).masked:
            return ()  # where one can go from here tells where here is
        found = ctx.ask(SituationOf(message.artifact_id, "transition", lock=False))
        verdicts = permitted(found.process.compiled, found.artifact.type, found.artifact.state, found.context)
        return tuple(
            TransitionVerdictDTO(
                v.transition.id,
                v.transition.labels,
                v.transition.to,
                v.allowed,
                tuple(v.transition.requires),
                tuple(
                    reason_dto(r)
                    for r in without_hidden_values(found.process, found.context, found.artifact.type, v.reasons)
                ),
            )
            for v in verdicts
        )


class StateHistoryHandler:
    """Lists the steps that were taken."""

    def __init__(self, workflows: WorkflowRepository) -> None:
        self._workflows = workflows

    def __call__(self, ctx: MessageContext, message: StateHistory) -> tuple[HistoryEntryDTO, ...]:
        if "state" in ctx.ask(GetArtifact(message.artifact_id)).masked:
            return ()
        return self._workflows.history(ctx.conn, message.artifact_id)


class StartHandler:
    """Begins workflows of new items."""

    def __init__(self, workflows: WorkflowRepository) -> None:
        self._workflows = workflows

    def __call__(self, ctx: MessageContext, message: StartInstances) -> int:
        instances, history = [], []
        common = {"tenant_id": ctx.principal.tenant_id, "project_id": message.project_id}
        for start in message.starts:
            instance_id = new_id()
            shared = {**common, "artifact_id": start.artifact_id, "manifest_version_id": start.version_id}
            instances.append(
                {
                    **shared,
                    "id": instance_id,
                    "workflow_id": start.workflow_id,
                    "state": start.state,
                    "entered_at": start.occurred_at,
                    "is_final": False,
                }
            )
            history.append(
                {
                    **shared,
                    "id": new_id(),
                    "instance_id": instance_id,
                    "to_state": start.state,
                    "to_category": start.category,
                    "actor_id": ctx.principal.actor_id,
                    "occurred_at": start.occurred_at,
                    "recorded_at": ctx.now,
                    "correlation_id": ctx.correlation_id,
                }
            )
        self._workflows.add(ctx.conn, instances, history)
        return len(instances)


class MoveStatesHandler:
    """Moves items whose states a new manifest does not have, and remembers it as a step without a transition."""

    def __init__(self, workflows: WorkflowRepository) -> None:
        self._workflows = workflows

    def __call__(self, ctx: MessageContext, message: MoveStates) -> int:
        process = ctx.ask(CompiledVersion(message.version_id))
        moved = 0
        for (type_id, old), new in message.moves.items():
            flow = process.compiled.workflows[process.compiled.types[type_id].workflow]
            category = flow.states[new].category
            ids = ctx.ask(RemapStates(message.project_id, type_id, old, new, category, message.version_id))
            instances = self._workflows.of(ctx.conn, ids)
            entries = [
                {
                    "tenant_id": ctx.principal.tenant_id,
                    "id": new_id(),
                    "project_id": message.project_id,
                    "artifact_id": row.artifact_id,
                    "instance_id": row.id,
                    "from_state": old,
                    "to_state": new,
                    "to_category": category,
                    "actor_id": ctx.principal.actor_id,
                    "reason": "state map of an activation",
                    "duration_s": max(0.0, (ctx.now - row.entered_at).total_seconds()),
                    "occurred_at": ctx.now,
                    "recorded_at": ctx.now,
                    "manifest_version_id": message.version_id,
                    "correlation_id": ctx.correlation_id,
                }
                for row in instances.values()
            ]
            final = new in flow.finals
            self._workflows.move(
                ctx.conn,
                [row.id for row in instances.values()],
                new,
                ctx.now,
                final,
                message.version_id,
                flow.id,
                entries,
            )
            moved += len(ids)
        return moved


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


def reason_dto(reason: Reason) -> ReasonDTO:
    """A reason of the core as a DTO."""
    data: Mapping[str, Any] = reason_data(reason)
    return ReasonDTO(data["code"], data["message"], data["rule_id"], data["span"], data["values"])
