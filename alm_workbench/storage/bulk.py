"""Many rows at once: COPY into a temporary table, then one INSERT or UPDATE (COPY into a table with RLS is refused)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import count
from typing import Any, Literal

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb
from sqlalchemy import JSON, Connection, Table
from sqlalchemy.exc import DBAPIError

_numbers = count(1)


def copy_insert(
    conn: Connection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    on_conflict: Literal["do nothing"] | None = None,
) -> int:
    """Insert `rows` (all with the keys of the first) into `table`; the number that went in.

    Triggers, policies and defaults work as for any INSERT. Without a key "tenant_id" the transaction's tenant is used.
    Raises sqlalchemy's IntegrityError or DataError for the whole batch.
    """
    if not rows:
        return 0
    columns = list(rows[0])
    driver = conn.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    stage = sql.Identifier(f"stage_{table.name}_{next(_numbers)}")
    target = sql.Identifier(table.schema or "alm", table.name)
    try:
        with driver.cursor() as cursor:
            cursor.execute(_create(stage, target, columns))
            _copy(cursor, stage, table, columns, rows)
            cursor.execute(_insert(stage, target, columns, on_conflict))
            inserted = cursor.rowcount
            cursor.execute(sql.SQL("DROP TABLE {}").format(stage))
    except psycopg.Error as error:
        raise DBAPIError.instance(f"COPY {table.fullname}", None, error, psycopg.Error) from error
    return inserted


def copy_update(
    conn: Connection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    key: Sequence[str] = ("id",),
    merged: Collection[str] = (),
) -> int:
    """Change many rows of `table` at once, each found by its `key` columns; the number of rows that were there.

    All rows have the keys of the first. Columns in `merged` (jsonb) are laid over what the row holds. Triggers and
    policies work as for any UPDATE. Raises sqlalchemy's IntegrityError or DataError for the whole batch.
    """
    if not rows:
        return 0
    columns = list(rows[0])
    driver = conn.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    stage = sql.Identifier(f"stage_{table.name}_{next(_numbers)}")
    target = sql.Identifier(table.schema or "alm", table.name)
    try:
        with driver.cursor() as cursor:
            cursor.execute(_create(stage, target, columns))
            _copy(cursor, stage, table, columns, rows)
            cursor.execute(_update(stage, target, columns, key, merged))
            changed = cursor.rowcount
            cursor.execute(sql.SQL("DROP TABLE {}").format(stage))
    except psycopg.Error as error:
        raise DBAPIError.instance(f"COPY {table.fullname}", None, error, psycopg.Error) from error
    return changed


def _update(
    stage: sql.Identifier,
    target: sql.Identifier,
    columns: Sequence[str],
    key: Sequence[str],
    merged: Collection[str],
) -> sql.Composed:
    changes = [
        sql.SQL("{0} = t.{0} || s.{0}" if name in merged else "{0} = s.{0}").format(sql.Identifier(name))
        for name in columns
        if name not in key
    ]
    found = [sql.SQL("t.{0} = s.{0}").format(sql.Identifier(name)) for name in key]
    return sql.SQL("UPDATE {} AS t SET {} FROM {} AS s WHERE t.tenant_id = alm.current_tenant() AND {}").format(
        target, sql.SQL(", ").join(changes), stage, sql.SQL(" AND ").join(found)
    )


def _names(columns: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def _create(stage: sql.Identifier, target: sql.Identifier, columns: Sequence[str]) -> sql.Composed:
    query = sql.SQL("CREATE TEMP TABLE {} ON COMMIT DROP AS SELECT {} FROM {} WITH NO DATA")
    return query.format(stage, _names(columns), target)


def _copy(
    cursor: psycopg.Cursor[Any],
    stage: sql.Identifier,
    table: Table,
    columns: Sequence[str],
    rows: Sequence[Mapping[str, Any]],
) -> None:
    converters = [(name, _converter(table, name)) for name in columns]
    with cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(stage, _names(columns))) as copy:
        for row in rows:
            copy.write_row([convert(row[name]) if convert else row[name] for name, convert in converters])


def _converter(table: Table, column: str) -> Callable[[Any], Any] | None:
    if isinstance(table.c[column].type, JSON):
        return lambda value: None if value is None else Jsonb(value)
    return None


def _insert(
    stage: sql.Identifier, target: sql.Identifier, columns: Sequence[str], on_conflict: str | None
) -> sql.Composed:
    own = "tenant_id" in columns
    return sql.SQL("INSERT INTO {} ({}{}) SELECT {}{} FROM {}{}").format(
        target,
        sql.SQL("") if own else sql.SQL("tenant_id, "),
        _names(columns),
        sql.SQL("") if own else sql.SQL("alm.current_tenant(), "),
        _names(columns),
        stage,
        sql.SQL(" ON CONFLICT DO NOTHING") if on_conflict else sql.SQL(""),
    )
