"""Approvals from a notebook, over a real server: a step is asked for, agreed to by somebody else, and timed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import alm_workbench as alm
from alm_workbench.errors import AccessDenied, Conflict, NotFound
from alm_workbench.notebook.projects import Project
from alm_workbench.notebook.workbench import Workbench
from tests.factories.processes import APPROVED_FLOW, process
from tests.factories.workbench import PASSWORD, Api


@pytest.fixture(autouse=True, scope="module")
def _english() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ALM_LANG", "en")
        yield


def connected(api: Api, role: str) -> Workbench:
    return alm.connect(api.url, email=f"{role}@acme.example", password=PASSWORD)


@pytest.fixture(scope="module")
def engineer(api: Api) -> Iterator[Workbench]:
    """Who asks."""
    with connected(api, "engineer") as workbench:
        yield workbench


@pytest.fixture(scope="module")
def reviewer(api: Api) -> Iterator[Workbench]:
    """Who agrees."""
    with connected(api, "reviewer") as workbench:
        yield workbench


@pytest.fixture(scope="module")
def project(api: Api) -> Project:
    """A project whose only step waits for a reviewer."""
    with connected(api, "owner") as owner:
        made = owner.projects.create("APP", "Approvals")
        made.activate(owner.manifests.save(process(APPROVED_FLOW)))
    return made


def test_a_step_waits_and_is_approved(engineer: Workbench, reviewer: Workbench, project: Project) -> None:
    """The item says that it waits; whoever may agree finds it, answers it, and the item has moved."""
    item = engineer.projects["APP"].artifacts.create("story", "Stop within 38 m")
    steps = item.transitions().to_frame()
    assert list(steps["approvals"]) == ["1 reviewer"]
    item.transition("finish")
    assert (item.state, "waits for reviewer" in repr(item)) == ("draft", True)
    assert item.pending is not None
    assert not item.pending.waits_for_me
    waiting = reviewer.approvals[item.key]
    assert waiting.waits_for_me
    assert "0/1 reviewer" in repr(waiting)
    assert item.key in reviewer.approvals._repr_html_()
    assert waiting.item.title == "Stop within 38 m"
    assert waiting.approve("measured twice").status == "approved"
    item = item.refresh()
    assert item.state == "done"
    assert item.pending is None
    assert [(a.status, a.dto.votes[0].reason) for a in item.approvals] == [("approved", "measured twice")]
    times = item.times()
    assert list(times.to_frame()["state"]) == ["draft", "done"]
    assert times.lead is not None
    assert item.key not in [a.key for a in reviewer.approvals]


def test_a_step_is_refused_or_taken_back(engineer: Workbench, reviewer: Workbench, project: Project) -> None:
    """With a reason; nobody answers twice, nor what he asked for himself."""
    item = engineer.projects["APP"].artifacts.create("story", "Stop within 30 m")
    asked = item.transition("finish").pending
    assert asked is not None
    with pytest.raises(AccessDenied):
        asked.approve()
    with pytest.raises(NotFound, match=f"There are: .*{item.key}|mean '{item.key}'"):
        reviewer.approvals["ST-9999"]
    assert reviewer.approvals[item.key].reject("impossible on ice").status == "rejected"
    assert asked.refresh().dto.closing_reason == "impossible on ice"
    again = item.transition("finish").pending
    assert again is not None
    assert again.withdraw().status == "withdrawn"
    with pytest.raises(Conflict):
        again.withdraw()
    assert {a.status for a in reviewer.approvals.all() if a.key == item.key} == {"rejected", "withdrawn"}
