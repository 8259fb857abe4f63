"""Comparisons and the functions that compare, on values: never NULL unless a WHERE clause allows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ..errors import MPCError
from .functions import MAX_SEARCH, MAX_TEXT, PURE, compile_regex
from .sql import Dialect, Env, NotTranslatable, Param, Parts
from .sql_conditions import Condition, any_holds
from .sql_numbers import rounded, same_kind
from .sql_values import Known, Operand, Value, as_float, as_text, is_day, join, lifted
from .walk import FILTER

_SQL = {"==": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


class Comparisons:
    """One environment and dialect."""

    def __init__(self, env: Env, dialect: Dialect, *, where: bool = False) -> None:
        self.env, self.dialect = env, dialect
        self._bare = where

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

    @staticmethod
    def _truth(value: Any) -> bool:
        return value is True

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
            exact = same_kind(right.value, left.type)
            if exact is None and op in ("==", "!="):
                return False if op == "==" else self._presence(left, "!=")
            right = Known(right.value if exact is None else exact)
        a, b = lifted(left, self.dialect), lifted(right, self.dialect)
        if a.type != b.type:
            whole_against_fraction = isinstance(right, Known) and a.type == "int"
            a = Value(rounded(a) if whole_against_fraction else as_float(a), "number", a.nullable)
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
            compiled = compile_regex(pattern.value)
        except MPCError:
            return False
        if compiled.programsize * MAX_TEXT > MAX_SEARCH:
            raise NotTranslatable("so large a pattern is not searched for in every text")
        value = self._text(lifted(text, self.dialect))
        parts = join("regexp_matches(", value.parts, ", ", lifted(pattern, self.dialect).parts, ")")
        return self._never_null(parts, value.nullable)

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
            return any_holds([self.compare("==", wanted, item) for item in same])
        if wanted.type == "int":
            same = [Known(exact) for item in same if (exact := same_kind(item.value, "int")) is not None]
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
            exact = same_kind(item.value, one.type)
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

    def _empty(self, value: Operand) -> Condition:
        if isinstance(value, Known):
            return self._truth(PURE["isEmpty"](value.value))
        absent = self._presence(value, "==")
        if value.many:
            return any_holds([absent, join("(", self._length(value).parts, " = 0)")])
        if value.type != "text":
            return absent
        return any_holds([absent, self._never_null(join("(", value.parts, " = '')"), value.nullable)])

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
