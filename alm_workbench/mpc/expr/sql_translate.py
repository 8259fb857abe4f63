"""Tree to SQL: conditions that are never NULL, values whose NULL is the expression's null."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ..errors import MPCError
from .functions import PURE, compile_regex
from .ir import ARITHMETIC, LOGIC, Expr
from .sql import Column, Dialect, Env, NotTranslatable, Param, Parts, Sql
from .sql_values import (
    FALSE,
    FLOAT_BITS,
    LARGEST,
    TRUE,
    Known,
    Operand,
    Value,
    as_day,
    as_float,
    as_text,
    as_whole,
    is_day,
    join,
    lifted,
    of_column,
)
from .walk import FILTER, is_condition, walk

_SQL = {"==": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_SCOPED = frozenset(("now", "hasRole", "changed"))
_CONDITIONS = frozenset(("contains", "startsWith", "endsWith", "isEmpty"))

Condition = bool | Parts
"""An outcome that is known, or parts of SQL that give TRUE or FALSE."""


class Translator:
    """One environment and dialect; `sql` translates a condition."""

    def __init__(self, env: Env, dialect: Dialect, *, where: bool = False) -> None:
        self.env, self.dialect = env, dialect
        self._bare = where

    def sql(self, expr: Expr) -> Sql:
        """A condition; raises NotTranslatable."""
        return _sql(self.condition(expr))

    def all_of(self, conditions: Iterable[Sql]) -> Sql:
        """Several conditions joined by AND."""
        return _sql(_all([part.parts if part.constant is None else part.constant for part in conditions]))

    # conditions

    def condition(self, node: Expr) -> Condition:
        """A node that stands where a condition is needed."""
        if self._known(node):
            return self._truth(walk(node, self.env.scope, FILTER))
        if node.op == "bin" and node.value in LOGIC:
            return self._logic(node)
        if node.op in ("not", "if"):
            with self._decided():
                found = [self.condition(arg) for arg in node.args]
            return _not(found[0]) if node.op == "not" else self._choice(*found)
        if node.op == "fn" and node.value in _CONDITIONS:
            return self._function_condition(node)
        if is_condition(node):
            return self._comparison(node)
        return self._yes(self.value(node))

    @contextmanager
    def _decided(self) -> Iterator[None]:
        """Where FALSE and NULL differ: below NOT, CASE and inside values."""
        before, self._bare = self._bare, False
        try:
            yield
        finally:
            self._bare = before

    def _never_null(self, parts: Parts, nullable: bool) -> Parts:
        return join("COALESCE(", parts, ", FALSE)") if nullable and not self._bare else parts

    def _logic(self, node: Expr) -> Condition:
        """Both sides; a side that stops decides alone, even beside one that has no SQL form."""
        stops = node.value == "or"
        sides: list[Condition] = []
        refusal: NotTranslatable | None = None
        for arg in node.args:
            try:
                sides.append(self.condition(arg))
            except NotTranslatable as found:
                refusal = refusal or found
            if sides and sides[-1] is stops:
                return stops
        if refusal is not None:
            raise refusal
        return _any(sides) if stops else _all(sides)

    @staticmethod
    def _truth(value: Any) -> bool:
        return value is True

    def _yes(self, value: Operand) -> Condition:
        if isinstance(value, Known):
            return value.value is True
        return self._never_null(value.parts, value.nullable) if value.type == "bool" and not value.many else False

    @staticmethod
    def _choice(test: Condition, then: Condition, other: Condition) -> Condition:
        if isinstance(test, bool):
            return then if test else other
        return join("CASE WHEN ", test, " THEN ", _parts(then), " ELSE ", _parts(other), " END")

    def _known(self, node: Expr) -> bool:
        """Whether nothing in a node depends on the row, or on a function that only Python has."""
        return all(
            self.env.is_constant(part.value)
            if part.op == "ref"
            else part.op != "fn" or part.value in PURE or part.value in _SCOPED
            for part in node.walk()
        )

    # values

    def value(self, node: Expr) -> Operand:
        """A node as a value."""
        if self._known(node):
            return Known(walk(node, self.env.scope, FILTER))
        with self._decided():
            return self._value(node)

    def _value(self, node: Expr) -> Operand:
        if is_condition(node) or (node.op == "fn" and node.value in _CONDITIONS):
            found = self.condition(node)
            return Known(found) if isinstance(found, bool) else Value(found, "bool", False)
        match node.op:
            case "ref":
                return of_column(self._column(node))
            case "neg":
                return self._placed(node, lambda: self._negative(self.value(node.args[0])))
            case "if":
                return self._placed(node, lambda: self._either(node))
            case "bin" if node.value in ARITHMETIC:
                return self._placed(node, lambda: self._arithmetic(node))
            case "fn":
                return self._placed(node, lambda: self._function(node))
            case _:
                raise _refused(node, "a list or an item of one has no SQL form here")

    def _placed(self, node: Expr, make: Callable[[], Operand]) -> Operand:
        try:
            return make()
        except NotTranslatable as refusal:
            raise refusal if refusal.end else _refused(node, refusal.reason) from None

    def _column(self, node: Expr) -> Column:
        found = self.env.column(node.value)
        if found is None:
            raise _refused(node, f"'{node.value}' is no column")
        return found

    def _either(self, node: Expr) -> Operand:
        test = self.condition(node.args[0])
        if isinstance(test, bool):
            return self.value(node.args[1 if test else 2])
        then, other = (lifted(self.value(arg), self.dialect) for arg in node.args[1:])
        if then.many or other.many:
            raise NotTranslatable("a choice between lists has no SQL form here")
        if then.group != other.group and "null" not in (then.type, other.type):
            raise NotTranslatable("the two values of a choice are of different types")
        kind = then.type if other.type in (then.type, "null") else other.type if then.type == "null" else "mixed"
        first, second = then.parts, other.parts
        if kind == "mixed":
            kind = "number" if then.group == "number" else "text"
            convert = as_float if kind == "number" else lambda value: as_text(value, self.dialect)
            first, second = convert(then), convert(other)
        if kind == "int":
            bits = max(then.bits, other.bits)
            first, second = (
                v.parts if v.type == "null" else as_whole(v, bits, self.dialect) for v in (then, other)
            )
        parts = join("CASE WHEN ", test, " THEN ", first, " ELSE ", second, " END")
        return Value(parts, kind, then.nullable or other.nullable, max(then.bits, other.bits))

    # comparisons

    def _comparison(self, node: Expr) -> Condition:
        left, right, op = *node.args, str(node.value)
        try:
            if op in ("==", "!=") and any(side.op == "lit" and side.value is None for side in (left, right)):
                other = right if left.op == "lit" and left.value is None else left
                return self._presence(self.value(other), op)
            if op == "in":
                return self._membership(left, right)
            if op == "matches":
                return self._matches(self.value(left), self.value(right))
            return self.compare(op, self.value(left), self.value(right))
        except NotTranslatable as refusal:
            raise refusal if refusal.end else _refused(node, refusal.reason) from None

    @staticmethod
    def _presence(value: Operand, op: str) -> Condition:
        if isinstance(value, Known):
            return (value.value is None) is (op == "==")
        if not value.nullable:
            return op == "!="
        return join("(", value.parts, " IS NULL)" if op == "==" else " IS NOT NULL)")

    def compare(self, op: str, left: Operand, right: Operand) -> Condition:
        """A comparison; what cannot be compared is false."""
        if isinstance(left, Known) and isinstance(right, Known):
            return self._truth(FILTER.compare(op, left.value, right.value))
        if isinstance(left, Known):
            left, right, op = right, left, _FLIPPED[op]
        group = left.group
        if group != right.group or group == "null":
            return False
        if group in ("list", "object"):
            if op in ("==", "!="):
                raise NotTranslatable("lists are not compared as a whole")
            return False
        if group == "bool" and op not in ("==", "!="):
            return False
        return self._compare(op, group, left, right)

    def _compare(self, op: str, group: str, left: Operand, right: Operand) -> Condition:
        if group == "number":
            return self._numbers(op, left, right)
        if group == "text":
            return self._texts(op, left, right)
        return self._plain(op, lifted(left, self.dialect), lifted(right, self.dialect))

    def _plain(self, op: str, left: Value, right: Value, suffix: str = "") -> Condition:
        parts = join("(", left.parts, f" {_SQL[op]} ", right.parts, f"{suffix})")
        return self._never_null(parts, left.nullable or right.nullable)

    def _numbers(self, op: str, left: Operand, right: Operand) -> Condition:
        if isinstance(right, Known) and isinstance(left, Value):
            exact = _same_kind(right.value, left.type)
            if exact is None and op in ("==", "!="):
                return False if op == "==" else self._presence(left, "!=")
            right = Known(right.value if exact is None else exact)
        a, b = lifted(left, self.dialect), lifted(right, self.dialect)
        if a.type != b.type:
            whole_against_fraction = isinstance(right, Known) and a.type == "int"
            a = Value(_float_of(a) if whole_against_fraction else as_float(a), "number", a.nullable)
            b = Value(as_float(b), "number", b.nullable)
        return self._plain(op, a, b)

    def _texts(self, op: str, left: Operand, right: Operand) -> Condition:
        assert isinstance(left, Value)
        if isinstance(right, Known) and left.type in ("date", "datetime"):
            return self._moments(op, left, right.value)
        if isinstance(right, Value) and left.type == right.type == "date":
            return self._plain(op, left, right)
        a, b = self._text(left), self._text(lifted(right, self.dialect))
        return self._plain(op, a, b, ' COLLATE "C"' if self.dialect == "postgres" and op not in ("==", "!=") else "")

    def _text(self, value: Value) -> Value:
        return Value(as_text(value, self.dialect), "text", value.nullable)

    def _moments(self, op: str, left: Value, text: str) -> Condition:
        """A date or a moment against a known text, in the order of ISO texts."""
        if left.type == "date":
            if not is_day(text):
                return self._plain(op, self._text(left), lifted(Known(text), self.dialect), self._order(op))
            return self._plain(op, left, Value((Param(text, "DATE"),), "date", False))
        if not is_day(text):
            raise NotTranslatable("moments are compared with dates only: their texts differ in precision")
        if op in ("==", "!="):  # the text of a moment is longer than that of a date
            return op == "!=" and self._presence(left, "!=")
        midnight = Value((Param(text + "T00:00:00+00:00", "TIMESTAMPTZ"),), "datetime", False)
        return self._plain({"<=": "<", ">": ">="}.get(op, op), left, midnight)

    def _order(self, op: str) -> str:
        return ' COLLATE "C"' if self.dialect == "postgres" and op not in ("==", "!=") else ""

    def _matches(self, text: Operand, pattern: Operand) -> Condition:
        if text.group != "text" or pattern.group != "text":
            return False
        if self.dialect != "duckdb" or not isinstance(pattern, Known):
            raise NotTranslatable("a pattern is matched by RE2 only, and must be known")
        try:
            compile_regex(pattern.value)
        except MPCError:
            return False
        value = self._text(lifted(text, self.dialect))
        parts = join("regexp_matches(", value.parts, ", ", lifted(pattern, self.dialect).parts, ")")
        return self._never_null(parts, value.nullable)

    # membership

    def _membership(self, left: Expr, right: Expr) -> Condition:
        wanted = self.value(left)
        if right.op == "list" and not self._known(right):
            found = [self.compare("==", wanted, self.value(item)) for item in right.args]
            return _any(found)
        return self._inside(wanted, self.value(right))

    def _inside(self, wanted: Operand, whole: Operand) -> Condition:
        if isinstance(whole, Known):
            return self._among(wanted, whole.value)
        if whole.group == "text":
            return self._part_of(wanted, whole)
        return self._item_of(wanted, whole) if whole.many else False

    def _among(self, wanted: Operand, whole: Any) -> Condition:
        if isinstance(wanted, Known):
            return self._truth(FILTER.compare("in", wanted.value, whole))
        if isinstance(whole, str):
            return self._part_of(wanted, Known(whole))
        items = [Known(item) for item in whole] if isinstance(whole, (list, tuple, Mapping)) else []
        if wanted.group == "list" and any(item.group == "list" for item in items):
            raise NotTranslatable("lists are not compared as a whole")
        same = [item for item in items if item.group == wanted.group]
        if wanted.type not in ("text", "int", "bool") or wanted.many:
            return _any([self.compare("==", wanted, item) for item in same])
        if wanted.type == "int":
            same = [Known(exact) for item in same if (exact := _same_kind(item.value, "int")) is not None]
        if not same:
            return False
        listed: list[str | Parts] = []
        for item in same:
            listed += [", ", lifted(item, self.dialect).parts]
        return self._never_null(join("(", wanted.parts, " IN (", *listed[1:], "))"), wanted.nullable)

    def _part_of(self, part: Operand, whole: Operand) -> Condition:
        if part.group != "text":
            return False
        a, b = self._text(lifted(whole, self.dialect)), self._text(lifted(part, self.dialect))
        name, end = ("contains(", ")") if self.dialect == "duckdb" else ("(strpos(", ") > 0)")
        return self._never_null(join(name, a.parts, ", ", b.parts, end), a.nullable or b.nullable)

    def _item_of(self, item: Operand, whole: Value) -> Condition:
        one = Value(whole.parts, whole.type, False, whole.bits)
        if item.group != one.group:
            return False
        if isinstance(item, Known) and one.group == "number":
            exact = _same_kind(item.value, one.type)
            if exact is None:
                return False
            item = Known(exact)
        value = lifted(item, self.dialect)
        if value.type != one.type:
            raise NotTranslatable(f"a list of {one.type} values is not searched for a {value.type}")
        if self.dialect == "duckdb":
            parts = join("list_contains(", whole.parts, ", ", value.parts, ")")
        else:
            parts = join("(", value.parts, " = ANY(", whole.parts, "))")
        return self._never_null(parts, whole.nullable or value.nullable)

    # functions

    def _function_condition(self, node: Expr) -> Condition:
        try:
            args = [self.value(arg) for arg in node.args]
            if node.value == "isEmpty" and len(args) == 1:
                return self._empty(args[0])
            if len(args) != 2:
                return False
            if node.value == "contains":
                return self._contains(*args)
            return self._edge(str(node.value), *args)
        except NotTranslatable as refusal:
            raise refusal if refusal.end else _refused(node, refusal.reason) from None

    def _empty(self, value: Operand) -> Condition:
        if isinstance(value, Known):
            return self._truth(PURE["isEmpty"](value.value))
        absent = self._presence(value, "==")
        if value.many:
            return _any([absent, join("(", self._length(value).parts, " = 0)")])
        if value.type != "text":
            return absent
        return _any([absent, self._never_null(join("(", value.parts, " = '')"), value.nullable)])

    def _contains(self, whole: Operand, part: Operand) -> Condition:
        if isinstance(whole, Known) and isinstance(whole.value, (list, tuple)):
            if isinstance(part, Value) and part.nullable and None in whole.value:
                raise NotTranslatable("null is looked for in a list")
            return self._among(part, whole.value)
        if whole.group == "text":
            return self._part_of(part, whole)
        return self._item_of(part, whole) if isinstance(whole, Value) and whole.many else False

    def _edge(self, name: str, text: Operand, part: Operand) -> Condition:
        """startsWith, endsWith: both are taken as texts, null as the empty one."""
        a, b = self._as_text(text), self._as_text(part)
        if name == "startsWith":
            return join("starts_with(", a, ", ", b, ")")
        if self.dialect == "duckdb":
            return join("suffix(", a, ", ", b, ")")
        return join("(right(", a, ", char_length(", b, ")) = ", b, ")")

    def _as_text(self, operand: Operand) -> Parts:
        if isinstance(operand, Known):
            if operand.group not in ("text", "null"):
                raise NotTranslatable(f"the text form of a {operand.group} is Python's")
            return lifted(Known(operand.value or ""), self.dialect).parts
        if operand.group != "text":
            raise NotTranslatable(f"the text form of a {operand.group} is Python's")
        parts = as_text(operand, self.dialect)
        return join("COALESCE(", parts, ", '')") if operand.nullable else parts

    def _function(self, node: Expr) -> Operand:
        if node.value not in ("len", "abs", "daysBetween", "regex"):
            raise NotTranslatable(f"{node.value}() has no SQL form that means the same")
        args = [self.value(arg) for arg in node.args]
        if node.value == "len" and len(args) == 1:
            return self._length(lifted(args[0], self.dialect))
        if node.value == "abs" and len(args) == 1 and isinstance(args[0], Value) and args[0].group == "number":
            value = args[0]
            return Value(join("abs(", value.parts, ")"), value.type, value.nullable, value.bits)
        if node.value == "daysBetween" and len(args) == 2:
            return self._days(*args)
        if node.value == "regex" and len(args) == 2 and args[0].group == "text":
            found = self._matches(*args)
            return Known(found) if isinstance(found, bool) else Value(found, "bool", False)
        raise NotTranslatable(f"{node.value}() has no SQL form that means the same")

    def _length(self, value: Value) -> Value:
        if value.many:
            name = "len" if self.dialect == "duckdb" else "cardinality"
        elif value.type in ("text", "date"):
            name = "length" if self.dialect == "duckdb" else "char_length"
        elif value.type == "datetime":
            raise NotTranslatable("the text form of a moment depends on its origin")
        else:
            return Value(("0",), "int", False, 1)
        parts = join(f"{name}(", value.parts if value.many else as_text(value, self.dialect), ")")
        return Value(join("COALESCE(", parts, ", 0)") if value.nullable else parts, "int", False, 31)

    def _days(self, first: Operand, second: Operand) -> Operand:
        a, b = as_day(first, self.dialect), as_day(second, self.dialect)
        if a is None or b is None:
            return Known(None)
        nullable = any(isinstance(side, Value) and side.nullable for side in (first, second))
        if self.dialect == "duckdb":
            return Value(join("date_diff('day', ", a, ", ", b, ")"), "int", nullable, 23)
        return Value(join("(", b, " - ", a, ")"), "int", nullable, 23)

    # numbers

    @staticmethod
    def _negative(value: Operand) -> Operand:
        if isinstance(value, Known):
            return Known(FILTER.negate(value.value))
        if value.group != "number":
            return Known(None)
        return Value(join("(- ", value.parts, ")"), value.type, value.nullable, value.bits)

    def _arithmetic(self, node: Expr) -> Operand:
        op = str(node.value)
        left, right = (self.value(arg) for arg in node.args)
        if op == "+" and left.group == right.group == "text":
            a, b = (self._text(lifted(side, self.dialect)) for side in (left, right))
            return Value(join("(", a.parts, " || ", b.parts, ")"), "text", a.nullable or b.nullable)
        if left.group != "number" or right.group != "number":
            return Known(None)
        a, b = lifted(left, self.dialect), lifted(right, self.dialect)
        if op == "/":
            return self._quotient(a, b, right)
        return self._whole(op, a, b) if a.type == b.type == "int" else self._fraction(op, a, b)

    def _whole(self, op: str, a: Value, b: Value) -> Operand:
        bits = a.bits + b.bits if op == "*" else max(a.bits, b.bits) + 1
        first, second = as_whole(a, bits, self.dialect), as_whole(b, bits, self.dialect)
        if op != "%":
            return Value(join("(", first, f" {op} ", second, ")"), "int", a.nullable or b.nullable, bits)
        divisor = join("NULLIF(", second, ", 0)")
        parts = join("(((", first, " % ", divisor, ") + ", second, ") % ", divisor, ")")
        return Value(parts, "int", True, b.bits + 1)

    def _fraction(self, op: str, a: Value, b: Value) -> Operand:
        first, second = as_float(a), as_float(b)
        nullable = a.nullable or b.nullable
        if op == "%":
            return self._float_modulo(first, second, b.bits)
        bits = a.bits + b.bits if op == "*" else max(a.bits, b.bits) + EXTRA
        return Value(join("(", first, f" {op} ", second, ")"), "number", nullable, _within(bits))

    def _float_modulo(self, a: Parts, b: Parts, bits: int) -> Operand:
        """Python's remainder has the sign of the divisor, SQL's that of the dividend."""
        if self.dialect != "duckdb":
            raise NotTranslatable("PostgreSQL has no remainder of floating-point numbers")
        rest = join("(", a, " % NULLIF(", b, ", 0))")
        moved = join("WHEN (", rest, " < 0) <> (", b, " < 0) THEN ", rest, " + ", b)
        parts = join("CASE WHEN ", rest, " = 0 THEN 0.0 ", moved, " ELSE ", rest, " END")
        return Value(parts, "number", True, _within(bits + FLOAT_BITS + EXTRA))

    def _quotient(self, a: Value, b: Value, divisor: Operand) -> Operand:
        first, second = as_float(a), as_float(b)
        zero = not isinstance(divisor, Known) or divisor.value == 0
        below = join("NULLIF(", second, ", 0)") if zero else second
        nullable = a.nullable or b.nullable or zero
        return Value(join("(", first, " / ", below, ")"), "number", nullable, _within(a.bits + b.bits))


EXTRA = 54  # a difference can be that many powers of two smaller than its operands


def _within(bits: int) -> int:
    if bits > LARGEST:
        raise NotTranslatable("the number may leave the range of doubles")
    return bits


def _same_kind(value: Any, kind: str) -> Any:
    """A number as the column's kind where that is exact; None if no value of that kind equals it."""
    if kind == "int":
        return int(value) if value == int(value) else None
    try:
        return float(value) if float(value) == value else None
    except OverflowError:
        return None


