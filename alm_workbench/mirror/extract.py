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
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from alm_workbench.errors import ConfigurationError, Unavailable
from alm_workbench.mirror.adbc import Session
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

    def __init__(self, session: Session) -> None:
        self._session = session
        self.moment = self._moment()

    def tenants(self) -> list[UUID]:
        """Every tenant there is."""
        return [
            UUID(r["t"])
            for r in self._session.rows(
                f"SELECT tenant_id::text AS t FROM {PG_SCHEMA}.tenants WHERE status = 'active' ORDER BY 1"
            )
        ]

    def rows(
        self, table: Table, tenants: Iterable[UUID], since: str | None = None
    ) -> AbstractContextManager[pa.RecordBatchReader]:
        """A stream of a table's rows of some tenants: those changed since a snapshot, or all."""
        columns = ", ".join(f'"{name}"' for name in table.all_columns)
        return self._session.stream(
            f"SELECT {columns} FROM {PG_SCHEMA}.{table.name} WHERE {_scope(tenants)}{_since(since)}"
        )

    def deleted(
        self, table: Table, tenants: Iterable[UUID], since: str
    ) -> AbstractContextManager[pa.RecordBatchReader]:
        """A stream of ``tenant_id, id`` of rows that were deleted for good since a snapshot."""
        condition = f"tbl = '{table.name}' AND {_scope(tenants)}{_since(since)}"
        return self._session.stream(f"SELECT tenant_id, id FROM {PG_SCHEMA}.tombstones WHERE {condition}")

    def query(self, sql: str) -> list[dict[str, Any]]:
        """Rows of a statement of our own, in the same transaction."""
        return self._session.rows(sql)

    def _moment(self) -> Moment:
        row = self._session.rows(
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
        found = self._session.rows(
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
def extraction(dsn: str, *, wait: float = 0.0) -> Iterator[Extraction]:
    """Open the one extraction of this database; raises ``Busy`` when another process holds it for ``wait`` seconds.

    The lock is taken before the snapshot, so that two refreshers can never publish in the wrong order.
    """
    with Session(dsn) as session:
        _lock(session, wait)
        session.begin()
        yield Extraction(session)


def _lock(session: Session, wait: float) -> None:
    deadline = time.monotonic() + wait
    while not session.rows(f"SELECT pg_try_advisory_lock({LOCK_KEY}) AS mine")[0]["mine"]:
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
