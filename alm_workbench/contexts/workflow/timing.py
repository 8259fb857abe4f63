"""Steps that time takes: which leave a state, and when they are due."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from alm_workbench.mpc import CompiledManifest, TransitionDef, WorkflowDef
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.ids import ArtifactId, ProjectId, new_id


def timed_steps(flow: WorkflowDef, state: str) -> tuple[TransitionDef, ...]:
    """The steps out of a state that the system takes by itself."""
    return tuple(step for step in flow.by_state.get(state, ()) if step.timeout_ms > 0)


def has_timers(flow: WorkflowDef) -> bool:
    """Whether the system takes any step of a workflow."""
    return any(step.timeout_ms > 0 for step in flow.transitions)


def spans_of(compiled: CompiledManifest) -> list[tuple[str, str, str, int]]:
    """(type, state, transition, milliseconds) of every step that the system takes."""
    return [
        (kind.id, state, step.id, step.timeout_ms)
        for kind in compiled.types.values()
        if (flow := compiled.workflows.get(kind.workflow)) is not None
        for state in flow.states
        for step in timed_steps(flow, state)
    ]


def timer_rows(
    ctx: MessageContext,
    project_id: ProjectId,
    artifact_id: ArtifactId,
    state: str,
    steps: Sequence[TransitionDef],
    entered_at: datetime,
) -> list[dict[str, Any]]:
    """The timers of an item that entered a state at a moment."""
    return [
        {
            "tenant_id": ctx.principal.tenant_id,
            "id": new_id(),
            "project_id": project_id,
            "artifact_id": artifact_id,
            "state": state,
            "transition_id": step.id,
            "due_at": entered_at + timedelta(milliseconds=step.timeout_ms),
            "attempts": 0,
        }
        for step in steps
    ]
