"""Files that know types: Excel workbooks and JSON, as tables of records. Sheets are streamed; formulas count as their values."""

from __future__ import annotations

import base64
import binascii
import io
import json
import re
import warnings
import zipfile
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

from alm_workbench.contexts.artifact.csv_file import Record, Table, read_table, rejected
from alm_workbench.contexts.artifact.messages import ImportProblemDTO

MAX_UNPACKED = 512 * 1024 * 1024
"""So many bytes a workbook may unpack to: a small file may hold a very large one."""
MOST_LINES = 1_048_576
MOST_CELLS = 10_000_000
"""What a file may name: a few bytes may stand for very many cells."""
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0d\x0e-\x1f\ufffe\uffff\ud800-\udfff]|_x[0-9A-Fa-f]{4}_")
ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


def read_file(name: str, content: str, encoding: str, delimiter: str | None) -> Table:
    """The records of a file given in base64, whatever kind it is; raises ``ImportRejected`` naming file, row and column."""
    lower = name.lower()
    if lower.endswith((".xlsx", ".xlsm")):
        return read_sheet(name, raw_bytes(name, content))
    if lower.endswith(".json"):
        return read_json(name, raw_bytes(name, content))
    return read_table(name, content, encoding, delimiter)


def raw_bytes(name: str, content: str) -> bytes:
    """The bytes of a file; raises ``ImportRejected``."""
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        raise rejected(name, 1, "", "base64", "the content did not arrive as base64") from None


def read_sheet(name: str, raw: bytes) -> Table:
    """The first sheet of a workbook."""
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as parts:
            if sum(part.file_size for part in parts.infolist()) > MAX_UNPACKED:
                raise rejected(name, 1, "", "too-large", "the workbook unpacks to more than half a gigabyte")
        with warnings.catch_warnings():  # about styles and extensions that say nothing of values
            warnings.simplefilter("ignore")
            book = load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
            try:
                lines = lines_of(name, book.worksheets[0])
            finally:
                book.close()
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, IndexError, OSError):
        raise rejected(name, 1, "", "workbook", "this is no Excel workbook (.xlsx) that can be read") from None
    return table_of(name, lines)


def lines_of(name: str, sheet: Any) -> list[Sequence[Any]]:
    """The lines of a sheet without blank cells at their ends; raises ``ImportRejected`` where there are too many.

    What the sheet says of its own size is not believed: it may be too small or huge.
    """
    sheet.reset_dimensions()
    lines: list[Sequence[Any]] = []
    cells = 0
    for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
        cells += len(row)
        if number > MOST_LINES or cells > MOST_CELLS:
            raise too_large(name, number)
        width = next((n for n in range(len(row), 0, -1) if row[n - 1] is not None), 0)
        lines.append(row[:width])
    return lines


def too_large(name: str, row: int) -> Exception:
    """The refusal of a file that names more cells than can be read."""
    message = f"at most {MOST_LINES:,} rows and {MOST_CELLS:,} cells can be read, blank ones too"
    return rejected(name, row, "", "too-large", message)


def table_of(name: str, lines: Sequence[Sequence[Any]]) -> Table:
    """Lines as a table; the first is the header."""
    header = tuple(str(cell).strip() if cell is not None else "" for cell in (lines[0] if lines else ()))
    while header and not header[-1]:
        header = header[:-1]
    if not any(header):
        raise rejected(name, 1, "", "empty", "the file has no header")
    doubled = sorted(h for h in header if h and header.count(h) > 1)
    if doubled:
        raise rejected(name, 1, doubled[0], "doubled-column", f"the header names {doubled[0]!r} twice")
    records: list[Record] = []
    problems: list[ImportProblemDTO] = []
    for row, cells in enumerate(lines[1:], start=2):
        values = [value_of(cell) for cell in cells[: len(header)]]
        if all(value is None or value == "" for value in values):
            continue
        if any(cell is not None for cell in cells[len(header) :]):
            text = f"there is more in this row than the header's {len(header)} columns"
            problems.append(ImportProblemDTO(name, row, header[-1], "cells", text))
            continue
        values += [None] * (len(header) - len(values))
        records.append(Record(row, dict(zip(header, values, strict=True))))
    return Table(name, header, tuple(records), tuple(problems))


def value_of(cell: Any) -> Any:
    """A cell of a sheet as text or number: dates as ISO 8601, texts without Excel's escapes."""
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() and cell.tzinfo is None else cell.isoformat()
    if isinstance(cell, (date, time)):
        return cell.isoformat()
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    if isinstance(cell, (int, float)):
        return repr(cell)
    return ESCAPED.sub(lambda found: chr(int(found[1], 16)), cell) if isinstance(cell, str) else cell


def cell_text(text: str) -> str:
    """A text as a workbook can hold it; ``value_of`` gives it back as it was."""
    return CONTROL.sub(lambda found: escape(found[0]), text)


def escape(found: str) -> str:
    """One character that XML cannot hold, or something that looks like such an escape."""
    return f"_x{ord(found):04X}_" if len(found) == 1 else f"_x005F{found}"


def read_json(name: str, raw: bytes) -> Table:
    """A list of objects, or an object with ``items``: one item each, columns by their names."""
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise rejected(name, 1, "", "json", f"this is no JSON: {error}") from None
    items = found.get("items") if isinstance(found, dict) else found
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise rejected(name, 1, "", "json", "a list of objects is needed, or an object with such a list as items")
    given = found.get("columns") if isinstance(found, dict) else None
    seen = dict.fromkeys(key for item in items for key in item)
    header = tuple(given) if isinstance(given, list) and set(seen) <= set(given) else tuple(seen)
    if not header:
        raise rejected(name, 1, "", "empty", "the file has no items")
    if len(items) * len(header) > MOST_CELLS:
        raise too_large(name, 1)
    records = tuple(
        Record(row, {column: item.get(column) for column in header}) for row, item in enumerate(items, start=2)
    )
    return Table(name, header, records, ())
