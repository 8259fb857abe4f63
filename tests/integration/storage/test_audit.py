"""Audit is written by triggers: complete, verifiable, and out of the app's hands."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError

from alm_workbench.storage.bootstrap import Dsns
from tests.factories.database import Cluster
from tests.factories.world import World, run

OF_ITEM = "SELECT {} FROM alm.audit_snapshots WHERE entity_id = :id ORDER BY version"
DELETED = {"include_deleted": True}


def test_every_change_leaves_a_snapshot_of_the_whole_row(world: World) -> None:
    """Insert, update, soft delete, restore and hard delete, each with the row as it was afterwards."""
    item = world.artifact(title="Brakes", fields='{"priority": "high"}')
    world.sql("UPDATE alm.artifacts SET title = 'Brakes 2' WHERE id = :id", id=item)
    world.sql("UPDATE alm.artifacts SET deleted_at = now() WHERE id = :id", DELETED, id=item)
    world.sql("UPDATE alm.artifacts SET deleted_at = NULL WHERE id = :id", DELETED, id=item)
    world.sql("DELETE FROM alm.artifacts WHERE id = :id", id=item)
    rows = world.sql(OF_ITEM.format("version, change_type, entity_type, payload"), id=item)
    assert [(row[0], row[1]) for row in rows] == [
        (1, "INITIAL"),
        (2, "UPDATE"),
        (3, "DELETE"),
        (4, "RESTORE"),
        (5, "DELETE"),
    ]
    assert {row[2] for row in rows} == {"Artifact"}
    first, second = rows[0][3], rows[1][3]
    assert (first["title"], second["title"]) == ("Brakes", "Brakes 2")
    assert first["fields"] == {"priority": "high"}
    assert not {"tsv", "row_xid", "search_text"} & set(first)
    heads = world.sql("SELECT version FROM alm.audit_heads WHERE entity_id = :id", id=item)
    assert heads == [(5,)]


def test_digests_can_be_verified(world: World) -> None:
    """digest = sha256(salt ‖ payload as PostgreSQL writes it); salts differ."""
    item = world.artifact(title="ışık <b>&amp;")
    world.sql("UPDATE alm.artifacts SET title = 'other'")
    rows = world.sql(OF_ITEM.format("salt, payload::text, digest"), id=item)
    for salt, payload, digest in rows:
        assert len(salt) == 16
        assert hashlib.sha256(salt + payload.encode()).digest() == digest
    assert rows[0][0] != rows[1][0]


def test_the_commit_names_actor_command_and_time(world: World) -> None:
    """All changes of a transaction share one commit with what the transaction said about itself."""
    commit, at = uuid4(), datetime(2021, 5, 6, tzinfo=UTC)
    with world.begin(command="artifacts.create", correlation_id="c-9", commit_id=commit, occurred_at=at) as conn:
        item = world.add_artifact(conn, 1)
        run(conn, world, "UPDATE alm.projects SET name = 'n'")
    rows = world.sql(
        "SELECT actor_id, command, correlation_id, occurred_at FROM alm.audit_commits WHERE id = :c", c=commit
    )
    assert rows == [(world.actor_id, "artifacts.create", "c-9", at)]
    snapshots = world.sql("SELECT entity_type, occurred_at, recorded_at > occurred_at FROM alm.audit_snapshots"
                          " WHERE commit_id = :c ORDER BY 1", c=commit)  # fmt: skip
    assert snapshots == [("Artifact", at, True), ("Project", at, True)]
    assert world.sql("SELECT 1 FROM alm.audit_snapshots WHERE entity_id = :i", i=item) == [(1,)]


def test_a_commit_written_by_the_pipeline_is_kept(world: World) -> None:
    """The trigger does not add a second one."""
    commit = uuid4()
    with world.begin(command="c", commit_id=commit) as conn:
        run(
            conn,
            world,
            "INSERT INTO alm.audit_commits (tenant_id, id, command, properties) VALUES (:t, :c, 'c', '{\"a\": 1}')",
            c=commit,
        )
        world.add_artifact(conn, 1)
    assert world.sql("SELECT properties FROM alm.audit_commits WHERE id = :c", c=commit) == [({"a": 1},)]


def test_hand_made_sql_is_audited(module_db: Dsns, world: World) -> None:
    """No commit, no actor: one commit with the command 'sql' for the transaction."""
    world.artifact(1)
    world.artifact(2)
    with psycopg.connect(module_db.app) as conn:
        conn.execute("SELECT set_config('app.current_tenant_id', %s, true)", (str(world.tenant_id),))
        conn.execute("UPDATE alm.artifacts SET title = 'by hand'")
        conn.execute("UPDATE alm.projects SET name = 'by hand'")
    commits = world.sql("SELECT id, actor_id FROM alm.audit_commits WHERE command = 'sql'")
    assert len(commits) == 1
    assert commits[0][1] is None
    count = world.sql("SELECT count(*) FROM alm.audit_snapshots WHERE commit_id = :c", c=commits[0][0])
    assert count == [(3,)]


@pytest.mark.parametrize("table", ["audit_snapshots", "audit_heads", "audit_seals", "tombstones", "artifact_field"])
def test_the_app_cannot_write_what_triggers_write(world: World, table: str) -> None:
    """Neither insert nor update nor delete."""
    for statement in (f"INSERT INTO alm.{table} DEFAULT VALUES", f"DELETE FROM alm.{table}"):
        with pytest.raises(ProgrammingError, match="permission denied"):
            world.sql(statement)


@pytest.mark.parametrize("table", ["audit_commits", "decision_log", "manifest_versions", "state_history"])
def test_the_app_may_only_append(world: World, table: str) -> None:
    """Insert only."""
    for statement in (f"UPDATE alm.{table} SET tenant_id = tenant_id", f"DELETE FROM alm.{table}"):
        with pytest.raises(ProgrammingError, match="permission denied"):
            world.sql(statement)


def test_even_the_owner_cannot_change_audit(module_db: Dsns, world: World) -> None:
    """The owner of the tables is refused by trigger; it sees no row without a tenant either."""
    world.artifact(1)
    with psycopg.connect(module_db.owner) as conn:
        assert conn.execute("SELECT count(*) FROM alm.audit_snapshots").fetchone() == (0,)
        conn.execute("SELECT set_config('app.current_tenant_id', %s, true)", (str(world.tenant_id),))
        with pytest.raises(psycopg.errors.RestrictViolation, match="immutable"), conn.transaction():
            conn.execute("UPDATE alm.audit_snapshots SET payload = '{}'")
        with pytest.raises(psycopg.errors.RestrictViolation, match="immutable"), conn.transaction():
            conn.execute("DELETE FROM alm.manifest_versions")
        with pytest.raises(psycopg.errors.RestrictViolation, match="immutable"), conn.transaction():
            conn.execute("TRUNCATE alm.audit_commits")


def test_an_id_is_not_used_twice(world: World) -> None:
    """After a hard delete the same id would start again at version 1: refused."""
    item = world.artifact(1)
    world.sql("DELETE FROM alm.artifacts WHERE id = :id", id=item)
    with pytest.raises(IntegrityError):
        world.artifact(2, id=item)


def test_bulk_changes_are_audited_row_by_row(world: World) -> None:
    """One statement over many rows leaves one snapshot for each."""
    with world.begin() as conn:
        for number in range(30):
            world.add_artifact(conn, number)
    world.sql("UPDATE alm.artifacts SET state = 'done', state_category = 'done'")
    counts = world.sql("SELECT change_type, count(*), count(DISTINCT entity_id) FROM alm.audit_snapshots"
                       " WHERE entity_type = 'Artifact' GROUP BY 1 ORDER BY 1")  # fmt: skip
    assert counts == [("INITIAL", 30, 30), ("UPDATE", 30, 30)]


def test_a_rolled_back_change_leaves_no_snapshot(world: World) -> None:
    """Audit belongs to the transaction."""

    def fail_afterwards() -> None:
        with world.begin() as conn:
            world.add_artifact(conn, 1)
            run(conn, world, "SELECT 1 / 0")

    with pytest.raises(DBAPIError, match="division by zero"):
        fail_afterwards()
    assert world.sql("SELECT 1 FROM alm.audit_snapshots WHERE entity_type = 'Artifact'") == []


def test_snapshots_go_to_the_partition_of_their_month(cluster: Cluster, module_db: Dsns, world: World) -> None:
    """This month and three more exist; making them again makes none."""
    world.artifact(1)
    with psycopg.connect(cluster.superuser_dsn(module_db)) as conn:
        default = conn.execute("SELECT count(*) FROM alm.audit_snapshots_default").fetchone()
        made = conn.execute("SELECT alm.ensure_audit_partitions(3)").fetchone()
        more = conn.execute("SELECT alm.ensure_audit_partitions(4)").fetchone()
    assert (default, made, more) == ((0,), (0,), (1,))
