"""Filters as people write them: a condition in the language of manifests, checked against a process, as SQL.

Beside what manifests write (``self.fields.priority == 'high'``) the short names are understood (``priority == 'high'``).
Conjuncts that compare an indexed field, a tag or a person with a fixed value are said in words that reach an index under
row-level security, and whose frequency the planner knows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import reduce
from typing import Any
from uuid import UUID

from alm_workbench.contexts.artifact.columns import INDEXED, PROPERTIES, Vocabulary
from alm_workbench.errors import ErrorItem, InvalidInput
from alm_workbench.mpc import DomainMeta, MPCError
from alm_workbench.mpc.expr.ir import Expr, make
from alm_workbench.mpc.expr.parse import parse_expr
from alm_workbench.mpc.expr.scope import Scope
from alm_workbench.mpc.expr.sql import Env, NotTranslatable, Sql, conjuncts, translate
from alm_workbench.mpc.expr.typecheck import typecheck

MAX_FILTER = 2_000
ROOTS = frozenset(("self", "actor", "project", "now", "event", "author"))
_META = DomainMeta()
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "=="}
_DIRECT = {
    "self.assignee": "assignee_id",
    "self.assignee_id": "assignee_id",
    "self.parent_id": "parent_id",
    "self.id": "id",
}
_CASTS = {"v_text": "text", "v_int8": "bigint", "v_float8": "double precision", "v_ts": "timestamptz", "v_uuid": "uuid"}

TAGGED = (
    "a.id IN (SELECT t.artifact_id FROM alm.artifact_tag t"
    " WHERE t.tenant_id = :tenant AND t.project_id = :project AND t.tag = CAST({value} AS text))"
)
HELD = "{f}.tenant_id = :tenant AND {f}.project_id = :project AND {f}.field_id = {field} AND {f}.{column} {test}"


@dataclass(frozen=True, slots=True)
class Hint:
    """A conjunct in words that an index understands and that mean the same: of a field, a tag, or a plain column."""

    column: str
    operator: str
    value: Any
    field: str | None = None

    def sql(self, named: Callable[[Any], str], alias: str = "f") -> str:
        """The condition, with parameters named by a function; ``:tenant`` and ``:project`` say whose items they are.

        About a field it is one on a row of the typed index.
        """
        value = named(self.value)
        if self.column == "tag":
            return TAGGED.format(value=value)
        if self.field is None:
            return f"a.{self.column} = CAST({value} AS uuid)"
        cast = _CASTS[self.column]
        test = f"{self.operator} CAST({value} AS {cast})"
        if self.operator == "in":
            test = f"= ANY (CAST({value} AS {cast}[]))"
        return HELD.format(f=alias, field=named(self.field), column=self.column, test=test)


def all_hold(hints: Sequence[Hint], named: Callable[[Any], str]) -> Iterator[str]:
    """Conditions that all hints hold. Fields are looked up together, so that only items with all of the values are read."""
    for hint in hints:
        if hint.field is None:
            yield hint.sql(named)
    held = [hint for hint in hints if hint.field is not None]
    if held:
        first, *others = (hint.sql(named, f"f{number}") for number, hint in enumerate(held))
        joined = "".join(
            f" JOIN alm.artifact_field f{number} ON f{number}.artifact_id = f0.artifact_id AND {test}"
            for number, test in enumerate(others, 1)
        )
        yield f"a.id IN (SELECT f0.artifact_id FROM alm.artifact_field f0{joined} WHERE {first})"  # noqa: S608  our words


@dataclass(frozen=True, slots=True)
class Condition:
    """A filter as SQL, the paths it looks at, and its hints."""

    sql: Sql
    paths: frozenset[str]
    hints: tuple[Hint, ...]


def read_condition(text: str, known: Vocabulary, scope: Scope, indexed: frozenset[str]) -> Condition:
    """A filter read; raises ``InvalidInput`` with the place of what is wrong or cannot be searched for."""
    if len(text) > MAX_FILTER:
        raise _refusal(text, "too-long", f"a filter has at most {MAX_FILTER} characters", 0, 0)
    env = Env(known.columns, scope)
    try:
        tree = _resolved(parse_expr(text), known)
        _one_type(text, tree, known)
        typecheck(tree, _META, known.names, returns="bool")
        hints, rest = _split(tree, known, env, indexed)
        sql = translate(rest, env, "postgres", where=True)
    except NotTranslatable as error:
        raise _refusal(
            text, "no-filter", f"this cannot be searched for: {error.reason}", error.start, error.end
        ) from None
    except MPCError as error:
        start, end = getattr(error, "start", 0), getattr(error, "end", 0)
        raise _refusal(text, error.code, error.message, start, end, getattr(error, "hint", None)) from None
    paths = frozenset(
        str(node.value) for node in tree.walk() if node.op == "ref" and str(node.value).startswith("self.")
    )
    return Condition(sql, paths, hints)


def _split(tree: Expr, known: Vocabulary, env: Env, indexed: frozenset[str]) -> tuple[tuple[Hint, ...], Expr]:
    """The conjuncts that an index answers, and the rest as one condition."""
    hints: list[Hint] = []
    rest: list[Expr] = []
    for part in conjuncts(tree):
        found = next(_hints(part, known, env, indexed), None)
        if found is None:
            rest.append(part)
        else:
            hints.append(found)
    return tuple(hints), reduce(lambda a, b: make("bin", "and", (a, b)), rest) if rest else make("lit", True)


def _refusal(text: str, code: str, message: str, start: int, end: int, hint: str | None = None) -> InvalidInput:
    shown = text[start:end] if end > start else ""
    where = f" at character {start + 1}" + (f": {shown}" if shown and len(shown) < 80 else "") if end else ""
    told = f"{message}{where}" + (f" ({hint})" if hint else "")
    return InvalidInput(f"The filter is not understood: {told}", errors=[ErrorItem("/filter", code, told)])


def _resolved(tree: Expr, known: Vocabulary) -> Expr:
    """The tree with short names written out."""
    if tree.op == "ref":
        path = str(tree.value)
        root = path.partition(".")[0]
        if root == "author":
            path = f"self.created_by{path.removeprefix('author')}"
        elif root not in ROOTS:
            path = f"self.{path}" if root in PROPERTIES and root not in known.fields else f"self.fields.{path}"
        return tree if path == tree.value else make("ref", path, (), tree.start, tree.end)
    if not tree.args:
        return tree
    args = tuple(_resolved(arg, known) for arg in tree.args)
    return make(tree.op, tree.value, args, tree.start, tree.end)


def _one_type(text: str, tree: Expr, known: Vocabulary) -> None:
    for node in tree.walk():
        name = str(node.value).removeprefix("self.fields.") if node.op == "ref" else ""
        if name in known.mixed and name != node.value:
            raise _refusal(text, "several-types", known.mixed[name], node.start, node.end)


def _hints(part: Expr, known: Vocabulary, env: Env, indexed: frozenset[str]) -> Iterator[Hint]:
    if part.op != "bin" or len(part.args) != 2:
        return
    left, right, operator = *part.args, str(part.value)
    if operator == "in" and _is_path(right, "self.tags") and isinstance(value := _value(left, env), str):
        yield Hint("tag", "=", value)
    elif operator == "in" and _is_path(right) and isinstance(value := _value(left, env), str):
        yield from _of_field(str(right.value), "=", value, known, indexed, many=True)
    elif operator == "in" and _is_path(left):
        listed = _values(right, env)
        if listed is not None:
            yield from _of_field(str(left.value), "in", listed, known, indexed)
    elif operator in _FLIPPED:
        if not _is_path(left):
            left, right, operator = right, left, _FLIPPED[operator]
        value = _value(right, env) if _is_path(left) else None
        if value is None:
            return
        if str(left.value) in _DIRECT:
            found = _uuid(value) if operator == "==" else None
            if found is not None and str(found) == value:
                yield Hint(_DIRECT[str(left.value)], "=", found)
        else:
            yield from _of_field(str(left.value), "=" if operator == "==" else operator, value, known, indexed)


def _is_path(node: Expr, path: str = "self.") -> bool:
    return node.op == "ref" and str(node.value).startswith(path)


def _value(node: Expr, env: Env) -> Any:
    if node.op == "lit":
        return node.value
    if node.op == "ref" and env.is_constant(str(node.value)):
        return env.scope.lookup(str(node.value))
    return None


def _values(node: Expr, env: Env) -> list[Any] | None:
    found = [_value(arg, env) for arg in node.args] if node.op == "list" else _value(node, env)
    return found if isinstance(found, list) and found and None not in found else None


def _of_field(
    path: str, operator: str, value: Any, known: Vocabulary, indexed: frozenset[str], *, many: bool = False
) -> Iterator[Hint]:
    name = path.removeprefix("self.fields.")
    f = known.field(name)
    if f is None or name not in indexed or (f.type == "multichoice") is not many:
        return
    column = INDEXED.get(f.type)
    if column is None:
        return
    if operator not in ("=", "in") and column in ("v_text", "v_uuid"):
        return
    found = [_fitting(f.type, one) for one in (value if operator == "in" else [value])]
    if None not in found:
        yield Hint(column, operator, found if operator == "in" else found[0], name)


def _fitting(kind: str, value: Any) -> Any:
    """A value as the typed index keeps it; None where it keeps none like it."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind in ("user", "reference"):
        return _uuid(value)
    if kind == "bool":
        return int(value) if isinstance(value, bool) else None
    if kind == "number":
        return float(value) if number and abs(value) < 1e15 else None
    if kind == "int":
        return value if number and isinstance(value, int) and abs(value) < 2**53 else None
    if kind == "date":
        return _day(value)
    if kind == "datetime":
        return None  # moments are compared as their texts
    return value if isinstance(value, str) and len(value) < 500 and "\0" not in value else None


def _uuid(value: Any) -> UUID | None:
    """An id that is written as ids are kept."""
    try:
        found = UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if str(found) == value else None


def _day(value: Any) -> datetime | None:
    try:
        day = date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    if day is None or day.isoformat() != value:
        return None
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
