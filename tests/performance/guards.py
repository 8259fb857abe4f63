"""Guards over a million rows of history: DuckDB beside generated Python over the same rows in memory.

Columns of few values are enums, numbers as wide as they need to be. Ten guards are one scan: rows that none of them keeps
are left out before they are counted. Beside it a generated loop for each guard over columns as lists, which is the best
that Python has, and the generated functions over rows as they are at hand elsewhere, as mappings.

python -m tests.performance.guards [ROWS]
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import duckdb

from alm_workbench.mpc.expr.batch import to_batch
from alm_workbench.mpc.expr.compiled import compile_expression
from alm_workbench.mpc.expr.parse import parse_expr
from alm_workbench.mpc.expr.sql import Column, Env, translate

STATES = ("draft", "open", "in_review", "approved", "closed")
GUARD = "priority >= 3 and state == 'open' and age > 5 and (assignee == author or severity in ['major', 'critical'])"
TYPES = {
    "priority": "number",
    "state": "text",
    "age": "number",
    "assignee": "text",
    "author": "text",
    "severity": "text",
}
COLUMNS = {
    "priority": Column("priority", "int"), "age": Column("age", "int"), "state": Column("state", "text"),
    "assignee": Column("assignee", "text"), "author": Column("author", "text"), "severity": Column("severity", "text"),
}  # fmt: skip


def guards() -> list[str]:
    """Ten candidates: the guard with other bounds."""
    return [GUARD.replace(">= 3", f">= {n % 5}").replace("> 5", f"> {n}") for n in range(10)]


def table(rows: int) -> tuple[dict[str, list[Any]], duckdb.DuckDBPyConnection]:
    """The same rows as Python columns and as a DuckDB table with enums."""
    rng = random.Random(5)
    people = [f"u{n}" for n in range(200)]
    pools: dict[str, list[Any]] = {
        "priority": [1, 2, 3, 4, 5, None], "state": [*STATES, None], "age": list(range(30)), "assignee": [*people, None],
        "author": people, "severity": ["minor", "major", "critical", None],
    }  # fmt: skip
    columns = {name: rng.choices(pool, k=rows) for name, pool in pools.items()}
    connection = duckdb.connect()
    import pyarrow as pa

    arrow = pa.table(columns)
    connection.register("arrow", arrow)
    kinds = {
        "priority": "TINYINT", "age": "SMALLINT", "state": "state", "severity": "severity", "assignee": "person",
        "author": "person",
    }  # fmt: skip
    connection.execute("CREATE TYPE state AS ENUM (SELECT DISTINCT state FROM arrow WHERE state IS NOT NULL)")
    connection.execute("CREATE TYPE severity AS ENUM (SELECT DISTINCT severity FROM arrow WHERE severity IS NOT NULL)")
    connection.execute("CREATE TYPE person AS ENUM (SELECT DISTINCT author FROM arrow)")
    shown = ", ".join(f"{name}::{kinds[name]} AS {name}" for name in columns)
    connection.execute(f"CREATE TABLE history AS SELECT {shown} FROM arrow")
    return columns, connection


def quickest(run: Callable[[], Any], times: int = 5) -> float:
    """The least processor time of several runs, in seconds."""
    best = float("inf")
    for _ in range(times):
        before = time.process_time()
        run()
        best = min(best, time.process_time() - before)
    return best


def measure(rows: int) -> dict[str, float]:
    """Rows per processor second, and how many times the loop's rate DuckDB has."""
    columns, connection = table(rows)
    env = Env(COLUMNS, constants=frozenset())
    loops = [to_batch(parse_expr(text), TYPES) for text in guards()]
    scans = [translate(parse_expr(text), env, "duckdb", where=True) for text in guards()]
    one = f"SELECT count(*) FROM history WHERE {scans[5].text}"
    counts = ", ".join(f"count(*) FILTER (WHERE {scan.text})" for scan in scans)
    ten = f"SELECT {counts} FROM history WHERE {' OR '.join(scan.text for scan in scans)}"
    wanted = [sum(loop(columns)) for loop in loops]
    params = [value for scan in scans for value in scan.params] * 2
    assert connection.execute(one, scans[5].params).fetchone() == (wanted[5],)
    assert connection.execute(ten, params).fetchone() == tuple(wanted)
    loop_one = quickest(lambda: loops[5](columns), 3)
    loop_ten = quickest(lambda: [loop(columns) for loop in loops], 1)
    scan_one = quickest(lambda: connection.execute(one, scans[5].params).fetchall())
    scan_ten = quickest(lambda: connection.execute(ten, params).fetchall())
    return {
        "loop, rows/s": rows / loop_one,
        "DuckDB, rows/s": rows / scan_one,
        "one guard, DuckDB / loop": loop_one / scan_one,
        "ten guards, DuckDB / loop": loop_ten / scan_ten,
        "ten guards, DuckDB / functions": by_rows(columns, wanted) / scan_ten,
    }


def by_rows(columns: dict[str, list[Any]], wanted: list[int]) -> float:
    """Seconds to count the rows of each guard by its generated function, over rows as mappings in one loop."""
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    kinds = {"number": "int", "text": "string"}
    names = {name: kinds[group] for name, group in TYPES.items()}
    programs = [compile_expression(text, names=names, strict=False, condition=True).evaluate for text in guards()]

    def count() -> list[int]:
        found = [0] * len(programs)
        numbered = list(enumerate(programs))
        for row in rows:
            for number, holds in numbered:
                if holds(row):
                    found[number] += 1
        return found

    assert count() == wanted
    return quickest(count, 1)


if __name__ == "__main__":
    for name, value in measure(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000).items():
        print(f"{name:28} {value:,.1f}")
