"""Backup and restore: everything comes back as it was, verified, and audit stays what it is."""

from __future__ import annotations

import json
import tarfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from alm_workbench.shared.jobs import JobRequest
from alm_workbench.storage import jobs, migrate, outbox
from alm_workbench.storage.backup import backup, read_manifest, restore
from alm_workbench.storage.bootstrap import Dsns
from alm_workbench.storage.engine import make_engine
from alm_workbench.storage.errors import StorageError
from alm_workbench.storage.rls_check import check_rls
from tests.factories.database import Cluster
from tests.factories.world import World, make_world
from tests.integration.storage.test_outbox import Event


def fill(world: World) -> None:
    """Artifacts with history, a deleted one, indexed fields, an event, a user."""
    world.sql("SELECT alm.user_create(:u, 'ada@example.org', 'Ada', 'hash', 'tr')", None, u=uuid4())
    world.sql(
        "INSERT INTO alm.indexed_fields (tenant_id, project_id, type_id, field_id, value_kind)"
        " VALUES (:t, :p, 'Requirement', 'f', 'text')"
    )
    for number in range(20):
        world.artifact(number, title=f"IŞIK {number}", fields=json.dumps({"f": "a\n'b'"}))
    world.sql("UPDATE alm.artifacts SET state = 'done', state_category = 'done' WHERE key = 'REQ-3'")
    world.sql("UPDATE alm.artifacts SET deleted_at = now() WHERE key = 'REQ-4'", {"include_deleted": True})
    with world.begin() as conn:
        outbox.append(conn, [Event("waiting")])
        jobs.defer(conn, [JobRequest("promise", {"n": 1})], {"promise": "light"})


def contents(dsns: Dsns) -> dict[str, list[Any]]:
    """Every row of the tables that matter, in order, without the transaction that wrote it."""
    tables = ("tenants", "artifacts", "artifact_field", "audit_snapshots", "audit_heads", "outbox_messages")
    with psycopg.connect(dsns.worker) as conn:
        query = "SELECT (to_jsonb(t) - 'row_xid')::text FROM alm.{} t ORDER BY 1"
        return {name: conn.execute(query.format(name).encode()).fetchall() for name in tables}


def test_restore_gives_back_what_was_backed_up(cluster: Cluster, db: Dsns, tmp_path: Path) -> None:
    """Rows, policies, owners and grants; search, audit and isolation work on."""
    engine = make_engine(db.app)
    world = make_world(engine)
    fill(world)
    file, binaries = tmp_path / "alm.backup", cluster.server.binaries
    made = backup(db.owner, file, binaries)
    assert file.stat().st_mode & 0o077 == 0
    assert read_manifest(file) == made
    assert made.tables["artifacts"] == 20
    assert made.tables["users"] == 1
    assert made.revision == migrate.head()

    target = cluster.create(migrated=False)
    restored = restore(file, target.owner, binaries, admin_dsn=cluster.superuser_dsn(target))
    assert restored == made
    assert [(job.name, job.status, job.args) for job in jobs.JobQueue(target.worker).rows()] == [
        ("promise", "todo", {"n": 1})
    ]
    assert contents(target) == contents(db)
    assert migrate.upgrade(target.owner) == migrate.head()
    assert check_rls(target.owner) == []

    other = World(make_engine(target.app), world.tenant_id, world.actor_id, world.project_id, world.manifest_version_id)
    assert len(other.sql("SELECT * FROM alm.search(ARRAY[CAST(:p AS uuid)], 'ışık', 100)")) == 19
    item = other.artifact(100)
    assert other.sql("SELECT version FROM alm.audit_heads WHERE entity_id = :i", None, i=item) == [(1,)]
    with psycopg.connect(target.owner) as conn:
        conn.execute("SELECT set_config('app.current_tenant_id', %s, true)", (str(world.tenant_id),))
        with pytest.raises(psycopg.errors.RestrictViolation), conn.transaction():
            conn.execute("DELETE FROM alm.audit_snapshots")
        inherits = conn.execute("SELECT pg_has_role('alm_owner', 'alm_definer', 'USAGE')").fetchone()
    assert inherits == (False,)
    other.engine.dispose()
    engine.dispose()
    cluster.drop(target)


