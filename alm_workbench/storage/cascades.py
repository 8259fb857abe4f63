"""Soft deletion with all that hangs on a row, and restoring exactly what one commit deleted.

``CASCADES`` is the one table that says what goes with what. Whatever a commit takes along is noted in ``alm.bin_entries``,
so two deletions never restore each other's rows. Transactions that call this see the bin (``app.include_deleted``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Connection, TextClause, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Uuid

U = TypeVar("U", bound=UUID)


@dataclass(frozen=True, slots=True)
class Branch:
    """Rows of ``table`` go where the row goes that their ``column`` names."""

    table: str
    column: str


CASCADES: Mapping[str, tuple[Branch, ...]] = {
    "projects": (Branch("artifacts", "project_id"), Branch("saved_queries", "project_id")),
    "artifacts": (
        Branch("artifact_links", "source_id"),
        Branch("artifact_links", "target_id"),
        Branch("comments", "artifact_id"),
        Branch("attachments", "artifact_id"),
        Branch("work_logs", "artifact_id"),
    ),
}
"""What goes with a row, by its table. What lies below an item goes only when that is asked for, and tasks live on."""

STAY: Mapping[str, str] = {
    "manifests": "processes belong to the organisation",
    "memberships": "members belong to the organisation",
    "teams": "teams belong to the organisation",
}
"""Tables with soft deletion whose rows go with nothing, and why."""

OWNERS: Mapping[str, tuple[tuple[str, str], ...]] = {
    table: tuple(
        (parent, branch.column) for parent, branches in CASCADES.items() for branch in branches if branch.table == table
    )
    for table in dict.fromkeys(branch.table for branches in CASCADES.values() for branch in branches)
}
"""Where rows of a table hang: (table, column) for each."""


def _with_ids(statement: str) -> TextClause:
    return text(statement).bindparams(bindparam("ids", type_=ARRAY(Uuid)))


BATCH = 5_000
"""So many rows a statement, so that none runs into the time that one may take."""


def batched(ids: Sequence[UUID]) -> Iterator[list[UUID]]:
    """Ids in portions."""
    for start in range(0, len(ids), BATCH):
        yield list(ids[start : start + BATCH])


Noted = dict[str, dict[UUID, datetime]]
"""What a commit put into the bin, and when: by table and row."""

TASKS = "tasks"
"""What ``tbl`` says of tasks that lost the item they lay under, and live on."""


def put(conn: Connection, commit_id: UUID, table: str, ids: Iterable[UUID], at: datetime) -> dict[str, int]:
    """Put live rows into the bin with all that hangs on them; how many of which table."""
    gone: dict[str, int] = {}
    live = _with_ids(f"SELECT id FROM alm.{table} WHERE id = ANY (:ids) AND deleted_at IS NULL")  # noqa: S608 - own names
    level = {table: list(conn.execute(live, {"ids": list(ids)}).scalars())}
    while level:
        for name, rows in level.items():
            _take(conn, commit_id, name, rows, at)
            gone[name] = gone.get(name, 0) + len(rows)
        level = _below(conn, level)
    return {name: number for name, number in gone.items() if number}


def _below(conn: Connection, level: Mapping[str, Sequence[UUID]]) -> dict[str, list[UUID]]:
    """Live rows that hang on others, by their table."""
    found: dict[str, set[UUID]] = {}
    for table, ids in level.items():
        branches = CASCADES.get(table, ()) if ids else ()
        asked = [
            f"SELECT '{b.table}' AS tbl, id FROM alm.{b.table} WHERE {b.column} = ANY (:ids) AND deleted_at IS NULL"  # noqa: S608
            for b in branches
        ]
        for row in conn.execute(_with_ids(" UNION ALL ".join(asked)), {"ids": list(ids)}) if asked else ():
            found.setdefault(row.tbl, set()).add(row.id)
    return {table: sorted(rows) for table, rows in found.items()}


def _take(conn: Connection, commit_id: UUID, table: str, ids: Sequence[UUID], at: datetime) -> None:
    statement = _with_ids(f"""
