"""The audit trail in PostgreSQL; all of it is written by triggers, the pipeline, and the job that seals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from alm_workbench.contexts.audit.messages import FindingDTO, ListCommits, SealingDTO, VerificationDTO
from alm_workbench.errors import Unavailable
from alm_workbench.shared.context import Services
from alm_workbench.shared.ids import ProjectId
from alm_workbench.storage.audit.vault import Vault
from alm_workbench.storage.bin import bin_seen
from alm_workbench.storage.errors import StorageError


class AuditRepository:
    """Every method takes the transaction's connection."""

    def snapshots(
        self, conn: Connection, entity_type: str, entity_id: UUID, limit: int, before: int | None
    ) -> list[Any]:
        """Snapshots, newest first, each with the payload of the version before it."""
        values = {"type": entity_type, "id": entity_id, "limit": limit, "before": before}
        return list(conn.execute(SNAPSHOTS, values))

    def snapshot(self, conn: Connection, entity_type: str, entity_id: UUID, version: int) -> Any | None:
        """One snapshot."""
        return conn.execute(SNAPSHOT, {"type": entity_type, "id": entity_id, "version": version}).first()

    def payloads(
        self, conn: Connection, entity_type: str, versions: Sequence[tuple[UUID, int]]
    ) -> dict[UUID, Mapping[str, Any] | None]:
        """Payloads of things, each at a version of its own."""
        values = {"type": entity_type, "ids": [v[0] for v in versions], "numbers": [v[1] for v in versions]}
        return {row[0]: row[1] for row in conn.execute(PAYLOADS, values)}

    def commits(
        self, conn: Connection, wanted: ListCommits, limit: int, before: tuple[datetime, UUID] | None
    ) -> list[Any]:
        """Commits, newest first, with how many snapshots of which types they made."""
        values = {
            "id": None,
            "actor_id": wanted.actor_id,
            "command": wanted.command,
            "correlation_id": wanted.correlation_id,
            "after": wanted.after,
            "before": wanted.before,
            "limit": limit,
            "last_at": before[0] if before else None,
            "last_id": before[1] if before else None,
        }
        return list(conn.execute(COMMITS, values))

    def commit(self, conn: Connection, commit_id: UUID) -> Any | None:
        """One commit."""
        names = ("actor_id", "command", "correlation_id", "after", "before", "last_at", "last_id")
        return conn.execute(COMMITS, {**dict.fromkeys(names), "id": commit_id, "limit": 1}).first()

    def of_commit(
        self, conn: Connection, commit_id: UUID, limit: int, after: tuple[datetime, UUID] | None
    ) -> list[Any]:
        """The snapshots of a commit in the order they were made, each with the payload of the version before it."""
        values = {
            "id": commit_id,
            "limit": limit,
            "last_at": after[0] if after else None,
            "last_id": after[1] if after else None,
        }
        return list(conn.execute(OF_COMMIT, values))

    def seals(self, conn: Connection, limit: int, before: int | None) -> list[Any]:
        """Seals, newest first."""
        return list(conn.execute(SEALS, {"limit": limit, "before": before}))

    def erase(
        self, conn: Connection, erasure_id: UUID, entity_type: str, entity_id: UUID, reason: str
    ) -> tuple[int, int, int, int]:
        """Take the values of all but the newest version away.

        Gives the last version that lost them, of how many, and how many decisions and kept answers lost theirs.
        """
        values = {"id": erasure_id, "type": entity_type, "entity": entity_id, "reason": reason}
        row = conn.execute(ERASE, values).first()
        return (row[0], row[1], row[2], row[3]) if row else (0, 0, 0, 0)

    def artifacts_at(
        self, conn: Connection, project_id: ProjectId, at: datetime, type_id: str | None, limit: int, after: UUID | None
    ) -> list[Any]:
        """Id, payload and time of the items that were in a project at a moment, by id."""
        values = {"p": project_id, "at": at, "type": type_id, "limit": limit, "after": after or UUID(int=0)}
        with bin_seen(conn):
            return list(conn.execute(ARTIFACTS_AT, values))


