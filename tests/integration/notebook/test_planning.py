"""Planning from a notebook, over a real server: cycles, load, the backlog, teams, and what somebody has to do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import alm_workbench as alm
from alm_workbench.errors import InvalidInput, NotFound
from alm_workbench.notebook.projects import Project
from alm_workbench.notebook.workbench import Workbench
from tests.factories.workbench import PASSWORD, Api
from tests.integration.planning.test_planning import PROCESS


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALM_LANG", "en")


@pytest.fixture(scope="module")
def manager(api: Api) -> Iterator[Workbench]:
    """Who plans."""
    with alm.connect(api.url, email="manager@acme.example", password=PASSWORD) as workbench:
        yield workbench


@pytest.fixture(scope="module")
def project(manager: Workbench) -> Project:
    """A project with two sprints and three stories."""
    version = manager.manifests.save(PROCESS)
    made = manager.projects.create("PLAN", "Planning")
    made.activate(version)
    for number in (1, 2):
        made.artifacts.create("sprint", f"Sprint {number}", starts_on=f"2026-11-0{number}", room=8)
    for number in (1, 2, 3):
        made.artifacts.create("story", f"Story {number}", points=number)
    return made


def test_a_sprint_from_planning_to_carrying_over(manager: Workbench, project: Project) -> None:
    """Stories go into a sprint by key, the load shows who has them, and what is not done moves on."""
    sprint = project.planning.cycle("Sprint 1").add("ST-1", "ST-2")
    assert sprint.dto.effort.estimate == 3
    project.artifacts["ST-1"].update(assignee="engineer@acme.example")
    team = manager.teams.create("Brakes", "engineer@acme.example", description="Works")
    sprint.set_capacity("engineer@acme.example", 0.5)
    sprint.set_capacity(team, 5)
    load = sprint.load.to_frame().set_index("name")
    assert bool(load.loc["Engineer of acme", "overloaded"])
    assert load.loc["Brakes", "capacity"] == 5
    assert "Sprint 1" in sprint._repr_html_()
    assert "0/2" in repr(sprint)
    assert [item.key for item in project.planning.backlog()] == ["ST-3"]
    project.artifacts["ST-1"].transition("finish")
    assert sprint.carry_over("Sprint 2") == ("ST-2",)
    frame = project.planning.cycles.to_frame().set_index("key")
    assert list(frame["items"]) == [1, 1]
    project.planning.plan(["ST-2"], None)
    assert len(project.planning.backlog()) == 2
    assert "Brakes" in manager.teams._repr_html_()


def test_what_is_not_there_is_named(manager: Workbench, project: Project) -> None:
    """A typo names what comes near; nothing is changed."""
    with pytest.raises(NotFound, match="Sprint 9"):
        project.planning.cycle("Sprint 9")
    with pytest.raises(NotFound, match="Wheels"):
        manager.teams.find("Wheels")
    with pytest.raises(InvalidInput, match="no day"):
        project.artifacts["ST-3"].log_work(1, "yesterday")


def test_work_that_was_done(manager: Workbench, project: Project) -> None:
    """Hours are noted with what is left, listed with names, and taken back; open work of mine is one call away."""
    story = project.artifacts["ST-3"].update(assignee="me")
    first = story.log_work(2, "2026-11-20", "bench", remaining=1.5)
    story.refresh()
    assert story.left == 1.5
    assert "Manager of acme" in story.work()._repr_html_()
    assert "ST-3" in [item.key for item in manager.my_work()]
    assert "PLAN" in manager.my_work()._repr_html_()
    story.take_back_work(first)
    assert len(story.work()) == 0
