"""Links between items in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, insert, or_, select, text, update
from sqlalchemy.exc import IntegrityError

from alm_workbench.contexts.artifact.messages import LinkDTO
from alm_workbench.contexts.artifact.tables import artifact_links
from alm_workbench.errors import Conflict
from alm_workbench.shared.ids import ArtifactId, ProjectId, new_id

L = artifact_links.c
COLUMNS = (L.id, L.link_type, L.source_id, L.target_id, L.suspect, L.version, L.suspect_since, L.pinned_version)


class LinkRepository:
    """Every method takes the transaction's connection."""

    def hold_type(self, conn: Connection, tenant_id: UUID, link_type: str) -> None:
        """Keep others from making links of a type whose number or direction is bounded, until the transaction ends."""
        conn.execute(HOLD, {"name": f"links:{tenant_id}:{link_type}"})

    def add(
        self,
        conn: Connection,
        tenant_id: UUID,
        project_id: ProjectId,
        link_type: str,
        source: ArtifactId,
        target: ArtifactId,
        pinned_version: int | None,
    ) -> LinkDTO:
        """Add a link; raises ``Conflict`` when it is there."""
        link_id = new_id()
        values = {"tenant_id": tenant_id, "id": link_id, "project_id": project_id, "link_type": link_type}
        values |= {"source_id": source, "target_id": target, "suspect": False, "pinned_version": pinned_version}
        try:
            conn.execute(insert(artifact_links).values(values))
        except IntegrityError as error:
            raise Conflict("these two items are linked like this already") from error
        return LinkDTO(link_id, link_type, source, target, False, 1, None, pinned_version)

    def get(self, conn: Connection, link_id: UUID, *, lock: bool = False) -> LinkDTO | None:
        """One live link."""
        statement = select(*COLUMNS).where(L.id == link_id)
        row = conn.execute(statement.with_for_update() if lock else statement).first()
        return LinkDTO(*row) if row else None

    def of(self, conn: Connection, artifact_id: ArtifactId) -> tuple[LinkDTO, ...]:
        """Live links from and to an item."""
        statement = select(*COLUMNS).where(or_(L.source_id == artifact_id, L.target_id == artifact_id))
        return tuple(LinkDTO(*row) for row in conn.execute(statement.order_by(L.id)))

    def count(self, conn: Connection, link_type: str, *, source: ArtifactId | None, target: ArtifactId | None) -> int:
        """Live links of a type from an item, to an item, or between two."""
        statement = select(L.id).where(L.link_type == link_type)
        if source is not None:
            statement = statement.where(L.source_id == source)
        if target is not None:
            statement = statement.where(L.target_id == target)
        return len(conn.execute(statement).all())

    def reaches(
        self, conn: Connection, link_type: str, start: ArtifactId, end: ArtifactId, both_ways: bool = False
    ) -> bool:
        """Whether links of a type lead from one item to another."""
        statement = REACHES_BOTH if both_ways else REACHES
        found: bool = conn.execute(statement, {"kind": link_type, "start": start, "goal": end}).scalar_one()
        return found

    def change(self, conn: Connection, link: LinkDTO, values: Mapping[str, Any]) -> LinkDTO | None:
        """Change a live link if it still has its version; None when it has another."""
        statement = update(artifact_links).where(L.id == link.id, L.version == link.version).values(**values)
        row = conn.execute(statement.returning(*COLUMNS)).first()
        return LinkDTO(*row) if row else None

    def suspect(
        self, conn: Connection, link_type: str, at: datetime, items: Collection[ArtifactId], both_ends: bool
    ) -> list[tuple[UUID, ArtifactId, ArtifactId]]:
        """Make links to some items suspect (those from them too); gives (link, source, target) of each that was not."""
        end: ColumnElement[bool] = L.target_id.in_(list(items))
        if both_ends:
            end = or_(end, L.source_id.in_(list(items)))
        fresh = select(L.id).where(L.link_type == link_type, end, L.suspect.is_(False), L.pinned_version.is_(None))
        # in one order, so that two transactions never wait for each other
        ids = [row.id for row in conn.execute(fresh.order_by(L.id).with_for_update())]
        if not ids:
            return []
        statement = update(artifact_links).where(L.id.in_(ids)).values(suspect=True, suspect_since=at)
        rows = conn.execute(statement.returning(L.id, L.source_id, L.target_id))
        return [(row.id, ArtifactId(row.source_id), ArtifactId(row.target_id)) for row in rows]


HOLD = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")

REACHES = text("""
WITH RECURSIVE on_the_way (id) AS (
  SELECT CAST(:start AS uuid)
  UNION
  SELECT l.target_id FROM on_the_way w JOIN alm.artifact_links l ON l.source_id = w.id AND l.link_type = :kind
)
SELECT EXISTS (SELECT FROM on_the_way WHERE id = :goal)
""")

REACHES_BOTH = text("""
WITH RECURSIVE on_the_way (id) AS (
  SELECT CAST(:start AS uuid)
  UNION
  SELECT CASE WHEN l.source_id = w.id THEN l.target_id ELSE l.source_id END
    FROM on_the_way w JOIN alm.artifact_links l ON w.id IN (l.source_id, l.target_id) AND l.link_type = :kind
)
SELECT EXISTS (SELECT FROM on_the_way WHERE id = :goal)
""")
