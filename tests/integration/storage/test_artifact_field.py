"""artifact_field: a typed index over fields, kept by triggers, that never fails a write."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from alm_workbench.contexts.artifact.tables import artifacts
from alm_workbench.storage.bulk import copy_insert
from alm_workbench.storage.tables import metadata
from tests.factories.world import World, run

OWNER = UUID("00000000-0000-4000-8000-000000000001")


def index(world: World, *, type_id: str = "Requirement", **kinds: str) -> None:
    """Declare indexed fields of a type."""
    for field, kind in kinds.items():
        world.sql(
            "INSERT INTO alm.indexed_fields (tenant_id, project_id, type_id, field_id, value_kind)"
            " VALUES (:t, :p, :type, :field, :kind)",
            type=type_id,
            field=field,
            kind=kind,
        )


def values(world: World, kind: str, field: str = "f") -> list[Any]:
    """The indexed values of a field, in order."""
    rows = world.sql(f"SELECT ord, v_{kind} FROM alm.artifact_field WHERE field_id = :f ORDER BY ord", f=field)
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)
    return [row[1] for row in rows]


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("text", "high", ["high"]),
        ("text", "x" * 600, ["x" * 500]),
        ("text", 5, ["5"]),
        ("text", True, ["true"]),
        ("text", ["a", "b"], ["a", "b"]),
        ("text", [], []),
        ("text", None, []),
        ("text", {"a": 1}, []),
        ("text", [["a"]], []),
        ("int8", 42, [42]),
        ("int8", "42", [42]),
        ("int8", 3.0, [3]),
        ("int8", 3.5, []),
        ("int8", True, [1]),
        ("int8", False, [0]),
        ("int8", "many", []),
        ("int8", 10**30, []),
        ("int8", [1, "x", 3], [1, 3]),
        ("float8", 1.5, [1.5]),
        ("float8", "2.5", [2.5]),
        ("float8", "NaN", []),
        ("float8", "Infinity", []),
        ("float8", "one", []),
        ("ts", "2024-02-29", [datetime(2024, 2, 29, tzinfo=UTC)]),
        ("ts", "2024-02-29T10:00:00Z", [datetime(2024, 2, 29, 10, tzinfo=UTC)]),
        ("ts", "2024-02-29T10:00:00+03:00", [datetime(2024, 2, 29, 7, tzinfo=UTC)]),
        ("ts", "2024-02-29T10:00:00.250", [datetime(2024, 2, 29, 10, 0, 0, 250000, tzinfo=UTC)]),
        ("ts", "2023-02-29", []),
        ("ts", "now", []),
        ("ts", "yesterday", []),
        ("ts", 20240229, []),
        ("uuid", str(OWNER), [OWNER]),
        ("uuid", "nobody", []),
        ("uuid", [str(OWNER), None], [OWNER]),
    ],
)
def test_values_are_cast_and_the_uncastable_leave_no_row(world: World, kind: str, value: Any, expected: Any) -> None:
    """One row for each item that fits the kind."""
    index(world, f=kind)
    world.artifact(fields=json.dumps({"f": value, "other": 1}))
    assert values(world, kind) == expected


def test_the_index_follows_updates_and_deletes(world: World) -> None:
    """Changed fields are re-indexed, untouched ones stay, hard-deleted artifacts leave nothing."""
    index(world, f="text")
    item = world.artifact(fields='{"f": ["a", "b"]}')
    world.sql('UPDATE alm.artifacts SET fields = \'{"f": "c"}\'')
    assert values(world, "text") == ["c"]
    world.sql("UPDATE alm.artifacts SET title = 'new'")
    assert values(world, "text") == ["c"]
    world.sql("UPDATE alm.artifacts SET type_id = 'Bug'")
    assert values(world, "text") == []
    world.sql("UPDATE alm.artifacts SET type_id = 'Requirement'")
    world.sql("DELETE FROM alm.artifacts WHERE id = :id", id=item)
    assert values(world, "text") == []


def test_only_declared_fields_of_the_type_are_indexed(world: World) -> None:
    """Another type's field of the same name is not."""
    index(world, f="text", type_id="Bug")
    world.artifact(fields='{"f": "a"}')
    assert values(world, "text") == []


def test_reindex_project_after_an_activation(world: World) -> None:
    """New indexed fields get the values of existing artifacts, dropped ones lose theirs; other projects stay."""
    world.artifact(1, fields='{"f": "a", "n": 4}')
    index(world, f="text", n="int8")
    world.sql("SELECT alm.reindex_project(:p)")
    assert (values(world, "text"), values(world, "int8", "n")) == (["a"], [4])
    world.sql("DELETE FROM alm.indexed_fields WHERE field_id = 'f'")
    world.sql("SELECT alm.reindex_project(:p)")
    assert (values(world, "text"), values(world, "int8", "n")) == ([], [4])


def test_bulk_inserts_and_updates_are_indexed(world: World) -> None:
    """COPY and one statement over many rows."""
    index(world, f="int8")
    assert artifacts.metadata is metadata
    rows = [
        {
            "id": uuid4(),
            "project_id": world.project_id,
            "manifest_version_id": world.manifest_version_id,
            "type_id": "Requirement",
            "key": f"REQ-{number}",
            "title": "t",
            "state": "open",
            "state_category": "todo",
            "fields": {"f": number},
        }
        for number in range(100)
    ]
    with world.begin() as conn:
        assert copy_insert(conn, artifacts, rows) == 100
    total = "SELECT count(*), sum(v_int8) FROM alm.artifact_field"
    assert world.sql(total) == [(100, sum(range(100)))]
    world.sql("UPDATE alm.artifacts SET fields = jsonb_set(fields, '{f}', '1')")
    assert world.sql(total) == [(100, 100)]


def test_a_filter_on_an_indexed_field_uses_the_index_under_rls(world: World) -> None:
    """text equality is leak-proof, so the app's filter reaches the index."""
    index(world, f="text")
    with world.begin() as conn:
        for number in range(200):
            world.add_artifact(conn, number, fields=json.dumps({"f": f"v{number}"}))
        conn.exec_driver_sql("SET LOCAL enable_seqscan = off")
        plan = run(conn, world, "EXPLAIN SELECT artifact_id FROM alm.artifact_field"
                   " WHERE project_id = :p AND field_id = 'f' AND v_text = 'v7'")  # fmt: skip
    assert any("artifact_field_text" in line[0] and "Filter" not in line[0] for line in plan)