def _float_of(value: Value) -> Parts:
    """A whole number as double, to be compared with a fraction: rounding cannot cross it, fractions are small."""
    return join("CAST(", value.parts, " AS DOUBLE PRECISION)")


def _refused(node: Expr, reason: str) -> NotTranslatable:
    return NotTranslatable(reason, node.start, node.end)


def _sql(condition: Condition) -> Sql:
    return Sql(_parts(condition), condition if isinstance(condition, bool) else None)


def _parts(condition: Condition) -> Parts:
    if isinstance(condition, bool):
        return TRUE if condition else FALSE
    return condition


def _not(condition: Condition) -> Condition:
    return not condition if isinstance(condition, bool) else join("(NOT ", condition, ")")


def _all(conditions: Iterable[Condition]) -> Condition:
    return _joined([c for c in conditions if c is not True], " AND ", False)


def _any(conditions: Iterable[Condition]) -> Condition:
    return _joined([c for c in conditions if c is not False], " OR ", True)


def _joined(conditions: list[Condition], word: str, stops: bool) -> Condition:
    if any(condition is stops for condition in conditions):
        return stops
    if not conditions:
        return not stops
    found = [condition for condition in conditions if not isinstance(condition, bool)]
    if len(found) == 1:
        return found[0]
    pieces: list[str | Parts] = []
    for condition in found:
        pieces += [word, condition]
    return join("(", *pieces[1:], ")")
