"""What triggers keep on every row: versions, people, times, soft deletion, immutability, keys."""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError

from alm_workbench.contexts.artifact.tables import artifacts
from tests.factories.world import World

DELETE = "UPDATE alm.artifacts SET deleted_at = now() WHERE id = :id"
RESTORE = "UPDATE alm.artifacts SET deleted_at = NULL WHERE id = :id"
DELETED = {"include_deleted": True}


def test_versions_count_changes_and_cannot_be_forged(world: World) -> None:
    """version, created_by and updated_by come from the trigger, whatever a statement says."""
    item = world.artifact(version=40)
    somebody = uuid4()
    world.sql("UPDATE alm.artifacts SET title = 'b', version = 9, created_by = NULL", {"actor_id": somebody})
    row = world.sql(
        "SELECT version, created_by, updated_by, updated_at > created_at FROM alm.artifacts WHERE id = :id", id=item
    )
    assert row == [(2, world.actor_id, somebody, True)]


def test_row_xid_is_the_transaction_that_wrote_the_row(world: World) -> None:
    """Also inside a savepoint: the top-level transaction counts."""
    item = world.artifact()
    with world.begin() as conn:
        xid = conn.exec_driver_sql("SELECT pg_current_xact_id()::text").scalar()
        with conn.begin_nested():
            conn.exec_driver_sql("UPDATE alm.artifacts SET title = 'b', row_xid = '7'")
    assert world.sql("SELECT row_xid::text FROM alm.artifacts WHERE id = :id", id=item) == [(xid,)]


def test_row_xid_is_an_int_in_python(world: World) -> None:
    """Both ways, and comparable."""
    world.artifact()
    with world.begin() as conn:
        xid = conn.execute(select(artifacts.c.row_xid)).scalar_one()
        assert isinstance(xid, int)
        assert conn.execute(select(func.count()).where(artifacts.c.row_xid == xid)).scalar_one() == 1
        assert conn.execute(select(func.count()).where(artifacts.c.row_xid > xid)).scalar_one() == 0


def test_soft_delete_and_restore(world: World) -> None:
    """A deleted row is out of sight and out of reach, until a transaction asks for deleted rows."""
    item = world.artifact()
    world.sql(DELETE, DELETED, id=item)
    assert world.sql("SELECT id FROM alm.artifacts") == []
    assert world.sql("UPDATE alm.artifacts SET title = 'x' WHERE id = :id RETURNING id", id=item) == []
    seen = world.sql("SELECT deleted_at IS NOT NULL, deleted_by, version FROM alm.artifacts", DELETED)
    assert seen == [(True, world.actor_id, 2)]
    world.sql(RESTORE, DELETED, id=item)
    assert world.sql("SELECT deleted_by, version FROM alm.artifacts") == [(None, 3)]


def test_soft_delete_needs_the_switch(world: World) -> None:
    """Without it PostgreSQL refuses, rather than let a row vanish by mistake."""
    item = world.artifact()
    with pytest.raises(ProgrammingError, match="row-level security"):
        world.sql(DELETE, id=item)


def test_a_deleted_link_may_be_made_again(world: World) -> None:
    """One live link of a type between two artifacts."""
    a, b = world.artifact(1), world.artifact(2)
    insert = (
        "INSERT INTO alm.artifact_links (tenant_id, id, project_id, link_type, source_id, target_id)"
        " VALUES (:t, :id, :p, 'verifies', :a, :b)"
    )
    world.sql(insert, id=uuid4(), a=a, b=b)
    with pytest.raises(IntegrityError):
        world.sql(insert, id=uuid4(), a=a, b=b)
    world.sql("UPDATE alm.artifact_links SET deleted_at = now()", DELETED)
    world.sql(insert, id=uuid4(), a=a, b=b)


def test_manifest_versions_are_immutable(world: World) -> None:
    """The app has no right to change one."""
    for statement in ("UPDATE alm.manifest_versions SET source = 'x'", "DELETE FROM alm.manifest_versions"):
        with pytest.raises(ProgrammingError, match="permission denied"):
            world.sql(statement)


def test_projects_delete_for_good_leaves_a_tombstone(world: World) -> None:
    """A mirror that reads changes by row_xid hears of a hard delete."""
    item = world.artifact()
    world.sql("DELETE FROM alm.artifacts WHERE id = :id", id=item)
    assert world.sql("SELECT tbl, id FROM alm.tombstones") == [("artifacts", item)]


def test_keys_are_reserved_once(world: World) -> None:
    """Numbers of one prefix follow each other; a prefix has its own."""
    reserve = "SELECT alm.reserve_keys(:p, :prefix, :n)"
    numbers = [
        world.sql(reserve, prefix=prefix, n=n)[0][0] for prefix, n in (("REQ", 1), ("REQ", 5), ("REQ", 1), ("BUG", 2))
    ]
    assert numbers == [1, 2, 7, 1]


def test_fields_must_be_an_object(world: World) -> None:
    """fields is a JSON object, nothing else."""
    with pytest.raises(IntegrityError):
        world.artifact(fields="[]")


def test_states_outside_the_categories_are_refused(world: World) -> None:
    """Texts with CHECK stand for enums."""
    world.artifact()
    with pytest.raises(IntegrityError):
        world.sql("UPDATE alm.artifacts SET state_category = 'nearly'")


def test_history_is_append_only(world: World) -> None:
    """Nobody rewrites the past, not even the owner of the table."""
    item, instance = world.artifact(), uuid4()
    world.sql(
        "INSERT INTO alm.workflow_instances (tenant_id, id, project_id, artifact_id, workflow_id, manifest_version_id,"
        " state) VALUES (:t, :i, :p, :item, 'w', :v, 'open')",
        i=instance,
        item=item,
    )
    world.sql(
        "INSERT INTO alm.state_history (tenant_id, id, project_id, artifact_id, instance_id, to_state, to_category,"
        " manifest_version_id) VALUES (:t, :id, :p, :item, :i, 'open', 'todo', :v)",
        id=uuid4(),
        i=instance,
        item=item,
    )
    with pytest.raises(DBAPIError, match="permission denied"):
        world.sql("UPDATE alm.state_history SET to_state = 'done'")
