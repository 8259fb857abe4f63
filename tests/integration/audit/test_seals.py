"""Sealing and verifying: what was committed is sealed once, whoever commits late, and verified without complaint."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from alm_workbench.storage.audit.keys import AuditKeys
from alm_workbench.storage.audit.sealing import seal_due
from alm_workbench.storage.backup import backup, restore
from alm_workbench.storage.engine import make_engine
from tests.factories.database import Cluster
from tests.factories.world import make_world, run
from tests.integration.audit.conftest import Vault


def test_what_is_sealed_verifies(vault: Vault) -> None:
    """Snapshots and commits of every kind of change are sealed and found again, untouched."""
    item = vault.world.artifact(1)
    vault.world.sql("UPDATE alm.artifacts SET title = 'ışık' WHERE id = :i", i=item)
    vault.world.sql("UPDATE alm.artifacts SET deleted_at = now() WHERE id = :i", {"include_deleted": True}, i=item)
    done = vault.seal()
    report = vault.verify()
    assert report.findings == []
    assert done.seals == report.seals == 1
    assert done.leaves == report.snapshots + report.commits
    assert report.unsealed == 0
    assert report.live > 0
    assert report.head == done.head.seal_hash.hex() if done.head else False


def test_sealing_again_seals_nothing_twice(vault: Vault) -> None:
    """A second run finds nothing to do; a third only what came since."""
    vault.world.artifact(1)
    vault.seal()
    assert vault.seal().seals == 0
    vault.world.artifact(2)
    assert (vault.seal().leaves, vault.verify().ok) == (2, True)


def test_a_long_run_is_cut_into_batches(vault: Vault) -> None:
    """Each seal holds at most so many leaves; the chain over them verifies."""
    with vault.world.begin() as conn:
        for number in range(30):
            vault.world.add_artifact(conn, number)
    done = vault.seal(batch=7)
    report = vault.verify()
    assert done.seals == report.seals >= 5
    assert report.ok
    assert report.unsealed == 0


def test_rows_younger_than_the_last_seal_are_told_not_vouched_for(vault: Vault) -> None:
    """They are counted with the age of the oldest."""
    vault.seal()
    before = datetime.now(UTC)
    vault.world.artifact(1)
    report = vault.verify()
    assert (report.ok, report.unsealed) == (True, 2)
    assert report.oldest_unsealed_at is not None
    assert abs(report.oldest_unsealed_at - before) < timedelta(minutes=1)


def test_who_commits_late_is_sealed_later_and_not_forgotten(vault: Vault) -> None:
    """A transaction that wrote before a seal and commits after it is in the next one: clocks have no say."""
    with vault.world.begin(command="slow") as slow:
        vault.world.add_artifact(slow, 1)
        vault.world.artifact(2)  # commits while the other still runs
        vault.seal()
        waiting = vault.verify()
        assert (waiting.ok, waiting.unsealed) == (True, 2)  # nothing from the oldest running transaction on is sealed
    done = vault.seal()
    report = vault.verify()
    assert done.leaves == 4
    assert (report.ok, report.unsealed) == (True, 0)


def test_writers_and_sealers_at_once_leave_nothing_out(vault: Vault) -> None:
    """Several writers, some slow, two sealers: in the end every row is in exactly one seal."""
    stop = threading.Event()

    def write(lane: int) -> None:
        for number in range(12):
            with vault.world.begin() as conn:
                vault.world.add_artifact(conn, lane * 100 + number)
                if number % 3 == 0:
                    run(conn, vault.world, "SELECT pg_sleep(0.02)")

    def seal() -> None:
        while not stop.is_set():
            vault.seal(batch=5)

    sealers = [threading.Thread(target=seal) for _ in range(2)]
    writers = [threading.Thread(target=write, args=(lane,)) for lane in range(3)]
    for thread in sealers + writers:
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    for thread in sealers:
        thread.join()
    vault.seal()
    report = vault.verify()
    assert report.findings == []
    assert report.unsealed == 0
    listed = vault.world.sql("SELECT sum(leaf_count) FROM alm.audit_seals")
    assert listed == [(report.snapshots + report.commits,)]


def test_keys_rotate_and_old_seals_stay_verifiable(vault: Vault, keys: AuditKeys) -> None:
    """The old private key is gone, its public key verifies the past, the new one signs."""
    vault.seal()
    first = keys.current()[0]
    second = keys.rotate()
    vault.world.artifact(1)
    vault.seal()
    report = vault.verify()
    assert report.ok
    assert report.keys == {first, second}
    assert [(info.key_id, info.current) for info in keys.listing()] == [(first, False), (second, True)]
    assert not (keys.directory / f"{first}.key").exists()
    assert (keys.directory / f"{second}.key").stat().st_mode & 0o777 == 0o600


def test_all_tenants_are_sealed_in_one_run(own_vault: Vault) -> None:
    """The job's function: each tenant its own chain."""
    own_vault.world.artifact(1)
    done = seal_due(own_vault.dsns.worker, own_vault.keys)
    assert [(d.tenant_id, d.seals) for d in done] == [(own_vault.world.tenant_id, 1)]
    assert seal_due(own_vault.dsns.worker, own_vault.keys)[0].seals == 0


