"""Taking a step: every rule is asked, then item, instance, history and events are written, and what follows is done."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from alm_workbench.contexts.artifact.messages import ArtifactDTO, GetArtifact, SetState, Situation, SituationOf
from alm_workbench.contexts.workflow.effects import StepTaken, act
from alm_workbench.contexts.workflow.messages import TransitionArtifact
from alm_workbench.contexts.workflow.repository import WorkflowRepository
from alm_workbench.contexts.workflow.requests import request_step
from alm_workbench.contexts.workflow.stepping import JudgedStep, history_entry, stepped_event, weigh_step
from alm_workbench.errors import AccessDenied, StaleVersion
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.ids import ArtifactId


class TransitionHandler:
    """Takes one step, or asks for it where others must agree."""

    def __init__(self, workflows: WorkflowRepository) -> None:
        self._workflows = workflows

    def __call__(self, ctx: MessageContext, message: TransitionArtifact) -> ArtifactDTO:
        found = ctx.ask(SituationOf(message.artifact_id, "transition"))
        item = found.artifact
        if item.version != message.expected_version:
            raise StaleVersion(
                f"{item.key} has version {item.version} by now, you moved version {message.expected_version}",
                current=self._current(ctx, message.artifact_id),
            )
        judged = weigh_step(found, message)
        if judged.approvals:
            pending = request_step(ctx, self._workflows, found, judged, message)
            return replace(ctx.ask(GetArtifact(item.id)), pending=pending)
        return take(ctx, self._workflows, found, judged, message)

    def _current(self, ctx: MessageContext, artifact_id: ArtifactId) -> dict[str, Any] | None:
        """The present state as the caller may see it."""
        try:
            shown = ctx.ask(GetArtifact(artifact_id))
        except AccessDenied:
            return None
        return {"version": shown.version, "state": shown.state, "key": shown.key}


def take(
    ctx: MessageContext,
    workflows: WorkflowRepository,
    found: Situation,
    judged: JudgedStep,
    message: TransitionArtifact,
) -> ArtifactDTO:
    """Write a step that was allowed, and carry out what it brings about; gives the item as the caller may see it.

    The step is that of the principal of ``ctx``, whoever runs the transaction.
    """
    item, process, state = found.artifact, found.process, judged.target
    ctx.decided(judged.record)
    moved = ctx.ask(SetState(item.id, item.version, state.id, state.category, judged.fields, process.version_id))
    instance = workflows.of(ctx.conn, [item.id])[item.id]
    entry = history_entry(ctx, found, judged, message.reason, instance)
    ids = [instance.id]
    workflows.move(ctx.conn, ids, state.id, ctx.now, judged.final, process.version_id, judged.workflow_id, [entry])
    ctx.emit(stepped_event(item, judged))
    after = replace(
        item,
        state=state.id,
        state_category=state.category,
        fields=judged.fields,
        manifest_version_id=process.version_id,
        version=item.version + 1,
        updated_at=ctx.now,
        updated_by=ctx.principal.actor_id,
    )
    reason = judged.reason or message.reason
    step = StepTaken(process, item, after, judged.step, reason, tuple(sorted(message.fields)))
    return ctx.ask(GetArtifact(item.id)) if act(ctx, [step]) else moved
