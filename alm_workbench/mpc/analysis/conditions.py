"""What can be said of a condition without any values: its parts, and whether it is the same whatever happens."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import MPCError
from ..expr.ir import Expr
from ..expr.parse import parse_expr


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition as written, the parts that must all hold, and its value where that never changes."""

    text: str
    parts: tuple[str, ...]
    constant: bool | None = None


_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def condition_of(text: Any) -> Condition | None:
    """The condition of a rule; None where there is none, where it always holds, or where it cannot be read."""
    if not isinstance(text, str):
        return None
    try:
        tree = parse_expr(text)
    except MPCError:
        return Condition(text, (text,))
    constant = truth(tree)
    if constant is True:
        return None
    if tree.op != "bin" or tree.value != "and":
        written = text.strip()
        return Condition(written, (written,), constant)
    parts = _conjuncts(tree)
    if constant is None and _contradict(parts):
        constant = False
    texts = tuple(text[part.start : part.end] for part in parts)
    return Condition(text.strip(), texts, constant)


def truth(tree: Expr) -> bool | None:
    """The value of a condition that does not depend on anything, or None."""
    if tree.op == "lit":
        return tree.value if isinstance(tree.value, bool) else None
    if tree.op == "not":
        inner = truth(tree.args[0])
        return None if inner is None else not inner
    if tree.op != "bin":
        return None
    left, right = tree.args
    if tree.value in ("and", "or"):
        decisive = tree.value == "or"
        # Only the left side decides whatever the right one does: an undecided side is no false.
        sides = (truth(left), truth(right))
        if sides[0] is decisive:
            return decisive
        return (not decisive) if sides == (not decisive, not decisive) else None
    if left.op == right.op == "lit" and tree.value in _COMPARE and type(left.value) is type(right.value):
        try:
            return bool(_COMPARE[tree.value](left.value, right.value))
        except TypeError:
            return None
    return None


def _conjuncts(tree: Expr) -> list[Expr]:
    found: list[Expr] = []
    todo = [tree]
    while todo:
        here = todo.pop()
        if here.op == "bin" and here.value == "and":
            todo.extend(reversed(here.args))
        else:
            found.append(here)
    return found


def _contradict(parts: Sequence[Expr]) -> bool:
    """Whether two parts cannot hold together: one name equal to two values, or equal and unequal to one."""
    equal: dict[str, set[tuple[type, Any]]] = {}
    unequal: dict[str, set[tuple[type, Any]]] = {}
    for part in parts:
        if truth(part) is False:
            return True
        pair = _pinned(part)
        if pair is not None:
            (equal if part.value == "==" else unequal).setdefault(pair[0], set()).add((type(pair[1]), pair[1]))
    return any(len(values) > 1 or values & unequal.get(name, set()) for name, values in equal.items())


def _pinned(part: Expr) -> tuple[str, Any] | None:
    if part.op != "bin" or part.value not in ("==", "!="):
        return None
    left, right = part.args
    if left.op == "lit":
        left, right = right, left
    # Numbers are left out: 1 and 1.0 are written differently and are equal.
    if left.op == "ref" and right.op == "lit" and isinstance(right.value, (str, bool)):
        return left.value, right.value
    return None
