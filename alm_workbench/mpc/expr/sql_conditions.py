"""Conditions as parts of SQL, or known outcomes, and how they are joined."""

from __future__ import annotations

from collections.abc import Iterable

from .sql import Parts, Sql
from .sql_values import FALSE, TRUE, join

Condition = bool | Parts
"""An outcome that is known, or parts of SQL that give TRUE or FALSE."""


def as_sql(condition: Condition) -> Sql:
    return Sql(as_parts(condition), condition if isinstance(condition, bool) else None)


def as_parts(condition: Condition) -> Parts:
    if isinstance(condition, bool):
        return TRUE if condition else FALSE
    return condition


def negated(condition: Condition) -> Condition:
    return not condition if isinstance(condition, bool) else join("(NOT ", condition, ")")


def all_hold(conditions: Iterable[Condition]) -> Condition:
    return _joined([c for c in conditions if c is not True], " AND ", False)


def any_holds(conditions: Iterable[Condition]) -> Condition:
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
