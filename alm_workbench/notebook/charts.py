"""Reports as plotly figures, written as plain data: nothing is imported to show one."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from importlib.util import find_spec
from typing import Any

from alm_workbench.contexts.reporting.messages import ReportDTO
from alm_workbench.notebook.show import printable

MIME = "application/vnd.plotly.v1+json"
# Okabe and Ito's colours: told apart by everybody; grey text is readable on light and dark pages
COLORS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999999")
CATEGORY_COLORS = {"todo": "#999999", "in_progress": "#0072B2", "done": "#009E73"}
TEXT = "#777777"
GRID = "rgba(128,128,128,.25)"


def available() -> bool:
    """Whether whoever shows the notebook can draw plotly figures."""
    return find_spec("plotly") is not None


def figure(report: ReportDTO) -> dict[str, Any] | None:
    """The figure of a report as plotly's JSON; None for a report that is a table or has no rows."""
    shape = report.presentation
    if shape.kind not in ("bar", "line", "area") or not shape.x or not report.rows:
        return None
    names = [column.name for column in report.columns]
    if shape.split:
        parts = split_rows(report, names.index(shape.split))
        traces = [trace(report, rows, shape.series[0], label, n) for n, (label, rows) in enumerate(parts.items())]
    else:
        labels = {column.name: column.label for column in report.columns}
        traces = [trace(report, report.rows, name, labels.get(name, name), n) for n, name in enumerate(shape.series)]
    return {"data": traces, "layout": layout(report, len(traces))}


def split_rows(report: ReportDTO, index: int) -> dict[str, list[Sequence[Any]]]:
    """The rows by the value of one column, in the order they come."""
    parts: dict[str, list[Sequence[Any]]] = {}
    for row in report.rows:
        parts.setdefault(str(row[index]), []).append(row)
    return parts


def trace(report: ReportDTO, rows: Sequence[Sequence[Any]], series: str, label: str, number: int) -> dict[str, Any]:
    """One series."""
    names = [column.name for column in report.columns]
    x, y = names.index(report.presentation.x or ""), names.index(series)
    color = CATEGORY_COLORS.get(series, COLORS[number % len(COLORS)])
    made: dict[str, Any] = {"x": [shown(row[x]) for row in rows], "y": [row[y] for row in rows], "name": shown(label)}
    if report.presentation.kind == "bar":
        return {**made, "type": "bar", "marker": {"color": color}}
    made |= {"type": "scatter", "mode": "lines", "line": {"color": color, "width": 2}}
    if report.presentation.kind == "area":
        made["line"] = {"color": color, "width": 0.5, "shape": "vh"}  # a day's figure stands for its end
        made |= {"stackgroup": "all"} if report.presentation.stack else {"fill": "tozeroy"}
    return made


def shown(value: Any) -> Any:
    """Texts escaped: plotly reads a little HTML in them."""
    return escape(printable(value)) if isinstance(value, str) else value


def layout(report: ReportDTO, count: int) -> dict[str, Any]:
    """A quiet layout that takes its background from the page."""
    labels = {column.name: column.label for column in report.columns}
    kinds = {column.name: column.type for column in report.columns}
    x = report.presentation.x or ""
    axis = {"gridcolor": GRID, "zerolinecolor": GRID, "linecolor": GRID, "automargin": True}
    return {
        "title": {"text": shown(report.title), "x": 0, "xanchor": "left"},
        "barmode": "stack" if report.presentation.stack else "group",
        "font": {"color": TEXT},
        "height": 380,
        "hovermode": "x unified" if report.presentation.kind != "bar" else "closest",
        "legend": {"orientation": "h", "y": -0.2, "traceorder": "normal"},
        "margin": {"l": 50, "r": 20, "t": 50, "b": 40},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "showlegend": count > 1,
        "xaxis": {
            **axis,
            "title": {"text": shown(labels.get(x, x))},
            "type": "date" if kinds.get(x) in ("date", "timestamp") else "category",
        },
        "yaxis": {**axis, "rangemode": "tozero"},
    }
