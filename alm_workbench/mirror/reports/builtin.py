"""The reports that come with the workbench."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from alm_workbench.contexts.reporting.domain import Presentation
from alm_workbench.mirror.reports.definition import Arguments, Column, Param, Report, ReportScope

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from alm_workbench.mirror.reports.tables import MirrorTables

CATEGORIES = ("todo", "in_progress", "done")

LABELS = {
    "type": {"en": "Type", "tr": "Tür"},
    "state": {"en": "State", "tr": "Durum"},
    "category": {"en": "Category", "tr": "Kategori"},
    "items": {"en": "Items", "tr": "Öğe"},
    "week": {"en": "Week", "tr": "Hafta"},
    "day": {"en": "Day", "tr": "Gün"},
    "todo": {"en": "To do", "tr": "Yapılacak"},
    "in_progress": {"en": "In progress", "tr": "Sürüyor"},
    "done": {"en": "Done", "tr": "Bitti"},
    "at": {"en": "When", "tr": "Ne zaman"},
    "key": {"en": "Key", "tr": "Anahtar"},
    "title": {"en": "Title", "tr": "Başlık"},
    "from_state": {"en": "From", "tr": "Önceki durum"},
    "to_state": {"en": "To", "tr": "Sonraki durum"},
    "who": {"en": "Who", "tr": "Kim"},
    "total": {"en": "Total", "tr": "Toplam"},
    "last_activity": {"en": "Last activity", "tr": "Son etkinlik"},
    "p50": {"en": "Median (days)", "tr": "Ortanca (gün)"},
    "p85": {"en": "85th percentile (days)", "tr": "85. yüzdelik (gün)"},
    "p95": {"en": "95th percentile (days)", "tr": "95. yüzdelik (gün)"},
}

DAYS = Param("days", "integer", 90, {"en": "Days back", "tr": "Kaç gün"}, minimum=1, maximum=3660)


def _columns(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, LABELS[name]) for name in names)


def counts_by_type_state(t: MirrorTables, scope: ReportScope) -> ir.Table:
    """Items of each type in each state."""
    mine = t.artifacts.filter(t.artifacts.project_id == scope.project)
    counted = mine.group_by(["type", "state", "state_category"]).agg(items=mine.count())
    order = _category_order(counted.state_category)
    return (
        counted.mutate(position=order)
        .order_by(["type", "position", "state"])
        .select("type", "state", "items", category="state_category")
        .select("type", "state", "category", "items")
    )


def throughput_by_week(t: MirrorTables, scope: ReportScope) -> ir.Table:
    """Items that came to a done state, by week; an item counts once a week, weeks without any count zero."""
    first = week_of(scope.today - timedelta(days=scope.integer("days") - 1), scope.week_start)
    history = t.state_history
    entered = history.filter(
        history.project_id == scope.project,
        history.to_category == "done",
        history.from_category.fill_null("") != "done",
        history.occurred_on >= first,
        history.occurred_on <= scope.today,
    )
    back = (entered.occurred_on.day_of_week.index() - (scope.week_start - 1) + 7) % 7
    weekly = entered.mutate(week=(entered.occurred_on - back.as_interval("D")).cast("date"))
    finished = weekly.group_by("week").agg(items=weekly.artifact_id.nunique())
    weeks = _days(first, scope.today, step=7).rename(week="day")
    joined = weeks.left_join(finished, "week")
    return joined.select("week", items=joined["items"].fill_null(0)).order_by("week")


def cumulative_flow(t: MirrorTables, scope: ReportScope) -> ir.Table:
    """Items in each category (or state) at the end of each day, replayed from the state history."""
    import ibis

    by = scope.text("by")
    first = scope.today - timedelta(days=scope.integer("days") - 1)
    history = t.state_history.filter(t.state_history.project_id == scope.project)
    history = history.mutate(bucket=history.to_category if by == "category" else history.to_state)
    # an item leaves a bucket when its next entry is made, whatever that entry says about where it came from
    steps = history.mutate(
        left_on=history.occurred_on.lead().over(
            ibis.window(group_by="artifact_id", order_by=["occurred_at", "recorded_at", "id"])
        )
    )
    entries = steps.select("bucket", day=steps.occurred_on, change=ibis.literal(1, "int64"))
    exits = steps.filter(steps.left_on.notnull()).select("bucket", day="left_on", change=ibis.literal(-1, "int64"))
    moves = entries.union(exits)
    moves = moves.filter(moves.day <= scope.today)
    moves = moves.mutate(day=ibis.greatest(moves.day, ibis.date(first)))
    daily = moves.group_by(["bucket", "day"]).agg(change=moves.change.sum())
    if by == "category":
        return _flow_by_category(daily, _days(first, scope.today))
    return _flow_by_state(daily, _days(first, scope.today))


def last_activity(t: MirrorTables, scope: ReportScope) -> ir.Table:
    """The latest steps of items through their workflows, creations among them."""
    import ibis

    history = t.state_history.filter(t.state_history.project_id == scope.project)
    latest = history.order_by([ibis.desc("occurred_at"), ibis.desc("recorded_at"), ibis.desc("id")])
    return (
        latest.limit(scope.integer("limit"))
        .select("key", "title", "type", "from_state", "to_state", at="occurred_at", who="actor")
        .select("at", "key", "title", "type", "from_state", "to_state", "who")
    )


def project_summary(t: MirrorTables, scope: ReportScope) -> ir.Table:
    """The project in five figures."""
    mine = t.project_summary.filter(t.project_summary.project_id == scope.project)
    return mine.select("total", "todo", "in_progress", "done", "last_activity")


def lead_time(t: MirrorTables, scope: ReportScope) -> ir.Table:
    """Days from creation to the last time an item was done, for items done now and finished within the period."""
    first = scope.today - timedelta(days=scope.integer("days") - 1)
    history = t.state_history
    entered = history.filter(history.project_id == scope.project, history.to_category == "done")
    finished = entered.group_by("artifact_id").agg(
        finished_at=entered.occurred_at.max(), finished_on=entered.occurred_on.max()
    )
    done = t.artifacts.filter(t.artifacts.project_id == scope.project, t.artifacts.state_category == "done")
    items = done.join(finished, done.id == finished.artifact_id)
    items = items.filter(items.finished_on >= first, items.finished_on <= scope.today)
    # delta, not epoch_seconds: ibis takes the latter from the local clock, an hour off across a change of the clocks
    items = items.mutate(days=items.finished_at.delta(items.created_at, unit="second") / 86400.0)
    measured = items.group_by("type").agg(
        items=items.count(),
        p50=items.days.quantile(0.5),
        p85=items.days.quantile(0.85),
        p95=items.days.quantile(0.95),
    )
    return measured.order_by("type")


def week_of(day: date, week_start: int) -> date:
    """The first day of the week that a day lies in; ``week_start`` is ISO, Monday = 1."""
    return day - timedelta(days=(day.isoweekday() - week_start) % 7)


def _days(first: date, last: date, step: int = 1) -> ir.Table:
    """A table with the column ``day``: every ``step``-th day from first to last, both included."""
    import ibis

    start, stop = (ibis.timestamp(day.isoformat()) for day in (first, last + timedelta(days=1)))
    days = ibis.range(start, stop, ibis.interval(days=step)).unnest().name("day").as_table()
    return days.mutate(day=days.day.cast("date"))


def _flow_by_category(daily: ir.Table, days: ir.Table) -> ir.Table:
    """One column for each category."""
    import ibis

    wide = daily.group_by("day").agg(**{name: daily.change.sum(where=daily.bucket == name) for name in CATEGORIES})
    joined = days.left_join(wide, "day")
    running = ibis.cumulative_window(order_by="day")
    totals = {name: joined[name].fill_null(0).sum().over(running).cast("int64") for name in CATEGORIES}
    return joined.select("day", **totals).order_by("day")


def _flow_by_state(daily: ir.Table, days: ir.Table) -> ir.Table:
    """One row for each day and state."""
    import ibis

    grid = days.cross_join(daily.select(state="bucket").distinct())
    joined = grid.left_join(daily, [grid.day == daily.day, grid.state == daily.bucket])
    running = ibis.cumulative_window(group_by="state", order_by="day")
    items = joined.change.fill_null(0).sum().over(running).cast("int64")
    return joined.select("day", "state", items=items).order_by(["day", "state"])


def _category_order(category: ir.StringColumn) -> ir.IntegerColumn:
    order: ir.IntegerColumn = category.cases(*((name, i) for i, name in enumerate(CATEGORIES)), else_=len(CATEGORIES))
    return order


def _flow_presentation(arguments: Arguments) -> Presentation:
    if arguments["by"] == "category":
        return Presentation("area", x="day", series=("done", "in_progress", "todo"), stack=True)
    return Presentation("area", x="day", series=("items",), split="state", stack=True)


REPORTS: tuple[Report, ...] = (
    Report(
        name="counts_by_type_state",
        titles={"en": "Items by type and state", "tr": "Tür ve duruma göre öğeler"},
        descriptions={"en": "How many items of each type are in each state", "tr": "Her türden kaç öğe hangi durumda"},
        build=counts_by_type_state,
        columns=_columns("type", "state", "category", "items"),
        presentation=Presentation("bar", x="type", series=("items",), split="state", stack=True),
    ),
    Report(
        name="throughput_by_week",
        titles={"en": "Throughput by week", "tr": "Haftalık tamamlanan"},
        descriptions={"en": "Items finished each week", "tr": "Her hafta biten öğeler"},
        build=throughput_by_week,
        columns=_columns("week", "items"),
        presentation=Presentation("bar", x="week", series=("items",)),
        params=(DAYS,),
    ),
    Report(
        name="cumulative_flow",
        titles={"en": "Cumulative flow", "tr": "Birikimli akış"},
        descriptions={
            "en": "Items in each category at the end of each day, from the state history",
            "tr": "Durum geçmişinden, her gün sonunda her kategorideki öğeler",
        },
        build=cumulative_flow,
        columns=_columns("day", "state", "items", *CATEGORIES),
        presentation=Presentation("area", x="day", series=("done", "in_progress", "todo"), stack=True),
        params=(
            DAYS,
            Param("by", "string", "category", {"en": "By", "tr": "Neye göre"}, choices=("category", "state")),
        ),
        present=_flow_presentation,
    ),
    Report(
        name="last_activity",
        titles={"en": "Last activity", "tr": "Son etkinlikler"},
        descriptions={"en": "The latest steps and who took them", "tr": "Son adımlar ve kimin attığı"},
        build=last_activity,
        columns=_columns("at", "key", "title", "type", "from_state", "to_state", "who"),
        presentation=Presentation("table"),
        params=(Param("limit", "integer", 20, {"en": "Rows", "tr": "Satır"}, minimum=1, maximum=1000),),
    ),
    Report(
        name="project_summary",
        titles={"en": "Project summary", "tr": "Proje özeti"},
        descriptions={"en": "The project in five figures", "tr": "Beş sayıda proje"},
        build=project_summary,
        columns=_columns("total", "todo", "in_progress", "done", "last_activity"),
        presentation=Presentation("kpi", series=("total", "done", "in_progress", "todo", "last_activity")),
    ),
    Report(
        name="lead_time",
        titles={"en": "Lead time", "tr": "Teslim süresi"},
        descriptions={"en": "Days from creation to done, by type", "tr": "Oluşturmadan bitişe gün, türe göre"},
        build=lead_time,
        columns=_columns("type", "items", "p50", "p85", "p95"),
        presentation=Presentation("bar", x="type", series=("p50", "p85", "p95")),
        params=(DAYS,),
    ),
)
