"""PostgreSQL keeps the rows that the walker keeps, whatever its collation and its opinion of null."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm_workbench.mpc.expr.ir import Expr, show
from alm_workbench.mpc.expr.parse import parse_expr
from alm_workbench.mpc.expr.scope import PlainScope
from alm_workbench.mpc.expr.sql import Column, Env, Sql, translate, try_translate
from alm_workbench.mpc.expr.walk import FILTER, truth_of
from alm_workbench.storage.bootstrap import Dsns
from tests.factories.expressions import COLUMNS, CONSTANTS, Grower, columns, create_table, row
from tests.unit.mpc.soak import soak

ROWS, EXPRESSIONS = 100, 10
ENV = Env(columns(), PlainScope(CONSTANTS), frozenset(("actor",)))


@pytest.fixture(scope="module")
def connection(module_db: Dsns) -> Iterator[psycopg.Connection]:
    with psycopg.connect(module_db.owner, autocommit=True) as found:
        found.execute(create_table("rows", "postgres"))
        yield found


def fill(connection: psycopg.Connection, rows: list[dict[str, Any]]) -> None:
    connection.execute("TRUNCATE rows")
    marks = ", ".join(["%s"] * (len(COLUMNS) + 1))
    with connection.cursor() as cursor:
        values = [[number, *(found.get(name) for name in COLUMNS)] for number, found in enumerate(rows)]
        cursor.executemany(f"INSERT INTO rows VALUES ({marks})", values)


def translatable(grower: Grower) -> list[tuple[Expr, Sql]]:
    found: list[tuple[Expr, Sql]] = []
    while len(found) < EXPRESSIONS:
        expr = grower.condition(3)
        sql = try_translate(expr, ENV, "postgres")
        if isinstance(sql, Sql):
            found.append((expr, sql))
        else:
            assert "number" in sql.reason or "form" in sql.reason, sql.reason
    return found


@soak(10, at_least=1_000)
@given(st.integers(0, 2**64))
def test_postgres_says_what_the_walker_says(connection: psycopg.Connection, seed: int) -> None:
    """A thousand evaluations an example: ten expressions over a hundred rows, as values and as a WHERE clause."""
    random = Random(seed)
    rows = [row(random) for _ in range(ROWS)]
    fill(connection, rows)
    pairs = translatable(Grower(random, fractions_modulo=False))
    query = f"SELECT {', '.join(sql.render('format') for _, sql in pairs)} FROM rows ORDER BY id"
    answers = connection.execute(query, [value for _, sql in pairs for value in sql.params]).fetchall()
    for number, (expr, sql) in enumerate(pairs):
        walked = [truth_of(expr, PlainScope({**values, **CONSTANTS}), FILTER) for values in rows]
        assert [answer[number] for answer in answers] == walked, (show(expr), sql.text, sql.params)
        where = translate(expr, ENV, "postgres", where=True)
        query = f"SELECT id FROM rows WHERE {where.render('format')}"
        kept = {found[0] for found in connection.execute(query, where.params).fetchall()}
        assert kept == {n for n, outcome in enumerate(walked) if outcome}, (show(expr), where.text)


def test_a_bare_where_clause_is_served_by_an_index(connection: psycopg.Connection) -> None:
    """`where=True` leaves comparisons as the planner knows them."""
    connection.execute("CREATE TEMPORARY TABLE many AS SELECT g AS n FROM generate_series(1, 50000) g")
    connection.execute("CREATE INDEX ON many (n)")
    connection.execute("ANALYZE many")
    env = Env({"self.n": Column("n", "int")})
    plans = {}
    for where in (True, False):
        sql = translate(parse_expr("self.n == 7 and self.n < 100"), env, "postgres", where=where)
        found = connection.execute(f"EXPLAIN SELECT * FROM many WHERE {sql.render('format')}", sql.params).fetchall()
        plans[where] = " ".join(line[0] for line in found)
    assert "Index" in plans[True]
    assert "Seq Scan" in plans[False]


def test_values_never_become_text(connection: psycopg.Connection) -> None:
    """Quotes, percent signs and comments arrive as they are."""
    fill(connection, [{"s": text} for text in ("'; DROP TABLE rows; --", "100%", "%s", "\\'")])
    for text in ("'; DROP TABLE rows; --", "100%", "%s", "\\'"):
        sql = translate(parse_expr("s == actor.it or startsWith(s, actor.it)"), _env(text), "postgres")
        assert text not in sql.text
        found = connection.execute(f"SELECT count(*) FROM rows WHERE {sql.render('format')}", sql.params).fetchone()
        assert found == (1,)


def _env(text: str) -> Env:
    return Env(columns(), PlainScope({"actor": {"it": text}}))
