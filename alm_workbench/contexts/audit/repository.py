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

    def decisions(
        self, conn: Connection, entity_id: UUID | None, verdict: str | None, limit: int, before: UUID | None
    ) -> list[Any]:
        """Decision rows, newest first."""
        values = {"entity_id": entity_id, "verdict": verdict, "limit": limit, "before": before}
        return list(conn.execute(DECISIONS, values).mappings())


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

DECISIONS = text("""
SELECT d.id, d.at, d.actor_id, a.display_name AS actor, d.command, d.entity_type, d.entity_id, d.verdict, d.rule_id,
       d.manifest_hash, d.manifest_version_id, d.span, d.reasons, d.correlation_id
  FROM alm.decision_log d
  LEFT JOIN alm.actors a ON a.tenant_id = d.tenant_id AND a.id = d.actor_id
 WHERE (CAST(:entity_id AS uuid) IS NULL OR d.entity_id = :entity_id)
   AND (CAST(:verdict AS text) IS NULL OR d.verdict = :verdict)
   AND (CAST(:before AS uuid) IS NULL OR d.id < :before)
 ORDER BY d.id DESC LIMIT :limit
""")
