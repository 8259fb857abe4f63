"""PostgreSQL as Arrow streams, over the low level of ADBC: its DB-API module would import pandas, two seconds of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from alm_workbench.errors import Unavailable

if TYPE_CHECKING:
    import pyarrow as pa


class Session:
    """One connection; autocommit until ``begin``. Raises ``Unavailable`` when there is no server."""

    def __init__(self, dsn: str) -> None:
        import adbc_driver_manager as manager
        import adbc_driver_postgresql as postgresql

        self._manager = manager
        try:
            self._database: Any = postgresql.connect(uri_of(dsn))
            self._connection: Any = manager.AdbcConnection(self._database)
        except manager.Error as error:
            raise Unavailable(f"The mirror cannot reach PostgreSQL: {first_line(error)}") from error

    def begin(self) -> None:
        """Start a read-only transaction in which every statement sees the same moment."""
        self._connection.set_autocommit(False)
        self.rows("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")

    @contextmanager
    def stream(self, sql: str) -> Iterator[pa.RecordBatchReader]:
        """The rows of a statement as a stream that lives as long as the context."""
        import pyarrow as pa

        with self._manager.AdbcStatement(self._connection) as statement:
            statement.set_sql_query(sql)
            handle, _ = statement.execute_query()
            reader = pa.RecordBatchReader.from_stream(handle)
            try:
                yield reader
            finally:
                reader.close()

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """The rows of a small statement."""
        with self.stream(sql) as reader:
            rows: list[dict[str, Any]] = reader.read_all().to_pylist()
            return rows

    def close(self) -> None:
        """End the connection, and with it the transaction and every lock."""
        self._connection.close()
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def uri_of(dsn: str) -> str:
    """A DSN as libpq wants it (SQLAlchemy's driver suffix removed)."""
    return re.sub(r"\Apostgres(ql)?\+\w+://", "postgresql://", dsn)


def first_line(error: BaseException) -> str:
    """The first line of an error's text."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
