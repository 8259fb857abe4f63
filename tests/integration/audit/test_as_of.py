"""Items as they were: when something happened decides, and nothing hidden comes to light."""

from __future__ import annotations

import base64
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from alm_workbench.contexts.artifact.messages import (
    ArtifactDTO,
    CreateArtifact,
    DeleteArtifact,
    ImportArtifacts,
    RestoreArtifact,
    UpdateArtifact,
)
from alm_workbench.contexts.audit.messages import ArtifactsAt, EraseEntity
from alm_workbench.contexts.manifest.messages import SaveManifest
from alm_workbench.contexts.project.messages import ActivateManifest, CreateProject
from alm_workbench.contexts.workflow.messages import TransitionArtifact
from alm_workbench.errors import InvalidInput, NotFound
from alm_workbench.notebook.asof import moment
from alm_workbench.notebook.workbench import Workbench
from alm_workbench.shared.mediator import LocalMediator
from tests.factories.workbench import Bench, Org
from tests.integration.contexts.test_field_rights import TEXT

NUMBERS = count(1)
DAY = timedelta(days=1)
MARGIN = 'resource: "note.margin" roles: ["engineer"]\n  condition: "{}"'
OPEN = TEXT.replace(MARGIN.format("not hasRole('owner')"), MARGIN.format("1 > 2"))
"""The same process with the margin open to everybody."""
START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def org(workbench: Bench) -> Org:
    return workbench.acme


@pytest.fixture
def project(org: Org) -> Any:
    """A project in which engineers do not see the margin."""
    made = org.owner.send(CreateProject(f"ASO{next(NUMBERS)}", "As of"))
    saved = org.owner.send(SaveManifest(TEXT, "dsl"))
    org.owner.send(ActivateManifest(made.id, saved.version_id))
    return made


def on(org: Org, day: float) -> LocalMediator:
    """The owner, some days after the start."""
    return org.owner.with_clock(lambda: START + DAY * day)


def at(who: LocalMediator, project: Any, day: float) -> dict[str, ArtifactDTO]:
    """The items at a day, by title."""
    return {item.title: item for item in who.query(ArtifactsAt(project.id, START + DAY * day)).items}


def test_items_are_as_they_were(org: Org, project: Any) -> None:
    """Each day shows the version of that day; deleted ones are absent, restored ones are back."""
    made = on(org, 1).send(CreateArtifact(project.id, "note", "One", {"text": "a"}))
    changed = on(org, 2).send(UpdateArtifact(made.id, made.version, "Two", {"text": "b"}))
    stepped = on(org, 3).send(TransitionArtifact(made.id, "finish", changed.version))
    gone = on(org, 4).send(DeleteArtifact(made.id, stepped.version))
    on(org, 5).send(RestoreArtifact(gone.id))
    assert at(org.owner, project, 0.5) == {}
    assert at(org.owner, project, 1)["One"].fields == {"text": "a"}
    assert at(org.owner, project, 1.9).keys() == {"One"}
    assert (at(org.owner, project, 2.5)["Two"].state, at(org.owner, project, 3.5)["Two"].state) == ("open", "done")
    assert at(org.owner, project, 4.5) == {}
    assert at(org.owner, project, 5.5)["Two"].version == 5
    assert at(org.owner, project, 2.5)["Two"].key == made.key
    assert at(org.owner, project, 2.5)["Two"].updated_at == START + 2 * DAY


def test_an_import_keeps_original_times(org: Org, project: Any) -> None:
    """What came into being a year before it was imported was there a year before."""
    content = base64.b64encode(b"Summary,When,Words\nOld one,2025-02-03T10:00:00+00:00,x\n").decode()
    mapping = {"Summary": "title", "When": "created_at", "Words": "text"}
    org.owner.send(ImportArtifacts(project.id, "old.csv", content, "note", mapping))
    assert at(org.owner, project, 0).keys() == {"Old one"}
    before = org.owner.query(ArtifactsAt(project.id, datetime(2025, 2, 3, 9, tzinfo=UTC)))
    assert before.items == ()


