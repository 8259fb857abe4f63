"""Workflow instances and state history in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert, select, text, update

from alm_workbench.contexts.workflow.messages import HistoryEntryDTO
from alm_workbench.contexts.workflow.tables import state_history, workflow_instances
from alm_workbench.shared.ids import ArtifactId
from alm_workbench.storage.bulk import copy_insert

W, H = workflow_instances.c, state_history.c
BULK_FROM = 20


class WorkflowRepository:
    """Every method takes the transaction's connection."""

    def add(
        self, conn: Connection, instances: Sequence[Mapping[str, Any]], history: Sequence[Mapping[str, Any]]
    ) -> None:
        """Add instances with their first history entry."""
        if len(instances) < BULK_FROM:
            conn.execute(insert(workflow_instances), list(instances))
            conn.execute(insert(state_history), list(history))
        else:
            copy_insert(conn, workflow_instances, instances)
            copy_insert(conn, state_history, history)

    def of(self, conn: Connection, artifact_ids: Iterable[ArtifactId]) -> dict[ArtifactId, Any]:
        """Rows (id, artifact_id, state, entered_at) by item, locked."""
        statement = select(W.id, W.artifact_id, W.state, W.entered_at).where(W.artifact_id.in_(list(artifact_ids)))
        return {row.artifact_id: row for row in conn.execute(statement.with_for_update())}

    def move(
        self,
        conn: Connection,
        ids: Iterable[UUID],
        state: str,
        at: datetime,
        final: bool,
        version_id: UUID,
        workflow_id: str,
        history: Sequence[Mapping[str, Any]],
    ) -> None:
        """Move instances to a state and remember the step."""
        statement = update(workflow_instances).where(W.id.in_(list(ids)))
        values = {
            "state": state,
            "entered_at": at,
            "is_final": final,
            "manifest_version_id": version_id,
            "workflow_id": workflow_id,
        }
        conn.execute(statement.values(**values))
        if history:
            conn.execute(insert(state_history), list(history))

    def history(self, conn: Connection, artifact_id: ArtifactId) -> tuple[HistoryEntryDTO, ...]:
        """The steps of an item, oldest first."""
        return tuple(HistoryEntryDTO(*row) for row in conn.execute(HISTORY, {"a": artifact_id}))


HISTORY = text("""
SELECT h.id, h.transition_id, h.from_state, h.to_state, h.actor_id, a.display_name, h.reason, h.duration_s,
       h.occurred_at, h.recorded_at, h.manifest_version_id
  FROM alm.state_history h
  LEFT JOIN alm.actors a ON a.tenant_id = h.tenant_id AND a.id = h.actor_id
 WHERE h.artifact_id = :a ORDER BY h.occurred_at, h.id
""")
