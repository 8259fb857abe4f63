"""CSV as other tools write it: decoding, columns, and cells turned into typed values, every complaint with its place."""

from __future__ import annotations

import base64
import binascii
import codecs
import csv
import io
import json
import math
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from alm_workbench.contexts.artifact.messages import ImportProblemDTO
from alm_workbench.errors import ErrorItem, ImportRejected
from alm_workbench.mpc import FieldDef

DELIMITERS = ",;\t|"
TITLE_NAMES = ("title", "summary", "name", "başlık", "özet")
REF_NAMES = ("ref", "key", "issuekey", "issue key", "id", "anahtar")
TEXT_NAMES = ("description", "text", "açıklama", "tanım")
CREATED_NAMES = ("created_at", "created", "oluşturulma")
TRUE_WORDS = frozenset({"true", "yes", "y", "1", "x", "evet", "doğru"})
FALSE_WORDS = frozenset({"false", "no", "n", "0", "hayır", "yanlış"})
EXPORTED = ("key", "type", "title", "state")
"""The first columns of every export."""

csv.field_size_limit(min(sys.maxsize, 16 * 1024 * 1024))


@dataclass(frozen=True, slots=True)
class Record:
    """One record of the file. ``row`` counts records from 1; the header is 1.

    Cells are texts, and in files that know types also numbers, truth values and lists.
    """

    row: int
    cells: Mapping[str, Any]

    def text(self, column: str) -> str:
        """A cell as text without blanks around it; empty where there is nothing."""
        value = self.cells[column]
        return "" if value is None else value.strip() if isinstance(value, str) else str(value)

    def blank(self, column: str) -> bool:
        """Whether a cell says nothing."""
        value = self.cells[column]
        return value is None or value == [] or (isinstance(value, str) and not value.strip())


@dataclass(frozen=True, slots=True)
class Table:
    """A decoded file."""

    name: str
    header: tuple[str, ...]
    records: tuple[Record, ...]
    problems: tuple[ImportProblemDTO, ...]

    @property
    def ours(self) -> bool:
        """Whether an export wrote it: its columns go by their names, and its cells are escaped for spreadsheets."""
        return self.header[: len(EXPORTED)] == EXPORTED


class CellError(ValueError):
    """A cell that does not fit its field."""


def rejected(name: str, row: int, column: str, code: str, message: str) -> ImportRejected:
    """An import refused as a whole for one reason."""
    where = f"{name}, row {row}" + (f", column {column}" if column else "")
    return ImportRejected(f"{where}: {message}", errors=[ErrorItem(f"{name}:{row}:{column}", code, message)])


def read_table(name: str, content: str, encoding: str, delimiter: str | None) -> Table:
    """The records of a file given in base64; raises ``ImportRejected`` naming file, row and column."""
    try:
        raw = base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        raise rejected(name, 1, "", "base64", "the content did not arrive as base64") from None
    text = decoded(name, raw, encoding)
    lines = split(text, delimiter or guess_delimiter(text))
    header = tuple(cell.strip() for cell in next(lines, []))
    if not any(header):
        raise rejected(name, 1, "", "empty", "the file has no header")
    doubled = {h for h in header if h and header.count(h) > 1}
    if doubled:
        column = sorted(doubled)[0]
        raise rejected(name, 1, column, "doubled-column", f"the header names {column!r} twice")
    records: list[Record] = []
    problems: list[ImportProblemDTO] = []
    try:
        escaped = header[: len(EXPORTED)] == EXPORTED
        for row, cells in enumerate(lines, start=2):
            if not any(cells):
                continue
            if escaped:
                cells = [unescaped(cell) for cell in cells]
            if len(cells) != len(header):
                column = header[min(len(cells), len(header)) - 1]
                message = f"{len(cells)} cells where the header has {len(header)}"
                problems.append(ImportProblemDTO(name, row, column, "cells", message))
            else:
                records.append(Record(row, dict(zip(header, cells, strict=True))))
    except csv.Error as error:
        raise rejected(name, len(records) + len(problems) + 2, "", "csv", str(error)) from None
    return Table(name, header, tuple(records), tuple(problems))


