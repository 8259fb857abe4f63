"""Many steps at once: judged one by one in the room of single steps, written together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from alm_workbench.contexts.artifact.access import shown_data
from alm_workbench.contexts.artifact.batch import once_each
from alm_workbench.contexts.artifact.batch_messages import Outcome, SetStates, SituationsOf
from alm_workbench.contexts.artifact.domain import masked, not_found
from alm_workbench.contexts.artifact.facts import note_moved, scatter
from alm_workbench.contexts.artifact.messages import ArtifactDTO, ReadRightsOf, SetState, Situation
from alm_workbench.contexts.artifact.rights import require_access, require_policy
from alm_workbench.contexts.project.messages import HoldProcess
from alm_workbench.contexts.workflow.batch_messages import Reversion, RevertStates, TransitionMany
from alm_workbench.contexts.workflow.effects import StepTaken, act, set_timers
from alm_workbench.contexts.workflow.entering import require_entry
from alm_workbench.contexts.workflow.messages import TransitionArtifact
from alm_workbench.contexts.workflow.repository import WorkflowRepository
from alm_workbench.contexts.workflow.stepping import JudgedStep, history_entry, judge_step, stepped_event
from alm_workbench.errors import AlmError, InvalidInput, StaleVersion
from alm_workbench.mpc import StateDef, TransitionDef
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.ids import ArtifactId


@dataclass(frozen=True, slots=True)
class Step:
    """A step that was allowed, on its way to be written."""

    found: Situation
    judged: JudgedStep
    reason: str | None


class TransitionManyHandler:
    """Lets items take steps: locked and read together, judged one by one, written together."""

    def __init__(self, workflows: WorkflowRepository) -> None:
        self._workflows = workflows

    def __call__(self, ctx: MessageContext, message: TransitionMany) -> tuple[Outcome, ...]:
        ids = once_each(step.artifact_id for step in message.steps)
        found = ctx.ask(SituationsOf(tuple(ids), "transition"))
        judged = {step.artifact_id: self._judged(ctx, found, step) for step in message.steps}
        scatter(ctx)
        steps = {item: done for item, done in judged.items() if isinstance(done, Step)}
        after = write_steps(ctx, self._workflows, list(steps.values()))
        for step in steps.values():
            ctx.decided(step.judged.record)
            ctx.emit(stepped_event(step.found.artifact, step.judged))
        changes = {step.artifact_id: tuple(sorted(step.fields)) for step in message.steps}
        taken = [taken_step(step, after, changes[item]) for item, step in steps.items()]
        if taken:
            act(ctx, taken)
        return tuple(outcome(item, found.get(item), done, after) for item, done in judged.items())

    def _judged(
        self, ctx: MessageContext, found: Mapping[ArtifactId, Situation], step: TransitionArtifact
    ) -> Step | AlmError:
        situation = found.get(step.artifact_id)
        if situation is None:
            return not_found(step.artifact_id)
        item = situation.artifact
        try:
            require_version(ctx, item, step.expected_version)
            judged = judge_step(situation, step)
        except AlmError as error:
            return error
        note_moved(ctx, item, judged.target.category)
        return Step(situation, judged, step.reason)


class RevertStatesHandler:
    """Takes steps back: no transition leads there, so rights and policies alone decide.

    A state that lies behind somebody else's agreement is nothing that anybody returns to by himself.
    """

    def __init__(self, workflows: WorkflowRepository) -> None:
        self._workflows = workflows

    def __call__(self, ctx: MessageContext, message: RevertStates) -> tuple[Outcome, ...]:
        ids = once_each(item.artifact_id for item in message.items)
        found = ctx.ask(SituationsOf(tuple(ids), "transition"))
        judged = {item.artifact_id: self._judged(ctx, found, item, message.reason) for item in message.items}
        scatter(ctx)
        steps = {item: done for item, done in judged.items() if isinstance(done, Step)}
        after = write_steps(ctx, self._workflows, list(steps.values()))
        for step in steps.values():
            ctx.decided(step.judged.record)
            ctx.emit(stepped_event(step.found.artifact, step.judged))
        for project_id, version_id in {
            (s.found.artifact.project_id, s.found.process.version_id) for s in steps.values()
        }:
            ctx.ask(HoldProcess(project_id, version_id))
        set_timers(ctx, [taken_step(step, after, ()) for step in steps.values()])
        return tuple(outcome(item, found.get(item), done, after) for item, done in judged.items())

    def _judged(
        self, ctx: MessageContext, found: Mapping[ArtifactId, Situation], back: Reversion, reason: str
    ) -> Step | AlmError:
        situation = found.get(back.artifact_id)
        if situation is None:
            return not_found(back.artifact_id)
        item, process = situation.artifact, situation.process
        flow = process.compiled.workflows[process.compiled.types[item.type].workflow]
        target = flow.states.get(back.state)
        if target is None:
            return InvalidInput(f"{item.key}: there is no state {back.state!r} in the process any more")
        step = TransitionDef("", (item.state,), target.id)
        event = {"name": "transition", "from": item.state, "to": target.id, "transition": None, "reason": reason}
        context = replace(situation.context, event={**event, "changes": []})
        try:
            require_version(ctx, item, back.expected_version)
            require_entry(ctx, process.compiled, item.project_id, item.type, target.id)
            acl = require_access(process, "transition", item.type, context, item.id)
            record = require_policy(process, item.type, context, item.id, acl)
        except AlmError as error:
            return error
        note_moved(ctx, item, target.category)
        done = JudgedStep(step, target, target.id in flow.finals, flow.id, item.fields, record)
        return Step(situation, done, reason)


def require_version(ctx: MessageContext, item: ArtifactDTO, expected: int) -> None:
    """Refuse a step from another version than the one it was decided on; raises ``StaleVersion``."""
    if item.version == expected:
        return
    hidden = ctx.ask(ReadRightsOf(item.id)).hidden
    shown = shown_data(masked(item, hidden)) if hidden is not None else None
    current = {name: shown[name] for name in ("version", "state", "key")} if shown else None
    message = f"{item.key} has version {item.version} by now, you moved version {expected}"
    raise StaleVersion(message, current=current)


def write_steps(ctx: MessageContext, workflows: WorkflowRepository, steps: list[Step]) -> dict[ArtifactId, ArtifactDTO]:
    """Write items, instances and history of many steps; gives the items as they are then."""
    if not steps:
        return {}
    moves = tuple(
        SetState(
            step.found.artifact.id,
            step.found.artifact.version,
            step.judged.target.id,
            step.judged.target.category,
            step.judged.fields,
            step.found.process.version_id,
        )
        for step in steps
    )
    after = ctx.ask(SetStates(moves))
    instances = workflows.of(ctx.conn, [step.found.artifact.id for step in steps])
    rows, entries = [], []
    for step in steps:
        instance = instances[step.found.artifact.id]
        rows.append(instance_row(ctx, step, instance.id, step.judged.target))
        entry = history_entry(ctx, step.found, step.judged, step.reason, instance)
        entries.append({**entry, "transition_id": step.judged.step.id or None})
    workflows.move_many(ctx.conn, rows, entries)
    return dict(after)


def instance_row(ctx: MessageContext, step: Step, instance_id: Any, target: StateDef) -> dict[str, Any]:
    """The columns of an instance after a step."""
    return {
        "id": instance_id,
        "state": target.id,
        "entered_at": ctx.now,
        "is_final": step.judged.final,
        "manifest_version_id": step.found.process.version_id,
        "workflow_id": step.judged.workflow_id,
    }


def taken_step(step: Step, after: Mapping[ArtifactId, ArtifactDTO], changes: tuple[str, ...]) -> StepTaken:
    """A step as what follows looks at it."""
    item = step.found.artifact
    reason = step.judged.reason or step.reason
    return StepTaken(step.found.process, item, after[item.id], step.judged.step, reason, changes)


def outcome(
    item: ArtifactId, found: Situation | None, done: Step | AlmError, after: Mapping[ArtifactId, ArtifactDTO]
) -> Outcome:
    """What became of one of many steps."""
    before = found.artifact if found else None
    if isinstance(done, AlmError):
        return Outcome(item, before, error=done)
    return Outcome(item, before, after[item], record=done.judged.record)
