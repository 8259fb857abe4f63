"""What trust costs: the pipeline around a handler's SQL, and row-level security on a list.

    python -m tests.performance.bench_trust [--rounds 300] [--rows 20000] [--part pipeline] [--part rls] [--json]

On an embedded PostgreSQL that waits for its disk. Both measures compare two ways of doing the same thing in one run,
turn by turn, so that a busy machine slows both. The load of many people is in tests/performance/load.py.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from sqlalchemy import Engine, event

from alm_workbench.contexts.artifact.messages import CreateArtifact, FindArtifacts, GetArtifact, UpdateArtifact
from alm_workbench.contexts.workflow.messages import TransitionArtifact
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.mediator import LocalMediator
from alm_workbench.shared.messages import Command, Message
from alm_workbench.storage.engine import begin
from tests.factories.database import short_dir
from tests.factories.workbench import make_org
from tests.performance.measuring import Row, percentile, table
from tests.performance.world import Issues, World, import_message, imported, workbench

PIPELINE_GOAL, RLS_GOAL = 3.0, 10.0
PARTS = ("pipeline", "rls")


@dataclass
class Split:
    """Where the seconds of one message went; ``cpu`` is the processor's share of the overhead in this thread."""

    handler_sql: float = 0.0
    pipeline_sql: float = 0.0
    commit: float = 0.0
    total: float = 0.0
    cpu: float = 0.0
    handler: float = 0.0
    statements: int = 0

    @property
    def overhead(self) -> float:
        """Everything but the handler's statements and the commit, which they would need too."""
        return self.total - self.handler_sql - self.commit

    @property
    def around(self) -> float:
        """What the pipeline does before and after the handler: connection, settings, privileges, outbox, decisions."""
        return self.total - self.handler - self.commit


@dataclass
class Probe:
    """Listens to an engine and a mediator; ``split`` is that of the message under way."""

    split: Split = field(default_factory=Split)
    depth: int = 0
    _begun: float = 0.0
    _cpu: float = 0.0

    def listen(self, engine: Engine) -> None:
        """Time every statement and commit."""
        event.listen(engine, "before_cursor_execute", self._before)
        event.listen(engine, "after_cursor_execute", self._after)
        commit = engine.dialect.do_commit

        def timed(connection: Any) -> None:
            begun, cpu = time.perf_counter(), time.thread_time()
            commit(connection)
            self.split.commit += time.perf_counter() - begun
            self.split.cpu -= time.thread_time() - cpu

        engine.dialect.do_commit = timed  # type: ignore[method-assign,assignment]

    def _before(self, *_: Any) -> None:
        self._begun, self._cpu = time.perf_counter(), time.thread_time()

    def _after(self, *_: Any) -> None:
        spent = time.perf_counter() - self._begun
        self.split.statements += 1
        if self.depth:
            self.split.handler_sql += spent
            self.split.cpu -= time.thread_time() - self._cpu
        else:
            self.split.pipeline_sql += spent

    @contextmanager
    def handlers(self) -> Iterator[None]:
        """While open, what runs inside a handler is counted as the handler's."""
        dispatch = LocalMediator.dispatch

        def watched(mediator: LocalMediator, ctx: MessageContext, message: Message[Any], /) -> Any:
            self.depth += 1
            begun = time.perf_counter()
            try:
                return dispatch(mediator, ctx, message)
            finally:
                self.depth -= 1
                if not self.depth:
                    self.split.handler += time.perf_counter() - begun

        LocalMediator.dispatch = watched  # type: ignore[method-assign]
        try:
            yield
        finally:
            LocalMediator.dispatch = dispatch  # type: ignore[method-assign]

    def time(self, call: Callable[[], Any]) -> tuple[Any, Split]:
        """Run one message."""
        self.split = Split()
        begun, cpu = time.perf_counter(), time.thread_time()
        result = call()
        self.split.total = time.perf_counter() - begun
        self.split.cpu += time.thread_time() - cpu
        return result, self.split


def pipeline(world: World, rounds: int) -> list[Row]:
    """Create, update, step, read, list: total, the handler's SQL, and what lies between."""
    probe = Probe()
    probe.listen(world.runtime.engine)
    mediator, project = world.org.manager, world.org.project.id
    splits: dict[str, list[Split]] = {}

    def run(name: str, message: Message[Any]) -> Any:
        work = mediator.send if isinstance(message, Command) else mediator.query
        result, split = probe.time(lambda: work(message))  # type: ignore[arg-type]
        splits.setdefault(name, []).append(split)
        return result

    with probe.handlers():
        for n in range(rounds + 20):
            if n == 20:
                splits.clear()  # warm now
            item = run("create", CreateArtifact(project, "requirement", "Brake by wire"))
            item = run("update", UpdateArtifact(item.id, item.version, f"Brake {n}"))
            run("step", TransitionArtifact(item.id, "start", item.version))
            run("get", GetArtifact(item.id))
            run("list", FindArtifacts(project, limit=50))
    return [row for name, found in splits.items() for row in rows_of(name, found)]


