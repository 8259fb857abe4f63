"""One value against one field: conversion and limits."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from .errors import MPCError
from .model import FieldDef
from .words import did_you_mean, fold

MAX_STRING = 2_000
MAX_TEXT = 1_000_000
MAX_ROWS = 1_000
_INT = re.compile(r"[+-]?[0-9]{1,18}\Z")
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?\Z")
_URL = re.compile(r"(https?|ftp|mailto|file):[^\s<>\"']+\Z", re.I)
_YES = {"true", "yes", "1", "on", "evet", "doğru"}
_NO = {"false", "no", "0", "off", "hayir", "yanliş"}
MAX_INT = 2**63 - 1
MAX_EXACT = 2**53


class BadValue(Exception):
    """A value that does not fit; `where` points into a table."""

    def __init__(self, message: str, code: str = "E_FIELD_TYPE", where: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.where = where


def clean_value(field: FieldDef, value: Any) -> Any:
    """The stored form of a value, None for no value; raises BadValue."""
    if value is None or (isinstance(value, str) and not value.strip() and field.type not in _TEXTS):
        return None
    if isinstance(value, str) and "\0" in value:
        raise BadValue("a text may not hold NUL characters")
    return _CLEANERS[field.type](field, value)


_TEXTS = ("string", "text", "richtext")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


def _text(field: FieldDef, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise BadValue(f"must be text, not {_shown(value)}")
    text = value if isinstance(value, str) else str(value)
    _no_surrogates(text)
    if field.type == "string" and "\n" in text.strip("\r\n"):
        raise BadValue("must be one line")
    limit = field.max_length or (MAX_STRING if field.type == "string" else MAX_TEXT)
    if len(text) > limit:
        raise BadValue(f"is {len(text)} characters long; at most {limit} are allowed", "E_FIELD_RANGE")
    if field.pattern is not None and text:
        _match(field.pattern, text)
    return text.strip("\r\n") if field.type == "string" else text


def _no_surrogates(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadValue("holds half of a surrogate pair") from None


def _match(pattern: str, text: str) -> None:
    from .expr.functions import full_match

    try:
        fits = full_match(pattern, text)
    except MPCError as error:
        raise BadValue(error.message, error.code) from None
    if not fits:
        raise BadValue(f"{_shown(text)} does not match the pattern {pattern}", "E_FIELD_PATTERN")


def _url(field: FieldDef, value: Any) -> str:
    text = _text(field, value).strip()
    if not _URL.match(text):
        raise BadValue(f"{_shown(text)} is not a web address (https://…)", "E_FIELD_TYPE")
    return text


def _int(field: FieldDef, value: Any) -> int:
    if isinstance(value, str) and _INT.match(value.strip()):
        value = int(value.strip())
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > MAX_INT:
        raise BadValue(f"must be a whole number, not {_shown(value)}")
    _range(field, value, value)
    return value


def _number(field: FieldDef, value: Any) -> int | float:
    if isinstance(value, str) and _NUMBER.match(value.strip()):
        value = float(value.strip()) if any(c in value for c in ".eE") else int(value.strip())
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise BadValue(f"must be a number, not {_shown(value)}")
    if isinstance(value, int) and abs(value) > MAX_INT:
        raise BadValue(f"must be a number of ordinary size, not {_shown(value)}")
    _range(field, value, value)
    if isinstance(value, float) and value.is_integer() and abs(value) <= MAX_EXACT:
        return int(value)  # 5.0 is 5 whichever way it came, or a sheet that went out and in again would differ
    return value


def _range(field: FieldDef, value: Any, shown: Any, unit: str = "") -> None:
    low, high = field.min, field.max
    if low is not None and value < low:
        raise BadValue(f"{shown}{unit} is below the smallest allowed, {low}", "E_FIELD_RANGE")
    if high is not None and value > high:
        raise BadValue(f"{shown}{unit} is above the largest allowed, {high}", "E_FIELD_RANGE")


def _bool(_field: FieldDef, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = fold(value) if isinstance(value, str) else str(value) if value in (0, 1) else ""
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise BadValue(f"must be true or false, not {_shown(value)}")


def _date(field: FieldDef, value: Any) -> str:
    if isinstance(value, datetime):
        value = value.date()
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value.strip())
        except ValueError:
            raise BadValue(f"must be a date like 2026-03-31, not {_shown(value)}") from None
    if not isinstance(value, date):
        raise BadValue(f"must be a date like 2026-03-31, not {_shown(value)}")
    text = value.isoformat()
    _range(field, text, text)
    return text


def _datetime(field: FieldDef, value: Any) -> str:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            raise BadValue(f"must be a moment like 2026-03-31T09:30:00Z, not {_shown(value)}") from None
    if not isinstance(value, datetime):
        raise BadValue(f"must be a moment like 2026-03-31T09:30:00Z, not {_shown(value)}")
    if value.tzinfo is None:
        raise BadValue("must say its time zone, such as Z or +03:00")
    text = value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    _range(field, text, text)
    return text


def _choice(field: FieldDef, value: Any) -> str:
    word = str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else None
    ids = [choice.id for choice in field.choices]
    if word is not None and word in ids:
        return word
    found = field.choice_ids.get(fold(word)) if word is not None else None
    if found is None:
        hint = did_you_mean(word or "", ids) or f"{len(ids)} choices"
        raise BadValue(f"{_shown(value)} is none of the choices ({hint})", "E_FIELD_CHOICE")
    return found


def _multichoice(field: FieldDef, value: Any) -> list[str]:
    items = re.split(r"[;,|]", value) if isinstance(value, str) else value
    if not isinstance(items, (list, tuple, set, frozenset)):
        raise BadValue(f"must be a list of choices, not {_shown(value)}")
    words = [item for item in items if not (isinstance(item, str) and not item.strip())]
    found = list(dict.fromkeys(_choice(field, item.strip() if isinstance(item, str) else item) for item in words))
    _range(field, len(found), len(found), " choices")
    return found


def _reference(field: FieldDef, value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_one_reference(field, item) for item in value]
    return _one_reference(field, value)


def _one_reference(_field: FieldDef, value: Any) -> str:
    text = str(value).strip() if not isinstance(value, (bool, float, Mapping, list, tuple)) else ""
    if not text or len(text) > 200 or "\n" in text:
        raise BadValue(f"must be the id or key of something, not {_shown(value)}")
    _no_surrogates(text)
    return text


def _table(field: FieldDef, value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, (list, tuple)):
        raise BadValue(f"must be a list of rows, not {_shown(value)}")
    if len(value) > MAX_ROWS:
        raise BadValue(f"has {len(value)} rows; at most {MAX_ROWS} are allowed", "E_FIELD_RANGE")
    _range(field, len(value), len(value), " rows")
    columns = {column.id: column for column in field.columns}
    return [_row(columns, row, number) for number, row in enumerate(value)]


def _row(columns: Mapping[str, FieldDef], row: Any, number: int) -> dict[str, Any]:
    if not isinstance(row, Mapping):
        raise BadValue(f"row {number + 1} must be an object, not {_shown(row)}", where=f"[{number}]")
    for name in row:
        if name not in columns:
            hint = did_you_mean(str(name), columns)
            message = f"row {number + 1} has no column '{name}'" + (f" ({hint})" if hint else "")
            raise BadValue(message, "E_FIELD_UNKNOWN", f"[{number}].{name}")
    found: dict[str, Any] = {}
    for column in columns.values():
        try:
            cell = clean_value(column, row.get(column.id, column.default))
        except BadValue as bad:
            message = f"row {number + 1}, {column.label()}: {bad.message}"
            raise BadValue(message, bad.code, f"[{number}].{column.id}") from None
        if cell is not None and cell != "":
            found[column.id] = cell
        elif column.required:
            message = f"row {number + 1} needs a value in {column.label()}"
            raise BadValue(message, "E_FIELD_REQUIRED", f"[{number}].{column.id}")
    return found


_CLEANERS: dict[str, Callable[[FieldDef, Any], Any]] = {
    "string": _text,
    "text": _text,
    "richtext": _text,
    "url": _url,
    "int": _int,
    "number": _number,
    "bool": _bool,
    "date": _date,
    "datetime": _datetime,
    "choice": _choice,
    "multichoice": _multichoice,
    "user": _reference,
    "team": _reference,
    "reference": _reference,
    "table": _table,
}
