"""What the audit trail knows of rights: who was a member with which roles, and which process was in force."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text


class AccessRepository:
    """Every method takes the transaction's connection."""

    def at(
        self, conn: Connection, entity_type: str, at: datetime, property_: str | None = None, value: str | None = None
    ) -> list[Mapping[str, Any]]:
        """Payloads of what existed of a type at a moment, as it was then; ``property_`` narrows to one value."""
        values = {"type": entity_type, "at": at, "property": property_, "value": value}
        return [row.payload for row in conn.execute(AT, values) if row.payload is not None]

    def snapshot(self, conn: Connection, entity_type: str, entity_id: UUID, at: datetime) -> Any:
        """The snapshot (payload, version, change_type) of an entity at a moment; None before it existed."""
        return conn.execute(SNAPSHOT, {"type": entity_type, "id": entity_id, "at": at}).first()

    def version_at(self, conn: Connection, project_id: UUID, at: datetime) -> UUID | None:
        """The manifest version in force in a project at a moment."""
        found: UUID | None = conn.execute(VERSION, {"p": project_id, "at": at}).scalar()
        return found

    def actors(self, conn: Connection, ids: Sequence[UUID]) -> dict[UUID, tuple[str, str]]:
        """Names and addresses of actors, of those who are gone too."""
        rows = conn.execute(ACTORS, {"ids": list(ids)})
        return {row.id: (row.display_name, row.email or "") for row in rows}

    def decisions(self, conn: Connection, values: Mapping[str, Any]) -> list[Any]:
        """Decision rows, newest first; a filter that is None asks for nothing."""
        given = {name: value for name, value in values.items() if value is not None}
        asked = " AND ".join(condition for name, condition in CONDITIONS.items() if name in given)
        return list(conn.execute(text(DECISIONS.format(asked=asked or "true")), given).mappings())


AT = text("""
SELECT payload FROM (
  SELECT DISTINCT ON (s.entity_id) s.entity_id, s.change_type, s.payload
    FROM alm.audit_snapshots s
   WHERE s.entity_type = :type AND s.occurred_at <= :at
     AND (CAST(:property AS text) IS NULL OR s.payload ->> CAST(:property AS text) = CAST(:value AS text))
   ORDER BY s.entity_id, s.version DESC) newest
 WHERE change_type <> 'DELETE'
""")

SNAPSHOT = text("""
SELECT payload, version, change_type FROM alm.audit_snapshots
 WHERE entity_type = :type AND entity_id = :id AND occurred_at <= :at ORDER BY version DESC LIMIT 1
""")

VERSION = text("""
SELECT manifest_version_id FROM alm.project_activations
 WHERE project_id = :p AND activated_at <= :at ORDER BY activated_at DESC, id DESC LIMIT 1
""")

ACTORS = text("SELECT id, display_name, email FROM alm.actors WHERE id = ANY (CAST(:ids AS uuid[]))")

DECISIONS = """
SELECT d.id, d.at, d.actor_id, a.display_name AS actor, d.command, d.entity_type, d.entity_id, d.verdict, d.rule_id,
       d.manifest_hash, d.manifest_version_id, d.span, d.reasons, d.correlation_id
  FROM alm.decision_log d
  LEFT JOIN alm.actors a ON a.tenant_id = d.tenant_id AND a.id = d.actor_id
 WHERE {asked}
 ORDER BY d.id DESC LIMIT :limit
"""

CONDITIONS: Mapping[str, str] = {
    "entity_type": "d.entity_type = :entity_type",
    "entity_id": "d.entity_id = :entity_id",
    "actor_id": "d.actor_id = :actor_id",
    "verdict": "d.verdict = :verdict",
    "rule_id": "d.rule_id = :rule_id",
    "command": "d.command = :command",
    "correlation_id": "d.correlation_id = :correlation_id",
    "since": "d.at >= :since",
    "until": "d.at < :until",
    "before": "d.id < :before",
}
"""What each filter of the decision log adds; one that is not given adds nothing, so that the indexes serve."""
