"""Bulk changes and files from a notebook."""

from __future__ import annotations

from pathlib import Path

import pytest

from alm_workbench.errors import InvalidInput
from alm_workbench.notebook.workbench import Workbench
from tests.factories.workbench import Bench


@pytest.fixture
def alm(workbench: Bench) -> Workbench:
    """The notebook's workbench of the owner."""
    return Workbench(workbench.acme.owner)


def test_a_list_is_planned_changed_and_taken_back(alm: Workbench) -> None:
    """The plan shows the diff before anything is changed; its `apply` does it, `undo` takes it back."""
    p = alm.projects["DEMO"]
    for n in range(3):
        p.artifacts.create("requirement", f"Brake {n}", priority="low")
    found = p.artifacts.find(type="requirement")
    plan = found.plan_update(priority="high", add_tags=["brakes"])
    assert "priority: low → high" in repr(plan)
    assert "<table" in plan._repr_html_()
    assert p.artifacts["REQ-1"].fields["priority"] == "low"
    done = plan.apply()
    assert (done.run.changed, p.artifacts["REQ-1"].fields["priority"]) == (3, "high")
    with pytest.raises(InvalidInput, match="no plan"):
        done.apply()
    assert done.undo().run.changed == 3
    assert p.artifacts["REQ-1"].dto.tags == ()


def test_refusals_are_shown_with_their_reasons(alm: Workbench) -> None:
    """What was skipped is listed with what the rule said."""
    p = alm.projects["DEMO"]
    p.artifacts.create("requirement", "x")
    done = p.artifacts.find(type="requirement").transition("submit", on_error="skip")
    assert len(done.refused) == done.run.refused > 0
    assert "Guard failed" in repr(done.refused)


def test_items_leave_and_come_back_as_files(alm: Workbench, tmp_path: Path) -> None:
    """An export that is imported again changes nothing; another ending is refused before anything is read."""
    p = alm.projects["DEMO"]
    path = p.artifacts.export(tmp_path / "all.xlsx", type="requirement")
    again = p.artifacts.import_file(path, "requirement", existing="update")
    assert (again.created, again.dto.updated, len(again.problems)) == (0, 0, 0)
    with pytest.raises(InvalidInput, match="csv"):
        p.artifacts.export(tmp_path / "all.doc")
