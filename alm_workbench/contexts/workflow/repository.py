"""Workflow instances, their history, approvals and timers in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import Connection, Uuid, any_, cast, delete, insert, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import IntegrityError

from alm_workbench.contexts.workflow.messages import HistoryEntryDTO
from alm_workbench.contexts.workflow.tables import (
    approval_requests,
    approval_votes,
    state_history,
    workflow_instances,
    workflow_timers,
)
from alm_workbench.errors import Conflict
from alm_workbench.shared.ids import ArtifactId, ProjectId
from alm_workbench.storage.bulk import copy_insert, copy_update

W, H = workflow_instances.c, state_history.c
Q, T = approval_requests.c, workflow_timers.c
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
        statement = select(W.id, W.artifact_id, W.state, W.entered_at).where(
            W.artifact_id == any_(array_of(artifact_ids))
        )
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
        statement = update(workflow_instances).where(W.id == any_(array_of(ids)))
        values = {
            "state": state,
            "entered_at": at,
            "is_final": final,
            "manifest_version_id": version_id,
            "workflow_id": workflow_id,
        }
        conn.execute(statement.values(**values))
        if len(history) >= BULK_FROM:
            copy_insert(conn, state_history, history)
        elif history:
            conn.execute(insert(state_history), list(history))

    def move_all(self, conn: Connection, artifact_ids: Iterable[ArtifactId], values: Mapping[str, Any]) -> None:
        """Move every instance of some items from one state to another, and remember it as a step without a transition."""
        conn.execute(MOVE_ALL, {**values, "ids": list(artifact_ids)})

    def move_many(
        self, conn: Connection, instances: Sequence[Mapping[str, Any]], history: Sequence[Mapping[str, Any]]
    ) -> None:
        """Move instances, each to a state of its own, and remember the steps; rows are by column."""
        copy_update(conn, workflow_instances, instances)
        copy_insert(conn, state_history, history)

    def history(self, conn: Connection, artifact_id: ArtifactId) -> tuple[HistoryEntryDTO, ...]:
        """The steps of an item, oldest first."""
        return tuple(HistoryEntryDTO(*row) for row in conn.execute(HISTORY, {"a": artifact_id}))

    # -- approvals

    def add_request(self, conn: Connection, values: Mapping[str, Any]) -> None:
        """Keep a step that was asked for; raises ``Conflict`` where the same one waits already."""
        try:
            with conn.begin_nested():
                conn.execute(insert(approval_requests).values(**values))
        except IntegrityError as error:
            raise Conflict("this step was asked for already and waits for approval") from error

    def request(self, conn: Connection, approval_id: UUID, *, lock: bool = False) -> Any | None:
        """One request."""
        statement = select(approval_requests).where(Q.id == approval_id)
        return conn.execute(statement.with_for_update() if lock else statement).first()

    def requests(
        self,
        conn: Connection,
        *,
        artifact_id: ArtifactId | None = None,
        project_id: ProjectId | None = None,
        status: str | None = None,
        after: UUID | None = None,
        limit: int | None = None,
    ) -> list[Any]:
        """Requests, newest first."""
        statement = select(approval_requests).order_by(Q.id.desc()).limit(limit)
        for column, value in ((Q.artifact_id, artifact_id), (Q.project_id, project_id), (Q.status, status)):
            if value is not None:
                statement = statement.where(column == value)
        if after is not None:
            statement = statement.where(Q.id < after)
        return list(conn.execute(statement))

    def close_request(
        self, conn: Connection, approval_id: UUID, status: str, at: datetime, actor_id: UUID | None, why: str | None
    ) -> None:
        """End a request."""
        values = {"status": status, "closed_at": at, "closed_by": actor_id, "closing_reason": why}
        conn.execute(update(approval_requests).where(Q.id == approval_id).values(**values))

    def add_vote(self, conn: Connection, values: Mapping[str, Any]) -> None:
        """Keep what somebody said."""
        conn.execute(insert(approval_votes).values(**values))

    def votes(self, conn: Connection, approval_ids: Iterable[UUID]) -> dict[UUID, list[Any]]:
        """What was said to requests, in order, with names."""
        found: dict[UUID, list[Any]] = {}
        for row in conn.execute(VOTES, {"ids": list(approval_ids)}):
            found.setdefault(row.approval_id, []).append(row)
        return found

    def names(self, conn: Connection, actor_ids: Iterable[UUID]) -> dict[UUID, str]:
        """Names of actors."""
        return {row.id: row.display_name for row in conn.execute(NAMES, {"ids": list(set(actor_ids))})}

    # -- timers

    def set_timers(
        self, conn: Connection, artifact_ids: Iterable[ArtifactId], timers: Sequence[Mapping[str, Any]]
    ) -> None:
        """Replace the timers of items."""
        conn.execute(delete(workflow_timers).where(T.artifact_id.in_(list(artifact_ids))))
        if timers:
            conn.execute(insert(workflow_timers), list(timers))

    def add_timers(self, conn: Connection, timers: Sequence[Mapping[str, Any]]) -> None:
        """Set timers of items that have none."""
        conn.execute(insert(workflow_timers), list(timers))

    def arm(
        self, conn: Connection, tenant_id: UUID, project_id: ProjectId, spans: Sequence[tuple[str, str, str, int]]
    ) -> int:
        """Replace all timers of a project; ``spans`` are (type, state, transition, milliseconds). How many run."""
        conn.execute(delete(workflow_timers).where(T.project_id == project_id))
        if not spans:
            return 0
        types, states, steps, spans_ms = (list(column) for column in zip(*spans, strict=True))
        values = {"tenant": tenant_id, "project": project_id, "types": types, "states": states, "steps": steps}
        return conn.execute(ARM, values | {"spans": spans_ms}).rowcount

    def timer(self, conn: Connection, timer_id: UUID) -> Any | None:
        """One timer, locked unless somebody else has it."""
        return conn.execute(select(workflow_timers).where(T.id == timer_id).with_for_update(skip_locked=True)).first()

    def due(self, conn: Connection, artifact_id: ArtifactId) -> dict[str, datetime]:
        """When the system takes which step of an item."""
        rows = conn.execute(select(T.transition_id, T.due_at).where(T.artifact_id == artifact_id))
        return {row.transition_id: row.due_at for row in rows}

    def claim(self, conn: Connection, limit: int, hold: float) -> list[tuple[UUID, UUID]]:
        """(organisation, timer) of steps that are due, for the worker; nobody else gets them for ``hold`` seconds."""
        return [(row[0], row[1]) for row in conn.execute(CLAIM, {"limit": limit, "hold": hold})]

    def put_off(self, conn: Connection, timer_id: UUID, at: datetime, attempts: int) -> None:
        """Let a timer wait until later."""
        conn.execute(update(workflow_timers).where(T.id == timer_id).values(due_at=at, attempts=attempts))

    def drop_timer(self, conn: Connection, timer_id: UUID) -> None:
        """Remove a timer that means nothing any more."""
        conn.execute(delete(workflow_timers).where(T.id == timer_id))

    def clock_actor(self, conn: Connection, tenant_id: UUID) -> None:
        """Make the actor that stands for time in an organisation, if it is not there yet."""
        conn.execute(ADD_CLOCK, {"tenant": tenant_id, "id": clock_of(tenant_id), "name": CLOCK_NAME})


def array_of(ids: Iterable[UUID]) -> Any:
    """Ids as one parameter, however many they are."""
    return cast(list(ids), ARRAY(Uuid))


CLOCK_NAME = "Workflow"


def clock_of(tenant_id: UUID) -> UUID:
    """The actor that stands for time in an organisation: steps that the system takes are its."""
    return uuid5(tenant_id, "workflow-clock")


MOVE_ALL = text("""
WITH before AS (
  SELECT tenant_id, id, project_id, artifact_id, entered_at FROM alm.workflow_instances
   WHERE artifact_id = ANY (CAST(:ids AS uuid[])) FOR UPDATE
), moved AS (
  UPDATE alm.workflow_instances w
     SET state = :state, entered_at = :at, is_final = :final, manifest_version_id = :version, workflow_id = :flow
    FROM before b WHERE w.tenant_id = b.tenant_id AND w.id = b.id
)
INSERT INTO alm.state_history (tenant_id, id, project_id, artifact_id, instance_id, from_state, to_state, to_category,
  actor_id, reason, duration_s, occurred_at, recorded_at, manifest_version_id, correlation_id)
