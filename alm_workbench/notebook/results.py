"""Answers of reports and of SQL: a table at first sight, a data frame or a chart when wanted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from alm_workbench.contexts.reporting.messages import ReportDTO, SqlResult
from alm_workbench.errors import ConfigurationError, InvalidInput
from alm_workbench.i18n import _
from alm_workbench.notebook import charts
from alm_workbench.notebook.show import SHOWN, TEXT_SHOWN, card, html_table, plain, text_table

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


class Result:
    """A report that has run: ``rows``, ``to_frame()``, ``plot()``, and the ``sql`` behind it."""

    def __init__(self, report: ReportDTO) -> None:
        self._report = report

    @property
    def name(self) -> str:
        """The report's name."""
        return self._report.name

    @property
    def title(self) -> str:
        """The report's title in your language."""
        return self._report.title

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return [column.name for column in self._report.columns]

    @property
    def rows(self) -> Sequence[Sequence[Any]]:
        """The rows as plain values; dates and times are ISO texts."""
        return self._report.rows

    @property
    def sql(self) -> str:
        """The DuckDB SQL that ran."""
        return self._report.sql

    @property
    def as_of(self) -> datetime:
        """The moment the figures stand for (UTC)."""
        return self._report.as_of

    def to_frame(self) -> pd.DataFrame:
        """A pandas data frame with typed columns."""
        from alm_workbench.notebook.frames import frame

        return frame([(c.name, c.type) for c in self._report.columns], self._report.rows)

    def plot(self) -> Any:
        """The chart as a plotly figure; raises ``InvalidInput`` for reports that are tables."""
        figure = charts.figure(self._report)
        if figure is None:
            raise InvalidInput(_("{title} has nothing to draw; .to_frame() has the rows").format(title=self.title))
        if not charts.available():
            raise ConfigurationError(_("Charts need plotly: pip install plotly"))
        import plotly.graph_objects as go

        return go.Figure(figure)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Sequence[Any]]:
        return iter(self.rows)

    def __repr__(self) -> str:
        labels = [column.label for column in self._report.columns]
        return text_table(labels, self._shown(TEXT_SHOWN), len(self), self.title, self._moment())

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        bundle: dict[str, Any] = {"text/plain": repr(self), "text/html": self._html()}
        figure = charts.figure(self._report) if charts.available() else None
        if figure is not None:
            bundle[charts.MIME] = figure
        return bundle

    def _html(self) -> str:
        labels = [column.label for column in self._report.columns]
        if self._report.presentation.kind == "kpi" and len(self) == 1:
            return card(self.title, zip(labels, self._shown(1)[0], strict=True), self._moment())
        return html_table(labels, self._shown(SHOWN), len(self), self.title, self._moment())

    def _shown(self, limit: int) -> list[list[Any]]:
        kinds = [column.type for column in self._report.columns]
        return [[typed(value, kind) for value, kind in zip(row, kinds, strict=True)] for row in self.rows[:limit]]

    def _moment(self) -> str:
        return _("as of {time}").format(time=plain(self.as_of))


def typed(value: Any, kind: str) -> Any:
    """A plain value as what it stands for, to be shown."""
    if not isinstance(value, str) or kind not in ("date", "timestamp"):
        return value
    try:
        return datetime.fromisoformat(value) if kind == "timestamp" else date.fromisoformat(value[:10])
    except ValueError:
        return value


class SqlFrame:
    """The rows of a query. ``to_frame()`` gives pandas, ``to_arrow()`` Arrow; iteration gives plain tuples."""

    def __init__(self, result: SqlResult) -> None:
        self._result = result
        self._table: pa.Table | None = None

    def to_arrow(self) -> pa.Table:
        """The rows as an Arrow table."""
        if self._table is None:
            self._table = self._result.table()
        return self._table

    def to_frame(self) -> pd.DataFrame:
        """A pandas data frame; times are aware and in UTC."""
        from alm_workbench.notebook.frames import arrow_frame

        return arrow_frame(self.to_arrow())

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return list(self.to_arrow().column_names)

    @property
    def as_of(self) -> datetime:
        """The moment the rows stand for (UTC)."""
        return self._result.as_of

    @property
    def truncated(self) -> bool:
        """Whether the limit cut rows off."""
        return self._result.truncated

    def one(self) -> Any:
        """The only value of a query with one row and one column."""
        table = self.to_arrow()
        if (table.num_rows, table.num_columns) != (1, 1):
            raise InvalidInput(
                _("one() wants one row and one column; this has {rows} and {columns}").format(
                    rows=table.num_rows, columns=table.num_columns
                )
            )
        return table.column(0)[0].as_py()

    def __len__(self) -> int:
        return self._result.rows

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        lists = [column.to_pylist() for column in self.to_arrow().columns]
        return iter(zip(*lists, strict=True))

    def __repr__(self) -> str:
        return text_table(self.columns, self._shown(TEXT_SHOWN), len(self), footer=self._footer())

    def _repr_html_(self) -> str:
        return html_table(self.columns, self._shown(SHOWN), len(self), footer=self._footer())

    def _shown(self, limit: int) -> list[list[Any]]:
        lists = [column.to_pylist() for column in self.to_arrow().slice(0, limit).columns]
        return [list(row) for row in zip(*lists, strict=True)]

    def _footer(self) -> str:
        parts = [
            _("as of {time}").format(time=plain(self.as_of)),
            _("{number} ms").format(number=round(self._result.elapsed_ms)),
        ]
        if self.truncated:
            parts.append(_("cut off at the limit; ask with a higher limit="))
        return " · ".join(parts)
