"""What changing many costs: bulk create, update, transition, plan and undo, imports and exports, all guards on.

    python tests/performance/bench_domain_bulk.py [--items 10000] [--json] [--profile update]

Everything goes through the commands on a fresh embedded PostgreSQL that waits for its disk: locks, field checks, access
rules, policies, workflow, audit snapshots, outbox and decision log.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from alm_workbench.contexts.bulk.messages import ApplyBulk, BulkDTO, BulkTarget, NewItem, PlanBulk, UndoBulk
from tests.performance.measuring import CpuMeter, Row, table
from tests.performance.world import Issues, World, import_message, imported, workbench


class Bench:
    """One run over one workbench."""

    def __init__(self, world: World, items: int, profile: str | None) -> None:
        self.world, self.items, self.profile = world, items, profile
        self.rows: list[Row] = []
        self.issues = Issues()
        self.project = world.org.project.id

    def rate(self, name: str, goal: float | None, n: int, call: Callable[[], Any], note: str = "") -> Any:
        """Time a call that handles ``n`` items and keep the rate."""
        profiler = cProfile.Profile() if self.profile and self.profile in name else None
        database = CpuMeter(self.world.postmaster)
        begun, spent = time.perf_counter(), time.process_time()
        result = profiler.runcall(call) if profiler else call()
        rate = n / (time.perf_counter() - begun)
        here, there = (time.process_time() - spent) / n * 1000, database.seconds() / n * 1000
        if profiler:
            pstats.Stats(profiler).sort_stats("cumulative").print_stats(45)
        self.rows.append(
            Row(
                name,
                rate,
                "items/s",
                goal,
                "more",
                note or f"{here:.2f} + {there:.2f} ms CPU an item here and in the database",
            )
        )
        print(f"  {name}: {rate:,.0f} items/s, {here:.2f} + {there:.2f} ms", file=sys.stderr)
        return result

    def run(self) -> None:
        """Everything, in the order of a working day."""
        engineer, n = self.world.org.engineer, self.items
        new = tuple(
            NewItem("requirement", self.issues.sentence(8), {"text": self.issues.sentence(40), "priority": "low"})
            for _ in range(n)
        )
        made: BulkDTO = self.rate(
            "bulk create", 2000, n, lambda: engineer.send(ApplyBulk(self.project, "create", create=new))
        )
        chosen = tuple(BulkTarget(item.artifact_id, 1) for item in made.items if item.artifact_id)
        fields = {"priority": "high"}
        self.rate(
            "plan of an update", 2000, n, lambda: engineer.send(PlanBulk(self.project, "update", chosen, fields=fields))
        )
        done: BulkDTO = self.rate(
            "bulk update", 2000, n, lambda: engineer.send(ApplyBulk(self.project, "update", chosen, fields=fields))
        )
        self.rate("undo", 2000, n, lambda: engineer.send(UndoBulk(self.project, done.run.id)))
        again = tuple(BulkTarget(item.id, 3) for item in chosen)
        self.rate(
            "bulk transition",
            2000,
            n,
            lambda: engineer.send(ApplyBulk(self.project, "transition", again, transition="submit")),
        )
        file = import_message(self.world, "issues.csv", self.issues.file(n), "requirement")
        self.rate("import of a CSV file", 5000, n, lambda: imported(self.world, file))


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--profile", help="profile the steps whose name holds this")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="alm-bulk-") as folder:
        Path(folder).chmod(0o711)  # the database may run as another user
        rows = measured(Path(folder) / "data", given.items, given.profile)
    print(json.dumps([row.data() for row in rows]) if given.json else table(rows))


def measured(data_dir: Path, items: int, profile: str | None) -> list[Row]:
    """The results of one run on a new data directory."""
    with workbench(data_dir) as world:
        bench = Bench(world, items, profile)
        bench.run()
        return bench.rows


if __name__ == "__main__":
    main()
