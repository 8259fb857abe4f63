"""copy_insert: many rows through the same triggers, policies and constraints as any INSERT."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from alm_workbench.storage.bulk import copy_insert
from tests.factories.world import World

METADATA = MetaData(schema="alm")
ARTIFACTS = Table(
    "artifacts", METADATA, Column("tenant_id", Uuid), Column("id", Uuid), Column("project_id", Uuid),
    Column("type_id", Text), Column("key", Text), Column("title", Text), Column("state", Text),
    Column("state_category", Text), Column("fields", JSONB), Column("manifest_version_id", Uuid),
)  # fmt: skip
RUNS = Table(
    "import_runs", METADATA, Column("tenant_id", Uuid), Column("id", Uuid), Column("project_id", Uuid),
    Column("source_name", Text), Column("content_hash", Text), Column("rows_total", Integer),
)  # fmt: skip


def rows(world: World, n: int, **more: Any) -> list[dict[str, Any]]:
    """Artifact rows without a tenant."""
    return [
        {
            "id": uuid4(),
            "project_id": world.project_id,
            "manifest_version_id": world.manifest_version_id,
            "type_id": "Requirement",
            "key": f"REQ-{number}",
            "title": f"a\tb\nc\\d 'ı' {number}",
            "state": "open",
            "state_category": "todo",
            "fields": {"text": 'line\n"quoted"\t\\', "n": number},
            **more,
        }
        for number in range(n)
    ]


def test_rows_arrive_as_they_are_with_audit(world: World) -> None:
    """Tabs, newlines, backslashes and quotes survive; every row has its snapshot; the tenant is filled in."""
    batch = rows(world, 250)
    with world.begin(command="import") as conn:
        assert copy_insert(conn, ARTIFACTS, batch) == 250
        assert copy_insert(conn, ARTIFACTS, []) == 0
    stored = world.sql("SELECT title, fields, version, created_by FROM alm.artifacts WHERE key = 'REQ-7'")
    assert stored == [(batch[7]["title"], batch[7]["fields"], 1, world.actor_id)]
    audited = world.sql("SELECT count(*) FROM alm.audit_snapshots WHERE entity_type = 'Artifact'")
    assert audited == [(250,)]


def test_several_batches_and_tables_in_one_transaction(world: World) -> None:
    """The staging tables do not get into each other's way, and are gone afterwards."""
    run = {"id": uuid4(), "project_id": world.project_id, "source_name": "a.csv", "content_hash": "h", "rows_total": 3}
    with world.begin() as conn:
        copy_insert(conn, ARTIFACTS, rows(world, 2))
        copy_insert(conn, RUNS, [run])
        more = [{**row, "key": "X" + row["key"]} for row in rows(world, 2)]
        copy_insert(conn, ARTIFACTS, more)
        assert conn.exec_driver_sql("SELECT count(*) FROM pg_class WHERE relname LIKE 'stage%%'").scalar() == 0
    assert world.sql("SELECT count(*) FROM alm.artifacts") == [(4,)]


def test_on_conflict_do_nothing_counts_what_went_in(world: World) -> None:
    """Known keys are skipped."""
    with world.begin() as conn:
        copy_insert(conn, ARTIFACTS, rows(world, 3))
    with world.begin() as conn:
        assert copy_insert(conn, ARTIFACTS, rows(world, 5), on_conflict="do nothing") == 2


def test_another_tenants_rows_are_refused(world: World) -> None:
    """Policies hold for bulk inserts."""
    with pytest.raises(DBAPIError, match="row-level security"), world.begin() as conn:
        copy_insert(conn, ARTIFACTS, rows(world, 3, tenant_id=uuid4()))
    assert world.sql("SELECT count(*) FROM alm.artifacts") == [(0,)]


def test_errors_are_sqlalchemys(world: World) -> None:
    """A duplicate is an IntegrityError, an unreadable value a DataError; nothing of the batch stays."""
    twice = rows(world, 2)
    twice[1]["key"] = twice[0]["key"]
    with pytest.raises(IntegrityError), world.begin() as conn:
        copy_insert(conn, ARTIFACTS, twice)
    bad = rows(world, 2)
    bad[1]["id"] = "no uuid"
    with pytest.raises(DataError), world.begin() as conn:
        copy_insert(conn, ARTIFACTS, bad)
    assert world.sql("SELECT count(*) FROM alm.artifacts") == [(0,)]
