"""CSV as other tools write it: decoding, columns, and cells turned into typed values, every complaint with its place."""

from __future__ import annotations

import base64
import binascii
import codecs
import csv
import io
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from alm_workbench.contexts.artifact.messages import ImportProblemDTO
from alm_workbench.errors import ErrorItem, ImportRejected
from alm_workbench.mpc import ArtifactTypeDef, FieldDef

DELIMITERS = ",;\t|"
TITLE_NAMES = ("title", "summary", "name", "başlık", "özet")
REF_NAMES = ("ref", "key", "issuekey", "issue key", "id", "anahtar")
TEXT_NAMES = ("description", "text", "açıklama", "tanım")
CREATED_NAMES = ("created_at", "created", "oluşturulma")
TRUE_WORDS = frozenset({"true", "yes", "y", "1", "x", "evet", "doğru"})
FALSE_WORDS = frozenset({"false", "no", "n", "0", "hayır", "yanlış"})
RESERVED = ("title", "ref", "created_at")

csv.field_size_limit(min(sys.maxsize, 16 * 1024 * 1024))


@dataclass(frozen=True, slots=True)
class Record:
    """One record of the file. ``row`` counts records from 1; the header is 1."""

    row: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """A decoded file."""

    name: str
    header: tuple[str, ...]
    records: tuple[Record, ...]
    problems: tuple[ImportProblemDTO, ...]


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column feeds what; ``fields`` is column to field."""

    title: str
    ref: str | None
    created_at: str | None
    fields: Mapping[str, FieldDef]
    ignored: tuple[str, ...]


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
        for row, cells in enumerate(lines, start=2):
            if not any(cells):
                continue
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


def split(text: str, delimiter: str) -> Iterator[list[str]]:
    """Records of a CSV text; newlines inside quotes stay in their cell."""
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)


def guess_delimiter(text: str) -> str:
    """The delimiter that the first line uses most."""
    first = text.split("\n", 1)[0]
    return max(DELIMITERS, key=first.count)


def choose_columns(table: Table, kind: ArtifactTypeDef, mapping: Mapping[str, str | None]) -> Columns:
    """Match columns with a type; raises ``ImportRejected`` on a column or field that is not there."""
    for column, target in mapping.items():
        if column not in table.header:
            known = ", ".join(repr(h) for h in table.header)
            raise rejected(
                table.name, 1, column, "missing-column", f"the file has no column {column!r}; it has {known}"
            )
        if target is not None and target not in RESERVED and target not in kind.fields:
            known = ", ".join((*RESERVED, *kind.fields))
            raise rejected(table.name, 1, column, "unknown-field", f"{kind.id} has no field {target!r}; it has {known}")
    for target in {t for t in mapping.values() if t}:
        feeding = [column for column, wanted in mapping.items() if wanted == target]
        if len(feeding) > 1:
            raise rejected(table.name, 1, feeding[1], "doubled-target", f"{feeding[0]!r} feeds {target!r} already")
    chosen: dict[str, str | None] = dict(mapping)
    taken = {target for target in chosen.values() if target}
    for column in table.header:
        if column not in chosen and (target := own_name(column, kind)) and target not in taken:
            chosen[column] = target
            taken.add(target)
    by_target = {target: column for column, target in chosen.items() if target}
    if "title" not in by_target:
        raise rejected(
            table.name, 1, "title", "missing-column", "no column feeds the title; say which: mapping={column: 'title'}"
        )
    fields = {column: kind.fields[target] for column, target in chosen.items() if target and target in kind.fields}
    ignored = tuple(h for h in table.header if h not in chosen and h)
    return Columns(by_target["title"], by_target.get("ref"), by_target.get("created_at"), fields, ignored)


def own_name(column: str, kind: ArtifactTypeDef) -> str | None:
    """What a column feeds by its own name: a field by id or label, or one of the usual names."""
    word = column.strip().casefold()
    for f in kind.fields.values():
        if word == f.id.casefold() or word in {label.casefold() for label in f.labels.values()}:
            return f.id
    for target, names in (("title", TITLE_NAMES), ("ref", REF_NAMES), ("created_at", CREATED_NAMES)):
        if word in names:
            return target
    if word in TEXT_NAMES:
        return next((name for name in ("text", "description") if name in kind.fields), None)
    return None


def cell_value(cell: str, f: FieldDef) -> Any:
    """A cell as a value of its field; raises ``CellError`` saying what was expected."""
    text = cell.strip()
    convert = CONVERTERS.get(f.type)
    return convert(text, f) if convert else cell


def _int(text: str, f: FieldDef) -> int:
    try:
        number = float(text)
    except ValueError:
        raise CellError(f"{text!r} is no whole number") from None
    if number != int(number):
        raise CellError(f"{text!r} is no whole number")
    return int(number)


def _number(text: str, f: FieldDef) -> float:
    try:
        return float(text)
    except ValueError:
        raise CellError(f"{text!r} is no number") from None


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


CONVERTERS = {
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
