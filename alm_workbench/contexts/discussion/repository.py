"""Comments in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert, text, update

from alm_workbench.contexts.discussion.messages import CommentDTO, MentionDTO
from alm_workbench.contexts.discussion.tables import comments
from alm_workbench.shared.ids import ArtifactId
from alm_workbench.storage.bin import bin_seen

C = comments.c


class CommentRepository:
    """Every method takes the transaction's connection."""

    def add(self, conn: Connection, values: Mapping[str, Any]) -> None:
        """Add a comment."""
        conn.execute(insert(comments).values(**values))

    def get(
        self, conn: Connection, artifact_id: ArtifactId, comment_id: UUID, *, deleted: bool = False
    ) -> CommentDTO | None:
        """One comment on an item, in the bin too where ``deleted``."""
        with bin_seen(conn, deleted):
            row = conn.execute(ONE, {"a": artifact_id, "c": comment_id}).first()
            return self._shown(conn, [row])[0] if row else None

    def page(
        self,
        conn: Connection,
        artifact_id: ArtifactId,
        limit: int,
        after: tuple[datetime, UUID] | None,
        *,
        newest: bool,
        deleted: bool,
        author: UUID | None,
    ) -> tuple[CommentDTO, ...]:
        """Comments in the order they were said, or those in the bin (of one author, or everybody's)."""
        values: dict[str, Any] = {"a": artifact_id, "limit": limit, "author": author}
        conditions = "AND c.deleted_at IS NOT NULL" if deleted else "AND c.deleted_at IS NULL"
        if author is not None:
            conditions += " AND c.created_by = :author"
        if after is not None:
            values |= {"at": after[0], "id": after[1]}
            conditions += f" AND (c.occurred_at, c.id) {'<' if newest else '>'} (:at, :id)"
        order = "DESC" if newest else "ASC"
        with bin_seen(conn, deleted):
            rows = list(conn.execute(text(PAGE.format(conditions=conditions, order=order)), values))
            found = self._shown(conn, rows)
        return tuple(found)

    def change(self, conn: Connection, comment_id: UUID, expected: int, values: Mapping[str, Any]) -> bool:
        """Change a comment, live or in the bin, if it still has the expected version."""
        with bin_seen(conn):
            done = conn.execute(update(comments).where(C.id == comment_id, C.version == expected).values(**values))
        return done.rowcount == 1

    def _shown(self, conn: Connection, rows: Sequence[Any]) -> list[CommentDTO]:
        mentioned = sorted({actor for row in rows for actor in row.mentions})
        names: dict[UUID, str] = {}
        if mentioned:
            names = {row.id: row.display_name for row in conn.execute(NAMES, {"ids": mentioned})}
        return [_dto(row, names) for row in rows]


def _dto(row: Any, names: Mapping[UUID, str]) -> CommentDTO:
    mentions = tuple(MentionDTO(actor, names.get(actor, "")) for actor in row.mentions)
    return CommentDTO(
        row.id, ArtifactId(row.artifact_id), row.parent_id, row.created_by, row.author, row.text, row.format, mentions,
        row.occurred_at, row.created_at, row.edited_at, row.version, row.deleted_at,
    )  # fmt: skip


COLUMNS = """
SELECT c.id, c.artifact_id, c.parent_id, c.created_by, a.display_name AS author, c.text, c.format, c.mentions,
       c.occurred_at, c.created_at, c.edited_at, c.version, c.deleted_at
  FROM alm.comments c LEFT JOIN alm.actors a ON a.tenant_id = c.tenant_id AND a.id = c.created_by
"""

ONE = text(COLUMNS + " WHERE c.artifact_id = :a AND c.id = :c")

PAGE = (
    COLUMNS + " WHERE c.artifact_id = :a {conditions} ORDER BY c.occurred_at {order}, c.id {order} LIMIT :limit"
)  # fmt: skip

NAMES = text("SELECT id, display_name FROM alm.actors WHERE id = ANY (CAST(:ids AS uuid[]))")
