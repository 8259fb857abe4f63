"""The bin in PostgreSQL: what goes there together, and what comes back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select, text

from alm_workbench.contexts.artifact.messages import ArtifactDTO
from alm_workbench.contexts.artifact.repository import COLUMNS, A, one
from alm_workbench.shared.ids import ArtifactId, ProjectId
from alm_workbench.storage import cascades
from alm_workbench.storage.bin import bin_seen

ITEMS = "artifacts"


@dataclass(frozen=True, slots=True)
class Binned:
    """An item in the bin, who put it there, and by which commit."""

    item: ArtifactDTO
    commit_id: UUID | None
    deleter: str | None
    deleted_by: UUID | None


class BinRepository:
    """Every method takes the transaction's connection."""

    seen = staticmethod(bin_seen)
    """Let what is inside see the bin: the right to it was checked, or is before anything is shown."""

    def get(self, conn: Connection, ids: Iterable[ArtifactId], *, lock: bool = False) -> list[ArtifactDTO]:
        """Items, in the bin or not as the transaction sees them, in the order of their ids."""
        statement = select(*COLUMNS, A.deleted_at).where(A.id.in_(list(ids))).order_by(A.id)
        rows = conn.execute(statement.with_for_update() if lock else statement)
        return [dto for row in rows if (dto := one(row))]

    def below(self, conn: Connection, ids: Collection[ArtifactId]) -> list[ArtifactDTO]:
        """Live items right below some others, locked in the order of their ids."""
        statement = select(*COLUMNS, A.deleted_at).where(A.parent_id.in_(list(ids))).order_by(A.id)
        return [dto for row in conn.execute(statement.with_for_update()) if (dto := one(row))]

    def put(
        self,
        conn: Connection,
        commit_id: UUID,
        ids: Sequence[ArtifactId],
        tasks: Mapping[ArtifactId, ArtifactId],
        at: datetime,
    ) -> dict[str, int]:
        """Put live items into the bin with what hangs on them; ``tasks`` (task to item above) stand at the top then."""
        with bin_seen(conn):
            cascades.detach_tasks(conn, commit_id, tasks, at)
            return cascades.put(conn, commit_id, ITEMS, ids, at)

    def take(self, conn: Connection, commit_id: UUID, ids: Sequence[ArtifactId]) -> dict[str, int]:
        """Take items out of the bin with what the commit took along with them.

        What they lay under may live in another project by now; then they stand at the top.
        """
        with bin_seen(conn):
            back = cascades.restore(conn, commit_id, ITEMS, ids)
            conn.execute(ORPHANS, {"ids": list(ids)})
        return back

    def take_alone(self, conn: Connection, artifact_id: ArtifactId) -> None:
        """Take an item out of the bin of which no commit is known."""
        with bin_seen(conn):
            conn.execute(ALONE, {"item": artifact_id})

    def commit_of(self, conn: Connection, artifact_id: ArtifactId) -> UUID | None:
        """The commit that put an item into the bin, if that is known."""
        with bin_seen(conn):
            return cascades.commit_of(conn, ITEMS, artifact_id)

    def of_commit(self, conn: Connection, commit_id: UUID) -> list[ArtifactId]:
        """Items that a commit put into the bin and that are still there."""
        with bin_seen(conn):
            return [ArtifactId(i) for i in cascades.of_commit(conn, ITEMS, commit_id)]

    def page(self, conn: Connection, project_id: ProjectId, limit: int, after: Any) -> list[Binned]:
        """Items in the bin of a project, newest deletion first; ``after`` is (moment, id) of one."""
        with bin_seen(conn):
            given = {"project": project_id, "limit": limit, "at": after[0] if after else None}
            found = conn.execute(PAGE, given | {"item": after[1] if after else None}).all()
            items = {dto.id: dto for dto in self.get(conn, [ArtifactId(row.id) for row in found])}
        return [Binned(items[ArtifactId(row.id)], row.commit_id, row.deleter, row.deleted_by) for row in found]


ALONE = text("UPDATE alm.artifacts SET deleted_at = NULL, deleted_by = NULL WHERE id = :item")

ORPHANS = text("""
UPDATE alm.artifacts a SET parent_id = NULL FROM alm.artifacts p
 WHERE a.id = ANY (CAST(:ids AS uuid[])) AND p.tenant_id = a.tenant_id AND p.id = a.parent_id
   AND p.project_id <> a.project_id
""")

PAGE = text("""
SELECT a.id, a.deleted_by, b.commit_id, w.display_name AS deleter
  FROM alm.artifacts a
  LEFT JOIN alm.bin_entries b ON b.tenant_id = a.tenant_id AND b.tbl = 'artifacts' AND b.row_id = a.id
   AND b.binned_at = a.deleted_at
  LEFT JOIN alm.actors w ON w.tenant_id = a.tenant_id AND w.id = a.deleted_by
 WHERE a.project_id = :project AND a.deleted_at IS NOT NULL
   AND (CAST(:at AS timestamptz) IS NULL OR (a.deleted_at, a.id) < (CAST(:at AS timestamptz), CAST(:item AS uuid)))
 ORDER BY a.deleted_at DESC, a.id DESC LIMIT :limit
""")
