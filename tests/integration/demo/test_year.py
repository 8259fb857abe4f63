"""The large demo, on a few days of it: it comes about by the real commands, is plausible, and always the same."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from alm_workbench.contexts.artifact.messages import ArtifactDTO, FindArtifacts
from alm_workbench.contexts.planning.messages import ListCycles
from alm_workbench.contexts.project.messages import ListProjects, ProjectDTO
from alm_workbench.demo.cast import PLANS, cast
from alm_workbench.demo.flow import workdays
from alm_workbench.demo.year import Size, YearSeeder
from alm_workbench.storage.engine import begin
from tests.factories.workbench import PASSWORD, Bench, Org

TODAY = date(2026, 6, 15)
SIZE = Size(items=36, days=9)
PLANNED = tuple(plan for plan in PLANS if plan.key in ("BRAKE", "APP"))


def seeder(bench: Bench, org: Org) -> YearSeeder:
    """The year of two of the projects, cut to some days."""
    owner = org.owner._principal
    assert owner is not None
    domain = f"{org.slug}.demo.example"
    mediator = bench.runtime.mediator
    return YearSeeder(mediator, owner, domain, lambda: PASSWORD, size=SIZE, today=TODAY, plans=PLANNED)


@pytest.fixture(scope="module")
def seeded(workbench: Bench) -> Bench:
    """Both organisations with the same days."""
    for org in (workbench.acme, workbench.globex):
        assert seeder(workbench, org).run()
    return workbench


def projects(org: Org) -> list[ProjectDTO]:
    """The projects of the demo."""
    return [p for p in org.owner.query(ListProjects(50)).items if p.key in {plan.key for plan in PLANNED}]


def items(org: Org) -> list[ArtifactDTO]:
    """Everything in them, oldest first."""
    found = [i for p in projects(org) for i in org.owner.query(FindArtifacts(p.id, limit=1000)).items]
    return sorted(found, key=lambda item: (item.project_id, item.created_at, item.key))


def test_it_is_the_same_story_every_time(seeded: Bench) -> None:
    """Keys, titles, states, versions and texts agree between two organisations; only ids differ."""

    def story(org: Org) -> Any:
        keys = {p.id: p.key for p in projects(org)}
        return sorted(
            (
                keys[i.project_id],
                i.key,
                i.type,
                i.title,
                i.state,
                i.version,
                i.tags,
                i.fields.get("text"),
                i.occurred_at,
            )
            for i in items(org)
        )

    assert story(seeded.acme) == story(seeded.globex)
    assert len(story(seeded.acme)) > SIZE.items / 2


def test_it_looks_like_work(seeded: Bench) -> None:
    """Several people wrote, several states were reached, on working days in working hours; there is a sprint with work."""
    org, zone = seeded.acme, ZoneInfo("Europe/Istanbul")
    found = items(org)
    assert len({i.created_by for i in found}) > 5
    assert {i.state_category for i in found} >= {"todo", "in_progress"}
    for item in found:
        at = item.created_at.astimezone(zone)
        assert at.weekday() < 5
        assert 8 <= at.hour < 22
    app = next(p for p in projects(org) if p.key == "APP")
    (cycle,) = org.owner.query(ListCycles(app.id))
    assert cycle.effort.items > 0
    assert cycle.starts is not None


def test_everything_went_through_the_commands(seeded: Bench) -> None:
    """Each version has its commit with a command and one of the forty as actor; events lie in the outbox."""
    with begin(seeded.runtime.engine, tenant_id=seeded.acme.tenant_id) as conn:
        rows = conn.execute(
            text(
                "SELECT s.entity_type, c.command, c.actor_id FROM alm.audit_snapshots s "
                "LEFT JOIN alm.audit_commits c ON c.tenant_id = s.tenant_id AND c.id = s.commit_id "
                "WHERE s.entity_type IN ('Artifact', 'Comment', 'ArtifactLink')"
            )
        ).all()
    kinds = Counter(row.entity_type for row in rows)
    assert kinds["Artifact"] > 2 * SIZE.items
    assert min(kinds.values()) > 5
    assert all(row.command and row.actor_id for row in rows)


def test_a_second_run_adds_nothing(seeded: Bench) -> None:
    """Projects that are there are left alone."""
    before = len(items(seeded.acme))
    assert not seeder(seeded, seeded.acme).run()
    assert len(items(seeded.acme)) == before


def test_the_calendar() -> None:
    """No weekend and no holiday; August is calm."""
    days = dict(workdays(date(2026, 1, 1), date(2026, 12, 31)))
    assert date(2026, 1, 1) not in days
    assert all(day.weekday() < 5 for day in days)
    assert days[date(2026, 8, 5)] < days[date(2026, 6, 3)]
    assert len(cast()) == 40
    assert datetime(2026, 5, 1).date() not in days