def test_the_app_role_cannot_seal(vault: Vault) -> None:
    """Seals are made by the worker's role alone."""
    with psycopg.connect(vault.dsns.app) as conn:
        allowed = conn.execute("SELECT has_table_privilege('alm.audit_seals', 'INSERT')").fetchone()
    assert allowed == (False,)


def test_after_a_restore_nothing_is_sealed_twice(own_vault: Vault, cluster: Cluster, tmp_path: Path) -> None:
    """A restored trail verifies with the same keys; transaction ids begin anew there, and the chain goes on."""
    own_vault.world.artifact(1)
    own_vault.seal()
    own_vault.world.artifact(2)  # not sealed when the backup is made
    backup(own_vault.dsns.owner, tmp_path / "b", cluster.server.binaries)
    target = cluster.create(migrated=False)
    restore(tmp_path / "b", target.owner, cluster.server.binaries, admin_dsn=cluster.superuser_dsn(target))
    world = replace(own_vault.world, engine=make_engine(target.app))
    other = replace(own_vault, world=world, dsns=target, superuser=cluster.superuser_dsn(target))
    report = other.verify()
    assert (report.findings, report.unsealed) == ([], 2)
    world.artifact(3)
    assert other.seal().leaves == 4
    report = other.verify()
    assert (report.findings, report.unsealed) == ([], 0)
    other.tamper("UPDATE alm.audit_snapshots SET payload = '{}' WHERE tenant_id = %(t)s AND entity_type = 'Artifact'")
    assert [f.code for f in other.found()] == ["payload"] * 3
    world.engine.dispose()
    cluster.drop(target)


def test_what_is_wrong_with_one_tenant_keeps_no_other_from_its_seal(own_vault: Vault) -> None:
    """The others are sealed, and the failure is told."""
    worlds = [own_vault.world, make_world(own_vault.world.engine, "second")]
    broken, sound = sorted(worlds, key=lambda world: world.tenant_id)
    own_vault.tamper(
        "CREATE FUNCTION alm.no_seal() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$"
    )
    own_vault.tamper(
        "CREATE TRIGGER no_seal BEFORE INSERT ON alm.audit_seals FOR EACH ROW"
        f" WHEN (NEW.tenant_id = '{broken.tenant_id}') EXECUTE FUNCTION alm.no_seal()"
    )
    with psycopg.connect(own_vault.superuser) as conn:
        conn.execute("GRANT EXECUTE ON FUNCTION alm.no_seal() TO alm_worker")
    with pytest.raises(psycopg.errors.RaiseException, match="no"):
        seal_due(own_vault.dsns.worker, own_vault.keys)
    assert sound.sql("SELECT count(*) FROM alm.audit_seals") == [(1,)]
    assert broken.sql("SELECT count(*) FROM alm.audit_seals") == [(0,)]
