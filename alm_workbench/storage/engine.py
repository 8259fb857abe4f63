"""Engines, and `begin()`: one transaction that knows its tenant, actor and command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import psycopg
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.exc import DBAPIError

from alm_workbench.shared import tracing

_SETTINGS = (
    "app.current_tenant_id",
    "app.actor_id",
    "app.command",
    "app.correlation_id",
    "app.commit_id",
    "app.traceparent",
    "app.include_deleted",
    "app.occurred_at",
    "statement_timeout",
)
_ENTER = {"app.current_tenant_id": "alm.enter(%s)"}  # refuses an organisation that is not active
_SET_ALL = "SELECT " + ", ".join(f"set_config('{name}', {_ENTER.get(name, '%s')}, true)" for name in _SETTINGS)


def make_engine(
    dsn: str, *, pool_size: int = 8, pool_timeout: float = 5.0, connect_timeout: int = 10, application_name: str = "alm"
) -> Engine:
    """An engine with a fixed pool (no overflow) on any libpq DSN; waits `pool_timeout` seconds for a connection.

    Its errors go into logs, so they tell the statement and never the values: those are other people's.
    """
    arguments = {"application_name": application_name, "connect_timeout": connect_timeout, **conninfo_to_dict(dsn)}
    return create_engine(
        "postgresql+psycopg://",
        connect_args=arguments,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=pool_timeout,
        hide_parameters=True,
    )


@dataclass(frozen=True, slots=True)
class _Settings:
    tenant_id: UUID | None
    actor_id: UUID | None
    command: str
    correlation_id: str
    commit_id: UUID | None
    include_deleted: bool
    occurred_at: datetime | None
    statement_timeout: float

    def values(self) -> tuple[str, ...]:
        return (
            str(self.tenant_id or ""),
            str(self.actor_id or ""),
            self.command,
            self.correlation_id,
            str(self.commit_id or ""),
            trace.header if (trace := tracing.current.get()) else "",
            "on" if self.include_deleted else "",
            self.occurred_at.isoformat() if self.occurred_at else "",
            str(int(self.statement_timeout * 1000)),
        )


@contextmanager
def begin(
    engine: Engine,
    *,
    tenant_id: UUID | None,
    actor_id: UUID | None = None,
    command: str = "",
    correlation_id: str = "",
    commit_id: UUID | None = None,
    occurred_at: datetime | None = None,
    read_only: bool = False,
    include_deleted: bool = False,
    statement_timeout: float = 30.0,
) -> Iterator[Connection]:
    """A transaction whose rows are those of `tenant_id` (None: no rows); commits at the end, rolls back on an error.

    An organisation that is not active cannot be entered: `DBAPIError` with the SQLSTATE AL001.
    BEGIN and the settings travel in one round trip; the settings end with the transaction, so a pooled connection
    carries nothing over. `occurred_at` must be aware; `statement_timeout` in seconds, 0 for none.
    """
    settings = _Settings(
        tenant_id, actor_id, command, correlation_id, commit_id, include_deleted, occurred_at, statement_timeout
    )
    with engine.connect() as connection:
        _apply(engine, connection, settings, read_only)
        with connection.begin():
            yield connection


def _apply(engine: Engine, connection: Connection, settings: _Settings, read_only: bool) -> None:
    try:
        _send(connection, settings, read_only)
    except psycopg.OperationalError as error:
        # The server was restarted since this connection was pooled. Nothing has run yet, so a fresh one may try again.
        lost = _driver(connection).closed
        connection.invalidate()
        if not lost:
            raise DBAPIError.instance("BEGIN", None, error, psycopg.Error) from error
        engine.dispose()
        _send(connection, settings, read_only)
    except psycopg.Error as error:
        raise DBAPIError.instance("BEGIN", None, error, psycopg.Error) from error


def _driver(connection: Connection) -> psycopg.Connection[object]:
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver


def _send(connection: Connection, settings: _Settings, read_only: bool) -> None:
    driver = _driver(connection)
    driver.read_only = read_only
    with driver.pipeline():  # psycopg puts its BEGIN (READ ONLY) into the same batch
        driver.execute(_SET_ALL, settings.values())
