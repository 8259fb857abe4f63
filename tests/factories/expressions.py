"""Random typed expressions over known columns, and random rows for them: what every back end must agree on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from random import Random
from typing import Any

from alm_workbench.mpc.expr.ir import Expr, make
from alm_workbench.mpc.expr.sql import Column, Dialect, quoted

COLUMNS = {
    "n": "int", "m": "int", "x": "number", "y": "number", "s": "text", "t": "text", "b": "bool", "d": "date",
    "tags": "text", "ints": "int",
}  # fmt: skip
LISTS = frozenset(("tags", "ints"))
CONSTANTS = {"actor": {"id": "u1", "level": 3, "ratio": 0.5, "on": True, "teams": ["a", "İ", ""], "none": None}}
TEXTS = [
    "",
    "a",
    "ab",
    "b",
    "A",
    "İstanbul",
    "ışık",
    "🤦🏼‍♂️",
    "a%b",
    "a_b",
    "%",
    "'",
    '"',
    "\\",
    "a\nb",
    "2026-02-01",
    "10",
    "é",
]
WHOLES = [0, 1, -1, 2, 3, -7, 10, 100, 2**31, -(2**53), 2**53 - 1]
FRACTIONS = [0.0, 1.0, -1.0, 0.5, -2.5, 3.14159, 1e-9, 1e15, -1e99, 2.0**53]
DAYS = [date(2026, 1, 1) + timedelta(days=n) for n in (0, 30, 31, 58, 400)] + [date(1, 1, 1), date(9999, 12, 31)]


def ref(path: str) -> Expr:
    """A name."""
    return make("ref", path)


def lit(value: Any) -> Expr:
    """A literal."""
    return make("lit", value)


def binary(operator: str, left: Expr, right: Expr) -> Expr:
    """An operation."""
    return make("bin", operator, (left, right))


class Grower:
    """Grows one random tree. `safe` keeps to what SQL can say; otherwise types may be wrong and anything may be called."""

    def __init__(self, random: Random, *, fractions_modulo: bool = True) -> None:
        self.random, self.fractions_modulo = random, fractions_modulo

    def condition(self, depth: int) -> Expr:
        """A typed condition."""
        pick = self.random.random()
        if depth > 0 and pick < 0.45:
            return self._combined(depth)
        makers: tuple[Callable[[int], Expr], ...] = (
            self._numbers, self._numbers, self._texts, self._texts, self._presence, self._membership, self._edges,
            self._flags, self._days, self._empty,
        )  # fmt: skip
        return self.random.choice(makers)(depth)

    def _combined(self, depth: int) -> Expr:
        kind = self.random.choice(("and", "or", "and", "or", "not", "if", "=="))
        if kind == "not":
            return make("not", None, (self.condition(depth - 1),))
        if kind == "if":
            return make("if", None, tuple(self.condition(depth - 1) for _ in range(3)))
        return binary(kind, self.condition(depth - 1), self.condition(depth - 1))

    def _order(self) -> str:
        return self.random.choice(("==", "!=", "<", "<=", ">", ">="))

    def number(self, depth: int) -> Expr:
        """A typed number."""
        random = self.random
        pick = random.random()
        if depth > 0 and pick < 0.3:
            operator = random.choice("+-*/")
            return binary(operator, self.number(depth - 1), self.number(depth - 1))
        if depth > 0 and pick < 0.36:
            return make("neg", None, (self.number(depth - 1),))
        if depth > 0 and pick < 0.42:
            return make("fn", "abs", (self.number(depth - 1),))
        if depth > 0 and pick < 0.48:
            return self._remainder()
        if pick < 0.58:
            return make("fn", "len", (random.choice((ref("s"), ref("tags"), ref("t"), ref("d"))),))
        if pick < 0.8:
            return ref(random.choice(("n", "m", "x", "y", "actor.level", "actor.ratio")))
        return lit(random.choice(WHOLES + FRACTIONS))

    def _remainder(self) -> Expr:
        random = self.random
        if self.fractions_modulo and random.random() < 0.5:
            return binary("%", ref(random.choice("nx")), random.choice((ref("y"), lit(2.5), lit(-3), lit(0))))
        return binary("%", ref(random.choice("nm")), random.choice((ref("m"), lit(3), lit(-3), lit(0))))

    def text(self, depth: int) -> Expr:
        """A typed text."""
        random = self.random
        pick = random.random()
        if depth > 0 and pick < 0.15:
            return binary("+", self.text(depth - 1), self.text(depth - 1))
        if depth > 0 and pick < 0.22:
            return make("if", None, (self.condition(depth - 1), self.text(depth - 1), self.text(depth - 1)))
        if pick < 0.7:
            return ref(random.choice(("s", "t", "s", "d", "actor.id", "actor.none")))
        return lit(random.choice([*TEXTS, "2026-01-31", "2026-02-30"]))

    def _numbers(self, depth: int) -> Expr:
        return binary(self._order(), self.number(depth), self.number(depth))

    def _texts(self, depth: int) -> Expr:
        return binary(self._order(), self.text(depth), self.text(depth))

    def _presence(self, depth: int) -> Expr:
        value = self.random.choice((ref(self.random.choice(sorted(COLUMNS))), self.number(depth), self.text(depth)))
        pair = (value, lit(None)) if self.random.random() < 0.5 else (lit(None), value)
        return binary(self.random.choice(("==", "!=")), *pair)

    def _membership(self, depth: int) -> Expr:
        random = self.random
        kind = random.randrange(6)
        if kind == 0:
            return binary("in", self.text(depth), make("list", None, tuple(self.text(0) for _ in range(3))))
        if kind == 1:
            items = [lit(random.choice([*WHOLES, *FRACTIONS, True, None, "a"])) for _ in range(3)]
            return binary("in", self.number(0), make("list", None, tuple(items)))
        if kind == 2:
            return binary("in", lit(random.choice(TEXTS)), ref("tags"))
        if kind == 3:
            return binary("in", ref("s"), ref(random.choice(("tags", "actor.teams"))))
        if kind == 4:
            return binary("in", random.choice((ref("n"), lit(3), lit(2.0), lit(2.5))), ref("ints"))
        return binary("in", self.text(0), self.text(0))

    def _edges(self, depth: int) -> Expr:
        name = self.random.choice(("startsWith", "endsWith", "contains"))
        return make("fn", name, (self.text(depth), self.text(0)))

    def _flags(self, _depth: int) -> Expr:
        random = self.random
        flag = ref(random.choice(("b", "actor.on", "actor.none")))
        if random.random() < 0.5:
            return flag
        return binary(random.choice(("==", "!=")), flag, lit(random.random() < 0.5))

    def _days(self, _depth: int) -> Expr:
        random = self.random
        if random.random() < 0.5:
            moment = lit(random.choice((*map(str, DAYS), "2026-02", "soon", "2026-02-01T10:00:00Z", "zz")))
            return binary(self._order(), ref("d"), moment)
        pair = (ref("d"), lit(str(random.choice(DAYS))))
        between = make("fn", "daysBetween", pair if random.random() < 0.5 else pair[::-1])
        return binary(self._order(), between, self.number(0))

    def _empty(self, _depth: int) -> Expr:
        return make("fn", "isEmpty", (ref(self.random.choice(sorted(COLUMNS))),))


def row(random: Random) -> dict[str, Any]:
    """Values for every column; about a quarter is null or absent."""
    pools: Mapping[str, list[Any]] = {
        "int": WHOLES, "number": FRACTIONS, "text": TEXTS, "bool": [True, False], "date": [str(d) for d in DAYS],
    }  # fmt: skip
    found: dict[str, Any] = {}
    for name, kind in COLUMNS.items():
        pick = random.random()
        if pick < 0.15:
            found[name] = None
        elif pick >= 0.25:
            pool = pools[kind]
            found[name] = random.choices(pool, k=random.randrange(4)) if name in LISTS else random.choice(pool)
    return found


def columns() -> dict[str, Column]:
    """The columns of the table that `create_table` makes."""
    return {name: Column(quoted(name), kind, many=name in LISTS) for name, kind in COLUMNS.items()}  # type: ignore[arg-type]


def create_table(name: str, dialect: Dialect) -> str:
    """DDL for a table of rows."""
    words = {"int": "BIGINT", "number": "DOUBLE PRECISION", "bool": "BOOLEAN", "date": "DATE"}
    words["text"] = "VARCHAR" if dialect == "duckdb" else "TEXT"
    parts = [f"{quoted(c)} {words[kind]}{'[]' if c in LISTS else ''}" for c, kind in COLUMNS.items()]
    return f"CREATE TEMPORARY TABLE {name} (id INTEGER, {', '.join(parts)})"


GRAVE = [
    "__import__", "__class__", "open", "exact", "c", "v0", "t1", "k0", "call", "compare", "__builtins__", "type", "ExprFault",
    "a.__class__.__mro__", "x);import os;(", "'''", "\"", "\\", "lambda", "import", "None", "True", "c.get", "{0.__class__}",
    "@roles", "", ".", "a..b", "actor", "actor.roles", "actor.roles.x", "now", "self", "\u0000", "ﬁ",
]  # fmt: skip
_OPERATORS = ("+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "and", "or", "in", "matches")
_FUNCTIONS = (
    "len", "lower", "upper", "contains", "startsWith", "endsWith", "isEmpty", "concat", "substr", "abs", "min", "max",
    "now", "regex", "daysBetween", "isDeleted", "hasRole", "changed", "linkCount", *GRAVE,
)  # fmt: skip
_VALUES = [
    None,
    True,
    False,
    0,
    1,
    -1,
    2.5,
    1e308,
    10**30,
    "",
    "a",
    "2026-01-01",
    "[",
    "(a+)+$",
    [1, "a"],
    {"k": 1},
    *GRAVE,
]


def wild(random: Random, depth: int) -> Expr:
    """A tree of any shape and types, with names and texts that look like code."""
    if depth <= 0 or random.random() < 0.25:
        return (
            lit(random.choice(_VALUES)) if random.random() < 0.5 else ref(random.choice([*COLUMNS, *GRAVE, "actor.id"]))
        )
    kind = random.choice(("bin", "bin", "bin", "fn", "not", "neg", "if", "list", "index"))
    count = {"bin": 2, "not": 1, "neg": 1, "if": 3, "index": 2}.get(kind, random.randrange(4))
    value = random.choice(_OPERATORS) if kind == "bin" else random.choice(_FUNCTIONS) if kind == "fn" else None
    return make(kind, value, tuple(wild(random, depth - 1) for _ in range(count)))
