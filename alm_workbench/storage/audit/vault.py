"""The seals of one installation: its keys, its worker's connection, and the jobs that keep them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from alm_workbench.shared.jobs import JobSpec
from alm_workbench.storage.audit.findings import Verification
from alm_workbench.storage.audit.keys import AuditKeys
from alm_workbench.storage.audit.sealing import Sealed, retire, seal_due, seal_tenant
from alm_workbench.storage.audit.verifying import verify_tenant

_RETENTION = """
    SELECT tenant_id, date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'
      - make_interval(months => (settings ->> 'audit_retention_months')::integer)
    FROM alm.tenants WHERE settings ->> 'audit_retention_months' IS NOT NULL ORDER BY tenant_id
"""


class Vault:
    """Seals and verifies as `alm_worker`, with the keys in ``directory``; every call opens its own connection."""

    def __init__(self, worker_dsn: str, directory: Path) -> None:
        self._dsn = worker_dsn
        self.keys = AuditKeys(directory)

    def seal_due(self) -> list[Sealed]:
        """Seal what every tenant committed since its last seal."""
        return seal_due(self._dsn, self.keys)

    def seal(self, tenant_id: UUID) -> Sealed:
        """Seal what one tenant committed since its last seal."""
        with self._connected() as conn:
            return seal_tenant(conn, tenant_id, self.keys)

    def verify(self, tenant_id: UUID, *, live: bool = True) -> Verification:
        """Verify one tenant in one snapshot of the database."""
        with self._connected() as conn, conn.transaction():
            conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            return verify_tenant(conn, tenant_id, self.keys.public(), self.keys.head(tenant_id), live=live)

    def retire(self, tenant_id: UUID, cut: datetime) -> int:
        """Let go of what one tenant recorded before ``cut``; the number of rows."""
        with self._connected() as conn:
            return retire(conn, tenant_id, self.keys, cut)

    def retire_due(self) -> dict[UUID, int]:
        """Let go of what is older than each tenant's own retention says (`audit_retention_months`; none: for ever).

        Months that everybody let go of lose their partition.
        """
        with self._connected() as conn:
            due = conn.execute(_RETENTION).fetchall()
            done = {tenant_id: retire(conn, tenant_id, self.keys, cut) for tenant_id, cut in due}
            if due:
                conn.execute("SELECT alm.drop_retired_audit_partitions()")
        return done

    def tenants(self) -> list[tuple[UUID, str]]:
        """Id and slug of every tenant."""
        with self._connected() as conn:
            return [(row[0], row[1]) for row in conn.execute("SELECT tenant_id, slug FROM alm.tenants ORDER BY slug")]

    def jobs(self) -> list[JobSpec]:
        """What runs by itself: seals every minute, retention every night."""
        return [
            JobSpec("audit.seal", lambda job: self.seal_due(), cron="* * * * *", upkeep=True),
            JobSpec("audit.retire", lambda job: self.retire_due(), queue="heavy", cron="41 2 * * *", upkeep=True),
        ]

    @contextmanager
    def _connected(self) -> Iterator[psycopg.Connection[Any]]:
        with psycopg.connect(self._dsn, autocommit=True, application_name="alm-audit") as conn:
            yield conn