WITH gone AS (
  UPDATE alm.{table} SET deleted_at = :at, deleted_by = NULL
   WHERE id = ANY (:ids) AND deleted_at IS NULL RETURNING tenant_id, id
)
INSERT INTO alm.bin_entries (tenant_id, commit_id, tbl, row_id, binned_at)
SELECT tenant_id, :commit, :tbl, id, :at FROM gone""")  # noqa: S608
    for some in batched(ids):
        conn.execute(statement, {"ids": some, "at": at, "commit": commit_id, "tbl": table})


def detach_tasks(conn: Connection, commit_id: UUID, tasks: Mapping[U, UUID], at: datetime) -> None:
    """Let tasks stand at the top that lay under items which go; ``tasks`` is task to item."""
    if not tasks:
        return
    statement = text("""
WITH loose AS (
  UPDATE alm.artifacts a SET parent_id = NULL
    FROM unnest(:tasks, :parents) AS t (task, parent)
   WHERE a.id = t.task AND a.parent_id = t.parent AND a.deleted_at IS NULL
  RETURNING a.tenant_id, a.id, t.parent
)
INSERT INTO alm.bin_entries (tenant_id, commit_id, tbl, row_id, binned_at, parent_id)
SELECT tenant_id, :commit, :tbl, id, :at, parent FROM loose""").bindparams(
        bindparam("tasks", type_=ARRAY(Uuid)), bindparam("parents", type_=ARRAY(Uuid))
    )
    values = {"tasks": list(tasks), "parents": list(tasks.values()), "commit": commit_id, "tbl": TASKS, "at": at}
    conn.execute(statement, values)


def restore(conn: Connection, commit_id: UUID, table: str, ids: Iterable[UUID]) -> dict[str, int]:
    """Take rows out of the bin with what the same commit took along; how many of which table.

    What hangs on something else that is still in the bin goes over to the commit that put that there.
    """
    back: dict[str, int] = {}
    wanted = list(ids)
    noted: Noted = {}
    for row in conn.execute(NOTED, {"commit": commit_id}):
        noted.setdefault(row.tbl, {})[row.row_id] = row.binned_at
    _bring(conn, commit_id, table, "id", wanted, noted, back)
    _back_below(conn, commit_id, table, wanted, noted, back)
    return back


def _back_below(
    conn: Connection, commit_id: UUID, table: str, ids: Sequence[UUID], noted: Noted, back: dict[str, int]
) -> None:
    for branch in CASCADES.get(table, ()):
        brought = _bring(conn, commit_id, branch.table, branch.column, ids, noted, back)
        if brought:
            _back_below(conn, commit_id, branch.table, brought, noted, back)
    if table == "artifacts" and TASKS in noted:
        _attach_tasks(conn, commit_id, ids)


def _bring(
    conn: Connection,
    commit_id: UUID,
    table: str,
    column: str,
    ids: Sequence[UUID],
    noted: Noted,
    back: dict[str, int],
) -> list[UUID]:
    if not ids or table not in noted:
        return []
    dead = " OR ".join(
        f"EXISTS (SELECT FROM alm.{parent} o WHERE o.tenant_id = x.tenant_id AND o.id = x.{key}"
        " AND o.deleted_at IS NOT NULL)"
        for parent, key in OWNERS.get(table, ())
    )
    # ids in arrays, not joins: right after much was written, nothing is known of the size of tables yet
    found = conn.execute(
        _with_ids(
            f"SELECT x.id, x.deleted_at, {dead or 'false'} FROM alm.{table} x"  # noqa: S608
            f" WHERE x.{column} = ANY (:ids) AND x.deleted_at IS NOT NULL"
        ),
        {"ids": list(ids)},
    )
    ours = [(row, waits) for row, at, waits in found if noted[table].get(row) == at]
    _hand_over(conn, commit_id, table, column, [row for row, waits in ours if waits])
    brought = [row for row, waits in ours if not waits]
    if not brought:
        return []
    bring = _with_ids(f"UPDATE alm.{table} SET deleted_at = NULL, deleted_by = NULL WHERE id = ANY (:ids)")  # noqa: S608
    for some in batched(brought):
        conn.execute(bring, {"ids": some})
        conn.execute(FORGET, {"ids": some, "commit": commit_id, "tbl": table})
    back[table] = back.get(table, 0) + len(brought)
    return brought


def _hand_over(conn: Connection, commit_id: UUID, table: str, column: str, rows: Sequence[UUID]) -> None:
    for parent, key in OWNERS.get(table, ()) if rows else ():
        if key == column:
            continue
        statement = _with_ids(f"""
