"""The bench of workflows runs small, and what it measures is what it says."""

from __future__ import annotations

from alm_workbench.mpc.workflow import Engine, workflow_from
from tests.performance.bench_workflow import ACTOR, MOMENT, REGIONS, RING, facts, rows


def test_every_promise_has_a_line() -> None:
    """Each with a rate."""
    lines = rows(seconds=0.01)
    assert len(lines) == 8
    assert all(row.value > 0 for row in lines)


def test_the_work_is_worth_measuring() -> None:
    """Steps are taken and refused as the names say."""
    engine = Engine(workflow_from(RING))
    assert engine.fire(engine.initial(MOMENT), "next", ACTOR, facts(), MOMENT).config.state == "s1"
    refused = engine.fire(engine.initial(), "back", ACTOR, facts())
    assert [reason.code for reason in refused.reasons] == ["R_WF_GUARD_FAIL"]
    regions = Engine(workflow_from(REGIONS))
    assert regions.fire(regions.initial(), "next", ACTOR, facts()).config.active == ("par", "l", "l2", "r", "r2")