def test_pages_are_filled_and_lose_nothing(org: Org, project: Any) -> None:
    """Every item once, whatever the size of a page."""
    for n in range(7):
        on(org, 1).send(CreateArtifact(project.id, "note", f"N{n}", {"text": "x"}))
    seen: list[str] = []
    cursor = None
    while True:
        page = org.owner.query(ArtifactsAt(project.id, START + DAY * 2, limit=3, cursor=cursor))
        seen += [item.title for item in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
        assert len(page.items) == 3
    assert sorted(seen) == [f"N{n}" for n in range(7)]


def test_what_is_hidden_now_is_hidden_in_the_past(org: Org, project: Any) -> None:
    """The engineer sees no margin, neither today's nor yesterday's."""
    on(org, 1).send(CreateArtifact(project.id, "note", "M", {"text": "a", "margin": 7}))
    assert at(org.owner, project, 2)["M"].fields["margin"] == 7
    seen = at(org.engineer, project, 2)["M"]
    assert "margin" not in seen.fields
    assert seen.masked == ("margin",)
    assert seen.fields["text"] == "a"


def test_what_was_hidden_then_stays_hidden(org: Org, project: Any) -> None:
    """A field that everybody may see since today was not to be seen then: its old values stay hidden."""
    today = datetime.now(UTC)
    org.owner.send(CreateArtifact(project.id, "note", "M", {"text": "a", "margin": 7}))
    later = datetime.now(UTC)
    assert OPEN != TEXT
    open_ = OPEN.replace("1.0.0", "1.1.0")
    saved = org.owner.send(SaveManifest(open_, "dsl"))
    org.owner.send(ActivateManifest(project.id, saved.version_id))
    assert org.engineer.query(ArtifactsAt(project.id, today)).items == ()
    then = org.engineer.query(ArtifactsAt(project.id, later)).items[0]
    assert ("margin" in then.fields, then.masked) == (False, ("margin",))


def test_a_version_in_force_then_hides_too(org: Org, project: Any) -> None:
    """An item written before a stricter version came into force was hidden while that one ruled."""
    open_ = OPEN.replace("1.0.0", "1.2.0")
    strict = TEXT.replace("1.0.0", "1.3.0")
    loose = open_.replace("1.2.0", "1.4.0")
    versions = [org.owner.send(SaveManifest(text, "dsl")).version_id for text in (open_, strict, loose)]
    org.owner.send(ActivateManifest(project.id, versions[0]))
    org.owner.send(CreateArtifact(project.id, "note", "M", {"text": "a", "margin": 7}))
    free = datetime.now(UTC)
    org.owner.send(ActivateManifest(project.id, versions[1]))
    ruled = datetime.now(UTC)
    org.owner.send(ActivateManifest(project.id, versions[2]))
    assert org.engineer.query(ArtifactsAt(project.id, free)).items[0].fields["margin"] == 7
    assert "margin" not in org.engineer.query(ArtifactsAt(project.id, ruled)).items[0].fields


def test_erased_versions_are_left_out(org: Org, project: Any) -> None:
    """What was erased is not there, the versions after it are."""
    made = on(org, 1).send(CreateArtifact(project.id, "note", "One", {"text": "secret"}))
    on(org, 2).send(UpdateArtifact(made.id, made.version, "Two", {"text": "harmless"}))
    org.owner.send(EraseEntity("Artifact", made.id, "asked for"))
    assert at(org.owner, project, 1.5) == {}
    assert at(org.owner, project, 2.5).keys() == {"Two"}


def test_another_organisation_sees_no_project(workbench: Bench, project: Any) -> None:
    """404, as for a project that never was."""
    with pytest.raises(NotFound):
        workbench.globex.owner.query(ArtifactsAt(project.id, START))


def test_a_moment_needs_its_time_zone(org: Org, project: Any) -> None:
    """Nobody guesses."""
    with pytest.raises(InvalidInput, match="time zone"):
        org.owner.query(ArtifactsAt(project.id, datetime(2026, 1, 1)))


def test_the_facade_reads_a_frame(org: Org, project: Any) -> None:
    """``project.at(…).artifacts.to_frame()``: typed columns, keys in their order, items by key."""
    pytest.importorskip("pandas")
    for n in range(12):
        on(org, 1).send(CreateArtifact(project.id, "note", f"N{n}", {"text": "x", "price": n}))
    wb = Workbench(org.owner)
    then = wb.projects[project.key].at("2026-01-03")
    frame = then.artifacts.to_frame()
    assert list(frame["key"]) == [f"NOTE-{n}" for n in range(1, 13)]
    assert str(frame["price"].dtype) == "Int64"
    assert then.artifacts["NOTE-3"].title == "N2"
    assert len(then.artifacts.find(type="note")) == 12
    assert "NOTE-1" in repr(then.artifacts)
    with pytest.raises(NotFound, match="NOTE-99"):
        then.artifacts["NOTE-99"]
    assert len(wb.projects[project.key].at(date(2026, 1, 1)).artifacts) == 0


def test_days_begin_where_the_organisation_is() -> None:
    """A day is its beginning there; what names a zone keeps it."""
    assert moment("2026-01-01", "Europe/Istanbul") == datetime(2025, 12, 31, 21, tzinfo=UTC)
    assert moment("2026-01-01T10:00:00+02:00", "Europe/Istanbul") == datetime(2026, 1, 1, 8, tzinfo=UTC)
    assert moment(date(2026, 1, 1), "Nowhere/Land") == START
    with pytest.raises(InvalidInput, match="no date"):
        moment("soon", "UTC")
