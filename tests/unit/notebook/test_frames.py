"""Frames and charts without a server."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pandas as pd
import pyarrow as pa
import pytest

from alm_workbench.contexts.artifact.messages import ArtifactDTO
from alm_workbench.contexts.project.messages import ChoiceDTO, FieldInfoDTO, ProcessDTO, TypeInfoDTO
from alm_workbench.contexts.reporting.domain import ColumnInfo, Presentation
from alm_workbench.contexts.reporting.messages import ReportDTO
from alm_workbench.errors import InvalidInput
from alm_workbench.notebook.charts import figure
from alm_workbench.notebook.frames import arrow_frame, artifact_frame, frame, unique
from alm_workbench.notebook.results import Result

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
HOSTILE = "<img src=x onerror=alert(1)>"


def item(type_id: str, **fields: Any) -> ArtifactDTO:
    """An item with some fields."""
    some: Any = uuid4()
    return ArtifactDTO(
        some, some, "K-1", type_id, "T", "open", "todo", fields, None, UUID(int=1), some, NOW, NOW, None, NOW, None, 1
    )  # fmt: skip


def info(name: str, kind: str, *choices: str) -> FieldInfoDTO:
    """A declared field."""
    return FieldInfoDTO(name, kind, {}, False, tuple(ChoiceDTO(c, {}) for c in choices), True, False, None)


def process(**types: tuple[FieldInfoDTO, ...]) -> ProcessDTO:
    """A process with some types."""
    made = tuple(TypeInfoDTO(name, {}, "K", None, "flow", fields) for name, fields in types.items())
    return ProcessDTO("ns/p 1", uuid4(), "h", made, (), ())  # type: ignore[arg-type]


def test_columns_are_typed_as_declared() -> None:
    """Choices are ordered categories, numbers know missing ones, times are in UTC, days are days."""
    rules = process(
        a=(
            info("level", "choice", "low", "high"),
            info("n", "int"),
            info("x", "number"),
            info("yes", "bool"),
            info("on", "date"),
            info("at", "datetime"),
        )
    )
    made = artifact_frame(
        [item("a", level="high", n=1, x=1, yes=True, on="2026-01-02", at="2026-01-02T03:00:00+03:00"), item("a")], rules
    )
    assert made["level"].cat.ordered
    assert made["level"].max() == "high"
    assert [str(made[c].dtype) for c in ("n", "x", "yes")] == ["Int64", "Float64", "boolean"]
    assert made.loc[0, "on"] == pd.Timestamp("2026-01-02")
    assert made.loc[0, "at"] == pd.Timestamp("2026-01-02T00:00", tz="UTC")
    assert made["n"].isna().tolist() == [False, True]
    assert made.loc[0, "assignee_id"] == str(UUID(int=1))


def test_what_does_not_fit_is_kept() -> None:
    """Values of an older process, fields nobody declares and fields named like a column are not lost."""
    rules = process(a=(info("n", "int"), info("title", "string")), b=(info("n", "string"),))
    made = artifact_frame([item("a", n="many", title="mine", gone=[1]), item("b", n="x")], rules)
    assert made["n"].tolist() == ["many", "x"]
    assert made["field_title"].tolist()[0] == "mine"
    assert made["gone"].tolist()[0] == [1]
    only = artifact_frame([item("a", n="many")], process(a=(info("n", "int"),)))
    assert only["n"].tolist() == ["many"]


def test_nothing_found() -> None:
    """An empty list is an empty frame with its columns."""
    assert list(artifact_frame([], None).columns)[:3] == ["key", "type", "title"]
    assert len(frame([("n", "integer")], [])) == 0


def test_arrow() -> None:
    """Arrow becomes typed columns; doubled names are told apart; ids are texts."""
    stamp = pa.array([NOW, None], pa.timestamp("us", tz="Europe/Istanbul"))
    table = pa.table(
        [
            pa.array([1, None]),
            pa.array([Decimal("1.5"), None]),
            stamp,
            pa.array([date(2026, 1, 2), None]),
            pa.array([[1], None]),
            pa.array(["a", None]),
        ],
        names=["n", "n", "at", "on", "list", "s"],
    )
    made = arrow_frame(table)
    assert list(made.columns) == ["n", "n_2", "at", "on", "list", "s"]
    assert str(made["n"].dtype) == "Int64"
    assert made.loc[0, "n_2"] == 1.5
    assert str(made["at"].dt.tz) == "UTC"
    assert made.loc[0, "on"] == pd.Timestamp("2026-01-02")
    assert unique(["a", "a", "a_2"]) == ["a", "a_2", "a_2_2"]


def report(
    kind: Any, split: str | None = None, rows: tuple[tuple[Any, ...], ...] = ((HOSTILE, HOSTILE, 1),)
) -> ReportDTO:
    """A report about hostile names."""
    columns = (ColumnInfo("x", "string", HOSTILE), ColumnInfo("s", "string", "S"), ColumnInfo("n", "integer", "N"))
    return ReportDTO("r", HOSTILE, columns, rows, NOW, 1, "select 1", Presentation(kind, "x", ("n",), split, True))


@pytest.mark.parametrize("kind", ["bar", "line", "area"])
def test_charts_are_escaped(kind: str) -> None:
    """No name reaches a chart as markup."""
    for split in (None, "s"):
        assert "<img" not in repr(figure(report(kind, split)))
    assert Result(report(kind)).plot() is not None


def test_tables_are_no_charts() -> None:
    """A report that is a table has nothing to draw, and says so."""
    result = Result(report("table"))
    assert "application/vnd.plotly.v1+json" not in result._repr_mimebundle_()
    assert "<img" not in result._repr_mimebundle_()["text/html"]
    with pytest.raises(InvalidInput, match="to_frame"):
        result.plot()
    assert figure(report("bar", rows=())) is None


def test_figures_are_cards() -> None:
    """A report of single figures is a card."""
    assert "border-left" in Result(report("kpi"))._repr_mimebundle_()["text/html"]
