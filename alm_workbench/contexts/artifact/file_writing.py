"""Rows as files: CSV and Excel that no spreadsheet takes for formulas, and JSON; written as the pages come."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from typing import IO, Any, Literal, Protocol

from alm_workbench.contexts.artifact.csv_file import escaped
from alm_workbench.contexts.artifact.sheet_file import cell_text
from alm_workbench.errors import ErrorItem, InvalidInput

FileFormat = Literal["csv", "xlsx", "json"]
MAX_CELL = 32_767
"""So many characters a cell of Excel holds."""
MAX_ROWS = 1_048_575
SEPARATOR = ";"


class PageLike(Protocol):
    """Rows with their columns."""

    @property
    def columns(self) -> Sequence[str]: ...
    @property
    def rows(self) -> Sequence[Sequence[Any]]: ...


def write_file(target: IO[bytes], file_format: FileFormat, pages: Iterable[PageLike]) -> int:
    """Write pages of rows into an open binary file; how many rows. Raises ``InvalidInput`` on what Excel cannot hold."""
    return {"csv": write_csv, "xlsx": write_sheet, "json": write_json}[file_format](target, pages)


def write_csv(target: IO[bytes], pages: Iterable[PageLike]) -> int:
    """UTF-8 with a mark at the start, as Excel wants it, and lines as RFC 4180 has them."""
    import io

    text = io.TextIOWrapper(target, encoding="utf-8-sig", newline="", write_through=True)
    writer, rows = csv.writer(text), 0
    for number, page in enumerate(pages):
        if number == 0:
            writer.writerow(page.columns)
        for row in page.rows:
            writer.writerow([escaped(flat(cell)) if isinstance(cell, str) else flat(cell) for cell in row])
            rows += 1
    text.flush()
    text.detach()
    return rows


def write_sheet(target: IO[bytes], pages: Iterable[PageLike]) -> int:
    """One sheet, written row by row; every cell is a text or a number, never a formula."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    sheet = book.create_sheet("items")
    sheet.freeze_panes = "B2"

    def cell(value: Any, row: int, column: str) -> Any:
        if value is None:
            return None
        if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 2**53:
            return value
        text = cell_text(flat(value))
        if len(text) > MAX_CELL:
            problem = ErrorItem(
                f"row {row}, {column}", "too-long", f"{len(text):,} characters; Excel holds {MAX_CELL:,}"
            )
            raise InvalidInput("A text is too long for a cell of Excel; export CSV or JSON", errors=[problem])
        found = WriteOnlyCell(sheet, value=None)
        found.value = text
        found.data_type = "s"  # what begins with = is a text, too
        return found

    rows = 0
    for number, page in enumerate(pages):
        if number == 0:
            sheet.append(list(page.columns))
        for values in page.rows:
            rows += 1
            if rows > MAX_ROWS:
                raise InvalidInput(f"A sheet holds {MAX_ROWS:,} rows; export CSV or JSON")
            sheet.append([cell(v, rows + 1, name) for v, name in zip(values, page.columns, strict=True)])
    book.save(target)
    return rows


def write_json(target: IO[bytes], pages: Iterable[PageLike]) -> int:
    """One object: ``columns``, and ``items`` with what each has; one line an item."""
    rows = 0
    for number, page in enumerate(pages):
        if number == 0:
            target.write(b'{"columns": ' + json.dumps(list(page.columns)).encode() + b', "items": [\n')
        for row in page.rows:
            item = {name: value for name, value in zip(page.columns, row, strict=True) if value is not None}
            target.write((b",\n" if rows else b"") + json.dumps(item, ensure_ascii=False).encode())
            rows += 1
    target.write(b"\n]}\n")
    return rows


def flat(value: Any) -> str:
    """A cell as text: lists of words with ``;`` between them, tables as JSON."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        plain = all(isinstance(part, str) for part in value)
        return SEPARATOR.join(value) if plain else json.dumps(value, ensure_ascii=False)
    return value if isinstance(value, str) else repr(value)
