"""What can be read of an item's life: the steps out of here, the steps that were taken, and how long it all took."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alm_workbench.contexts.artifact.messages import GetArtifact, Situation, SituationOf
from alm_workbench.contexts.artifact.rights import reason_data, without_hidden_values
from alm_workbench.contexts.artifact.wording import step_words
from alm_workbench.contexts.workflow.intents import requirements, step_intents
from alm_workbench.contexts.workflow.messages import (
    HistoryEntryDTO,
    ItemTimes,
    ItemTimesDTO,
    OfferedReasonDTO,
    PermittedTransitions,
    ReasonDTO,
    RequirementDTO,
    StateHistory,
    TransitionVerdictDTO,
)
from alm_workbench.contexts.workflow.repository import WorkflowRepository
from alm_workbench.contexts.workflow.stepping import policy_intents, step_event
from alm_workbench.contexts.workflow.times import times_of
from alm_workbench.mpc import Reason, TransitionVerdict, permitted
from alm_workbench.shared.context import MessageContext


class PermittedHandler:
    """Lists the steps out of the present state with their verdicts."""

    def __init__(self, workflows: WorkflowRepository) -> None:
        self._workflows = workflows

    def __call__(self, ctx: MessageContext, message: PermittedTransitions) -> tuple[TransitionVerdictDTO, ...]:
        if "state" in ctx.ask(GetArtifact(message.artifact_id)).masked:
            return ()  # where one can go from here tells where here is
        found = ctx.ask(SituationOf(message.artifact_id, "transition", lock=False))
        verdicts = permitted(found.process.compiled, found.artifact.type, found.artifact.state, found.context)
        due = self._workflows.due(ctx.conn, message.artifact_id)
        waiting = {
            row.transition_id: row.id
            for row in self._workflows.requests(ctx.conn, artifact_id=message.artifact_id, status="open")
        }
        return tuple(
            verdict_dto(found, verdict, waiting.get(verdict.transition.id), due.get(verdict.transition.id))
            for verdict in verdicts
        )


def verdict_dto(found: Situation, verdict: TransitionVerdict, pending: Any, due: Any) -> TransitionVerdictDTO:
    """A verdict as its reader may see it."""
    step, item, compiled = verdict.transition, found.artifact, found.process.compiled
    shown = without_hidden_values(found.process, found.context, item.type, verdict.reasons)
    flow = compiled.workflows[compiled.types[item.type].workflow]
    context = step_event(found.context, item, step)
    asked = (*step_intents(flow, item.state, step), *policy_intents(compiled, context, item.type))
    return TransitionVerdictDTO(
        step.id,
        step.labels,
        step.to,
        verdict.allowed,
        tuple(step.requires),
        tuple(reason_dto(reason) for reason in shown),
        step_words(step.id, verdict.allowed, shown),
        tuple(OfferedReasonDTO(choice.id, choice.labels) for choice in step.reason),
        tuple(RequirementDTO(need.roles, need.count, 0, need.reason) for need in requirements(asked)),
        pending,
        due,
    )


class StateHistoryHandler:
    """Lists the steps that were taken."""

    def __init__(self, workflows: WorkflowRepository) -> None:
        self._workflows = workflows

    def __call__(self, ctx: MessageContext, message: StateHistory) -> tuple[HistoryEntryDTO, ...]:
        if "state" in ctx.ask(GetArtifact(message.artifact_id)).masked:
            return ()
        return self._workflows.history(ctx.conn, message.artifact_id)


class ItemTimesHandler:
    """Says how long an item took; of one whose state is hidden only its age."""

    def __init__(self, workflows: WorkflowRepository) -> None:
        self._workflows = workflows

    def __call__(self, ctx: MessageContext, message: ItemTimes) -> ItemTimesDTO:
        item = ctx.ask(GetArtifact(message.artifact_id))
        if "state" in item.masked or "state_category" in item.masked:
            age = max(0.0, (ctx.now - item.occurred_at).total_seconds())
            return ItemTimesDTO((), age, None, None, None, None, 0)
        return times_of(self._workflows.history(ctx.conn, message.artifact_id), ctx.now)


def reason_dto(reason: Reason) -> ReasonDTO:
    """A reason of the core as a DTO."""
    data: Mapping[str, Any] = reason_data(reason)
    return ReasonDTO(data["code"], data["message"], data["rule_id"], data["span"], data["values"])