def decoded(name: str, raw: bytes, encoding: str) -> str:
    """The text of the file; a byte that does not fit is named with its row and column."""
    try:
        text = raw.decode("utf-8-sig" if encoding.lower().replace("_", "-") in ("utf-8", "utf8") else encoding)
    except LookupError:
        raise rejected(name, 1, "", "encoding", f"there is no encoding {encoding!r}") from None
    except UnicodeDecodeError as error:
        # a stand-in for the bad byte, so that one at the start of a row counts for that row
        before = raw[: error.start].decode(encoding, "replace") + "?"
        rows = list(split(before, guess_delimiter(before)))
        header, last = (rows[0] if rows else []), (rows[-1] if rows else [""])
        named = len(rows) > 1 and len(last) <= len(header)
        column = header[len(last) - 1].lstrip("\ufeff") if named else last[-1].rstrip("?")
        bad = raw[error.start : error.start + 1].hex()
        wide = raw[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
        hint = (
            "it is UTF-16: pass encoding='utf-16'"
            if wide
            else "is it cp1254 (Turkish Windows) or latin-1? pass encoding=…"
        )
        raise rejected(name, max(1, len(rows)), column, "encoding", f"byte 0x{bad} is not {encoding}; {hint}") from None
    if "\x00" in text:
        row = len(list(split(text[: text.index("\x00")], guess_delimiter(text))))
        raise rejected(name, max(1, row), "", "nul", "the file holds a NUL character; is it UTF-16? pass encoding=…")
    return text


def escaped(text: str) -> str:
    """A text that no spreadsheet takes for a formula; ``unescaped`` gives it back as it was."""
    return f"'{text}" if text.startswith(DANGEROUS) else text


def unescaped(text: str) -> str:
    """A text as it was before ``escaped``."""
    return text[1:] if text.startswith("'") and text[1:].startswith(DANGEROUS) else text


DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "'")
"""What a formula may begin with for one spreadsheet or another, and the sign that escapes it."""
WHOLE = re.compile(r"[+-]?[0-9]{1,40}")


def split(text: str, delimiter: str) -> Iterator[list[str]]:
    """Records of a CSV text; newlines inside quotes stay in their cell."""
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)


def guess_delimiter(text: str) -> str:
    """The delimiter that the first line uses most."""
    first = text.split("\n", 1)[0]
    return max(DELIMITERS, key=first.count)


def cell_value(cell: Any, f: FieldDef) -> Any:
    """A cell as a value of its field; raises ``CellError`` saying what was expected."""
    if not isinstance(cell, str):
        return cell  # of a type already: the checks of the field judge it
    text = cell.strip()
    convert = CONVERTERS.get(f.type)
    return convert(text, f) if convert else cell


def _int(text: str, f: FieldDef) -> int:
    number = _digits(text)
    if number is None or number != int(number):
        raise CellError(f"{text!r} is no whole number")
    return int(number)


def _number(text: str, f: FieldDef) -> int | float:
    number = _digits(text)
    if number is None:
        raise CellError(f"{text!r} is no number")
    return number


def _digits(text: str) -> int | float | None:
    """A number as it is written: 5 stays whole, since 5.0 would be told as a change, and long ones keep each digit."""
    if WHOLE.fullmatch(text):
        return int(text)
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _bool(text: str, f: FieldDef) -> bool:
    word = text.casefold()
    if word in TRUE_WORDS:
        return True
    if word in FALSE_WORDS:
        return False
    raise CellError(f"{text!r} is neither true nor false")


def _date(text: str, f: FieldDef) -> str:
    try:
        return date.fromisoformat(text[:10]).isoformat()
    except ValueError:
        raise CellError(f"{text!r} is no date (YYYY-MM-DD)") from None


def _datetime(text: str, f: FieldDef) -> str:
    return moment(text).isoformat()


def _choice(text: str, f: FieldDef) -> str:
    word = text.casefold()
    for choice in f.choices:
        if word == choice.id.casefold() or word in {label.casefold() for label in choice.labels.values()}:
            return choice.id
    known = ", ".join(choice.id for choice in f.choices)
    raise CellError(f"{text!r} is none of {known}")


def _multichoice(text: str, f: FieldDef) -> list[str]:
    return [_choice(part.strip(), f) for part in text.replace("|", ";").replace(",", ";").split(";") if part.strip()]


def _table(text: str, f: FieldDef) -> Any:
    try:
        found = json.loads(text)
    except ValueError:
        raise CellError(f"{text[:40]!r} is no table (a JSON list of records)") from None
    return found


CONVERTERS = {
    "table": _table,
    "int": _int,
    "number": _number,
    "bool": _bool,
    "date": _date,
    "datetime": _datetime,
    "choice": _choice,
    "multichoice": _multichoice,
}


def moment(text: str) -> datetime:
    """A time stamp; one without a zone is taken as UTC. Raises ``CellError``."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise CellError(f"{text!r} is no time (ISO 8601)") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
