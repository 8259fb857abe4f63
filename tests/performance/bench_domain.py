"""What finding costs in one organisation among twenty: lists, filters, orders, counts and text search under row-level security.

    python tests/performance/bench_domain.py [--artifacts 100000] [--rounds 40] [--json]

Every question goes through the mediator as it does behind REST: log-in settings, rights, masks, DTOs. A million items
take some minutes to make. The costs of writing are in bench_domain_bulk.py.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from alm_workbench.contexts.artifact.finding_messages import CountArtifacts, FacetArtifacts, SearchEverywhere
from alm_workbench.contexts.artifact.messages import FindArtifacts
from alm_workbench.shared.ids import ProjectId
from alm_workbench.shared.mediator import LocalMediator
from alm_workbench.shared.messages import Query
from tests.factories.database import short_dir, started
from tests.factories.workbench import make_bench
from tests.performance.many_items import made
from tests.performance.measuring import Row, percentile, table
from tests.performance.world import TRADE

SMALL, LARGE = 50.0, 100.0
"""Milliseconds that 95 of 100 questions may take, up to 100,000 items and beyond."""
Make = Callable[[random.Random], Query[Any]]


def questions(project: ProjectId, actors: list[Any]) -> Mapping[str, Make]:
    """What people ask all day, each time with other values."""
    words = TRADE.split()

    def find(**given: Any) -> Make:
        return lambda rng: FindArtifacts(project, **{k: v(rng) if callable(v) else v for k, v in given.items()})

    return {
        "newest 50": find(),
        "newest of a type": find(type="bug"),
        "a state of a type": find(type="story", state="busy"),
        "a state": find(state="open"),
        "what is assigned to me": find(assignee_id=lambda rng: rng.choice(actors), category="in_progress"),
        "a tag": find(tag="red"),
        "recently changed": find(sort="-updated_at"),
        "backlog order": find(sort="rank"),
        "filter: a choice": find(filter=lambda rng: f"priority == '{rng.choice(('low', 'high', 'urgent'))}'"),
        "filter: a rare text": find(filter=lambda rng: f"component == 'part-{rng.randrange(997)}'", type="story"),
        "filter: a day": find(filter=lambda rng: f"due == '2026-0{rng.randint(1, 9)}-1{rng.randint(0, 9)}'"),
        "filter: two fields": find(filter=lambda rng: f"points == {rng.randrange(21)} and priority == 'urgent'"),
        "filter: a person and a state": find(filter="reviewer == actor.id and state == 'busy'", type="story"),
        "sort: a choice": find(sort="-priority"),
        "sort: a number": find(sort="-points"),
        "sort: a date, of one state": find(sort="due", state="open"),
        "count: all of a state": lambda rng: CountArtifacts(project, state="done"),
        "count: a filter": lambda rng: CountArtifacts(project, filter=f"points == {rng.randrange(21)}"),
        "facets: type and state": lambda rng: FacetArtifacts(project, by="type,state"),
        "text: two words": find(text=lambda rng: " ".join(rng.sample(words, 2))),
        "text: a common word": find(text=lambda rng: rng.choice(words[:8])),
        "text: beginning of a word": find(text=lambda rng: rng.choice(words)[:4]),
        "text: a key": find(text=lambda rng: f"ST-{rng.randrange(1000, 9000)}"),
        "text: in all projects": lambda rng: SearchEverywhere(" ".join(rng.sample(words, 2))),
    }


def measured(ask: LocalMediator, makes: Mapping[str, Make], rounds: int, goal: float | None) -> Iterator[Row]:
    """The questions, turn by turn, so that a busy moment strikes all of them."""
    rng = random.Random(7)
    times: dict[str, list[float]] = {name: [] for name in makes}
    for number in range(rounds + 2):
        for name, make in makes.items():
            message = make(rng)
            begun = time.perf_counter()
            ask.query(message)
            if number >= 2:
                times[name].append((time.perf_counter() - begun) * 1000)
    for name, each in times.items():
        aimed = goal if not name.startswith(("count", "facets")) else None
        yield Row(name, percentile(each, 0.95), "ms", aimed, note=f"p50 {percentile(each, 0.5):.1f} ms")


def run(artifacts: int, rounds: int) -> list[Row]:
    """Make the items, ask, and give the table."""
    with started() as cluster:
        dsns = cluster.create()
        bench = make_bench(dsns, short_dir("alm-bench-"), ("acme",))
        owner = bench.acme.owner
        assert owner.principal is not None
        begun = time.perf_counter()
        project = made(owner, cluster.superuser_dsn(dsns), artifacts)
        print(f"  {artifacts:,} items made in {time.perf_counter() - begun:.0f} s", file=sys.stderr)
        goal = SMALL if artifacts <= 100_000 else LARGE
        actors = [m.principal.actor_id for m in bench.acme.mediators.values() if m.principal]
        rows = [*measured(owner, questions(project, actors), rounds, goal)]
        viewer = {name: make for name, make in questions(project, actors).items() if name in ("newest 50", "a state")}
        rows += [
            replace(r, name=f"{r.name}, with a field hidden") for r in measured(bench.acme.viewer, viewer, rounds, goal)
        ]
        bench.runtime.mirror.stop()
        bench.runtime.engine.dispose()
    return rows


def main() -> int:
    """Run the measures that the arguments name."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--artifacts", type=int, default=100_000, help="items of the large organisation")
    parser.add_argument("--rounds", type=int, default=40, help="how often each question is asked")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    arguments = parser.parse_args()
    rows = run(arguments.artifacts, arguments.rounds)
    print(json.dumps([row.data() for row in rows], indent=2) if arguments.json else table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
