"""What the operators mean: comparisons, sums, positions, the value of a condition. Nothing raises anything but ExprFault."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any

from .functions import MAX_BITS, as_number, bounded, fn_concat, found_in, group, is_whole, same, search, undecided


def compare(op: str, left: Any, right: Any) -> bool:
    """A comparison of two present, comparable values; anything else is undecided."""
    if op == "in":
        return _inside(left, right)
    if left is None or right is None:
        raise undecided("a value is missing")
    if op == "matches":
        if not isinstance(left, str) or not isinstance(right, str):
            raise undecided("'matches' compares texts")
        return search(right, left)
    kind = group(left)
    if kind != group(right) or kind is None:
        raise undecided(f"{_word(left)} and {_word(right)} cannot be compared")
    if op in ("==", "!="):
        return same(left, right) is (op == "==")
    if kind in ("bool", "list", "object"):
        raise undecided(f"{_word(left)} has no order")
    if op == "<":
        return bool(left < right)
    if op == "<=":
        return bool(left <= right)
    return bool(left > right) if op == ">" else bool(left >= right)


def _inside(left: Any, right: Any) -> bool:
    if left is None or right is None:
        raise undecided("a value is missing")
    if isinstance(right, str):
        if not isinstance(left, str):
            raise undecided(f"{_word(left)} cannot be part of a text")
        return left in bounded(right)
    if isinstance(right, Mapping):
        return isinstance(left, str) and left in right
    if not isinstance(right, (list, tuple)):
        raise undecided(f"{_word(right)} holds nothing")
    return found_in(left, right)


def _word(value: Any) -> str:
    return {"bool": "a yes/no value", "number": "a number", "text": "a text", "list": "a list"}.get(
        group(value) or "", "an object"
    )


def arithmetic(op: str, left: Any, right: Any) -> Any:
    """A sum of numbers, or two texts joined; anything else is undecided, division by zero too."""
    if op == "+" and isinstance(left, str) and isinstance(right, str):
        return fn_concat(left, right)
    a, b = as_number(left), as_number(right)
    try:
        result = _OPERATIONS[op](a, b)
    except OverflowError:
        raise undecided("the number is too large") from None
    if isinstance(result, float) and not isfinite(result):
        raise undecided("the number is too large")
    return result


def _times(a: Any, b: Any) -> Any:
    if isinstance(a, int) and isinstance(b, int) and a.bit_length() + b.bit_length() > MAX_BITS:
        raise undecided("the number is too large")
    return a * b


def _divided(a: Any, b: Any) -> Any:
    if b == 0:
        raise undecided("Division by zero")
    return a / b


def _modulo(a: Any, b: Any) -> Any:
    if b == 0:
        raise undecided("Division by zero")
    return a % b


_OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": _times,
    "/": _divided,
    "%": _modulo,
}


def negate(value: Any) -> Any:
    """The number with the other sign."""
    return -as_number(value)


def item_at(whole: Any, index: Any) -> Any:
    """An item of a list by position, or of an object by key; nothing if there is none."""
    if isinstance(whole, Mapping) and isinstance(index, str):
        return whole.get(index)
    if isinstance(whole, (list, tuple)) and is_whole(index):
        return whole[index] if -len(whole) <= index < len(whole) else None
    if whole is None or index is None:
        return None
    raise undecided(f"{_word(whole)} has no item {index!r}")


def missing(value: Any) -> bool:
    """Whether there is no value."""
    return value is None


def truth(value: Any) -> bool:
    """A condition's value: true or false; anything else is undecided."""
    if value is True or value is False:
        return bool(value)
    raise undecided("a yes/no value is missing" if value is None else f"{_word(value)} is not a yes/no value")
