"""Arithmetic that means in SQL what it means in Python: signs, zero divisors, overflow."""

from __future__ import annotations

from math import isfinite
from typing import Any

from .sql import Dialect, NotTranslatable, Parts
from .sql_values import FLOAT_BITS, LARGEST, Known, Operand, Value, as_float, as_whole, join, lifted
from .walk import FILTER

EXTRA = 54  # a difference can be that many powers of two smaller than its operands


def arithmetic(op: str, left: Operand, right: Operand, dialect: Dialect) -> Operand:
    """An operation on numbers, null for anything else; raises NotTranslatable where a result might not fit."""
    if left.group != "number" or right.group != "number":
        return Known(None)
    a, b = lifted(left, dialect), lifted(right, dialect)
    if op == "/":
        return _quotient(a, b, right)
    return _whole(op, a, b, dialect) if a.type == b.type == "int" else _fraction(op, a, b, dialect)


def negative(value: Operand) -> Operand:
    """The number with the other sign; null for anything else."""
    if isinstance(value, Known):
        return Known(FILTER.negate(value.value))
    if value.group != "number":
        return Known(None)
    return Value(join("(- ", value.parts, ")"), value.type, value.nullable, value.bits)


def _whole(op: str, a: Value, b: Value, dialect: Dialect) -> Operand:
    bits = a.bits + b.bits if op == "*" else max(a.bits, b.bits) + 1
    first, second = as_whole(a, bits, dialect), as_whole(b, bits, dialect)
    if op != "%":
        return Value(join("(", first, f" {op} ", second, ")"), "int", a.nullable or b.nullable, bits)
    divisor = join("NULLIF(", second, ", 0)")
    parts = join("(((", first, " % ", divisor, ") + ", second, ") % ", divisor, ")")
    return Value(parts, "int", True, b.bits + 1)


def _fraction(op: str, a: Value, b: Value, dialect: Dialect) -> Operand:
    first, second = as_float(a), as_float(b)
    nullable = a.nullable or b.nullable
    if op == "%":
        return _float_modulo(first, second, b.bits, dialect)
    bits = a.bits + b.bits if op == "*" else max(a.bits, b.bits) + EXTRA
    return Value(join("(", first, f" {op} ", second, ")"), "number", nullable, _within(bits))


def _float_modulo(a: Parts, b: Parts, bits: int, dialect: Dialect) -> Operand:
    """Python's remainder has the sign of the divisor, SQL's that of the dividend."""
    if dialect != "duckdb":
        raise NotTranslatable("PostgreSQL has no remainder of floating-point numbers")
    rest = join("(", a, " % NULLIF(", b, ", 0))")
    moved = join("WHEN (", rest, " < 0) <> (", b, " < 0) THEN ", rest, " + ", b)
    parts = join("CASE WHEN ", rest, " = 0 THEN 0.0 ", moved, " ELSE ", rest, " END")
    return Value(parts, "number", True, _within(bits + FLOAT_BITS + EXTRA))


def _quotient(a: Value, b: Value, divisor: Operand) -> Operand:
    first, second = as_float(a), as_float(b)
    zero = not isinstance(divisor, Known) or divisor.value == 0
    below = join("NULLIF(", second, ", 0)") if zero else second
    nullable = a.nullable or b.nullable or zero
    return Value(join("(", first, " / ", below, ")"), "number", nullable, _within(a.bits + b.bits))


def _within(bits: int) -> int:
    if bits > LARGEST:
        raise NotTranslatable("the number may leave the range of doubles")
    return bits


def same_kind(value: Any, kind: str) -> Any:
    """A number as the column's kind where that is exact; None if no value of that kind equals it."""
    if kind == "int":
        return int(value) if isfinite(value) and value == int(value) else None
    try:
        return float(value) if float(value) == value else None
    except OverflowError:
        return None


def rounded(value: Value) -> Parts:
    """A whole number as double, to be compared with a fraction: rounding cannot cross it, fractions are small."""
    return join("CAST(", value.parts, " AS DOUBLE PRECISION)")
