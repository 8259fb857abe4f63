"""The guard accepts one SELECT and nothing else, and says where the rest is wrong."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from alm_workbench.contexts.reporting.domain import QueryRejected
from alm_workbench.mirror import guard


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty database: the guard looks at the text only."""
    with duckdb.connect() as made:
        yield made


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "select 1;",
        "-- why\nSELECT 1 /* ; SELECT 2 */",
        "FROM t",
        "VALUES (1), (2)",
        "WITH a AS (SELECT 1) SELECT * FROM a",
        "WITH RECURSIVE r AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM r WHERE x < 9) FROM r",
        "SELECT 1 UNION SELECT 2 INTERSECT SELECT 2",
        "SELECT * FROM t, json_each(t.f)",
        "SELECT unnest([1, 2])",
        "FROM range(3), generate_series(1, 2)",
        "SELECT 'read_csv(''x'')', \"read_text\" FROM t",
        "PIVOT t ON a IN (1, 2) USING count(*)",
        "UNPIVOT t ON a, b INTO NAME n VALUE v",
        "SHOW TABLES",
        "DESCRIBE t",
        "SUMMARIZE t",
        "SELECT $a + $b",
    ],
)
def test_one_select_is_accepted(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Everything that only reads tables passes, whether the tables exist or not."""
    guard.check(connection, sql)


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("", "empty"),
        ("SELECT 1; SELECT 2", "one statement at a time"),
        ("DELETE FROM t", "not DELETE"),
        ("COPY t TO 'x'", "not COPY"),
        ("ATTACH 'x'", "not ATTACH"),
        ("PIVOT t ON a USING count(*)", "PIVOT needs its values"),
        ("WITH x AS (INSERT INTO t VALUES (1) RETURNING *) FROM x", "not INSERT"),
        ("SELECT (WITH x AS (DELETE FROM t RETURNING *) SELECT 1 FROM x)", "not DELETE"),
        ("SELECT * FROM read_csv('x')", "read_csv cannot be used"),
        ("SELECT * FROM READ_CSV('x')", "cannot be used"),
        ("SELECT * FROM \"read_csv\"('x')", "cannot be used"),
        ("SELECT * FROM system.main.read_csv('x')", "cannot be used"),
        ("SELECT 1 WHERE EXISTS (FROM query('SELECT 1'))", "query cannot be used"),
        ("SELECT x'\0'", "NUL"),
        ("SELECT 1" + " " * guard.MAX_SQL, "longer than"),
    ],
)
def test_the_rest_is_refused_with_a_reason(connection: duckdb.DuckDBPyConnection, sql: str, message: str) -> None:
    """The message names what is not possible here."""
    with pytest.raises(QueryRejected, match=message):
        guard.check(connection, sql)


def test_places_count_characters_not_bytes(connection: duckdb.DuckDBPyConnection) -> None:
    """Turkish letters before the mistake do not shift its column."""
    with pytest.raises(QueryRejected) as caught:
        guard.check(connection, "SELECT 'ığ', 1\nFROM t,\n  read_csv('x')")
    assert (caught.value.extra["line"], caught.value.extra["column"]) == (3, 3)
    with pytest.raises(QueryRejected) as same_line:
        guard.check(connection, "SELECT 'ığ' FROM read_csv('x')")
    assert same_line.value.extra["column"] == 18
