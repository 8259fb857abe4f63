"""Reading from PostgreSQL: one REPEATABLE READ transaction as ``alm_mirror``, through ADBC into Arrow.

A change is a row whose top-level transaction was not visible in the snapshot of the last extraction. Unlike a clock or
a sequence this misses nothing that commits late: the snapshot text and the rows come from the same transaction.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from alm_workbench.errors import ConfigurationError, Unavailable
from alm_workbench.mirror.schema import FORMAT, PG_SCHEMA, TABLES, Table

if TYPE_CHECKING:
    import pyarrow as pa

LOCK_KEY = 0x616C6D_6D6972
"""Key of the advisory lock that makes the refresher a single one per database."""

_SNAPSHOT = re.compile(r"\d+:\d+:[\d,]*\Z")


class Busy(Unavailable):
    """Another process is refreshing right now."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Where an extraction stands: the snapshot, its time, and for which tables of which database it holds."""

    snap: str
    at: str
    ddl: str
    cluster: str

    def follows(self, snap: str) -> bool:
        """Whether an earlier watermark can be continued from here; a restored database may lie behind it."""
        return bool(_SNAPSHOT.match(snap)) and int(snap.split(":")[1]) <= int(self.snap.split(":")[1])


class Extraction:
    """One transaction's view of the mirrored tables."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.moment = self._moment()

    def tenants(self) -> list[UUID]:
        """Every tenant there is."""
        return [UUID(r["t"]) for r in self._rows(f"SELECT tenant_id::text AS t FROM {PG_SCHEMA}.tenants ORDER BY 1")]

    def rows(
        self, table: Table, tenants: Iterable[UUID], since: str | None = None
    ) -> AbstractContextManager[pa.RecordBatchReader]:
        """A stream of a table's rows of some tenants: those changed since a snapshot, or all."""
        columns = ", ".join(f'"{name}"' for name in table.all_columns)
        return self._read(f"SELECT {columns} FROM {PG_SCHEMA}.{table.name} WHERE {_scope(tenants)}{_since(since)}")

    def deleted(
        self, table: Table, tenants: Iterable[UUID], since: str
    ) -> AbstractContextManager[pa.RecordBatchReader]:
        """A stream of ``tenant_id, id`` of rows that were deleted for good since a snapshot."""
        condition = f"tbl = '{table.name}' AND {_scope(tenants)}{_since(since)}"
        return self._read(f"SELECT tenant_id, id FROM {PG_SCHEMA}.tombstones WHERE {condition}")

    def query(self, sql: str) -> list[dict[str, Any]]:
        """Rows of a statement of our own, in the same transaction."""
        return self._rows(sql)

    def _moment(self) -> Moment:
        row = self._rows(
            "SELECT pg_current_snapshot()::text AS snap, to_char(now() AT TIME ZONE 'UTC',"
            ' \'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"\') AS at, (SELECT system_identifier FROM pg_control_system())::text'
            " AS system, (SELECT timeline_id FROM pg_control_checkpoint()) AS timeline,"
            " (SELECT oid FROM pg_database WHERE datname = current_database())::bigint AS database"
        )[0]
        cluster = f"{row['system']}.{row['timeline']}.{row['database']}"
        return Moment(row["snap"], row["at"], self._ddl(), cluster)

    def _ddl(self) -> str:
        """A hash over the mirrored columns and the tables' storage: a TRUNCATE or a rewrite changes the latter."""
        names = ", ".join(f"'{table.name}'" for table in TABLES)
        found = self._rows(
            "SELECT c.relname::text AS tbl, a.attname::text AS col, format_type(a.atttypid, a.atttypmod) AS kind,"
            " c.oid::bigint AS oid, c.relfilenode::bigint AS node"
            " FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
            f" WHERE c.relnamespace = '{PG_SCHEMA}'::regnamespace AND c.relkind = 'r' AND c.relname IN ({names})"
            " ORDER BY 1, 2"
        )
        wanted = {(table.name, column) for table in TABLES for column in table.all_columns}
        missing = sorted(wanted - {(r["tbl"], r["col"]) for r in found})
        if missing:
            raise ConfigurationError(
                f"The database has no column {'.'.join(missing[0])}; run `alm db upgrade` and start again"
            )
        kept = [list(r.values()) for r in found if (r["tbl"], r["col"]) in wanted]
        return hashlib.sha256(json.dumps([FORMAT, kept]).encode()).hexdigest()[:16]

    @contextmanager
    def _read(self, sql: str) -> Iterator[pa.RecordBatchReader]:
        with self._connection.cursor() as cursor:  # the stream lives as long as its cursor
            cursor.execute(sql)
            yield cursor.fetch_record_batch()

    def _rows(self, sql: str) -> list[dict[str, Any]]:
        with self._connection.cursor() as cursor:
            cursor.execute(sql)
            rows: list[dict[str, Any]] = cursor.fetch_arrow_table().to_pylist()
            return rows


@contextmanager
def extraction(dsn: str, *, wait: float = 0.0) -> Iterator[Extraction]:
    """Open the one extraction of this database; raises ``Busy`` when another process holds it for ``wait`` seconds.

    The lock is taken before the snapshot, so that two refreshers can never publish in the wrong order.
    """
    import adbc_driver_postgresql.dbapi as adbc

    try:
        connection = adbc.connect(uri_of(dsn), autocommit=True)
    except adbc.Error as error:
        raise Unavailable(f"The mirror cannot reach PostgreSQL: {first_line(error)}") from error
    with connection:
        _lock(connection, wait)
        connection.adbc_connection.set_autocommit(False)
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        try:
            yield Extraction(connection)
        finally:
            with suppress(adbc.Error):  # closing ends the transaction and the lock anyway
                connection.rollback()


def _lock(connection: Any, wait: float) -> None:
    deadline = time.monotonic() + wait
    while True:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT pg_try_advisory_lock({LOCK_KEY})")
            if cursor.fetchone()[0]:
                return
        if time.monotonic() >= deadline:
            raise Busy("Another process is refreshing the mirror")
        time.sleep(0.05)


def _scope(tenants: Iterable[UUID]) -> str:
    return f"tenant_id = ANY ('{{{','.join(str(t) for t in tenants)}}}'::uuid[])"


def _since(snap: str | None) -> str:
    if snap is None:
        return ""
    if not _SNAPSHOT.match(snap):
        raise ValueError(f"{snap!r} is no snapshot")
    return (
        f" AND row_xid >= pg_snapshot_xmin('{snap}'::pg_snapshot)"
        f" AND NOT pg_visible_in_snapshot(row_xid, '{snap}'::pg_snapshot)"
    )


def uri_of(dsn: str) -> str:
    """A DSN as libpq wants it (SQLAlchemy's driver suffix removed)."""
    return re.sub(r"\Apostgres(ql)?\+\w+://", "postgresql://", dsn)


def first_line(error: BaseException) -> str:
    """The first line of an error's text."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
