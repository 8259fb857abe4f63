"""What steps bring about: actions of transitions and states, and what follows by automations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from alm_workbench.contexts.artifact.messages import ArtifactDTO, FactsOf
from alm_workbench.contexts.manifest.messages import ProcessVersion
from alm_workbench.contexts.project.messages import HoldProcess
from alm_workbench.contexts.workflow.acting import Occasion, carry_out
from alm_workbench.contexts.workflow.intents import step_intents
from alm_workbench.contexts.workflow.messages import Follow, Happening
from alm_workbench.contexts.workflow.repository import WorkflowRepository
from alm_workbench.contexts.workflow.stepping import turned
from alm_workbench.contexts.workflow.timing import has_timers, timed_steps, timer_rows
from alm_workbench.mpc import TransitionDef, WorkflowDef
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.ids import ProjectId


@dataclass(frozen=True, slots=True)
class StepTaken:
    """A step that an item took: as it was, as it is now (without masks), and what was said with it."""

    process: ProcessVersion
    before: ArtifactDTO
    after: ArtifactDTO
    step: TransitionDef
    reason: str | None = None
    changes: tuple[str, ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def flow(self) -> WorkflowDef:
        """The workflow that the step belongs to."""
        compiled = self.process.compiled
        return compiled.workflows[compiled.types[self.after.type].workflow]

    @property
    def event(self) -> dict[str, Any]:
        """What expressions see of the step beside its name and changes."""
        return {
            **self.params,
            "from": self.before.state,
            "to": self.after.state,
            "transition": self.step.id or None,
            "reason": self.reason,
        }


def act(ctx: MessageContext, steps: Sequence[StepTaken]) -> int:
    """Carry out what these steps ask for, then whatever follows; gives the intents carried out.

    States are left before transitions act, and entered last; then the automations of the events ``transition``, and
    ``close`` or ``reopen`` where a step enters or leaves the category done. Call it after items, instances and history
    are written. A step whose intent cannot be carried out fails whole.
    """
    set_timers(ctx, steps)
    done = 0
    by_project: dict[ProjectId, list[Happening]] = {}
    for project_id, version_id in {(step.after.project_id, step.process.version_id) for step in steps}:
        ctx.ask(HoldProcess(project_id, version_id))
    for step in steps:
        if intents := step_intents(step.flow, step.before.state, step.step):
            event = {**step.event, "name": "transition", "changes": list(step.changes)}
            context = ctx.ask(FactsOf(step.after, event))
            done += carry_out(ctx, Occasion(step.process, step.after, context, step.step.id), intents)
        by_project.setdefault(step.after.project_id, []).extend(happenings(step))
    return done + sum(ctx.ask(Follow(project, tuple(found))) for project, found in by_project.items())


def happenings(step: StepTaken) -> Iterator[Happening]:
    """The events that a step is."""
    names = ["transition"]
    if (turn := turned(step.before.state_category, step.after.state_category)) is not None:
        names.append(turn)
    for name in names:
        yield Happening(name, step.after.id, step.before, step.after, step.changes, step.event)


def set_timers(ctx: MessageContext, steps: Sequence[StepTaken]) -> None:
    """Set the timers of the states that were entered; those of the states that were left mean nothing any more."""
    timed = [step for step in steps if step.step.rule_type != "internal" and has_timers(step.flow)]
    if not timed:
        return
    rows = [
        row
        for step in timed
        for row in timer_rows(
            ctx,
            step.after.project_id,
            step.after.id,
            step.after.state,
            timed_steps(step.flow, step.after.state),
            ctx.now,
        )
    ]
    WorkflowRepository().set_timers(ctx.conn, [step.after.id for step in timed], rows)
