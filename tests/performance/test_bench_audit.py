"""The bench of the audit trail runs small, and what it measures is what it says."""

from __future__ import annotations

from tests.factories.workbench import Bench
from tests.performance.bench_audit import as_of, written
from tests.performance.world import World


def test_items_are_written_three_times_and_read_as_of_the_second(workbench: Bench) -> None:
    """The moment in between shows every item once, under its second title; the trail verifies."""
    world = World(workbench.runtime, workbench.acme, workbench.settings.data_dir)
    between = written(world, 40)
    found = as_of(world, between)
    assert len(found) == 40
    assert all(item.title.endswith(" 1") for item in found)
    done = workbench.runtime.vault.seal(workbench.acme.tenant_id)
    report = workbench.runtime.vault.verify(workbench.acme.tenant_id)
    assert report.findings == []
    assert done.leaves == report.snapshots + report.commits >= 40 * 4
