"""Items and links in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, cast, insert, select, text, update
from sqlalchemy.dialects.postgresql import JSONB, array

from alm_workbench.contexts.artifact.domain import NewArtifact
from alm_workbench.contexts.artifact.messages import ArtifactDTO, LinkDTO
from alm_workbench.contexts.artifact.tables import artifact_links, artifacts, external_refs, import_runs, key_aliases
from alm_workbench.shared.ids import ArtifactId, ProjectId, VersionId, new_id
from alm_workbench.storage.bin import include_deleted
from alm_workbench.storage.bulk import copy_insert

A, L = artifacts.c, artifact_links.c
COLUMNS = (
    A.id, A.project_id, A.key, A.type_id, A.title, A.state, A.state_category, A.fields, A.parent_id, A.assignee_id,
    A.manifest_version_id, A.occurred_at, A.created_at, A.created_by, A.updated_at, A.updated_by, A.version,
    A.tags, A.rank,
)  # fmt: skip
BULK_FROM = 20
"""From this many rows on, COPY through a staging table is faster than single inserts."""

# built once: this is what most requests begin with
GET = select(*COLUMNS, A.deleted_at).where(A.id == bindparam("item"))
GET_LOCKED = GET.with_for_update(key_share=True)  # what refers to an item need not wait for its change


class ArtifactRepository:
    """Every method takes the transaction's connection."""

    def get(self, conn: Connection, artifact_id: ArtifactId, *, lock: bool = False) -> ArtifactDTO | None:
        """One live item."""
        return one(conn.execute(GET_LOCKED if lock else GET, {"item": artifact_id}).first())

    def by_key(self, conn: Connection, project_id: ProjectId, key: str) -> ArtifactDTO | None:
        """One live item by its key, or by an alias of it."""
        found = one(
            conn.execute(select(*COLUMNS, A.deleted_at).where(A.project_id == project_id, A.key == key)).first()
        )
        if found:
            return found
        alias = select(key_aliases.c.artifact_id).where(
            key_aliases.c.project_id == project_id, key_aliases.c.key == key
        )
        other = conn.execute(alias).scalar()
        return self.get(conn, ArtifactId(other)) if other else None

    def reserve_keys(self, conn: Connection, project_id: ProjectId, prefix: str, n: int) -> int:
        """The first of ``n`` numbers nobody else gets."""
        first: int = conn.execute(
            text("SELECT alm.reserve_keys(:p, :prefix, :n)"), {"p": project_id, "prefix": prefix, "n": n}
        ).scalar_one()
        return first

    def insert_many(self, conn: Connection, tenant_id: UUID, rows: Sequence[NewArtifact]) -> None:
        """Add items, with their references to other tools and the aliases these give."""
        values = [
            {
                "tenant_id": tenant_id,
                "id": row.id,
                "project_id": row.project_id,
                "type_id": row.type_id,
                "key": row.key,
                "title": row.title,
                "state": row.state,
                "state_category": row.category,
                "fields": dict(row.fields),
                "originals": dict(row.originals),
                "search_text": row.search_text,
                "parent_id": row.parent_id,
                "assignee_id": row.assignee_id,
                "tags": list(row.tags),
                "rank": row.rank,
                "manifest_version_id": row.version_id,
                "occurred_at": row.occurred_at,
            }
            for row in rows
        ]
        if len(values) < BULK_FROM:
            conn.execute(insert(artifacts), values)
        else:
            copy_insert(conn, artifacts, values)
        refs = [row for row in rows if row.system and row.ref]
        if refs:
            copy_insert(conn, external_refs, [reference(tenant_id, row) for row in refs])
            copy_insert(
                conn, key_aliases, [alias(tenant_id, row) for row in refs if row.aliased], on_conflict="do nothing"
            )

    def known_refs(self, conn: Connection, project_id: ProjectId, system: str, refs: Iterable[str]) -> set[str]:
        """Which of these references were imported before."""
        r = external_refs.c
        statement = select(r.ref).where(r.project_id == project_id, r.system == system, r.ref.in_(list(refs)))
        return set(conn.execute(statement).scalars())

    def update(
        self, conn: Connection, artifact_id: ArtifactId, expected_version: int, values: Mapping[str, Any]
    ) -> ArtifactDTO | None:
        """Change a live item if it still has the expected version; None when it has another."""
        changes = dict(values)
        if "originals" in changes:
            changes["originals"] = A.originals.op("||")(cast(changes["originals"], JSONB))
        statement = update(artifacts).where(A.id == artifact_id, A.version == expected_version).values(**changes)
        return one(conn.execute(statement.returning(*COLUMNS, A.deleted_at)).first())

    def include_deleted(self, conn: Connection, on: bool = True) -> None:
        """Let the rest of the transaction see the bin (the privilege was checked), or hide it again."""
        include_deleted(conn, on)

    def remap(
        self,
        conn: Connection,
        project_id: ProjectId,
        type_id: str,
        old: str,
        new: str,
        category: str,
        version_id: VersionId,
    ) -> tuple[ArtifactId, ...]:
        """Move all items of a type from one state to another, those in the bin too."""
        self.include_deleted(conn)
        statement = (
            update(artifacts)
            .where(A.project_id == project_id, A.type_id == type_id, A.state == old)
            .values(state=new, state_category=category, manifest_version_id=version_id)
            .returning(A.id)
        )
        moved = tuple(ArtifactId(i) for i in conn.execute(statement).scalars())
        self.include_deleted(conn, False)
        return moved

    def state_counts(self, conn: Connection, project_id: ProjectId) -> tuple[tuple[str, str, int], ...]:
        """(type, state, items) of a project, the bin included."""
        self.include_deleted(conn)
        rows = conn.execute(STATE_COUNTS, {"p": project_id}).all()
        self.include_deleted(conn, False)
        return tuple((r[0], r[1], r[2]) for r in rows)

    def with_fields(
        self, conn: Connection, project_id: ProjectId, type_id: str, names: Iterable[str]
    ) -> list[tuple[ArtifactId, Mapping[str, Any]]]:
        """Items of a type, those in the bin too, that hold one of some fields, with all their fields."""
        self.include_deleted(conn)
        statement = select(A.id, A.fields).where(A.project_id == project_id, A.type_id == type_id)
        rows = conn.execute(statement.where(A.fields.has_any(array(sorted(names)))))
        found = [(ArtifactId(row.id), row.fields) for row in rows]
        self.include_deleted(conn, False)
        return found

    def set_search_texts(self, conn: Connection, texts: Mapping[ArtifactId, str]) -> int:
        """Write what search may look into; gives the number of items."""
        if not texts:
            return 0
        self.include_deleted(conn)
        values = [{"item": item, "words": words} for item, words in texts.items()]
        conn.execute(update(artifacts).where(A.id == bindparam("item")).values(search_text=bindparam("words")), values)
        self.include_deleted(conn, False)
        return len(values)

    def project_of(self, conn: Connection, artifact_id: ArtifactId) -> ProjectId | None:
        """The project of an item, in the bin or not."""
        found: ProjectId | None = conn.execute(select(A.project_id).where(A.id == artifact_id)).scalar()
        return found

    def last_actor(self, conn: Connection, artifact_id: ArtifactId) -> UUID | None:
        """Who moved the item last."""
        found: UUID | None = conn.execute(LAST_ACTOR, {"a": artifact_id}).scalar()
        return found

    def links(self, conn: Connection, artifact_id: ArtifactId) -> tuple[LinkDTO, ...]:
        """Live links from and to an item."""
        statement = select(L.id, L.link_type, L.source_id, L.target_id, L.suspect, L.version).where(
            (L.source_id == artifact_id) | (L.target_id == artifact_id)
        )
        return tuple(LinkDTO(*row) for row in conn.execute(statement.order_by(L.id)))

    def neighbours(self, conn: Connection, artifact_id: ArtifactId) -> list[tuple[str, str]]:
        """(type, state category) of the items below or linked to an item."""
        return [(r[0], r[1]) for r in conn.execute(NEIGHBOURS, {"a": artifact_id})]

    def add_run(self, conn: Connection, values: Mapping[str, Any]) -> None:
        """Keep what an import did."""
        conn.execute(insert(import_runs).values(**values))


