"""Manifest documents and versions in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert, select, text

from alm_workbench.contexts.manifest.messages import ManifestDTO, VersionDTO
from alm_workbench.contexts.manifest.tables import manifest_versions, manifests
from alm_workbench.errors import NotFound
from alm_workbench.shared.ids import ManifestId, VersionId, new_id

V = manifest_versions.c
VERSION_COLUMNS = (
    V.id, V.manifest_id, V.number, V.label, V.format, V.ast_hash, V.meta_hash, V.artifact_hash, V.message, V.created_at, V.created_by,
)  # fmt: skip


class ManifestRepository:
    """Every method takes the transaction's connection."""

    def has_document(self, conn: Connection, namespace: str, name: str) -> bool:
        """Whether there is a document with this name."""
        where = (manifests.c.namespace == namespace) & (manifests.c.name == name)
        return conn.execute(select(manifests.c.id).where(where)).first() is not None

    def document(self, conn: Connection, tenant_id: UUID, namespace: str, name: str, title: str) -> ManifestId:
        """The id of the document with this name, made if there is none; locks it against a second saver."""
        conn.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"{tenant_id}/{namespace}/{name}"}
        )
        where = (manifests.c.namespace == namespace) & (manifests.c.name == name)
        found = conn.execute(select(manifests.c.id).where(where)).scalar()
        if found is None:
            found = new_id()
            values = {"tenant_id": tenant_id, "id": found, "namespace": namespace, "name": name, "title": title}
            conn.execute(insert(manifests).values(values))
        return ManifestId(found)

    def newest(self, conn: Connection, manifest_id: ManifestId) -> Any | None:
        """Row (id, number, label, source, format, artifact_hash) of the newest version."""
        statement = (
            select(V.id, V.number, V.label, V.source, V.format, V.artifact_hash)
            .where(V.manifest_id == manifest_id)
            .order_by(V.number.desc())
            .limit(1)
        )
        return conn.execute(statement).first()

    def add_version(self, conn: Connection, values: Mapping[str, Any]) -> None:
        """Add a version; versions are never changed afterwards (a trigger sees to it)."""
        conn.execute(insert(manifest_versions).values(**values))

    def page(self, conn: Connection, limit: int, after: UUID | None) -> list[ManifestDTO]:
        """Documents with their newest version, in the order they were made."""
        rows = conn.execute(LIST, {"limit": limit, "after": after}).all()
        return [ManifestDTO(*row) for row in rows]

    def versions(self, conn: Connection, manifest_id: ManifestId) -> tuple[VersionDTO, ...]:
        """Versions, newest first; raises ``NotFound``."""
        rows = conn.execute(
            select(*VERSION_COLUMNS).where(V.manifest_id == manifest_id).order_by(V.number.desc())
        ).all()
        if not rows:
            raise NotFound(f"there is no manifest {manifest_id}")
        return tuple(VersionDTO(*row) for row in rows)

    def version(self, conn: Connection, version_id: VersionId) -> VersionDTO:
        """One version with its source; raises ``NotFound``."""
        row = conn.execute(select(*VERSION_COLUMNS, V.source).where(V.id == version_id)).first()
        if row is None:
            raise NotFound(f"there is no manifest version {version_id}")
        return VersionDTO(*row)

    def compiled(self, conn: Connection, version_id: VersionId) -> Any:
        """Row (manifest_id, title, compiled); raises ``NotFound``."""
        statement = (
            select(V.manifest_id, manifests.c.title, V.compiled)
            .join(manifests, (manifests.c.tenant_id == V.tenant_id) & (manifests.c.id == V.manifest_id))
            .where(V.id == version_id)
        )
        row = conn.execute(statement).first()
        if row is None:
            raise NotFound(f"there is no manifest version {version_id}")
        return row

    def editions(self, conn: Connection, namespace: str, name: str | None) -> Sequence[Any]:
        """Rows (id, name, label, number) of the versions of a document, or of all in a namespace; oldest first."""
        statement = (
            select(V.id, manifests.c.name, V.label, V.number)
            .join(manifests, (manifests.c.tenant_id == V.tenant_id) & (manifests.c.id == V.manifest_id))
            .where(manifests.c.namespace == namespace, manifests.c.deleted_at.is_(None))
            .order_by(manifests.c.name, V.number)
        )
        return conn.execute(statement if name is None else statement.where(manifests.c.name == name)).all()

    def of_hash(self, conn: Connection, namespace: str, name: str, artifact_hash: str) -> VersionId | None:
        """The newest version of a document that compiled to this."""
        statement = (
            select(V.id)
            .join(manifests, (manifests.c.tenant_id == V.tenant_id) & (manifests.c.id == V.manifest_id))
            .where(manifests.c.namespace == namespace, manifests.c.name == name, V.artifact_hash == artifact_hash)
            .order_by(V.number.desc())
        )
        found = conn.execute(statement.limit(1)).scalar()
        return VersionId(found) if found else None

    def exists(self, conn: Connection, version_id: VersionId) -> bool:
        """Whether this tenant has the version."""
        return conn.execute(select(V.id).where(V.id == version_id)).first() is not None


LIST = text("""
SELECT m.id, m.namespace, m.name, m.title, v.id, v.number, v.label, m.created_at, m.version
  FROM alm.manifests m
  LEFT JOIN LATERAL (SELECT id, number, label FROM alm.manifest_versions
                      WHERE tenant_id = m.tenant_id AND manifest_id = m.id ORDER BY number DESC LIMIT 1) v ON true
 WHERE CAST(:after AS uuid) IS NULL OR m.id > :after
 ORDER BY m.id LIMIT :limit
""")
