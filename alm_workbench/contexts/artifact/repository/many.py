"""Many items at once: read with locks in one order, and written in one statement for each set of columns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Connection, Uuid, bindparam, func, select, text

from alm_workbench.contexts.artifact.messages import ArtifactDTO, LinkDTO
from alm_workbench.contexts.artifact.repository import COLUMNS, A, one
from alm_workbench.contexts.artifact.tables import artifacts, external_refs
from alm_workbench.shared.ids import ArtifactId, ProjectId
from alm_workbench.storage.bulk import copy_update

IDS = bindparam("ids", type_=ARRAY(Uuid))
BY_IDS = select(*COLUMNS, A.deleted_at).where(A.id == func.any(IDS)).order_by(A.id)


class ManyArtifacts:
    """Every method takes the transaction's connection."""

    def get(self, conn: Connection, ids: Iterable[ArtifactId], *, lock: bool = False) -> dict[ArtifactId, ArtifactDTO]:
        """Live items by id; locked in the order of their ids, so that two transactions never wait for each other."""
        wanted = list(ids)
        if not wanted:
            return {}
        rows = conn.execute(BY_IDS.with_for_update() if lock else BY_IDS, {"ids": wanted})
        return {dto.id: dto for row in rows if (dto := one(row))}

    def update(self, conn: Connection, changes: Sequence[tuple[ArtifactDTO, Mapping[str, Any]]]) -> int:
        """Write columns of items that are locked and have the version given; the number that were there."""
        groups: dict[frozenset[str], list[dict[str, Any]]] = defaultdict(list)
        for item, values in changes:
            groups[frozenset(values)].append({"id": item.id, "version": item.version, **values})
        return sum(
            copy_update(conn, artifacts, aligned(rows), key=("id", "version"), merged=("originals",))
            for rows in groups.values()
        )

    def by_keys(self, conn: Connection, project_id: ProjectId, keys: Iterable[str]) -> dict[str, ArtifactDTO]:
        """Items of a project by their keys, those in the bin too where the transaction shows it."""
        statement = select(*COLUMNS, A.deleted_at).where(A.project_id == project_id, A.key.in_(list(keys)))
        return {dto.key: dto for row in conn.execute(statement) if (dto := one(row))}

    def by_refs(
        self, conn: Connection, project_id: ProjectId, system: str, refs: Iterable[str]
    ) -> dict[str, ArtifactId]:
        """Items of a project by their keys in another tool."""
        r = external_refs.c
        statement = select(r.ref, r.artifact_id).where(r.project_id == project_id, r.system == system)
        return {row[0]: ArtifactId(row[1]) for row in conn.execute(statement.where(r.ref.in_(list(refs))))}

    def keys_from(self, conn: Connection, project_id: ProjectId, prefix: str, number: int) -> None:
        """New items get numbers above this one."""
        conn.execute(KEYS_FROM, {"p": project_id, "prefix": prefix, "n": number})

    def take_back(self, conn: Connection) -> Any:
        """Remember this point; ``rollback()`` of the answer undoes everything since."""
        return conn.begin_nested()

    def links(self, conn: Connection, ids: Iterable[ArtifactId]) -> list[LinkDTO]:
        """Live links from and to some items."""
        return [LinkDTO(*row) for row in conn.execute(LINKS, {"ids": list(ids)})]

    def neighbours(self, conn: Connection, ids: Iterable[ArtifactId]) -> list[tuple[ArtifactId, ArtifactId, str, str]]:
        """(item, neighbour, its type, its state category) for the items below or linked to some items."""
        return [(row[0], row[1], row[2], row[3]) for row in conn.execute(NEIGHBOURS, {"ids": list(ids)})]

    def last_actors(self, conn: Connection, ids: Iterable[ArtifactId]) -> dict[ArtifactId, UUID | None]:
        """Who moved each item last."""
        return {row[0]: row[1] for row in conn.execute(LAST_ACTORS, {"ids": list(ids)})}


def aligned(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows with their columns in one order."""
    columns = list(rows[0])
    return [{name: row[name] for name in columns} for row in rows]


KEYS_FROM = text("""
INSERT INTO alm.key_counters (tenant_id, project_id, prefix, last_number)
VALUES (alm.current_tenant(), :p, :prefix, :n)
ON CONFLICT (tenant_id, project_id, prefix) DO UPDATE
  SET last_number = greatest(alm.key_counters.last_number, EXCLUDED.last_number)
""")

LINKS = text("""
SELECT id, link_type, source_id, target_id, suspect, version FROM alm.artifact_links WHERE source_id = ANY(:ids)
UNION
SELECT id, link_type, source_id, target_id, suspect, version FROM alm.artifact_links WHERE target_id = ANY(:ids)
ORDER BY id
""").bindparams(IDS)

NEIGHBOURS = text("""
SELECT parent_id, id, type_id, state_category FROM alm.artifacts WHERE parent_id = ANY(:ids)
UNION ALL
SELECT l.source_id, a.id, a.type_id, a.state_category
  FROM alm.artifact_links l JOIN alm.artifacts a ON a.tenant_id = l.tenant_id AND a.id = l.target_id
 WHERE l.source_id = ANY(:ids)
UNION ALL
SELECT l.target_id, a.id, a.type_id, a.state_category
  FROM alm.artifact_links l JOIN alm.artifacts a ON a.tenant_id = l.tenant_id AND a.id = l.source_id
 WHERE l.target_id = ANY(:ids)
""").bindparams(IDS)

LAST_ACTORS = text("""
SELECT DISTINCT ON (artifact_id) artifact_id, actor_id FROM alm.state_history
 WHERE artifact_id = ANY(:ids) ORDER BY artifact_id, occurred_at DESC, id DESC
""").bindparams(IDS)
