"""What the first whole slice costs: starts, imports, single requests, lists, search, the mirror and its reports.

    python tests/performance/bench_skeleton.py [--size 100000] [--quick] [--json] [--part starts] …

Everything runs as users have it: a fresh embedded PostgreSQL that waits for its disk, the real `alm lab`, REST over a
socket. Results and what they mean are in docs/measurements/skeleton.md.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.performance import rest
from tests.performance.measuring import CpuMeter, Row, table
from tests.performance.starts import environment, give_owner, import_cost, start_lab
from tests.performance.world import BATCH, KINDS, Issues, World, import_message, imported, workbench

PARTS = ("import", "starts", "artifacts")


@dataclass
class Bench:
    """One run."""

    size: int
    requests: int
    folder: Path
    say: Callable[[str], None]
    options: tuple[str, ...] = ()
    """Of `alm lab` in the starts; with none it starts as everybody has it."""
    rows: list[Row] = field(default_factory=list)

    def add(self, row: Row) -> None:
        """Keep a result and tell it."""
        self.rows.append(row)
        self.say(f"  {row.name}: {row.value:.3g} {row.unit}  {row.note}")

    # -- without data

    def package(self) -> None:
        """`import alm_workbench`."""
        seconds, megabytes = import_cost(environment(self.folder / "bytecode"), 5)
        self.add(Row("import alm_workbench", seconds, "s", 0.3, note="median of 5 new interpreters"))
        self.add(Row("import alm_workbench, memory", megabytes, "MB", 40, note="resident, the interpreter included"))

    def starts(self) -> None:
        """Cold with nothing compiled, cold with compiled modules, warm."""
        compiled = environment(self.folder / "compiled")
        plan = (
            ("cold start of alm lab", "first", "new data directory, modules not compiled yet", 20.0),
            ("cold start, modules compiled", "second", "new data directory", 20.0),
            ("warm start of alm lab", "second", "data directory of the line above", 6.0),
        )
        for name, folder, what, goal in plan:
            with start_lab(self.folder / folder, compiled, *self.options) as lab:
                note = " ".join((f"{what}; {lab.cpu:.1f} CPU s", *self.options))
                self.add(Row(name, lab.seconds, "s", goal, note=note, cpu=lab.cpu))

    # -- with data

    def artifacts(self) -> None:
        """Everything about many artifacts."""
        with workbench(self.folder / "many") as world:
            issues = Issues()
            self._fill(world, issues)
            self._mirror(world, issues)
            self._through_rest(world, issues)

    def _fill(self, world: World, issues: Issues) -> None:
        batch = min(BATCH, max(1, self.size // len(KINDS)))
        sizes = [min(batch, self.size - n) for n in range(0, self.size, batch)]
        spent, rates, created = 0.0, [], 0
        meter = CpuMeter(world.postmaster)
        for n, rows in enumerate(sizes):
            message = import_message(world, f"batch-{n}.csv", issues.file(rows), KINDS[n % len(KINDS)])
            begun = time.perf_counter()
            created += imported(world, message).created
            seconds = time.perf_counter() - begun
            spent += seconds
            rates.append(rows / seconds)
            self.say(f"  {created} of {self.size} artifacts, {rows / seconds:.0f} rows/s")
        check_traces(world, created)
        database = meter.seconds()
        note = f"{len(sizes)} files of {sizes[0]} rows, slowest {min(rates):,.0f} rows/s; {database:.0f} CPU s in the database"
        self.add(Row("import, all guards, audit, outbox", created / spent, "rows/s", 1500, "more", note))
        self.add(Row(f"making {created:,} artifacts by imports", spent, "s", note="sum of the line above"))

    def _mirror(self, world: World, issues: Issues) -> None:
        mirror = world.runtime.mirror.refresher
        tenant = world.org.tenant_id
        first = mirror.refresh(wait=60, full=frozenset({tenant}))
        note = f"{first.rows:,} rows of all tables"
        self.add(Row(f"mirror, full build at {self.size:,}", first.seconds, "s", note=note))
        share = max(1, self.size // 100)
        imported(world, import_message(world, "one-percent.csv", issues.file(share), "task"))
        second = mirror.refresh(wait=60)
        assert (first.failed, second.failed, second.rebuilt) == ({}, {}, 0), (first, second)
        note = f"{second.rows:,} changed rows, published as a new version"
        self.add(Row("mirror, refresh of 1 %", second.seconds, "s", note=note))

    def _through_rest(self, world: World, issues: Issues) -> None:
        env = environment(self.folder / "compiled")
        give_owner(world.data_dir, env, world.org.slug, world.org.email("owner"))
        waiting = waiting_events(world)
        with start_lab(world.data_dir, env, "--no-demo", "--no-dashboards") as lab:
            self._publish(world, waiting)
            owner, engineer, manager = (
                rest.Client(lab.url, world.org.email(role)) for role in ("owner", "engineer", "manager")
            )
            project, n = str(world.org.project.id), self.requests
            texts = [issues.sentence(random.Random(i).randint(10, 200)) for i in range(n + 5)]
            pids = (lab.process.pid, world.postmaster)

            rest.creates(engineer, project, texts[:5])
            meter = CpuMeter(*pids)
            made, items = rest.creates(engineer, project, texts[5:])
            self._requests("create one, REST", made, 100, meter)
            meter = CpuMeter(*pids)
            self._requests("transition, REST", rest.transitions(engineer, items), 100, meter)
            rest.pages(owner, project, 4)
            meter = CpuMeter(*pids)
            self._requests(f"list page of 50 at {self.size:,}, REST", rest.pages(owner, project, n), 100, meter)
            rest.searches(owner, project, issues.words, 3)
            meter = CpuMeter(*pids)
            found = rest.searches(owner, project, issues.words, n)
            self._requests(f"text search at {self.size:,}, REST", found, None, meter)
            meter = CpuMeter(*pids)
            self._requests("report through the query process, REST", rest.reports(owner, project, n), None, meter)
            self._rest_import(world, issues, manager, pids)
            for client in (owner, engineer, manager):
                client.close()

    def _publish(self, world: World, before: int) -> None:
        """Wait until the events of the imports are published: nothing else should run while requests are timed."""
        begun = time.perf_counter()
        while left := waiting_events(world):  # lab began a moment before it answered
            if time.perf_counter() - begun > 900:
                raise RuntimeError(f"{left} of {before} events are not published")
            time.sleep(0.2)
        seconds = time.perf_counter() - begun
        self.add(
            Row("outbox, publishing", before / seconds, "events/s", note=f"{before:,} events that waited for alm lab")
        )

    def _requests(self, name: str, series: rest.Series, goal: float | None, meter: CpuMeter) -> None:
        each = meter.seconds() * 1000 / len(series.seconds)
        note = f"{series.note()}, {each:.0f} ms CPU each"
        self.add(Row(f"{name}, p95", series.ms(0.95), "ms", goal, note=note, cpu=each / 1000))

    def _rest_import(self, world: World, issues: Issues, client: rest.Client, pids: tuple[int, ...]) -> None:
        rows = max(1, self.size // 20)
        message = import_message(world, "through-rest.csv", issues.file(rows), "requirement")
        body = {
            "source_name": message.source_name,
            "content": message.content,
            "artifact_type": message.artifact_type,
            "mapping": dict(message.mapping),
        }
        meter, series = CpuMeter(*pids), rest.Series()
        answer = series.add(client.post(f"/projects/{world.org.project.id}/imports", body))
        assert answer["created"] == rows, answer
        note = f"one file of {rows:,} rows; {meter.seconds():.1f} CPU s"
        self.add(Row("import through REST", rows / series.seconds[0], "rows/s", 1500, "more", note))


def check_traces(world: World, created: int) -> None:
    """Every imported item has its audit snapshot and its outbox row; a fast import without them would be none."""
    import psycopg

    counts = """SELECT (SELECT count(*) FROM alm.artifacts),
      (SELECT count(*) FROM alm.audit_snapshots WHERE entity_type = 'Artifact'),
      (SELECT count(*) FROM alm.outbox_messages WHERE aggregate_type = 'Artifact' OR event_type = 'ArtifactsImported')"""
    with psycopg.connect(world.runtime.database.admin or "") as conn:
        found = conn.execute(counts).fetchone()
    assert found is not None
    assert found[:2] == (created, created), found
    assert found[2] >= created, found


def waiting_events(world: World) -> int:
    """How many events are not published yet."""
    import psycopg

    with psycopg.connect(world.runtime.database.admin or "") as conn:
        row = conn.execute("SELECT count(*) FROM alm.outbox_messages WHERE published_at IS NULL").fetchone()
    return int(row[0]) if row else 0


@contextmanager
def scratch(keep: bool) -> Iterator[Path]:
    """A folder for data; short, for the database's socket lies in it."""
    folder = Path(tempfile.mkdtemp(prefix="alm-bench-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def main(arguments: list[str] | None = None) -> int:
    """Measure and print the table; 0 whatever the numbers say."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", 1)[0] if __doc__ else None)
    parser.add_argument("--size", type=int, default=100_000, help="artifacts (default 100000)")
    parser.add_argument("--requests", type=int, default=200, help="requests of each kind (default 200)")
    parser.add_argument("--quick", action="store_true", help="a hundredth of the size, few requests, a bare Lab")
    parser.add_argument("--json", action="store_true", help="print JSON, not a table")
    parser.add_argument("--part", choices=PARTS, action="append", help="only this part; may be repeated")
    parser.add_argument("--keep", action="store_true", help="keep the data directories")
    given = parser.parse_args(arguments)
    size, requests = (max(100, given.size // 100), 20) if given.quick else (given.size, given.requests)
    begun = time.perf_counter()
    with scratch(given.keep) as folder:
        bare = ("--no-demo", "--no-dashboards") if given.quick else ()
        bench = Bench(size, requests, folder, partial(print, file=sys.stderr, flush=True), bare)
        work = {"import": bench.package, "starts": bench.starts, "artifacts": bench.artifacts}
        for part in PARTS:
            if not given.part or part in given.part:
                work[part]()
    if given.json:
        print(json.dumps({"size": size, "rows": [row.data() for row in bench.rows]}, indent=2))
    else:
        print(f"\n{table(bench.rows)}\n\n{size:,} artifacts; {time.perf_counter() - begun:.0f} s in all")
    return 0


if __name__ == "__main__":
    sys.exit(main())
