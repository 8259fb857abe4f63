"""Workflows of items: begun with them, and moved where a new process has other states."""

from __future__ import annotations

from alm_workbench.contexts.artifact.messages import RemapStates
from alm_workbench.contexts.manifest.messages import CompiledVersion
from alm_workbench.contexts.workflow.messages import InstanceStart, MoveStates, StartInstances
from alm_workbench.contexts.workflow.repository import WorkflowRepository
from alm_workbench.contexts.workflow.timing import timed_steps, timer_rows
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.ids import ProjectId, new_id


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
        self._arm(ctx, message.project_id, message.starts)
        return len(instances)

    def _arm(self, ctx: MessageContext, project_id: ProjectId, starts: tuple[InstanceStart, ...]) -> None:
        """Set the timers of first states that have any."""
        timers = []
        for start in starts:
            flow = ctx.ask(CompiledVersion(start.version_id)).compiled.workflows[start.workflow_id]
            steps = timed_steps(flow, start.state)
            timers += timer_rows(ctx, project_id, start.artifact_id, start.state, steps, start.occurred_at)
        if timers:
            self._workflows.add_timers(ctx.conn, timers)


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
            values = {
                "old": old,
                "state": new,
                "category": category,
                "final": new in flow.finals,
                "version": message.version_id,
                "flow": flow.id,
                "actor": ctx.principal.actor_id,
                "reason": "state map of an activation",
                "at": ctx.now,
                "correlation": ctx.correlation_id,
            }
            self._workflows.move_all(ctx.conn, ids, values)
            moved += len(ids)
        return moved