UPDATE alm.bin_entries b SET commit_id = held.commit_id
  FROM alm.{table} x
  JOIN alm.bin_entries held ON held.tenant_id = x.tenant_id AND held.tbl = :parent AND held.row_id = x.{key}
  JOIN alm.{parent} o ON o.tenant_id = x.tenant_id AND o.id = x.{key} AND o.deleted_at = held.binned_at
 WHERE b.tenant_id = x.tenant_id AND b.commit_id = :commit AND b.tbl = :tbl AND b.row_id = x.id
   AND b.row_id = ANY (:ids) AND x.id = ANY (:ids) AND held.commit_id <> :commit""")  # noqa: S608
        conn.execute(statement, {"ids": list(rows), "commit": commit_id, "tbl": table, "parent": parent})


FORGET = _with_ids("DELETE FROM alm.bin_entries WHERE commit_id = :commit AND tbl = :tbl AND row_id = ANY (:ids)")
NOTED = text("SELECT tbl, row_id, binned_at FROM alm.bin_entries WHERE commit_id = :commit")


def _attach_tasks(conn: Connection, commit_id: UUID, ids: Sequence[UUID]) -> None:
    """Lay tasks back under items that return, unless somebody laid them elsewhere in the meantime."""
    statement = _with_ids("""
WITH due AS (
  DELETE FROM alm.bin_entries WHERE commit_id = :commit AND tbl = :tbl AND parent_id = ANY (:ids)
  RETURNING tenant_id, row_id, parent_id
)
UPDATE alm.artifacts a SET parent_id = due.parent_id FROM due
 WHERE a.tenant_id = due.tenant_id AND a.id = due.row_id AND a.parent_id IS NULL AND a.project_id =
   (SELECT p.project_id FROM alm.artifacts p WHERE p.tenant_id = due.tenant_id AND p.id = due.parent_id)""")
    conn.execute(statement, {"ids": list(ids), "commit": commit_id, "tbl": TASKS})


def commit_of(conn: Connection, table: str, row_id: UUID) -> UUID | None:
    """The commit that put a row into the bin, if that is known."""
    statement = text(f"""
SELECT b.commit_id FROM alm.bin_entries b JOIN alm.{table} x ON x.tenant_id = b.tenant_id AND x.id = b.row_id
 WHERE b.tbl = :tbl AND b.row_id = :row AND x.deleted_at = b.binned_at""")  # noqa: S608
    found: UUID | None = conn.execute(statement, {"tbl": table, "row": row_id}).scalar()
    return found


def of_commit(conn: Connection, table: str, commit_id: UUID) -> list[UUID]:
    """Rows of a table that a commit put into the bin and that are still there."""
    statement = text(f"""
SELECT b.row_id FROM alm.bin_entries b JOIN alm.{table} x ON x.tenant_id = b.tenant_id AND x.id = b.row_id
 WHERE b.tbl = :tbl AND b.commit_id = :commit AND x.deleted_at = b.binned_at ORDER BY b.row_id""")  # noqa: S608
    return list(conn.execute(statement, {"tbl": table, "commit": commit_id}).scalars())
