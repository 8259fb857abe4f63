"""A tenant with history, sealed, and the superuser who comes afterwards."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from alm_workbench.storage.audit.findings import Finding, Verification
from alm_workbench.storage.audit.keys import AuditKeys
from alm_workbench.storage.audit.sealing import Sealed, seal_tenant
from alm_workbench.storage.audit.verifying import verify_tenant
from alm_workbench.storage.bootstrap import Dsns
from alm_workbench.storage.engine import make_engine
from tests.factories.database import Cluster, short_dir
from tests.factories.world import World, make_world


@dataclass
class Vault:
    """A sealed tenant; `tamper` runs SQL as a superuser with triggers off, `verify` says what is found."""

    world: World
    dsns: Dsns
    keys: AuditKeys
    superuser: str

    def seal(self, batch: int = 10_000) -> Sealed:
        """Seal what is due."""
        with psycopg.connect(self.dsns.worker, autocommit=True) as conn:
            return seal_tenant(conn, self.world.tenant_id, self.keys, batch=batch)

    def verify(self, *, live: bool = True) -> Verification:
        """Verify with the keys and heads of this installation."""
        with psycopg.connect(self.dsns.worker) as conn:
            conn.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            head = self.keys.head(self.world.tenant_id)
            return verify_tenant(conn, self.world.tenant_id, self.keys.public(), head, live=live)

    def found(self, *, live: bool = False) -> list[Finding]:
        """The findings; without the tables themselves."""
        return self.verify(live=live).findings

    def tamper(self, statement: str, **values: Any) -> list[Any]:
        """One statement of somebody who may do anything."""
        with psycopg.connect(self.superuser) as conn:
            conn.execute("SET LOCAL session_replication_role = replica")
            cursor = conn.execute(statement.encode(), {"t": self.world.tenant_id, **values})
            return cursor.fetchall() if cursor.description else []

    def snapshot(self, entity_id: UUID, version: int = 1) -> tuple[UUID, UUID]:
        """Id and commit of a snapshot."""
        rows = self.world.sql(
            "SELECT id, commit_id FROM alm.audit_snapshots WHERE entity_id = :e AND version = :n",
            e=entity_id,
            n=version,
        )
        return rows[0][0], rows[0][1]


@pytest.fixture
def keys() -> Iterator[AuditKeys]:
    """Keys of a new installation."""
    folder = short_dir("alm-keys-")
    yield AuditKeys(folder / "audit")
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def vault(cluster: Cluster, module_db: Dsns, keys: AuditKeys) -> Iterator[Vault]:
    """A tenant of this test's own without items yet, in the module's database."""
    engine = make_engine(module_db.app, pool_size=4)
    world = make_world(engine, f"t-{uuid4().hex[:12]}")
    yield Vault(world, module_db, keys, cluster.superuser_dsn(module_db))
    engine.dispose()


@pytest.fixture
def own_vault(cluster: Cluster, db: Dsns, world: World, keys: AuditKeys) -> Vault:
    """The same in a database of its own, for tests that change the schema or roles."""
    return Vault(world, db, keys, cluster.superuser_dsn(db))
