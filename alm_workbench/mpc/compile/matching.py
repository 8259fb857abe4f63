"""Matchers of rules as expressions: `{status: "open", amount: {gt: 500}, kind: [a, b]}` becomes one condition.

Equality is total, as the contract has it: a missing value equals null and nothing else, so that a matcher is never
undecided about an absent value. Comparisons of present values of different kinds stay undecided.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

from ..errors import MPCError
from ..expr.ir import Expr, make

_NULL = make("lit", None)
_STEP = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_ORDER = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
OPERATORS = ("eq", "ne", "in", "nin", "gt", "gte", "lt", "lte", "exists")

Where = tuple[str, ...]


class BadMatcher(MPCError):
    """A matcher nobody can follow; `path` leads to it inside the matching mapping."""

    def __init__(self, message: str, path: Where = (), code: str = "E_POLICY_INVALID_MATCHER") -> None:
        super().__init__(code, message)
        self.path = path


def conditions_of(matchers: Any, root: str, rewrite: Callable[[Expr], Expr] = lambda tree: tree) -> Expr | None:
    """The conjunction of a mapping's matchers about the values below `root`, None if it has none.

    The key `expr` holds an expression, as text or JSON tree, which `rewrite` makes see our names; it comes last, so that
    cheaper tests stop first. Raises BadMatcher, or MPCError where the expression is none.
    """
    if not isinstance(matchers, Mapping):
        raise BadMatcher(f"A matcher is an object of paths and values, not {_shown(matchers)}")
    parts = [_matcher(path_of(root, key), value, key) for key, value in matchers.items() if key != "expr"]
    if "expr" in matchers:
        parts.append(rewrite(_expression(matchers["expr"])))
    return reduce(both, parts) if parts else None


def both(left: Expr, right: Expr) -> Expr:
    """The conjunction of two conditions."""
    return make("bin", "and", (left, right))


def _expression(source: Any) -> Expr:
    from ..expr.ir import from_json
    from ..expr.parse import parse_expr

    if isinstance(source, str):
        return parse_expr(source)
    if not isinstance(source, (Mapping, bool)):
        raise BadMatcher(f"'expr' holds an expression, not {_shown(source)}", ("expr",))
    return from_json(source)


def path_of(root: str, path: str) -> Expr:
    """A reference to a dotted path; steps that are no names are looked up by key."""
    steps = path.split(".")
    plain = next((n for n, step in enumerate(steps) if not _STEP.match(step)), len(steps))
    found = make("ref", ".".join([root, *steps[:plain]]))
    for step in steps[plain:]:
        found = make("index", None, (found, make("lit", step)))
    return found


def _matcher(place: Expr, expected: Any, key: str) -> Expr:
    if isinstance(expected, (list, tuple)):
        return _any_of(place, expected)
    if not isinstance(expected, Mapping):
        return same(place, expected)
    if not expected:
        raise BadMatcher(f"The matcher of '{key}' holds no operator", (key,))
    return reduce(both, (_operator(place, name, value, key) for name, value in expected.items()))


def _operator(place: Expr, name: str, value: Any, key: str) -> Expr:
    if name in _ORDER:
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            raise BadMatcher(f"'{name}' compares with a number or a text, not with {_shown(value)}", (key, name))
        return both(present(place), make("bin", _ORDER[name], (place, make("lit", value))))
    if name in ("in", "nin"):
        if not isinstance(value, (list, tuple)):
            raise BadMatcher(f"'{name}' needs a list, not {_shown(value)}", (key, name))
        found = _any_of(place, value)
        return found if name == "in" else make("not", None, (found,))
    if name == "exists":
        if not isinstance(value, bool):
            raise BadMatcher(f"'exists' is true or false, not {_shown(value)}", (key, name))
        return present(place) if value else make("bin", "==", (place, _NULL))
    if name in ("eq", "ne"):
        found = same(place, value)
        return found if name == "eq" else make("not", None, (found,))
    raise BadMatcher(f"'{name}' is no operator; there are {', '.join(OPERATORS)}", (key, name))


def same(place: Expr, value: Any) -> Expr:
    """Total equality of a place with a value."""
    if value is None:
        return make("bin", "==", (place, _NULL))
    return make("fn", "$same", (place, make("lit", value)))


def present(place: Expr) -> Expr:
    """Whether there is a value."""
    return make("bin", "!=", (place, _NULL))


def _any_of(place: Expr, values: Any) -> Expr:
    listed = make("list", None, tuple(make("lit", value) for value in values if value is not None))
    found = both(present(place), make("bin", "in", (place, listed)))
    return make("bin", "or", (same(place, None), found)) if None in values else found


def _shown(value: Any) -> str:
    return repr(value) if isinstance(value, (str, int, float)) else "null" if value is None else type(value).__name__
