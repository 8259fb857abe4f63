"""Audit snapshots and decisions in PostgreSQL; all of it is written by triggers and the pipeline."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text


class AuditRepository:
    """Every method takes the transaction's connection."""

    def snapshots(
        self, conn: Connection, entity_type: str, entity_id: UUID, limit: int, before: int | None
    ) -> list[Any]:
        """Snapshots, newest first, each with the payload of the version before it."""
        values = {"type": entity_type, "id": entity_id, "limit": limit, "before": before}
        return list(conn.execute(SNAPSHOTS, values).mappings())


SNAPSHOTS = text("""
SELECT s.version, s.change_type, c.actor_id, a.display_name AS actor, c.command, c.correlation_id,
       s.occurred_at, s.recorded_at, s.payload,
       (SELECT p.payload FROM alm.audit_snapshots p
         WHERE p.tenant_id = s.tenant_id AND p.entity_type = s.entity_type AND p.entity_id = s.entity_id
           AND p.version < s.version ORDER BY p.version DESC LIMIT 1) AS previous
  FROM alm.audit_snapshots s
  LEFT JOIN alm.audit_commits c ON c.tenant_id = s.tenant_id AND c.id = s.commit_id
  LEFT JOIN alm.actors a ON a.tenant_id = c.tenant_id AND a.id = c.actor_id
 WHERE s.entity_type = :type AND s.entity_id = :id AND (CAST(:before AS int) IS NULL OR s.version < :before)
 ORDER BY s.version DESC LIMIT :limit
""")
