"""The goals that have no peer: manifests, rules, workflows, guards in a database, filters of lists. Parts of bench_engines."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from shutil import rmtree
from statistics import median

import duckdb
import psycopg
import pyarrow as pa

from alm_workbench.mpc.engines.authorizer import Authorizer, authorizer_of
from alm_workbench.mpc.engines.row_filter import FilterPlan, row_filter
from alm_workbench.mpc.expr.sql import Dialect, Sql
from alm_workbench.storage.embedded import EmbeddedPostgres
from tests.factories.database import FAST, short_dir
from tests.performance import bench_manifest, bench_rules, bench_workflow, guards
from tests.performance.measuring import Row, timed


def manifest(*, quick: bool) -> list[Row]:
    """Reading, checking, editing, opening and analysing."""
    return bench_manifest.rows(bench_manifest.Sizes(60, 100, 200) if quick else bench_manifest.Sizes())


def rules(*, quick: bool) -> list[Row]:
    """Decisions, explanations, masks and filters at ten to ten thousand rules."""
    return bench_rules.rows((10, 100), 0.02) if quick else bench_rules.rows()


def workflow(*, quick: bool) -> list[Row]:
    """Steps, refusals, storing, soundness, drawing."""
    return bench_workflow.rows(0.02 if quick else 1.0)


def sql(*, quick: bool) -> Iterator[Row]:
    """Guards over history in DuckDB."""
    rows = 20_000 if quick else 1_000_000
    found = guards.measure(rows)
    rate = f"{found['DuckDB, rows/s'] / 1e6:.0f} M rows/s, loop {found['loop, rows/s'] / 1e6:.1f} M rows/s"
    name = f"over {rows:,} rows in DuckDB, beside"
    yield Row(f"a guard {name} a generated loop", found["one guard, DuckDB / loop"], "×", 4, "more", rate)
    by_column = "a generated loop for each guard over columns in memory"
    yield Row(f"ten guards {name} generated loops", found["ten guards, DuckDB / loop"], "×", 10, "more", by_column)
    by_row = "generated functions over rows as mappings"
    yield Row(f"ten guards {name} functions", found["ten guards, DuckDB / functions"], "×", 10, "more", by_row)


def lists(*, quick: bool) -> Iterator[Row]:
    """What may be seen of a list, decided by the database: making the condition, and the first page with and without."""
    count = 20_000 if quick else 1_000_000
    authorizer = authorizer_of(bench_rules.manifest(100))
    asked = bench_rules.requests(authorizer, 100 if quick else 1_000)
    found = [(made, kept, sql) for made, kept, sql in (_filter(authorizer, request) for request in asked) if sql]
    note = "rules known, actor new: the median of many"
    yield Row("list filter made anew", median(made for made, _, _ in found) * 1e6, "µs", 50, note=note)
    yield Row("list filter made before", median(kept for _, kept, _ in found) * 1e6, "µs", 50)
    dialects: tuple[Dialect, ...] = ("postgres", "duckdb")
    for dialect in dialects:
        with _database(dialect, count) as query:
            bare = _page(query, "TRUE", ())
            filters = {_shown(authorizer, request, dialect) for request in asked} - {("", ())}
            more = [_page(query, text, params) - bare for text, params in filters]
        note = f"{dialect}, {len(more)} filters; bare {bare * 1e3:.2f} ms, where no row passes {max(more) * 1e3:.1f} ms"
        yield Row(f"first page of 50 out of {count:,}, filtered", median(more) * 1e3, "ms more", 1, note=note)


def _shown(authorizer: Authorizer, request: bench_rules.Request, dialect: Dialect) -> tuple[str, tuple[object, ...]]:
    """The filter as text and parameters; nothing where none is needed."""
    actor, action, kind, _ = request
    found = row_filter(authorizer.compiled, actor, action, kind, bench_rules.COLUMNS, dialect)
    if not isinstance(found, Sql):
        return "", ()
    return found.render("format" if dialect == "postgres" else "qmark"), tuple(found.params)


Query = Callable[[str, list[object]], object]


def _page(query: Query, text: str, params: tuple[object, ...]) -> float:
    """Seconds of the first page on the clock, the best of several: a server's work is not in this process's time."""
    page = f"SELECT * FROM items WHERE {text} LIMIT 50"
    return min(timed(lambda: query(page, list(params))) for _ in range(15))


@contextmanager
def _database(dialect: Dialect, count: int) -> Iterator[Query]:
    """The items in a database of their own."""
    if dialect == "duckdb":
        with duckdb.connect() as engine:
            engine.register("source", _items(count))
            engine.execute("CREATE TABLE items AS SELECT * FROM source")
            yield lambda text, params: engine.execute(text, params).fetchall()
        return
    home = short_dir("alm-bench-")
    env = {name: value for name, value in os.environ.items() if not name.startswith("ALM_")}
    try:
        with (
            EmbeddedPostgres(home, env=env, settings=FAST) as server,
            psycopg.connect(server.superuser_dsn(), autocommit=True) as found,
        ):
            found.execute(
                "CREATE TABLE items (id int PRIMARY KEY, department text, level int, state text, created_by text)"
            )
            with found.cursor() as cursor, cursor.copy("COPY items FROM STDIN") as copy:
                for line in zip(*_items(count).to_pydict().values(), strict=True):
                    copy.write_row(line)
            found.execute("ANALYZE items")
            yield lambda text, params: found.execute(text, params, prepare=True).fetchall()
    finally:
        rmtree(home, ignore_errors=True)


def _filter(authorizer: Authorizer, request: bench_rules.Request) -> tuple[float, float, Sql | None]:
    """Seconds to make a filter of a known plan for facts not seen before, seconds to get it again, and the filter."""
    actor, action, kind, _ = request
    compiled = authorizer.compiled

    def made() -> object:
        return row_filter(compiled, actor, action, kind, bench_rules.COLUMNS, "duckdb")

    def anew() -> object:
        for plan in authorizer.cell(actor, action, kind).filters.values():
            if isinstance(plan, FilterPlan):
                plan.made.clear()
        return made()

    found = made()
    times = 20
    fresh = guards.quickest(lambda: [anew() for _ in range(times)], 3) / times
    kept = guards.quickest(lambda: [made() for _ in range(times)], 3) / times
    return fresh, kept, found if isinstance(found, Sql) else None


def _items(count: int) -> pa.Table:
    rng = random.Random(3)
    people = [f"u{number}" for number in range(24)]
    return pa.table(
        {
            "id": range(count),
            "department": rng.choices(bench_rules.DEPARTMENTS, k=count),
            "level": rng.choices(range(10), k=count),
            "state": rng.choices(bench_rules.STATES, k=count),
            "created_by": rng.choices(people, k=count),
        }
    )
