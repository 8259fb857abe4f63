"""Writing mirror files: a whole one, or a copy of the last version with a delta applied."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from alm_workbench.mirror.schema import TABLES, Table, create_base, create_views

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from alm_workbench.mirror.extract import Extraction

BUILD_MEMORY = "1GB"
BUILD_THREADS = 2


@dataclass(frozen=True, slots=True)
class Content:
    """What a written file holds: rows of each raw table (deleted ones included) and the tenant's calendar."""

    rows: dict[str, int]
    timezone: str
    week_start: int


class Delta:
    """What has changed for a group of tenants that stand at the same snapshot, held in memory."""

    def __init__(self, extraction: Extraction, tenants: list[UUID], since: str) -> None:
        self.connection = workspace()
        for table in TABLES:
            with extraction.rows(table, tenants, since) as rows:
                load(
                    self.connection, f"CREATE TABLE changed_{table.name} AS SELECT {_typed(table)} FROM incoming", rows
                )
            if table.tombstones:
                keys = "SELECT tenant_id::UUID AS tenant_id, id::UUID AS id FROM incoming"
                with extraction.deleted(table, tenants, since) as rows:
                    load(self.connection, f"CREATE TABLE dead_{table.name} AS {keys}", rows)
        self._counts = self._count()

    def _count(self) -> dict[UUID, int]:
        parts = [f"SELECT tenant_id FROM changed_{t.name}" for t in TABLES]
        parts += [f"SELECT tenant_id FROM dead_{t.name}" for t in TABLES if t.tombstones]
        rows = self.connection.execute(f"SELECT tenant_id, count(*) FROM ({' UNION ALL '.join(parts)}) GROUP BY 1")
        return dict(rows.fetchall())

    def changes(self, tenant: UUID) -> int:
        """How many changed or deleted rows a tenant has."""
        return self._counts.get(tenant, 0)

    def close(self) -> None:
        """Free the memory."""
        self.connection.close()


def workspace() -> duckdb.DuckDBPyConnection:
    """A private in-memory database to work in; it reaches no extension and sees no Python variable."""
    import duckdb

    return duckdb.connect(
        ":memory:",
        config={
            "threads": BUILD_THREADS,
            "memory_limit": BUILD_MEMORY,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "python_enable_replacements": False,
        },
    )


def load(connection: duckdb.DuckDBPyConnection, sql: str, rows: pa.RecordBatchReader) -> None:
    """Run a statement that reads the Arrow stream as ``incoming``."""
    connection.register("incoming", rows)
    try:
        connection.execute(sql)
    finally:
        connection.unregister("incoming")


@contextmanager
def attached(connection: duckdb.DuckDBPyConnection, path: Path) -> Iterator[None]:
    """The file as ``o`` in one transaction of ``connection``; checkpointed and detached at the end."""
    connection.execute(f"ATTACH {literal(str(path))} AS o; BEGIN")
    try:
        yield
        connection.execute("COMMIT; CHECKPOINT o")
    except BaseException:
        with suppress(Exception):
            connection.execute("ROLLBACK")
        raise
    finally:
        connection.execute("USE memory; DETACH o")


def build(extraction: Extraction, tenant: UUID, path: Path) -> Content:
    """Write a whole file for one tenant, streaming."""
    connection = workspace()
    try:
        with attached(connection, path):
            connection.execute(f"USE o; {create_base()}; USE memory")
            for table in TABLES:
                with extraction.rows(table, [tenant]) as rows:
                    sql = f"INSERT INTO o.base.{table.name} BY NAME SELECT {_typed(table)} FROM incoming"
                    load(connection, sql, rows)
            connection.execute(f"USE o; {create_views()}; USE memory")
            return _finish(connection)
    finally:
        connection.close()


def apply(delta: Delta, tenant: UUID, source: Path, path: Path) -> Content:
    """Write a copy of ``source`` with a tenant's share of the delta."""
    shutil.copyfile(source, path)
    with attached(delta.connection, path):
        for table in TABLES:
            _replace_rows(delta.connection, table, tenant)
        return _finish(delta.connection)


def _replace_rows(connection: duckdb.DuckDBPyConnection, table: Table, tenant: UUID) -> None:
    keys = f"SELECT {table.key} FROM changed_{table.name} WHERE tenant_id = $tenant"
    if table.tombstones:
        keys += f" UNION ALL SELECT id FROM dead_{table.name} WHERE tenant_id = $tenant"
    mine = {"tenant": tenant}
    if not connection.execute(f"SELECT EXISTS ({keys})", mine).fetchall()[0][0]:
        return
    connection.execute(f"DELETE FROM o.base.{table.name} WHERE {table.key} IN ({keys})", mine)
    connection.execute(
        f"INSERT INTO o.base.{table.name} BY NAME SELECT * FROM changed_{table.name} WHERE tenant_id = $tenant", mine
    )


def _finish(connection: duckdb.DuckDBPyConnection) -> Content:
    """Set the calendar that the views use (an unknown time zone counts as UTC) and take stock."""
    connection.execute(
        "DELETE FROM o.base.calendar; INSERT INTO o.base.calendar SELECT"
        " coalesce((SELECT z.name FROM pg_timezone_names() z WHERE z.name = t.timezone LIMIT 1), 'UTC'),"
        " coalesce(t.week_start, 1) FROM o.base.tenants t"
    )
    counts = " UNION ALL ".join(f"SELECT '{t.name}', count(*) FROM o.base.{t.name}" for t in TABLES)
    rows = dict(connection.execute(counts).fetchall())
    zone, week_start = connection.execute("SELECT timezone, week_start FROM o.base.calendar").fetchall()[0]
    return Content(rows, zone, week_start)


def _typed(table: Table) -> str:
    return ", ".join(f'"{name}"::{kind} AS "{name}"' for name, kind in table.all_columns.items())


def literal(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"
