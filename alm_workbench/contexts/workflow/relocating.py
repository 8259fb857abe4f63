"""Workflows that go on under the process of another project."""

from __future__ import annotations

from typing import Any

from alm_workbench.contexts.manifest.messages import CompiledVersion
from alm_workbench.contexts.workflow.relocating_messages import InstanceMove, RelocateInstances
from alm_workbench.contexts.workflow.repository import WorkflowRepository
from alm_workbench.contexts.workflow.timing import timed_steps, timer_rows
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.ids import new_id


class RelocateInstancesHandler:
    """Points instances to workflows of another process, and remembers states that have another name there."""

    def __init__(self, workflows: WorkflowRepository) -> None:
        self._workflows = workflows

    def __call__(self, ctx: MessageContext, message: RelocateInstances) -> int:
        flows = ctx.ask(CompiledVersion(message.version_id)).compiled.workflows
        instances = self._workflows.of(ctx.conn, [move.artifact_id for move in message.moves])
        timers: list[dict[str, Any]] = []
        for move in message.moves:
            row = instances.get(move.artifact_id)
            if row is None:
                continue
            flow, renamed = flows[move.workflow_id], move.before != move.state
            history = [self._entry(ctx, message, move, row)] if renamed else []
            at = ctx.now if renamed else row.entered_at
            final = move.state in flow.finals
            self._workflows.move(ctx.conn, [row.id], move.state, at, final, message.version_id, flow.id, history)
            steps = timed_steps(flow, move.state)
            timers += timer_rows(ctx, message.project_id, move.artifact_id, move.state, steps, at)
        self._workflows.set_timers(ctx.conn, list(instances), timers)
        return len(instances)

    def _entry(self, ctx: MessageContext, message: RelocateInstances, move: InstanceMove, row: Any) -> dict[str, Any]:
        return {
            "tenant_id": ctx.principal.tenant_id,
            "id": new_id(),
            "project_id": message.project_id,
            "artifact_id": move.artifact_id,
            "instance_id": row.id,
            "from_state": move.before,
            "to_state": move.state,
            "from_category": move.before_category,
            "to_category": move.category,
            "actor_id": ctx.principal.actor_id,
            "reason": "moved to another project",
            "duration_s": max(0.0, (ctx.now - row.entered_at).total_seconds()),
            "occurred_at": ctx.now,
            "recorded_at": ctx.now,
            "manifest_version_id": message.version_id,
            "correlation_id": ctx.correlation_id,
        }