def test_transaction_ids_of_the_future_are_forgotten(cluster: Cluster, db: Dsns, tmp_path: Path) -> None:
    """A mirror of the new cluster must not read old rows again and again."""
    engine = make_engine(db.app)
    world = make_world(engine)
    world.artifact(1)
    with psycopg.connect(cluster.superuser_dsn(db)) as conn:
        conn.execute("SET session_replication_role = replica")
        conn.execute("UPDATE alm.artifacts SET row_xid = '99999999999'")
    backup(db.owner, tmp_path / "b", cluster.server.binaries)
    target = cluster.create(migrated=False)
    restore(tmp_path / "b", target.owner, cluster.server.binaries, admin_dsn=cluster.superuser_dsn(target))
    with psycopg.connect(target.worker) as conn:
        row = conn.execute("SELECT row_xid < pg_snapshot_xmax(pg_current_snapshot()) FROM alm.artifacts").fetchone()
    assert row == (True,)
    engine.dispose()
    cluster.drop(target)


def test_restore_refuses_a_database_with_something_in_it(cluster: Cluster, db: Dsns, tmp_path: Path) -> None:
    """And leaves it as it was."""
    backup(db.owner, tmp_path / "b", cluster.server.binaries)
    with pytest.raises(StorageError, match="is not empty"):
        restore(tmp_path / "b", db.owner, cluster.server.binaries, admin_dsn=cluster.superuser_dsn(db))
    assert migrate.current(db.owner) == migrate.head()


def test_without_an_administrator_the_way_out_is_said(cluster: Cluster, db: Dsns, tmp_path: Path) -> None:
    """Four DSNs alone cannot hand functions over to alm_definer; after one GRANT they can."""
    made = backup(db.owner, tmp_path / "b", cluster.server.binaries)
    target = cluster.create(migrated=False)
    with pytest.raises(StorageError, match="administer the role alm_definer") as error:
        restore(tmp_path / "b", target.owner, cluster.server.binaries, admin_dsn=None)
    assert "WITH INHERIT TRUE" in error.value.hint
    with psycopg.connect(cluster.superuser_dsn(target), autocommit=True) as admin:
        admin.execute("GRANT alm_definer TO alm_owner WITH INHERIT TRUE")
        try:
            assert restore(tmp_path / "b", target.owner, cluster.server.binaries, admin_dsn=None) == made
        finally:
            admin.execute("GRANT alm_definer TO alm_owner WITH INHERIT FALSE")
    cluster.drop(target)


def test_a_backup_does_not_overwrite(cluster: Cluster, db: Dsns, tmp_path: Path) -> None:
    """An existing file stays, and a failed backup leaves nothing behind."""
    (tmp_path / "b").write_text("mine")
    with pytest.raises(StorageError, match="exists already"):
        backup(db.owner, tmp_path / "b", cluster.server.binaries)
    with pytest.raises(StorageError):
        backup(db.owner, tmp_path / "missing" / "b", cluster.server.binaries)
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_files_that_are_no_backup(cluster: Cluster, db: Dsns, tmp_path: Path) -> None:
    """Any file, a tar of something else, and a format from the future."""
    (tmp_path / "text").write_text("hello")
    with tarfile.open(tmp_path / "tar", "w") as archive:
        archive.add(tmp_path / "text", "text")
    for name in ("text", "tar"):
        with pytest.raises(StorageError, match="not a backup of ALM Workbench"):
            restore(tmp_path / name, db.owner, cluster.server.binaries, admin_dsn=None)
    made = backup(db.owner, tmp_path / "good", cluster.server.binaries)
    (tmp_path / "manifest.json").write_text(json.dumps(asdict(replace(made, format=99))))
    with tarfile.open(tmp_path / "future", "w") as archive:
        archive.add(tmp_path / "manifest.json", "manifest.json")
        archive.add(tmp_path / "text", "database.dump")
    with pytest.raises(StorageError, match="backup format 99"):
        restore(tmp_path / "future", db.owner, cluster.server.binaries, admin_dsn=None)


def test_a_damaged_dump_leaves_the_database_empty(cluster: Cluster, db: Dsns, tmp_path: Path) -> None:
    """Row counts are verified, and nothing half-restored stays."""
    made = backup(db.owner, tmp_path / "good", cluster.server.binaries)
    with tarfile.open(tmp_path / "good") as archive:
        archive.extractall(tmp_path, filter="data")
    wrong = replace(made, tables={**made.tables, "artifacts": 7})
    (tmp_path / "manifest.json").write_text(json.dumps(asdict(wrong)))
    with tarfile.open(tmp_path / "bad", "w") as archive:
        for name in ("manifest.json", "database.dump"):
            archive.add(tmp_path / name, name)
    target = cluster.create(migrated=False)
    with pytest.raises(StorageError, match="differ from the backup: artifacts"):
        restore(tmp_path / "bad", target.owner, cluster.server.binaries, admin_dsn=cluster.superuser_dsn(target))
    assert migrate.current(target.owner) is None
    cluster.drop(target)
