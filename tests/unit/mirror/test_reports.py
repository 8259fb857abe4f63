"""Report definitions: parameters, languages, weeks, and that every built-in one compiles without data."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from alm_workbench.contexts.reporting.domain import UnknownReport
from alm_workbench.errors import InvalidInput
from alm_workbench.mirror.reports import Param, Report, ReportRegistry, ReportScope
from alm_workbench.mirror.reports.builtin import REPORTS, week_of
from alm_workbench.mirror.reports.definition import text_in
from alm_workbench.mirror.reports.tables import SCHEMAS
from alm_workbench.mirror.schema import VIEWS, create_base, create_views

SCOPE = ReportScope(UUID(int=7), date(2026, 11, 23), 1)


def scope_of(report: Report) -> ReportScope:
    """A scope with the report's defaults."""
    return replace(SCOPE, arguments=tuple(sorted(report.arguments({}).items())))


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.name)
def test_every_built_in_report_compiles_and_is_labelled_in_both_languages(report: Report) -> None:
    """SQL without data; English and Turkish for the title, the description and each column."""
    import duckdb

    registry = ReportRegistry([report])
    sql = registry.compiled(report, scope_of(report))
    assert registry.compiled(report, scope_of(report)) is sql
    with duckdb.connect() as c:
        c.execute(f"ATTACH ':memory:' AS o; USE o; {create_base()}; {create_views()}")
        names = [column[0] for column in c.execute(sql).description or []]
    labelled = {column.name for column in report.columns}
    assert set(names) <= labelled
    for texts in [report.titles, report.descriptions, *(column.labels for column in report.columns)]:
        assert {"en", "tr"} <= set(texts)


def test_the_ibis_tables_are_the_views() -> None:
    """Names, order and types of the columns that reports see are those that the file has."""
    import duckdb
    from ibis.backends.sql.datatypes import DuckDBType

    from alm_workbench.mirror.reports.tables import mirror_tables

    assert set(SCHEMAS) < set(VIEWS)
    with duckdb.connect() as c:
        c.execute(f"ATTACH ':memory:' AS o; USE o; {create_base()}; {create_views()}")
        for name in SCHEMAS:
            found = {row[0]: DuckDBType.from_string(row[1]) for row in c.execute(f"DESCRIBE {name}").fetchall()}
            wanted = dict(getattr(mirror_tables(), name).schema().items())
            assert list(found) == list(wanted)
            # DuckDB's TIMESTAMPTZ has no zone of its own
            assert [c for c in found if found[c] != wanted[c] and not wanted[c].is_timestamp()] == []


def test_parameters_are_checked_together() -> None:
    """Defaults fill in; texts from a URL become numbers; each mistake is named."""
    report = next(report for report in REPORTS if report.name == "cumulative_flow")
    assert report.arguments({"days": "7"}) == {"days": 7, "by": "category"}
    with pytest.raises(InvalidInput) as caught:
        report.arguments({"days": "x", "by": "no", "other": 1})
    assert [item.path for item in caught.value.errors] == ["/days", "/by", "/other"]


@pytest.mark.parametrize("value", [0, 11, "1.5", None, "", "x"])
def test_a_number_keeps_to_its_limits(value: object) -> None:
    """Outside the limits or no number at all is an error."""
    with pytest.raises(ValueError, match="n must be"):
        Param("n", "integer", 5, {"en": "N"}, minimum=1, maximum=10).clean(value)


@pytest.mark.parametrize(
    ("day", "start", "first"),
    [
        (date(2026, 11, 23), 1, date(2026, 11, 23)),
        (date(2026, 11, 22), 1, date(2026, 11, 16)),
        (date(2026, 11, 22), 7, date(2026, 11, 22)),
        (date(2026, 11, 27), 6, date(2026, 11, 21)),
        (date(2026, 1, 1), 1, date(2025, 12, 29)),
    ],
)
def test_a_week_begins_where_the_tenant_says(day: date, start: int, first: date) -> None:
    """ISO numbers, Monday = 1."""
    assert week_of(day, start) == first


def test_names_are_unique_and_unknown_ones_list_the_rest() -> None:
    """Two reports of one name are refused when they are registered."""
    registry = ReportRegistry(REPORTS)
    with pytest.raises(ValueError, match="two reports"):
        registry.add(REPORTS[0])
    with pytest.raises(UnknownReport) as caught:
        registry.get("nope")
    assert caught.value.extra["reports"] == sorted(report.name for report in REPORTS)


def test_a_text_falls_back_to_english() -> None:
    """A region does not matter; an unknown language is English; no English is better than nothing."""
    texts = {"en": "Week", "tr": "Hafta"}
    assert [text_in(texts, lang) for lang in ("tr", "tr_TR", "tr-TR", "de", "")] == ["Hafta"] * 3 + ["Week"] * 2
    assert text_in({"tr": "Hafta"}, "de") == "Hafta"
    assert text_in({}, "de") == ""
