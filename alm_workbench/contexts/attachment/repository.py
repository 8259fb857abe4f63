"""What is known of attached files, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert, text, update

from alm_workbench.contexts.attachment.messages import AttachmentDTO
from alm_workbench.contexts.attachment.tables import attachments
from alm_workbench.shared.ids import ArtifactId
from alm_workbench.storage.bin import bin_seen
from alm_workbench.storage.blobs import lock_content

A = attachments.c


class AttachmentRepository:
    """Every method takes the transaction's connection."""

    def lock(self, conn: Connection, tenant_id: UUID, sha256: str, artifact_id: ArtifactId, name: str) -> None:
        """Let nobody else keep or drop this content, or attach under this name, until the transaction ends."""
        lock_content(conn, tenant_id, sha256)
        conn.execute(LOCK_NAME, {"key": f"alm.attach.{artifact_id}/{name}"})

    def newest(self, conn: Connection, artifact_id: ArtifactId, name: str) -> tuple[AttachmentDTO | None, int]:
        """The newest live revision of a name, and the highest number there ever was."""
        with bin_seen(conn):
            highest = int(conn.execute(HIGHEST, {"a": artifact_id, "name": name}).scalar_one())
        row = conn.execute(NEWEST, {"a": artifact_id, "name": name}).first()
        return (_dto(row) if row else None), highest

    def add(self, conn: Connection, values: Mapping[str, Any]) -> None:
        """Add a file."""
        conn.execute(insert(attachments).values(**values))

    def get(
        self, conn: Connection, artifact_id: ArtifactId, attachment_id: UUID, *, deleted: bool = False
    ) -> AttachmentDTO | None:
        """One file of an item, in the bin too where ``deleted``."""
        with bin_seen(conn, deleted):
            row = conn.execute(ONE, {"a": artifact_id, "f": attachment_id}).first()
        return _dto(row) if row else None

    def page(
        self,
        conn: Connection,
        artifact_id: ArtifactId,
        name: str | None,
        limit: int,
        after: tuple[str, int] | None,
        *,
        deleted: bool,
        author: UUID | None,
    ) -> tuple[AttachmentDTO, ...]:
        """Files by name: the newest of each, or every revision of one, or those in the bin."""
        values: dict[str, Any] = {"a": artifact_id, "limit": limit, "author": author, "name": name}
        conditions = "AND f.deleted_at IS NOT NULL" if deleted else "AND f.deleted_at IS NULL"
        if author is not None:
            conditions += " AND f.created_by = :author"
        if name is not None:
            conditions += " AND f.name = :name"
        elif not deleted:
            conditions += NEWEST_ONLY
        if after is not None:
            values |= {"after_name": after[0], "after_revision": after[1]}
            conditions += AFTER
        with bin_seen(conn, deleted):
            rows = list(conn.execute(text(PAGE.format(conditions=conditions)), values))
        return tuple(_dto(row) for row in rows)

    def change(self, conn: Connection, attachment_id: UUID, expected: int, values: Mapping[str, Any]) -> bool:
        """Change a file, live or in the bin, if it still has the expected version."""
        with bin_seen(conn):
            statement = update(attachments).where(A.id == attachment_id, A.version == expected).values(**values)
            return conn.execute(statement).rowcount == 1


def _dto(row: Any) -> AttachmentDTO:
    return AttachmentDTO(
        row.id, ArtifactId(row.artifact_id), row.name, row.revision, row.content_type, row.size, row.sha256,
        row.created_at, row.created_by, row.author, row.version, row.deleted_at,
    )  # fmt: skip


COLUMNS = """
SELECT f.id, f.artifact_id, f.name, f.revision, f.content_type, f.size, f.sha256, f.created_at, f.created_by,
       a.display_name AS author, f.version, f.deleted_at
  FROM alm.attachments f LEFT JOIN alm.actors a ON a.tenant_id = f.tenant_id AND a.id = f.created_by
 WHERE f.artifact_id = :a
"""
ONE = text(COLUMNS + " AND f.id = :f")
NEWEST = text(COLUMNS + " AND f.name = :name AND f.deleted_at IS NULL ORDER BY f.revision DESC LIMIT 1")
HIGHEST = text("SELECT coalesce(max(revision), 0) FROM alm.attachments WHERE artifact_id = :a AND name = :name")
LOCK_NAME = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))")
NEWEST_ONLY = """ AND NOT EXISTS (SELECT FROM alm.attachments later WHERE later.tenant_id = f.tenant_id
  AND later.artifact_id = f.artifact_id AND later.name = f.name AND later.revision > f.revision
  AND later.deleted_at IS NULL)"""
AFTER = """ AND (f.name COLLATE "C" > :after_name
  OR f.name COLLATE "C" = :after_name AND f.revision < :after_revision)"""
PAGE = COLUMNS + ' {conditions} ORDER BY f.name COLLATE "C", f.revision DESC LIMIT :limit'
