"""The built-in reports against a recomputation with pandas from what psycopg reads."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from alm_workbench.contexts.reporting.domain import MirrorRights, UnknownReport
from alm_workbench.errors import InvalidInput
from alm_workbench.mirror.reports.builtin import REPORTS, week_of
from alm_workbench.mirror.service import MirrorService
from tests.integration.mirror.mirror_world import Tenant, World

CATEGORIES = ["todo", "in_progress", "done"]


@pytest.fixture(scope="module", params=[("Europe/Istanbul", 1), ("America/Los_Angeles", 7), ("Pacific/Auckland", 6)])
def tenant(request: pytest.FixtureRequest, world: World) -> Tenant:
    """A tenant in some time zone with some first day of the week, published."""
    zone, week_start = request.param
    made = world.tenant(zone, timezone=zone, week_start=week_start)
    world.fill(made, 150, days=80)
    with world.connect() as c:
        for item in made.artifacts[:5]:
            c.execute("UPDATE alm.artifacts SET deleted_at = now() WHERE id = %s", (item,))
    world.refresher.refresh()
    return made


@pytest.fixture(scope="module")
def service(world: World) -> Iterator[MirrorService]:
    """A service with the built-in reports."""
    made = MirrorService(world.layout.root, world.mirror, reports=REPORTS)
    yield made
    made.stop()


class Facts:
    """What psycopg reads of one project, in the tenant's days."""

    def __init__(self, world: World, tenant: Tenant) -> None:
        self.project: UUID = tenant.projects[0]
        with world.connect() as c:
            row = c.execute(
                "SELECT timezone, week_start FROM alm.tenants WHERE tenant_id = %s", (tenant.id,)
            ).fetchone()
            assert row
            zone: str = row[0]
            self.week_start: int = row[1]
            self.zone = ZoneInfo(zone)
            self.items = self._frame(
                c.execute(
                    "SELECT id, key, title, type_id AS type, state, state_category AS category, occurred_at"
                    " FROM alm.artifacts WHERE project_id = %s AND deleted_at IS NULL",
                    (self.project,),
                )
            )
            self.steps = self._frame(
                c.execute(
                    "SELECT h.id, h.artifact_id, a.key, h.from_state, h.to_state, h.from_category, h.to_category,"
                    " h.occurred_at, h.recorded_at, p.display_name AS who FROM alm.state_history h"
                    " JOIN alm.artifacts a ON a.id = h.artifact_id AND a.deleted_at IS NULL"
                    " LEFT JOIN alm.actors p ON p.id = h.actor_id WHERE h.project_id = %s",
                    (self.project,),
                )
            ).sort_values(["occurred_at", "recorded_at", "id"])
        self.steps["day"] = [at.astimezone(self.zone).date() for at in self.steps.occurred_at]
        self.today: date = datetime.now(UTC).astimezone(self.zone).date()

    @staticmethod
    def _frame(cursor: Any) -> pd.DataFrame:
        return pd.DataFrame(cursor.fetchall(), columns=[column.name for column in cursor.description])


@pytest.fixture(scope="module")
def facts(world: World, tenant: Tenant) -> Facts:
    """The facts of the tenant's first project."""
    return Facts(world, tenant)


