"""Expressions as SQL conditions, for list filters, the mirror and rules that fold into a WHERE clause.

    columns = {"self.state": Column("a.state", "text", nullable=False), "self.fields.n": Column(quoted("n"), "int")}
    found = translate(parse_expr("self.state == 'open' and self.fields.n > 3"), Env(columns, scope), "postgres")
    cursor.execute("SELECT … WHERE " + found.render("format"), found.params)

`Env` says what a path is: a column, or, for roots in `constants` (by default actor, event, project and now), a value that
is known now. What is known folds away: `hasRole('owner') or self.state == 'open'` is TRUE for an owner, and
`found.constant` says so. Where only a part can be translated the caller filters in Python (`program(expr, strict=False)`):
`translate` raises NotTranslatable with the place and the reason, `try_translate` returns it, and `split` gives the
translatable conjuncts and the rest.

The SQL means what the compiled function means in filter mode, row for row (design decisions 13 and 14): every comparison
is TRUE or FALSE, never NULL. That holds for columns as they are declared here:

- text: no more than a million characters, compared by code points; int: within ±2^bits; number: finite, 0 or of a magnitude
  between 1e-100 and 1e100; date, datetime: years 1 to 9999, seen by the expression as ISO text in UTC.
- many=True: a list without nulls (DuckDB LIST, Postgres array) of values of `type`.

A value never becomes part of the text: it is a parameter, cast to its type. `Column.sql` is the caller's and taken as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ..ast import EMPTY
from ..errors import MPCError
from .ir import Expr
from .scope import PlainScope
from .walk import Names

Dialect = Literal["duckdb", "postgres"]
ColumnType = Literal["text", "int", "number", "bool", "date", "datetime"]
Style = Literal["qmark", "format", "named", "numeric"]


@dataclass(frozen=True, slots=True)
class Column:
    """A path that is a column: an SQL fragment of that type. `bits` bounds whole numbers; the default is JSON's safe range."""

    sql: str
    type: ColumnType
    nullable: bool = True
    many: bool = False
    bits: int = 53


@dataclass(frozen=True)
class Env:
    """What paths stand for: `columns` by exact path, else the values of `scope` for paths below `constants`."""

    columns: Mapping[str, Column]
    scope: Names = field(default_factory=lambda: PlainScope(EMPTY))
    constants: frozenset[str] = frozenset(("actor", "event", "project", "now"))

    def column(self, path: str) -> Column | None:
        """The column of a path."""
        return self.columns.get(path)

    def is_constant(self, path: str) -> bool:
        """Whether a path has a value that is known now."""
        return path.partition(".")[0] in self.constants and path not in self.columns


class NotTranslatable(MPCError):
    """No SQL of this dialect means the same; `start` and `end` are the place in the expression's text."""

    def __init__(self, reason: str, start: int = 0, end: int = 0) -> None:
        super().__init__("R_EXPR_NOT_SQL", reason)
        self.reason, self.start, self.end = reason, start, end

    def __reduce__(self) -> tuple[Any, ...]:
        return (NotTranslatable, (self.reason, self.start, self.end))


@dataclass(slots=True, unsafe_hash=True)  # never changed
class Param:
    """A value bound at execution, cast to an SQL type."""

    value: Any
    cast: str


Parts = tuple[str | Param, ...]


@dataclass(frozen=True, slots=True)
class Sql:
    """A condition that is TRUE or FALSE for every row. `constant` is its outcome where no column decides it."""

    parts: Parts
    constant: bool | None = None

    @property
    def text(self) -> str:
        """The text with `?` for every parameter, in the order of `params`."""
        return self.render("qmark")

    @property
    def params(self) -> list[Any]:
        """The parameters in the order of the text."""
        return [part.value for part in self.parts if isinstance(part, Param)]

    def named(self, prefix: str = "e") -> dict[str, Any]:
        """The parameters by name, for the styles "named" and "numeric" see `render`."""
        return {f"{prefix}{number}": value for number, value in enumerate(self.params)}

    def render(self, style: Style = "qmark", prefix: str = "e", first: int = 1) -> str:
        """The text with placeholders: `?` (qmark), `%s` (format: psycopg, other % doubled), `:e0` (named: SQLAlchemy), `$1`."""
        out: list[str] = []
        number = 0
        for part in self.parts:
            if isinstance(part, str):
                out.append(part.replace("%", "%%") if style == "format" else part)
                continue
            mark = {"qmark": "?", "format": "%s", "named": f":{prefix}{number}", "numeric": f"${first + number}"}[style]
            out.append(f"CAST({mark} AS {part.cast})")
            number += 1
        return "".join(out)


def quoted(*names: str) -> str:
    """An identifier, or several joined by dots, quoted so that no name can break out."""
    return ".".join('"' + name.replace("\0", "").replace('"', '""') + '"' for name in names)


def translate(expr: Expr, env: Env, dialect: Dialect, *, where: bool = False) -> Sql:
    """The condition as SQL; raises NotTranslatable where the dialect has none that means the same.

    where=True is for a condition that is a WHERE clause or a part of one joined by AND and OR: there NULL keeps a row out
    as FALSE does, so comparisons stay bare and indexes can serve them. The result may then be NULL instead of FALSE.
    """
    from .sql_translate import Translator

    return Translator(env, dialect, where=where).sql(expr)


def try_translate(expr: Expr, env: Env, dialect: Dialect, *, where: bool = False) -> Sql | NotTranslatable:
    """`translate`, but the refusal is returned."""
    try:
        return translate(expr, env, dialect, where=where)
    except NotTranslatable as reason:
        return reason


def split(expr: Expr, env: Env, dialect: Dialect, *, where: bool = False) -> tuple[Sql, tuple[Expr, ...]]:
    """The conjuncts of a condition as one SQL condition, and those that are left for Python: both must hold."""
    from .sql_translate import Translator

    translator, done, left = Translator(env, dialect, where=where), [], []
    for part in conjuncts(expr):
        try:
            done.append(translator.sql(part))
        except NotTranslatable:
            left.append(part)
    return translator.all_of(done), tuple(left)


def conjuncts(expr: Expr) -> list[Expr]:
    """The operands of the outermost `and`s."""
    found: list[Expr] = []
    todo = [expr]
    while todo:
        here = todo.pop()
        if here.op == "bin" and here.value == "and":
            todo += reversed(here.args)
        else:
            found.append(here)
    return found
