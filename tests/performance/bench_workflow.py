"""What workflows cost: steps, refusals with reasons, hierarchy, storing, checking for soundness and drawing.

``python -m tests.performance.bench_workflow`` prints the table. Processor time of this process, the best of several
runs. How steps compare with another engine is in ``bench_engines``.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from alm_workbench.mpc import EvalContext
from alm_workbench.mpc.ast import ASTNode, ManifestAST, freeze
from alm_workbench.mpc.expr.scope import Scope
from alm_workbench.mpc.meta import DomainMeta
from alm_workbench.mpc.ports import Actor
from alm_workbench.mpc.validate.findings import Findings
from alm_workbench.mpc.validate.workflow import check_workflows
from alm_workbench.mpc.workflow import Engine, Ports, StepResult, from_data, to_data, to_svg, workflow_from
from tests.performance.measuring import Row, table

MOMENT = datetime(2026, 3, 1, tzinfo=UTC)
ACTOR = Actor("ada", frozenset(("engineer",)))
STATES = tuple(f"s{number}" for number in range(8))
RING: dict[str, Any] = {
    "initial": STATES[0],
    "states": list(STATES),
    "transitions": [
        {"id": f"{event}{n}", "from": STATES[n], "to": STATES[(n + way) % 8], "on": event, "guard": guard, "roles": ["engineer"]}
        for n in range(8)
        for event, way, guard in (("next", 1, "self.amount > 2"), ("back", -1, "self.amount > 100"))
    ],
}  # fmt: skip
REGIONS: dict[str, Any] = {
    "initial": "par",
    "states": ["par", "l", "r", "l1", "l2", "r1", "r2"],
    "parallels": ["par"],
    "parents": {"l": "par", "r": "par", "l1": "l", "l2": "l", "r1": "r", "r2": "r"},
    "transitions": [
        {"from": f"{side}{n}", "to": f"{side}{3 - n}", "on": "next", "guard": "self.amount > 2"} for side in "lr" for n in (1, 2)
    ],
}  # fmt: skip
Batch = Callable[[], int]


class Anybody:
    """An authority that knows whom it lets."""

    def authorize(self, actor_id: str | None, transition: str) -> bool:
        return actor_id == "ada"


def facts() -> Scope:
    """What the guards see; made once for an item, as a service does."""
    return Scope(EvalContext({"amount": 5}, {"id": "ada"}, now=MOMENT), ACTOR.roles)


def steps(engine: Engine, *, event: str = "next", now: datetime | None = None, count: int = 2_000) -> Batch:
    """Events one after the other; their results are kept in a history."""
    history: deque[StepResult] = deque(maxlen=1_000)
    scope, start = facts(), engine.initial(now)

    def run() -> int:
        config, fire = start, engine.fire
        for _ in range(count):
            result = fire(config, event, ACTOR, scope, now)
            config = result.config
            history.append(result)
        return count

    return run


def storing() -> Batch:
    """A configuration to data and back."""
    engine = Engine(workflow_from(REGIONS))
    config = engine.initial(MOMENT)

    def run() -> int:
        for _ in range(200):
            from_data(engine.chart, to_data(engine.chart, config))
        return 200

    return run


def soundness() -> Batch:
    """Small workflows checked as they are on every keystroke."""
    ways = [("a", "b"), ("b", "c"), ("c", "d"), ("c", "e"), ("e", "b"), ("a", "d")]
    transitions = [{"id": f"t{n}", "from": source, "to": target} for n, (source, target) in enumerate(ways)]
    states = ["a", "b", "c", {"id": "d", "category": "done"}, "e"]
    node = ASTNode("Workflow", "w", None, freeze({"initial": "a", "states": states, "transitions": transitions}))
    findings = Findings(ManifestAST(defs=(node,)), DomainMeta.load({"kinds": [{"name": "Workflow"}]}))

    def run() -> int:
        for _ in range(500):
            check_workflows(findings)
        assert not findings.gathered
        return 500

    return run


def drawing() -> Batch:
    """The ring as SVG, placing included."""
    definition = workflow_from(RING)

    def run() -> int:
        return int(to_svg(definition).startswith("<svg"))

    return run


def rate(batch: Batch, seconds: float) -> float:
    """The best rate a second of processor time, over runs that take so long together."""
    best, ends = 0.0, time.process_time() + seconds
    while not best or time.process_time() < ends:
        begun = time.process_time()
        count = batch()
        best = max(best, count / max(time.process_time() - begun, 1e-9))
    return best


def rows(seconds: float = 1.0) -> list[Row]:
    """The lines of the table."""
    ring, regions = workflow_from(RING), workflow_from(REGIONS)
    traced = Engine(ring, Ports(auth=Anybody()), trace=True)
    work: Iterable[tuple[str, Batch, float | None]] = (
        ("workflow step, 8 states", steps(Engine(ring)), 1_300_000),
        ("workflow step with time", steps(Engine(ring), now=MOMENT), None),
        ("workflow step with authority, trace and history", steps(traced, now=MOMENT), 850_000),
        ("refused step with reasons", steps(Engine(ring), event="back", count=200), None),
        ("step of two regions", steps(Engine(regions), count=200), None),
        ("configuration stored and restored", storing(), None),
        ("small workflow checked for soundness", soundness(), 20_000),
        ("drawing of 8 states as SVG", drawing(), None),
    )
    return [Row(name, rate(batch, seconds), "/s", goal, "more") for name, batch, goal in work]


if __name__ == "__main__":
    sys.stdout.write(table(rows()) + "\n")
