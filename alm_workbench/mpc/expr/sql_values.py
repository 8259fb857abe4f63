"""Parts of SQL text with what is known of their values: group, whether NULL is possible, how large a number can get."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from math import isfinite, log2
from typing import Any

from .functions import group as group_of
from .sql import Column, Dialect, NotTranslatable, Param, Parts

FLOAT_BITS = 333  # |number| of a column is 0 or within 1e-100 … 1e100
EXACT_BITS = 53  # whole numbers a double holds exactly
LARGEST = 1_000  # beyond this power of two a double may overflow or underflow
_GROUPS = {"int": "number", "date": "text", "datetime": "text"}
WHOLE = {"duckdb": ("BIGINT", "HUGEINT", 126), "postgres": ("BIGINT", "NUMERIC", 4_000)}


@dataclass(slots=True)  # never changed; a frozen one is made at four times the cost
class Value:
    """A value that rows decide. `type` is a column type or "null"; `bits` the power of two that bounds a number."""

    parts: Parts
    type: str
    nullable: bool
    bits: int = 0
    many: bool = False

    @property
    def group(self) -> str:
        """The group values are compared in."""
        if self.many:
            return "list"
        return _GROUPS.get(self.type, self.type)


@dataclass(slots=True)  # never changed; a frozen one is made at four times the cost
class Known:
    """A value that is known when the SQL is made."""

    value: Any

    @property
    def group(self) -> str:
        """The group values are compared in; "null" and "list" are groups of their own."""
        return "null" if self.value is None else group_of(self.value) or "object"


Operand = Value | Known
TRUE: Parts = ("TRUE",)
FALSE: Parts = ("FALSE",)


def join(*pieces: str | Parts) -> Parts:
    """Parts one after the other; neighbouring texts become one."""
    out: list[str | Param] = []
    text = ""
    for piece in pieces:
        if piece.__class__ is str:
            text += piece
            continue
        for part in piece:
            if part.__class__ is str:
                text += part
                continue
            if text:
                out.append(text)
                text = ""
            out.append(part)
    if text:
        out.append(text)
    return tuple(out)


def of_column(column: Column) -> Value:
    """What a column holds."""
    bits = column.bits if column.type == "int" else FLOAT_BITS
    return Value((column.sql,), column.type, column.nullable, bits, column.many)


def text_param(value: str, dialect: Dialect) -> Parts:
    """A text as parameter; a NUL or half a surrogate pair has no place in a database."""
    if "\0" in value and dialect == "postgres":
        raise NotTranslatable("PostgreSQL texts hold no NUL character")
    if not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value):
        raise NotTranslatable("a text with half a surrogate pair is no UTF-8")
    return (Param(value, "VARCHAR" if dialect == "duckdb" else "TEXT"),)


def number_value(value: float, dialect: Dialect) -> Value:
    """A number as parameter."""
    if isinstance(value, int):
        bits = value.bit_length()
        return Value((Param(value, _whole_type(bits, dialect)),), "int", False, bits)
    if not isfinite(value):
        raise NotTranslatable("the number is not finite")
    bits = 0 if value == 0 else int(abs(log2(abs(value)))) + 1
    return Value((Param(value, "DOUBLE PRECISION"),), "number", False, bits)


def lifted(operand: Operand, dialect: Dialect) -> Value:
    """A known value as parameter, a value of a row as it is."""
    if isinstance(operand, Value):
        return operand
    value = operand.value
    if value is None:
        return Value(("NULL",), "null", True)
    if isinstance(value, bool):
        return Value(TRUE if value else FALSE, "bool", False)
    if isinstance(value, (int, float)):
        return number_value(value, dialect)
    if isinstance(value, str):
        return Value(text_param(value, dialect), "text", False)
    raise NotTranslatable(f"a {operand.group} has no SQL form here")


def _whole_type(bits: int, dialect: Dialect) -> str:
    small, large, most = WHOLE[dialect]
    if bits > most:
        raise NotTranslatable("whole numbers can get too large")
    return small if bits <= 62 else large


def as_whole(value: Value, bits: int, dialect: Dialect) -> Parts:
    """A whole number in a type that holds results of that many bits."""
    return join("CAST(", value.parts, f" AS {_whole_type(bits, dialect)})")


def as_float(value: Value) -> Parts:
    """A number as double; whole numbers only where that is exact."""
    if value.type == "number":
        return value.parts
    if value.bits > EXACT_BITS:
        raise NotTranslatable("whole numbers of this size have no exact floating-point form")
    return join("CAST(", value.parts, " AS DOUBLE PRECISION)")


def as_text(value: Value, dialect: Dialect) -> Parts:
    """A text as it is; a date as its ISO text."""
    if value.type == "text":
        return value.parts
    if value.type == "date":
        if dialect == "duckdb":
            return join("strftime(", value.parts, ", '%Y-%m-%d')")
        return join("to_char(", value.parts, ", 'YYYY-MM-DD')")
    raise NotTranslatable(f"the text form of a {value.type} depends on its origin")


def as_day(operand: Operand, dialect: Dialect) -> Parts | None:
    """A date, the day of a moment in UTC, or the date a known text begins with; None where it is none."""
    if isinstance(operand, Known):
        try:
            day = date.fromisoformat(str(operand.value)[:10])
        except ValueError:
            return None
        return (Param(day.isoformat(), "DATE"),)
    if operand.type == "date":
        return operand.parts
    if operand.type != "datetime":
        raise NotTranslatable("daysBetween takes dates")
    return join("CAST(", operand.parts, " AT TIME ZONE 'UTC' AS DATE)")


def is_day(text: str) -> bool:
    """Whether a text is a date as dates are written: then dates are ordered as their texts are."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
