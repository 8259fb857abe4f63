"""Projects from a notebook, over a real server: templates, the bin, settings."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import alm_workbench as alm
from alm_workbench import i18n
from alm_workbench.errors import Conflict, InvalidInput, NotFound
from alm_workbench.notebook.workbench import Workbench
from tests.factories.workbench import PASSWORD, Api


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALM_LANG", "en")
    monkeypatch.setattr(i18n, "_default", None)  # what logging in elsewhere in this process has chosen


@pytest.fixture
def manager(api: Api) -> Iterator[Workbench]:
    """A manager of acme, logged in."""
    with alm.connect(api.url, email="manager@acme.example", password=PASSWORD) as workbench:
        yield workbench


def test_a_project_begins_with_a_template(manager: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are listed in the language of the person; a wrong name says which there are."""
    assert [template.id for template in manager.projects.templates()] == ["basic", "scrum", "safety"]
    assert "Functional safety" in repr(manager.projects.templates())
    monkeypatch.setenv("ALM_LANG", "tr")
    assert "Fonksiyonel emniyet" in manager.projects.templates()._repr_html_()
    monkeypatch.setenv("ALM_LANG", "en")
    assert manager.projects.create("AGILE", "An app", template="scrum").manifest == "alm.presets/scrum 1.1.0"
    with pytest.raises(InvalidInput) as caught:
        manager.projects.create("OTHER", "Another", template="waterfall")
    assert "basic, scrum, safety" in caught.value.errors[0].message


def test_items_and_projects_come_back_from_the_bin(manager: Workbench) -> None:
    """By key; one item, or all that went with it; a project with everything."""
    project = manager.projects.create("BINS", "Bins", template="basic")
    top = manager.api.artifacts.create(project_id=project.id, artifact_type="requirement", title="Top")
    below = manager.api.artifacts.create(
        project_id=project.id, artifact_type="requirement", title="Below", parent_id=top.id
    )
    with pytest.raises(Conflict, match="cascade"):
        project.artifacts[top.key].delete()
    project.artifacts[top.key].delete(cascade=True)
    bin_ = project.bin()
    assert {item.key for item in bin_} == {top.key, below.key}
    assert "Manager of acme" in repr(bin_)
    with pytest.raises(NotFound, match="REQ-"):
        bin_.restore("REQ-99")
    bin_.restore(below.key, together=True)
    assert len(project.bin()) == 0
    project.refresh().delete()
    assert "BINS" not in manager.projects
    assert [p.key for p in manager.projects.deleted()] == ["BINS"]
    assert manager.projects.restore("BINS").dto.items == 2
    with pytest.raises(NotFound):
        manager.projects.restore("BINS")


def test_settings_of_a_project(manager: Workbench) -> None:
    """Read by name, changed together, shown as a card; what is not named stays."""
    project = manager.projects.create("SETS", "Sets", template="basic")
    settings = project.settings
    assert (settings.week_start, settings.estimation_unit) == ("monday", "points")
    settings.update(week_start="sunday", default_type="task")
    assert (project.settings.week_start, project.settings.default_type) == ("sunday", "task")
    settings.update(week_start=None, estimation_unit="hours")
    assert (settings.week_start, settings.default_type, settings.estimation_unit) == ("monday", "task", "hours")
    assert "Unit of estimates: hours" in repr(settings)
    assert "Settings of SETS" in settings._repr_html_()
    with pytest.raises(InvalidInput):
        settings.update(working_days=["someday"])
    with pytest.raises(AttributeError):
        _ = settings.colour