def one(row: Any) -> ArtifactDTO | None:
    """A row as a DTO."""
    if row is None:
        return None
    values: list[Any] = [*row[:17], tuple(row[17]), row[18], (), row[19]]
    return ArtifactDTO(*values)


def reference(tenant_id: UUID, row: NewArtifact) -> dict[str, Any]:
    """The row that remembers an item's key in another tool."""
    return {
        "tenant_id": tenant_id,
        "id": new_id(),
        "project_id": row.project_id,
        "artifact_id": row.id,
        "system": row.system,
        "ref": row.ref,
    }


def alias(tenant_id: UUID, row: NewArtifact) -> dict[str, Any]:
    """The row that finds an item by its key in another tool."""
    return {"tenant_id": tenant_id, "project_id": row.project_id, "key": row.ref, "artifact_id": row.id}


STATE_COUNTS = text(
    "SELECT type_id, state, count(*) FROM alm.artifacts WHERE project_id = :p GROUP BY type_id, state ORDER BY type_id, state"
)

LAST_ACTOR = text(
    "SELECT actor_id FROM alm.state_history WHERE artifact_id = :a ORDER BY occurred_at DESC, id DESC LIMIT 1"
)

NEIGHBOURS = text("""
SELECT type_id, state_category FROM alm.artifacts WHERE parent_id = :a
UNION ALL
SELECT a.type_id, a.state_category
  FROM alm.artifact_links l
  JOIN alm.artifacts a ON a.tenant_id = l.tenant_id
   AND a.id = CASE WHEN l.source_id = :a THEN l.target_id ELSE l.source_id END
 WHERE l.source_id = :a OR l.target_id = :a
""")
