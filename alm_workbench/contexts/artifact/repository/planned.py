"""What planning reads of items: those in cycles, below areas, in no cycle, and on somebody's plate."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select, bindparam, column, func, select, table, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Uuid

from alm_workbench.contexts.artifact.messages import ArtifactDTO
from alm_workbench.contexts.artifact.repository import COLUMNS, A, one
from alm_workbench.shared.ids import ProjectId

LIVE = select(*COLUMNS, A.deleted_at)
VALUES = table(
    "artifact_field", column("project_id"), column("field_id"), column("artifact_id"), column("v_uuid"), schema="alm"
).c


class PlannedItems:
    """Every method takes the transaction's connection and gives live items, unmasked."""

    def of_types(self, conn: Connection, project_id: ProjectId, types: Collection[str]) -> list[ArtifactDTO]:
        """Items of some types, in their order."""
        wanted = LIVE.where(A.project_id == project_id, A.type_id.in_(sorted(types)))
        return rows(conn, wanted.order_by(A.rank.asc().nulls_last(), A.created_at, A.id))

    def referring(
        self, conn: Connection, project_id: ProjectId, fields: Collection[str], targets: Collection[UUID]
    ) -> list[ArtifactDTO]:
        """Items of which one of some reference fields names one of some items."""
        ids = select(VALUES.artifact_id).where(
            VALUES.project_id == project_id,
            VALUES.field_id.in_(sorted(fields)),
            VALUES.v_uuid.in_(list(targets)),
        )
        return rows(conn, LIVE.where(A.id.in_(ids)).order_by(A.id))

    def below(self, conn: Connection, project_id: ProjectId, roots: Collection[UUID]) -> list[ArtifactDTO]:
        """Everything below some items, at any depth."""
        found = conn.execute(BELOW, {"project": project_id, "roots": list(roots)}).scalars().all()
        return rows(conn, LIVE.where(A.id == func.any(bindparam("ids", list(found), ARRAY(Uuid())))).order_by(A.id))

    def unplanned(
        self,
        conn: Connection,
        project_id: ProjectId,
        types: Collection[str],
        fields: Collection[str],
        done: Collection[str],
        limit: int,
        after: Any,
    ) -> list[ArtifactDTO]:
        """Items of some types that are not done and name nothing in some reference fields, by rank."""
        planned = select(VALUES.artifact_id).where(
            VALUES.artifact_id == A.id, VALUES.project_id == project_id, VALUES.field_id.in_(sorted(fields))
        )
        statement = LIVE.where(
            A.project_id == project_id,
            A.type_id.in_(sorted(types)),
            A.state_category.not_in(sorted(done)),
            ~planned.exists(),
        )
        place = func.coalesce(A.rank, "~")
        if after:
            statement = statement.where(
                text("(coalesce(artifacts.rank, '~') COLLATE \"C\", artifacts.id) > (:after_rank, :after_id)")
            ).params(after_rank=after[0], after_id=UUID(after[1]))
        return rows(conn, statement.order_by(place.collate("C"), A.id).limit(limit))

    def open_of(
        self, conn: Connection, actor_id: UUID, projects: Iterable[UUID] | None, limit: int, after: Any
    ) -> list[ArtifactDTO]:
        """What is assigned to somebody and not done, in some projects or all, latest change first."""
        statement = LIVE.where(A.assignee_id == actor_id, A.state_category != "done")
        if projects is not None:
            statement = statement.where(A.project_id.in_(list(projects)))
        if after:
            statement = statement.where(text("(artifacts.updated_at, artifacts.id) < (:after_at, :after_id)")).params(
                after_at=datetime.fromisoformat(after[0]), after_id=UUID(after[1])
            )
        return rows(conn, statement.order_by(A.updated_at.desc(), A.id.desc()).limit(limit))


def rows(conn: Connection, statement: Select[Any]) -> list[ArtifactDTO]:
    """The items of a statement."""
    return [dto for row in conn.execute(statement) if (dto := one(row))]


BELOW = text("""
WITH RECURSIVE below AS (
  SELECT id FROM alm.artifacts WHERE project_id = :project AND parent_id = ANY (CAST(:roots AS uuid[]))
  UNION
  SELECT a.id FROM alm.artifacts a JOIN below b ON a.parent_id = b.id WHERE a.project_id = :project
)
SELECT id FROM below
""")
