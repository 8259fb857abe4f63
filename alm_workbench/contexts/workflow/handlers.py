"""What the workflow context does with its messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alm_workbench.contexts.artifact.messages import (
    ArtifactDTO,
    GetArtifact,
    RemapStates,
    SetState,
    Situation,
    SituationOf,
)
from alm_workbench.contexts.artifact.rights import (
    reason_data,
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
from alm_workbench.contexts.workflow.stepping import JudgedStep, history_entry, judge_step, stepped_event
from alm_workbench.errors import AccessDenied, StaleVersion
from alm_workbench.mpc import Reason, permitted
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.ids import ArtifactId, new_id


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
        judged = judge_step(found, message)
        ctx.decided(judged.record)
        state = judged.target
        moved = ctx.ask(SetState(item.id, item.version, state.id, state.category, judged.fields, process.version_id))
        self._remember(ctx, found, judged, message.reason)
        ctx.emit(stepped_event(item, judged))
        return moved

    def _current(self, ctx: MessageContext, artifact_id: ArtifactId) -> dict[str, Any] | None:
        """The present state as the caller may see it."""
        try:
            shown = ctx.ask(GetArtifact(artifact_id))
        except AccessDenied:
            return None
        return {"version": shown.version, "state": shown.state, "key": shown.key}

    def _remember(self, ctx: MessageContext, found: Situation, judged: JudgedStep, reason: str | None) -> None:
        item = found.artifact
        instance = self._workflows.of(ctx.conn, [item.id])[item.id]
        entry = history_entry(ctx, found, judged, reason, instance)
        self._workflows.move(
            ctx.conn,
            [instance.id],
            judged.target.id,
            ctx.now,
            judged.final,
            found.process.version_id,
            judged.workflow_id,
            [entry],
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


def reason_dto(reason: Reason) -> ReasonDTO:
    """A reason of the core as a DTO."""
    data: Mapping[str, Any] = reason_data(reason)
    return ReasonDTO(data["code"], data["message"], data["rule_id"], data["span"], data["values"])