def run(service: MirrorService, tenant: Tenant, name: str, **params: Any) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Column names and rows of a report over the first project."""
    result = service.report(MirrorRights(tenant.id, all_fields=True), tenant.projects[0], name, params)
    return [column.name for column in result.columns], list(result.rows)


def test_counts_by_type_state(service: MirrorService, tenant: Tenant, facts: Facts) -> None:
    """Every type and state with its number of items, states in the order of their categories."""
    columns, rows = run(service, tenant, "counts_by_type_state")
    expected = facts.items.groupby(["type", "state", "category"]).size()
    assert columns == ["type", "state", "category", "items"]
    assert {row[:3]: row[3] for row in rows} == expected.to_dict()
    assert rows == sorted(rows, key=lambda row: (row[0], CATEGORIES.index(row[2]), row[1]))


@pytest.mark.parametrize("days", [7, 45, 90])
def test_throughput_by_week(service: MirrorService, tenant: Tenant, facts: Facts, days: int) -> None:
    """Distinct items that came to done in each week of the tenant's calendar, empty weeks included."""
    columns, rows = run(service, tenant, "throughput_by_week", days=days)
    steps = facts.steps[(facts.steps.to_category == "done") & (facts.steps.from_category != "done")]
    week = [week_of(day, facts.week_start) for day in steps.day]
    counted = steps.groupby(pd.Series(week, index=steps.index)).artifact_id.nunique().to_dict()
    first = week_of(facts.today - timedelta(days=days - 1), facts.week_start)
    weeks = [first + timedelta(days=7 * n) for n in range((facts.today - first).days // 7 + 1)]
    assert columns == ["week", "items"]
    assert rows == [(day.isoformat(), counted.get(day, 0)) for day in weeks]
    assert {date.fromisoformat(row[0]).isoweekday() for row in rows} == {facts.week_start}


@pytest.mark.parametrize("by", ["category", "state"])
def test_cumulative_flow(service: MirrorService, tenant: Tenant, facts: Facts, by: str) -> None:
    """At the end of each day every item stands where its last step up to then led; every day is there."""
    columns, rows = run(service, tenant, "cumulative_flow", days=40, by=by)
    target = "to_category" if by == "category" else "to_state"
    expected = {}
    for back in range(40):
        day = facts.today - timedelta(days=back)
        last = facts.steps[facts.steps.day <= day].groupby("artifact_id")[target].last()
        expected[day.isoformat()] = last.value_counts().to_dict()
    if by == "category":
        assert columns == ["day", *CATEGORIES]
        found = {row[0]: {name: n for name, n in zip(CATEGORIES, row[1:], strict=True) if n} for row in rows}
    else:
        assert columns == ["day", "state", "items"]
        found = {day: {row[1]: row[2] for row in rows if row[0] == day and row[2]} for day in {row[0] for row in rows}}
    assert found == expected
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)


def test_cumulative_flow_ends_at_the_present_states(service: MirrorService, tenant: Tenant, facts: Facts) -> None:
    """The last day equals the items' present categories."""
    _, rows = run(service, tenant, "cumulative_flow", days=1)
    assert dict(zip(CATEGORIES, rows[-1][1:], strict=True)) == facts.items.category.value_counts().to_dict()


def test_last_activity(service: MirrorService, tenant: Tenant, facts: Facts) -> None:
    """The latest steps, newest first, with who took them."""
    columns, rows = run(service, tenant, "last_activity", limit=7)
    assert columns == ["at", "key", "title", "type", "from_state", "to_state", "who"]
    newest = facts.steps[["occurred_at", "key", "from_state", "to_state", "who"]].iloc[::-1].head(7)
    expected = [(at.astimezone(UTC).isoformat(), *map(_none, rest)) for at, *rest in newest.itertuples(index=False)]
    assert sorted((row[0], row[1], row[4], row[5], row[6]) for row in rows) == sorted(expected)
    assert [row[0] for row in rows] == sorted((row[0] for row in rows), reverse=True)


def test_project_summary(service: MirrorService, tenant: Tenant, facts: Facts) -> None:
    """Totals by category, and the latest change."""
    columns, rows = run(service, tenant, "project_summary")
    counts = facts.items.category.value_counts()
    assert columns == ["total", "todo", "in_progress", "done", "last_activity"]
    assert rows[0][:4] == (len(facts.items), *(counts[name] for name in CATEGORIES))
    assert datetime.fromisoformat(rows[0][4]) >= facts.steps.occurred_at.max().to_pydatetime()


def test_lead_time(service: MirrorService, tenant: Tenant, facts: Facts) -> None:
    """Percentiles of the days from creation to the last done, for items done now and finished in the period."""
    columns, rows = run(service, tenant, "lead_time", days=60)
    entered = facts.steps[facts.steps.to_category == "done"].groupby("artifact_id")
    finished = entered.agg(at=("occurred_at", "max"), day=("day", "max"))
    done = facts.items[facts.items.category == "done"].join(finished, on="id", how="inner")
    done = done[[day > facts.today - timedelta(days=60) for day in done.day]]
    spent = (
        pd.to_datetime(done["at"], utc=True) - pd.to_datetime(done.occurred_at, utc=True)
    ).dt.total_seconds() / 86400
    expected = spent.groupby(done.type).agg(["count", *(lambda s, q=q: s.quantile(q) for q in (0.5, 0.85, 0.95))])
    assert columns == ["type", "items", "p50", "p85", "p95"]
    assert [row[0] for row in rows] == sorted(expected.index)
    for row in rows:
        assert row[1:] == pytest.approx(tuple(expected.loc[row[0]]), abs=1e-4)


def test_labels_follow_the_language(service: MirrorService, tenant: Tenant) -> None:
    """Titles and column labels come in English and Turkish, any other language falls back to English."""
    rights = MirrorRights(tenant.id, all_fields=True)
    labels = [
        [column.label for column in service.report(rights, tenant.projects[0], "throughput_by_week", lang=lang).columns]
        for lang in ("en", "tr-TR", "de")
    ]
    assert labels == [["Week", "Items"], ["Hafta", "Öğe"], ["Week", "Items"]]


def test_reports_keep_to_the_rights(service: MirrorService, tenant: Tenant) -> None:
    """A report over a project outside the rights is empty; a masked title is missing."""
    elsewhere = MirrorRights(tenant.id, frozenset({tenant.projects[1]}))
    assert service.report(elsewhere, tenant.projects[0], "counts_by_type_state").rows == ()
    masked = MirrorRights(tenant.id, None, {"*": frozenset({"title"})})
    rows = service.report(masked, tenant.projects[0], "last_activity").rows
    assert rows
    assert {row[2] for row in rows} == {None}


def test_wrong_names_and_parameters_are_told(service: MirrorService, tenant: Tenant) -> None:
    """An unknown report lists those there are; each wrong parameter is named."""
    rights = MirrorRights(tenant.id, all_fields=True)
    with pytest.raises(UnknownReport) as unknown:
        service.report(rights, tenant.projects[0], "nope")
    assert "lead_time" in unknown.value.extra["reports"]
    with pytest.raises(InvalidInput) as wrong:
        service.report(rights, tenant.projects[0], "cumulative_flow", {"days": 0, "by": "x", "limit": 3})
    assert [item.path for item in wrong.value.errors] == ["/days", "/by", "/limit"]


def _none(value: Any) -> Any:
    return None if value is None or value != value else value