class SealedAudit:
    """The port to the seals, over the vault of this installation."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    @classmethod
    def of(cls, services: Services) -> SealedAudit:
        """Over the vault that composition provides."""
        return cls(services.port(Vault))

    def seal(self, tenant_id: UUID, /) -> SealingDTO:
        """Seal what is due."""
        with explained():
            done = self._vault.seal(tenant_id)
        return SealingDTO(done.seals, done.leaves, done.head.seal_hash.hex() if done.head else None)

    def verify(self, tenant_id: UUID, /, *, live: bool) -> VerificationDTO:
        """Verify everything."""
        with explained():
            report = self._vault.verify(tenant_id, live=live)
        return VerificationDTO(
            report.ok,
            report.seals,
            report.snapshots,
            report.commits,
            report.erased,
            report.retired,
            report.unsealed,
            report.oldest_unsealed_at,
            report.live,
            report.head,
            tuple(sorted(report.keys)),
            report.seconds,
            report.found,
            dict(report.codes),
            tuple(FindingDTO(**asdict(finding)) for finding in report.findings),
        )


@contextmanager
def explained() -> Iterator[None]:
    """Turn a complaint about the files of keys into ours; what it says of files is for the server's log."""
    try:
        yield
    except StorageError as error:
        raise Unavailable("The keys of the audit trail cannot be read on the server") from error


PREVIOUS = """
       (SELECT p.payload FROM alm.audit_snapshots p
         WHERE p.tenant_id = s.tenant_id AND p.entity_type = s.entity_type AND p.entity_id = s.entity_id
           AND p.version < s.version ORDER BY p.version DESC LIMIT 1) AS previous
"""

SNAPSHOTS = text(f"""
SELECT s.version, s.change_type, s.commit_id, c.actor_id, a.display_name AS actor, c.command, c.correlation_id,
       s.occurred_at, s.recorded_at, s.payload, {PREVIOUS}
  FROM alm.audit_snapshots s
  LEFT JOIN alm.audit_commits c ON c.tenant_id = s.tenant_id AND c.id = s.commit_id
  LEFT JOIN alm.actors a ON a.tenant_id = c.tenant_id AND a.id = c.actor_id
 WHERE s.entity_type = :type AND s.entity_id = :id AND (CAST(:before AS int) IS NULL OR s.version < :before)
 ORDER BY s.version DESC LIMIT :limit
""")  # noqa: S608  the part is a constant

SNAPSHOT = text("""
SELECT s.version, s.change_type, s.commit_id, c.actor_id, a.display_name AS actor, c.command, c.correlation_id,
       s.occurred_at, s.recorded_at, s.payload, s.digest
  FROM alm.audit_snapshots s
  LEFT JOIN alm.audit_commits c ON c.tenant_id = s.tenant_id AND c.id = s.commit_id
  LEFT JOIN alm.actors a ON a.tenant_id = c.tenant_id AND a.id = c.actor_id
 WHERE s.entity_type = :type AND s.entity_id = :id AND s.version = :version
 ORDER BY s.recorded_at LIMIT 1
""")

PAYLOADS = text("""
SELECT s.entity_id, s.payload FROM unnest(CAST(:ids AS uuid[]), CAST(:numbers AS int[])) AS v (id, number)
 CROSS JOIN LATERAL (
   SELECT a.entity_id, a.payload FROM alm.audit_snapshots a
    WHERE a.tenant_id = (SELECT alm.current_tenant()) AND a.entity_type = :type AND a.entity_id = v.id
      AND a.version = v.number LIMIT 1) s
""")