SELECT b.tenant_id, gen_random_uuid(), b.project_id, b.artifact_id, b.id, :old, :state, :category, CAST(:actor AS uuid),
  :reason, greatest(0, extract(epoch FROM CAST(:at AS timestamptz) - b.entered_at)), :at, :at, :version, :correlation
  FROM before b
""")

VOTES = text("""
SELECT v.approval_id, v.actor_id, a.display_name AS actor, v.verdict, v.roles, v.reason, v.created_at
  FROM alm.approval_votes v
  LEFT JOIN alm.actors a ON a.tenant_id = v.tenant_id AND a.id = v.actor_id
 WHERE v.approval_id = ANY (CAST(:ids AS uuid[])) ORDER BY v.created_at, v.id
""")
NAMES = text("SELECT id, display_name FROM alm.actors WHERE id = ANY (CAST(:ids AS uuid[]))")
ADD_CLOCK = text(
    "INSERT INTO alm.actors (tenant_id, id, kind, display_name) VALUES (:tenant, :id, 'service', :name)"
    " ON CONFLICT DO NOTHING"
)

ARM = text("""
INSERT INTO alm.workflow_timers (tenant_id, id, project_id, artifact_id, state, transition_id, due_at)
SELECT w.tenant_id, gen_random_uuid(), w.project_id, w.artifact_id, s.state, s.step,
       w.entered_at + s.span * interval '1 millisecond'
  FROM unnest(CAST(:types AS text[]), CAST(:states AS text[]), CAST(:steps AS text[]), CAST(:spans AS bigint[]))
       AS s (type, state, step, span)
  JOIN alm.artifacts a ON a.tenant_id = :tenant AND a.project_id = :project AND a.type_id = s.type AND a.state = s.state
  JOIN alm.workflow_instances w ON w.tenant_id = a.tenant_id AND w.artifact_id = a.id
 WHERE a.deleted_at IS NULL
""")

CLAIM = text("""
UPDATE alm.workflow_timers t SET due_at = now() + :hold * interval '1 second'
  FROM (SELECT tenant_id, id, due_at FROM alm.workflow_timers WHERE due_at <= now()
         ORDER BY due_at LIMIT :limit FOR UPDATE SKIP LOCKED) d
 WHERE t.tenant_id = d.tenant_id AND t.id = d.id
RETURNING t.tenant_id, t.id
""")

HISTORY = text("""
SELECT h.id, h.transition_id, h.from_state, h.to_state, h.actor_id, a.display_name, h.reason, h.duration_s,
       h.occurred_at, h.recorded_at, h.manifest_version_id, h.from_category, h.to_category
  FROM alm.state_history h
  LEFT JOIN alm.actors a ON a.tenant_id = h.tenant_id AND a.id = h.actor_id
 WHERE h.artifact_id = :a ORDER BY h.occurred_at, h.id
""")