def rows_of(name: str, found: list[Split]) -> list[Row]:
    """What the pipeline adds, and what the handler's rules and objects cost beside its SQL; medians."""

    def middle(value: Callable[[Split], float], share: float = 0.5) -> float:
        return percentile([value(split) for split in found], share) * 1000

    parts = (
        f"whole {middle(lambda s: s.total):.1f} ms: handler's SQL {middle(lambda s: s.handler_sql):.1f}, rest of the handler "
        f"{middle(lambda s: s.handler - s.handler_sql):.1f}, commit {middle(lambda s: s.commit):.1f}; "
        f"{found[-1].statements} statements, {middle(lambda s: s.cpu):.1f} ms of processor here"
    )
    return [
        Row(f"{name}: around the handler", middle(lambda s: s.around), "ms", PIPELINE_GOAL,
            note=f"p95 {middle(lambda s: s.around, 0.95):.1f}; its SQL {middle(lambda s: s.pipeline_sql):.1f} ms"),
        Row(f"{name}: all but the handler's SQL", middle(lambda s: s.overhead), "ms", note=parts),
    ]  # fmt: skip


def rls(world: World, rounds: int) -> list[Row]:
    """The list query as the app's role, and as one that row-level security does not bind, with the predicates written out."""
    seen: list[tuple[str, Any]] = []

    def remember(_c: Any, _cursor: Any, statement: str, parameters: Any, _ctx: Any, _many: bool) -> None:
        if "ORDER BY" in statement and "alm.artifacts" in statement:
            seen.append((statement, parameters))

    engine = world.runtime.engine
    event.listen(engine, "before_cursor_execute", remember)
    queries = {
        "newest 50": FindArtifacts(world.org.project.id, limit=50),
        "50 of a type": FindArtifacts(world.org.project.id, type="defect", limit=50),
    }
    for query in queries.values():
        world.org.manager.query(query)
    event.remove(engine, "before_cursor_execute", remember)
    server = world.runtime.database.server
    assert server is not None
    rows = []
    with psycopg.connect(server.superuser_dsn("alm"), autocommit=True) as free:
        free.execute("ANALYZE")
        for name, (statement, parameters) in zip(queries, seen, strict=True):
            rows.append(compared(name, engine, free, statement, dict(parameters), world, rounds))
    return rows


def compared(
    name: str,
    engine: Engine,
    free: psycopg.Connection[Any],
    statement: str,
    values: dict[str, Any],
    world: World,
    rounds: int,
) -> Row:
    """Both ways turn by turn, each in a transaction that is open already; the ratio of their medians."""
    tenant = world.org.tenant_id
    written = statement.replace("WHERE ", "WHERE a.tenant_id = %(the_tenant)s AND a.deleted_at IS NULL AND ", 1)
    times: tuple[list[float], list[float]] = ([], [])
    with begin(engine, tenant_id=tenant, read_only=True) as conn, free.transaction():
        bound = conn.connection.driver_connection
        assert bound is not None
        with bound.cursor() as one, free.cursor() as other:
            for n in range(rounds + 20):
                took = []
                for cursor, text, given in (
                    (one, statement, values),
                    (other, written, values | {"the_tenant": tenant}),
                ):
                    begun = time.perf_counter()
                    cursor.execute(text, given)
                    found = cursor.fetchall()
                    took.append(time.perf_counter() - begun)
                    assert len(found) >= 50
                if n >= 20:
                    times[0].append(took[0])
                    times[1].append(took[1])
    under, without = (percentile(series, 0.5) * 1000 for series in times)
    note = f"{under:.2f} ms under row-level security, {without:.2f} ms with the predicates written out, {rounds} turns"
    return Row(f"row-level security on a list, {name}", (under / without - 1) * 100, "%", RLS_GOAL, note=note)


def others(world: World, rows: int) -> None:
    """Items of this organisation and of another."""
    issues = Issues()
    other = World(world.runtime, make_org(world.runtime, "globex"), world.data_dir)
    for owner in (world, other):
        for kind in ("requirement", "defect"):
            imported(owner, import_message(owner, f"{kind}.csv", issues.file(rows // 2), kind))


def measure(rounds: int, size: int, parts: tuple[str, ...] = PARTS) -> list[Row]:
    """All parts."""
    folder = short_dir("alm-trust-")
    try:
        with workbench(folder) as world:
            rows = pipeline(world, rounds) if "pipeline" in parts else []
            if "rls" in parts:
                others(world, size)
                rows += rls(world, rounds)
            return rows
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--part", action="append", choices=PARTS)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rows = measure(given.rounds, given.rows, tuple(given.part or PARTS))
    print(json.dumps([row.data() for row in rows], indent=2) if given.json else table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
