"""Saved queries in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from alm_workbench.contexts.savedquery.messages import SavedQueryDTO
from alm_workbench.contexts.savedquery.tables import saved_queries
from alm_workbench.errors import Conflict
from alm_workbench.shared.ids import ProjectId, new_id
from alm_workbench.storage.bin import bin_seen

Q = saved_queries.c
COLUMNS = (
    Q.id, Q.project_id, Q.name, Q.search_text, Q.filter, Q.sort, Q.columns, Q.owner_id, Q.sharing, Q.roles,
    Q.updated_at, Q.version,
)  # fmt: skip


class SavedQueryRepository:
    """Every method takes the transaction's connection."""

    def usable(
        self,
        conn: Connection,
        project_id: ProjectId,
        actor_id: UUID,
        roles: Collection[str],
        query_id: UUID | None = None,
    ) -> list[SavedQueryDTO]:
        """Queries of a project that somebody in these roles may use, by name, or the one with an id."""
        shared = or_(
            Q.owner_id == actor_id,
            Q.sharing == "project",
            (Q.sharing == "roles") & Q.roles.overlap(sorted(roles)),
        )
        statement = select(*COLUMNS).where(Q.project_id == project_id, shared)
        if query_id is not None:
            statement = statement.where(Q.id == query_id)
        return [dto(row) for row in conn.execute(statement.order_by(func.lower(Q.name), Q.id))]

    def add(self, conn: Connection, tenant_id: UUID, values: Mapping[str, Any]) -> UUID:
        """Keep a query; raises ``Conflict`` when its owner has one of this name there."""
        query_id = new_id()
        try:
            conn.execute(insert(saved_queries).values(tenant_id=tenant_id, id=query_id, **values))
        except IntegrityError as error:
            raise taken(error) from error
        return query_id

    def update(self, conn: Connection, query_id: UUID, expected_version: int, values: Mapping[str, Any]) -> bool:
        """Change a query if it still has the expected version."""
        statement = update(saved_queries).where(Q.id == query_id, Q.version == expected_version)
        try:
            return conn.execute(statement.values(**values)).rowcount == 1
        except IntegrityError as error:
            raise taken(error) from error

    def delete(self, conn: Connection, query_id: UUID, expected_version: int) -> bool:
        """Put a query away if it still has the expected version."""
        with bin_seen(conn):
            return self.update(conn, query_id, expected_version, {"deleted_at": func.now()})


def dto(row: Any) -> SavedQueryDTO:
    """A row as a DTO."""
    values: list[Any] = [*row[:6], tuple(row[6]), row[7], row[8], tuple(row[9]), *row[10:]]
    return SavedQueryDTO(*values)


def taken(error: IntegrityError) -> Conflict:
    """The refusal of a second query with one name; anything else is raised as it is."""
    if "saved_queries_name" not in str(error):
        raise error
    return Conflict("you have a query of this name in this project")
