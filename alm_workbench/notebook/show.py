"""Tables and cards for people: HTML that follows Lab's theme, and text. Everything shown is escaped."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from html import escape
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from alm_workbench.i18n import _, ngettext

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")

SHOWN = 100
TEXT_SHOWN = 20
CELL = 240
TEXT_CELL = 48
TEXT_WIDTH = 140
FONT = "font-family:var(--jp-ui-font-family,system-ui,sans-serif);font-size:var(--jp-ui-font-size1,13px)"
BORDER = "1px solid var(--jp-border-color2,rgba(128,128,128,.4))"
HEAD = f"position:sticky;top:0;z-index:1;text-align:left;padding:4px 10px;background:var(--jp-layout-color2,Canvas);border-bottom:{BORDER}"
BODY = f"text-align:left;vertical-align:top;padding:3px 10px;border-bottom:{BORDER};white-space:pre-line;max-width:36em;overflow-wrap:break-word"
DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
MUTED = "color:var(--jp-ui-font-color2,GrayText)"


@dataclass(frozen=True, slots=True)
class Column(Generic[T]):
    """A column of a listing: ``kind`` is a report's column type, or category."""

    name: str
    label: str
    get: Callable[[T], Any]
    kind: str = "string"


class Listing(Sequence[T]):
    """A read-only list that shows itself as a table and becomes a data frame on demand."""

    def __init__(self, items: Iterable[T], columns: Sequence[Column[T]], caption: str = "") -> None:
        self._items, self._columns, self._caption = tuple(items), tuple(columns), caption

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...
    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        return self._items[index]

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[T]:
        return iter(self._items)

    def to_frame(self) -> pd.DataFrame:
        """A pandas data frame with typed columns."""
        from alm_workbench.notebook.frames import frame

        rows = [[c.get(item) for c in self._columns] for item in self._items]
        return frame([(c.name, c.kind) for c in self._columns], rows)

    def _rows(self, limit: int) -> list[list[Any]]:
        return [[c.get(item) for c in self._columns] for item in self._items[:limit]]

    def __repr__(self) -> str:
        labels = [c.label for c in self._columns]
        return text_table(labels, self._rows(TEXT_SHOWN), len(self), self._caption)

    def _repr_html_(self) -> str:
        labels = [c.label for c in self._columns]
        return html_table(labels, self._rows(SHOWN), len(self), self._caption)


def html_table(
    labels: Sequence[str], rows: Iterable[Sequence[Any]], total: int | None = None, caption: str = "", footer: str = ""
) -> str:
    """A table that scrolls below its header; ``total`` tells how many rows there are in all."""
    head = "".join(f'<th scope="col" style="{HEAD}">{escape(label)}</th>' for label in labels)
    body = ["<tr>" + "".join(f'<td style="{BODY}">{html_cell(value)}</td>' for value in row) + "</tr>" for row in rows]
    title = (
        f'<caption style="text-align:left;font-weight:600;padding:4px 0">{escape(caption)}</caption>' if caption else ""
    )
    notes = " · ".join(part for part in (more(len(body), total), footer) if part)
    note = f'<div style="{MUTED};padding:4px 0">{escape(notes)}</div>' if notes else ""
    return (
        f'<div style="{FONT}"><div style="max-height:420px;overflow:auto;display:inline-block;max-width:100%">'
        f'<table style="border-collapse:separate;border-spacing:0;margin:0">{title}<thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>{note}</div>"
    )


def text_table(
    labels: Sequence[str], rows: Sequence[Sequence[Any]], total: int | None = None, caption: str = "", footer: str = ""
) -> str:
    """The same for a terminal."""
    cells = [[clipped(plain(v).replace("\n", " "), TEXT_CELL) for v in row] for row in rows]
    widths = [max([width(label), *(width(row[i]) for row in cells)]) for i, label in enumerate(labels)]
    lines = [padded(labels, widths), padded(["─" * w for w in widths], widths), *(padded(row, widths) for row in cells)]
    notes = " · ".join(part for part in (more(len(rows), total), footer) if part)
    return "\n".join([*([caption] if caption else []), *lines, *([notes] if notes else [])])


def card(title: str, rows: Iterable[tuple[str, Any]], note: str = "") -> str:
    """Names and values below a title."""
    body = "".join(
        f'<tr><th scope="row" style="text-align:left;vertical-align:top;padding:2px 14px 2px 0;font-weight:normal;{MUTED}">{escape(name)}</th>'
        f'<td style="text-align:left;padding:2px 0;white-space:pre-line;max-width:60em;overflow-wrap:anywhere">{html_cell(value, 2000)}</td></tr>'
        for name, value in rows
    )
    below = f'<div style="{MUTED};padding-top:4px">{escape(note)}</div>' if note else ""
    return (
        f'<div style="{FONT};border-left:3px solid var(--jp-brand-color1,#1976d2);padding:.3em .8em">'
        f'<div style="font-weight:600">{escape(printable(title))}</div><table style="margin:0">{body}</table>{below}</div>'
    )


def more(shown: int, total: int | None) -> str:
    """What is said below a table that does not show everything."""
    if total is None:
        return _("the first {number} rows").format(number=shown)
    if total > shown:
        return _("{shown} of {total} rows").format(shown=shown, total=total)
    return ngettext("{number} row", "{number} rows", total).format(number=total)


def html_cell(value: Any, limit: int = CELL) -> str:
    """A value as escaped HTML."""
    return escape(clipped(plain(value), limit))


def plain(value: Any) -> str:
    """A value as people read it; times in UTC."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, datetime):
        stamp = value.astimezone(UTC) if value.tzinfo else value
        return stamp.strftime("%Y-%m-%d %H:%M") + (" UTC" if value.tzinfo else "")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, (list, tuple)):
        return ", ".join(plain(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{key}: {plain(item)}" for key, item in value.items())
    return printable(str(value).replace("\r\n", "\n"))


def printable(text: str) -> str:
    """Text without control and direction characters, which could redraw what stands around it."""
    clean = (
        c if c in "\n\t" or not (unicodedata.category(c) in ("Cc", "Cs") or c in DIRECTIONS) else "\ufffd" for c in text
    )
    return "".join(clean) if not text.isascii() or not text.isprintable() else text


def clipped(text: str, limit: int) -> str:
    """Text of at most ``limit`` characters."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def width(text: str) -> int:
    """Columns that a text takes in a terminal."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def padded(cells: Sequence[str], widths: Sequence[int]) -> str:
    """A line of a text table, cut where a terminal ends."""
    line = "  ".join(cell + " " * (w - width(cell)) for cell, w in zip(cells, widths, strict=True)).rstrip()
    return clipped(line, TEXT_WIDTH)
