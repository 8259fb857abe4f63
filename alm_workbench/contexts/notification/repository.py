"""Notifications and watchers in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from alm_workbench.contexts.notification.messages import ListNotifications, WatcherDTO
from alm_workbench.contexts.notification.tables import notifications, watchers
from alm_workbench.shared.ids import ArtifactId

N, W = notifications.c, watchers.c


class NotificationRepository:
    """Every method takes the transaction's connection."""

    def add(self, conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add notifications."""
        conn.execute(insert(notifications), list(rows))

    def page(
        self, conn: Connection, recipient: UUID, asked: ListNotifications, limit: int, after: UUID | None
    ) -> list[Any]:
        """Notifications of somebody, newest first, with the name of who did it."""
        values = {
            "recipient": recipient, "unread": asked.unread, "kind": asked.kind, "project": asked.project_id,
            "after": after, "limit": limit,
        }  # fmt: skip
        given = [condition for name, condition in CONDITIONS.items() if values[name] is not None]
        return list(conn.execute(text(PAGE.format(asked="".join(given))), values))

    def mark(self, conn: Connection, recipient: UUID, ids: Sequence[UUID] | None, read: bool) -> int:
        """Mark notifications of somebody as read or unread; how many changed."""
        mine = update(notifications).where(N.recipient_id == recipient)
        mine = mine.where(N.read_at.is_(None) if read else N.read_at.is_not(None))
        if ids is not None:
            mine = mine.where(N.id.in_(list(ids)))
        return conn.execute(mine.values(read_at=func.now() if read else None)).rowcount

    # -- watchers

    def watch(self, conn: Connection, rows: Sequence[Mapping[str, Any]], *, asked: bool) -> int:
        """Let people watch items; only who asks begins again what he stopped. How many began."""
        statement = upsert(watchers)
        if asked:
            new = {"why": statement.excluded.why, "active": True, "since": func.now()}
            statement = statement.on_conflict_do_update(
                index_elements=["tenant_id", "artifact_id", "actor_id"], set_=new, where=~W.active
            )
        else:
            statement = statement.on_conflict_do_nothing()
        return conn.execute(statement.values(list(rows))).rowcount

    def unwatch(self, conn: Connection, tenant_id: UUID, artifact_id: ArtifactId, actor_id: UUID) -> None:
        """Remember that somebody does not want to be told."""
        row = {"tenant_id": tenant_id, "artifact_id": artifact_id, "actor_id": actor_id, "active": False}
        statement = upsert(watchers).values(**row)
        conn.execute(
            statement.on_conflict_do_update(
                index_elements=["tenant_id", "artifact_id", "actor_id"], set_={"active": False}
            )
        )

    def watchers(self, conn: Connection, artifact_id: ArtifactId) -> tuple[WatcherDTO, ...]:
        """Who watches an item, by name."""
        return tuple(WatcherDTO(*row) for row in conn.execute(WATCHERS, {"a": artifact_id}))

    def watching(self, conn: Connection, artifact_ids: Sequence[ArtifactId]) -> dict[ArtifactId, list[UUID]]:
        """The actors who watch some items, by item."""
        found: dict[ArtifactId, list[UUID]] = {}
        statement = select(W.artifact_id, W.actor_id).where(W.artifact_id.in_(list(artifact_ids)), W.active)
        for row in conn.execute(statement.order_by(W.actor_id)):
            found.setdefault(row.artifact_id, []).append(row.actor_id)
        return found


CONDITIONS: Mapping[str, str] = {
    "unread": " AND (n.read_at IS NULL) = :unread",
    "kind": " AND n.kind = :kind",
    "project": " AND n.project_id = :project",
    "after": " AND n.id < :after",
}

PAGE = """
SELECT n.id, n.kind, n.project_id, n.entity_type, n.entity_id, n.actor_id, a.display_name AS actor, n.params,
       n.created_at, n.read_at
  FROM alm.notifications n
  LEFT JOIN alm.actors a ON a.tenant_id = n.tenant_id AND a.id = n.actor_id
 WHERE n.recipient_id = :recipient{asked}
 ORDER BY n.id DESC LIMIT :limit
"""

WATCHERS = text("""
SELECT w.actor_id, a.display_name, w.why, w.since
  FROM alm.watchers w JOIN alm.actors a ON a.tenant_id = w.tenant_id AND a.id = w.actor_id
 WHERE w.artifact_id = :a AND w.active ORDER BY a.display_name, w.actor_id
""")
