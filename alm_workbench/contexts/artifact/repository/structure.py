"""How items stand to each other in PostgreSQL: parents, children, ranks, tags, former keys."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, select, text, update
from sqlalchemy.dialects.postgresql import insert

from alm_workbench.contexts.artifact.messages import ArtifactDTO
from alm_workbench.contexts.artifact.repository import COLUMNS, A, one
from alm_workbench.contexts.artifact.tables import artifacts, key_aliases
from alm_workbench.shared.ids import ArtifactId, ProjectId


class Structure:
    """Every method takes the transaction's connection."""

    def hold_tree(self, conn: Connection, project_id: ProjectId, shared: bool) -> None:
        """Keep others from changing who stands below whom in a project, until the transaction ends.

        Whoever only adds leaves holds it ``shared``. Always taken before items are locked, so that nobody waits in a
        circle.
        """
        conn.execute(HOLD_SHARED if shared else HOLD, {"project": project_id})

    def path(self, conn: Connection, artifact_id: ArtifactId) -> list[tuple[ArtifactId, str]]:
        """(id, type) of an item and all above it, itself first."""
        return [(ArtifactId(row.id), row.type_id) for row in conn.execute(PATH, {"item": artifact_id})]

    def subtree(
        self, conn: Connection, artifact_id: ArtifactId
    ) -> list[tuple[ArtifactId, ArtifactId | None, str, int]]:
        """(id, parent, type, depth) of an item and all below it, parents before children; the item has depth 0."""
        return [(row.id, row.parent_id, row.type_id, row.depth) for row in conn.execute(SUBTREE, {"item": artifact_id})]

    def children(
        self, conn: Connection, parent_id: ArtifactId, limit: int, after: tuple[str, UUID] | None
    ) -> list[ArtifactDTO]:
        """Items right below one, by rank."""
        statement = select(*COLUMNS, A.deleted_at).where(A.parent_id == parent_id)
        return self._ranked(conn, statement, limit, after)

    def roots(
        self, conn: Connection, project_id: ProjectId, limit: int, after: tuple[str, UUID] | None
    ) -> list[ArtifactDTO]:
        """Items of a project that stand below none, by rank."""
        statement = select(*COLUMNS, A.deleted_at).where(A.project_id == project_id, A.parent_id.is_(None))
        return self._ranked(conn, statement, limit, after)

    def below(self, conn: Connection, parents: Collection[ArtifactId], most: int) -> list[ArtifactDTO]:
        """Items right below some others, by rank; so many at most."""
        statement = select(*COLUMNS, A.deleted_at).where(A.parent_id.in_(list(parents))).order_by(A.rank, A.id)
        return [dto for row in conn.execute(statement.limit(most)) if (dto := one(row))]

    def many(
        self, conn: Connection, ids: Collection[ArtifactId], *, lock: bool = False
    ) -> dict[ArtifactId, ArtifactDTO]:
        """Live items by id; locked in the order of their ids."""
        statement = select(*COLUMNS, A.deleted_at).where(A.id.in_(list(ids))).order_by(A.id)
        if lock:
            statement = statement.with_for_update(key_share=True)
        return {dto.id: dto for row in conn.execute(statement) if (dto := one(row))}

    def _ranked(
        self, conn: Connection, statement: Any, limit: int, after: tuple[str, UUID] | None
    ) -> list[ArtifactDTO]:
        if after:
            statement = statement.where(text("(artifacts.rank, artifacts.id) > (:after_rank, :after_id)")).params(
                after_rank=after[0], after_id=after[1]
            )
        return [dto for row in conn.execute(statement.order_by(A.rank, A.id).limit(limit)) if (dto := one(row))]

    def beside(
        self, conn: Connection, project_id: ProjectId, rank: str, item: ArtifactId, n: int, without: ArtifactId
    ) -> list[tuple[ArtifactId, str]]:
        """(id, rank) of the ``n`` items after a place of a project's order (before it for a negative ``n``), the bin too."""
        statement = BEFORE if n < 0 else AFTER
        given = {"project": project_id, "rank": rank, "item": item, "n": abs(n), "without": without}
        return [(ArtifactId(row.id), row.rank) for row in conn.execute(statement, given)]

    def set_ranks(self, conn: Connection, ranks: Mapping[ArtifactId, str]) -> None:
        """Write the ranks of several items."""
        values = [{"item": item, "new_rank": rank} for item, rank in ranks.items()]
        conn.execute(update(artifacts).where(A.id == bindparam("item")).values(rank=bindparam("new_rank")), values)

    def tag_counts(self, conn: Connection, project_id: ProjectId, types: Sequence[str]) -> dict[str, int]:
        """Live items of some types by tag."""
        return {row.tag: row.n for row in conn.execute(TAG_COUNTS, {"project": project_id, "types": list(types)})}

    def tagged(self, conn: Connection, project_id: ProjectId, types: Sequence[str]) -> list[ArtifactDTO]:
        """Live items of some types that have tags."""
        statement = select(*COLUMNS, A.deleted_at).where(A.project_id == project_id, A.type_id.in_(list(types)))
        rows = conn.execute(statement.where(text("cardinality(artifacts.tags) > 0")))
        return [dto for row in rows if (dto := one(row))]

    def add_alias(self, conn: Connection, tenant_id: UUID, project_id: ProjectId, key: str, item: ArtifactId) -> None:
        """Let a former key of an item find it."""
        values = {"tenant_id": tenant_id, "project_id": project_id, "key": key, "artifact_id": item}
        statement = insert(key_aliases).values(values)
        changed = {"artifact_id": statement.excluded.artifact_id}
        conn.execute(statement.on_conflict_do_update(index_elements=["tenant_id", "project_id", "key"], set_=changed))

    def take_former_keys(
        self, conn: Connection, project_id: ProjectId, ids: Sequence[ArtifactId]
    ) -> dict[ArtifactId, str]:
        """The keys that items had in a project when they were there, which are theirs again."""
        rows = conn.execute(FORMER_KEYS, {"project": project_id, "items": list(ids)}).all()
        return {ArtifactId(row.artifact_id): row.key for row in rows}

    def detach(self, conn: Connection, parents: Sequence[ArtifactId]) -> None:
        """Let what lies in the bin below items stand below none, so that it comes back to its own project."""
        statement = update(artifacts).where(A.parent_id.in_(list(parents)), A.deleted_at.is_not(None))
        conn.execute(statement.values(parent_id=None))

    def take_along(self, conn: Connection, ids: Sequence[ArtifactId], project_id: ProjectId) -> int:
        """Bring what hangs on items to the project they are in now; gives the rows."""
        found: int = conn.execute(TAKE_ALONG, {"items": list(ids), "project": project_id}).scalar_one()
        return found

    def items_of_keys(
        self, conn: Connection, project_id: ProjectId, ids: Collection[UUID], keys: Collection[str]
    ) -> list[tuple[str, ArtifactDTO]]:
        """(what was asked, item) by id in any project, or by key or former key in one; an id is written in lower case."""
        found = [(str(dto.id), dto) for dto in self.many(conn, [ArtifactId(i) for i in ids]).values()] if ids else []
        if keys:
            wanted = list(keys)
            here = select(*COLUMNS, A.deleted_at).where(A.project_id == project_id, A.key.in_(wanted))
            found += [(dto.key, dto) for row in conn.execute(here) if (dto := one(row))]
            alias = key_aliases.c
            former = select(alias.key, alias.artifact_id).where(alias.project_id == project_id, alias.key.in_(wanted))
            known = {row.key: ArtifactId(row.artifact_id) for row in conn.execute(former)}
            items = self.many(conn, list(known.values())) if known else {}
            taken = {key for key, _ in found}
            found += [(key, items[item]) for key, item in known.items() if item in items and key not in taken]
        return found


