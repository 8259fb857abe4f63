"""A minimal row for every table of a tenant, made from the catalog: a new table is covered without a line here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg import sql

Conn = psycopg.Connection[Any]

_TABLES = """
    SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
    WHERE c.relnamespace = 'alm'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1
"""
_COLUMNS = """
    SELECT a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_attribute a
    WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attnotnull AND NOT a.atthasdef
      AND a.attidentity = '' ORDER BY a.attnum
"""
_CHECKS = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'c'"
_VALUES: dict[str, Any] = {
    "text": "x",
    "integer": 1,
    "bigint": 1,
    "boolean": True,
    "json": "{}",
    "jsonb": "{}",
    "bytea": b"x",
    "double precision": 1.0,
    "timestamp with time zone": "2026-01-01T00:00:00Z",
    "text[]": [],
    "tsvector": "",
    "date": "2026-01-01",
}


@dataclass(frozen=True)
class Row:
    """A row of a table: its tenant and its identifier where it has one."""

    table: str
    tenant_id: UUID
    values: dict[str, Any]


def tenant_tables(conn: Conn) -> list[str]:
    """Every table with a tenant_id, partitions left to their parents."""
    return [row[0] for row in conn.execute(_TABLES)]


def insert_minimal_rows(conn: Conn, tenant_id: UUID, *, text: str = "x") -> list[Row]:
    """One row in each of them, whose texts are ``text``. Needs a superuser: triggers and foreign keys are off, as in a restore."""
    conn.execute("SET LOCAL session_replication_role = replica")
    return [_insert(conn, table, tenant_id, text) for table in tenant_tables(conn)]


def _insert(conn: Conn, table: str, tenant_id: UUID, text: str) -> Row:
    columns = conn.execute(_COLUMNS, (f"alm.{table}",)).fetchall()
    allowed = _allowed(conn, table)
    values = {
        name: tenant_id if name == "tenant_id" else allowed.get(name, text if kind == "text" else _value(kind))
        for name, kind in columns
    } | _one_of_several(conn, table)
    if table == "tenants":
        values["slug"] = str(tenant_id)
    query = sql.SQL("INSERT INTO {} ({}) {} VALUES ({})").format(
        sql.Identifier("alm", table),
        sql.SQL(", ").join(map(sql.Identifier, values)),
        sql.SQL("OVERRIDING SYSTEM VALUE"),
        sql.SQL(", ").join(sql.Placeholder() * len(values)),
    )
    conn.execute(query, list(values.values()))
    return Row(table, tenant_id, values)


def _value(kind: str) -> Any:
    return uuid4() if kind == "uuid" else _VALUES[kind]


def _allowed(conn: Conn, table: str) -> dict[str, str]:
    """The first value that a CHECK (column IN (…)) allows."""
    found: dict[str, str] = {}
    for (definition,) in conn.execute(_CHECKS, (f"alm.{table}",)):
        match = re.match(r"CHECK \(\((\w+) = ANY \(ARRAY\['([^']+)'", definition)
        if match:
            found[match[1]] = match[2]
    return found


def _one_of_several(conn: Conn, table: str) -> dict[str, UUID]:
    """The first of the ids of which a CHECK (num_nonnulls(…) = 1) wants one."""
    checks = [definition for (definition,) in conn.execute(_CHECKS, (f"alm.{table}",))]
    found = [re.match(r"CHECK \(\(num_nonnulls\((\w+), [\w, ]+\) = 1\)\)", definition) for definition in checks]
    return {match[1]: uuid4() for match in found if match}