COMMITS = text("""
SELECT c.id, c.actor_id, a.display_name, c.command, c.correlation_id, c.occurred_at, c.recorded_at, c.properties,
       n.snapshots, n.types
  FROM (SELECT * FROM alm.audit_commits c
         WHERE (CAST(:id AS uuid) IS NULL OR c.id = :id)
           AND (CAST(:actor_id AS uuid) IS NULL OR c.actor_id = :actor_id)
           AND (CAST(:command AS text) IS NULL OR c.command = :command)
           AND (CAST(:correlation_id AS text) IS NULL OR c.correlation_id = :correlation_id)
           AND (CAST(:after AS timestamptz) IS NULL OR c.recorded_at >= :after)
           AND (CAST(:before AS timestamptz) IS NULL OR c.recorded_at < :before)
           AND (CAST(:last_at AS timestamptz) IS NULL OR (c.recorded_at, c.id) < (:last_at, :last_id))
         ORDER BY c.recorded_at DESC, c.id DESC LIMIT :limit) c
  LEFT JOIN alm.actors a ON a.tenant_id = c.tenant_id AND a.id = c.actor_id
  CROSS JOIN LATERAL (SELECT count(*) AS snapshots, array_agg(DISTINCT s.entity_type) AS types
    FROM alm.audit_snapshots s WHERE s.tenant_id = c.tenant_id AND s.commit_id = c.id) n
 ORDER BY c.recorded_at DESC, c.id DESC
""")

OF_COMMIT = text(f"""
SELECT s.id, s.recorded_at, s.entity_type, s.entity_id, s.version, s.change_type, s.payload, {PREVIOUS}
  FROM alm.audit_snapshots s
 WHERE s.commit_id = :id
   AND (CAST(:last_at AS timestamptz) IS NULL OR (s.recorded_at, s.id) > (:last_at, :last_id))
 ORDER BY s.recorded_at, s.id LIMIT :limit
""")  # noqa: S608  the part is a constant

SEALS = text("""
SELECT number, kind, sealed_at, leaf_count, first_at, last_at, encode(merkle_root, 'hex'), encode(prev_hash, 'hex'),
       encode(seal_hash, 'hex'), key_id
  FROM alm.audit_seals WHERE (CAST(:before AS bigint) IS NULL OR number < :before) ORDER BY number DESC LIMIT :limit
""")

ERASE = text("SELECT up_to_version, snapshots, decisions, answers FROM alm.audit_erase(:id, :type, :entity, :reason)")

# An imported item came into being when it says so, not when it was imported. Items that are gone for good have no row of
# their own any more: the heads know them.
ARTIFACTS_AT = text("""
SELECT i.id, s.payload, s.happened_at
  FROM (SELECT a.id FROM alm.artifacts a WHERE a.project_id = :p AND a.id > :after
        UNION ALL
        SELECT h.entity_id FROM alm.audit_heads h
         WHERE h.entity_type = 'Artifact' AND h.entity_id > :after AND NOT EXISTS (
           SELECT FROM alm.artifacts a WHERE a.tenant_id = h.tenant_id AND a.id = h.entity_id)) i
 CROSS JOIN LATERAL (
    SELECT s.payload, s.change_type, CASE s.change_type
        WHEN 'INITIAL' THEN least(s.occurred_at, CAST(s.payload ->> 'occurred_at' AS timestamptz))
        ELSE s.occurred_at END AS happened_at
      FROM alm.audit_snapshots s
     WHERE s.tenant_id = (SELECT alm.current_tenant()) AND s.entity_type = 'Artifact' AND s.entity_id = i.id
       AND (s.occurred_at <= :at
            OR s.change_type = 'INITIAL' AND CAST(s.payload ->> 'occurred_at' AS timestamptz) <= :at)
     ORDER BY s.version DESC LIMIT 1) s
 WHERE s.change_type <> 'DELETE' AND s.payload ->> 'project_id' = CAST(CAST(:p AS uuid) AS text)
   AND (CAST(:type AS text) IS NULL OR s.payload ->> 'type_id' = :type)
 ORDER BY i.id LIMIT :limit
""")