HOLD = text("SELECT pg_advisory_xact_lock(hashtextextended('tree:' || CAST(:project AS text), 0))")
HOLD_SHARED = text("SELECT pg_advisory_xact_lock_shared(hashtextextended('tree:' || CAST(:project AS text), 0))")

PATH = text("""
WITH RECURSIVE up AS (
  SELECT id, parent_id, type_id, 0 AS depth FROM alm.artifacts WHERE id = :item
  UNION ALL
  SELECT a.id, a.parent_id, a.type_id, u.depth + 1
    FROM up u JOIN alm.artifacts a ON a.id = u.parent_id WHERE u.depth < 1000
)
SELECT id, type_id FROM up ORDER BY depth
""")

SUBTREE = text("""
WITH RECURSIVE down AS (
  SELECT id, parent_id, type_id, 0 AS depth FROM alm.artifacts WHERE id = :item
  UNION ALL
  SELECT a.id, a.parent_id, a.type_id, d.depth + 1
    FROM down d JOIN alm.artifacts a ON a.parent_id = d.id WHERE d.depth < 1000
)
SELECT id, parent_id, type_id, depth FROM down ORDER BY depth, id
""")

AFTER = text("""
SELECT id, rank FROM alm.artifacts
 WHERE project_id = :project AND (rank, id) > (:rank, :item) AND id <> :without ORDER BY rank, id LIMIT :n
""")

BEFORE = text("""
SELECT id, rank FROM alm.artifacts
 WHERE project_id = :project AND (rank, id) < (:rank, :item) AND id <> :without ORDER BY rank DESC, id DESC LIMIT :n
""")

TAG_COUNTS = text("""
SELECT t.tag, count(*) AS n
  FROM alm.artifact_tag t JOIN alm.artifacts a ON a.tenant_id = t.tenant_id AND a.id = t.artifact_id
 WHERE t.project_id = :project AND a.type_id = ANY (:types) GROUP BY t.tag
""")

# keys in other tools are aliases too, so only what looks like a key that was given out here
FORMER_KEYS = text("""
DELETE FROM alm.key_aliases k
 WHERE k.project_id = :project AND k.artifact_id = ANY (:items)
   AND EXISTS (SELECT FROM alm.key_counters c WHERE c.project_id = k.project_id
                AND k.key ~ '^.+-[0-9]{1,15}$' AND c.prefix = substring(k.key FROM '^(.+)-[0-9]+$')
                AND substring(k.key FROM '[0-9]+$')::bigint <= c.last_number)
   AND NOT EXISTS (SELECT FROM alm.artifacts a WHERE a.project_id = k.project_id AND a.key = k.key)
RETURNING k.artifact_id, k.key
""")

TAKE_ALONG = text("SELECT alm.take_along(:items, :project)")
