"""Checking one submitted value against a free-standing form's field: type, limits, options."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date
from typing import Any

from ..ast import thaw
from .definition import FormField

Finding = tuple[str, dict[str, Any]]


def is_empty(value: Any) -> bool:
    """Whether nothing was entered."""
    return value is None or value == "" or value == [] or value == ()


def check_value(field: FormField, value: Any) -> Finding | None:
    """The first thing wrong with a value as a message key and its values, or None.

    A field whose type is not written down, and a hidden one, may hold anything; their limits and options still hold.
    """
    wrong = _wrong_type(field, value) if field.declared and field.type != "hidden" else None
    if wrong is not None:
        return wrong, {}
    return next(_limits(field, value), None)


def _wrong_type(field: FormField, value: Any) -> str | None:
    match field.type:
        case "number":
            return None if _is_number(value) else "number"
        case "boolean":
            return None if isinstance(value, bool) else "boolean"
        case "multiselect":
            return None if isinstance(value, (list, tuple)) else "array"
        case "date":
            return None if _as_date(value) is not None else "date"
        case "select":
            return None  # the options say what fits; they may be numbers
        case _:
            return None if isinstance(value, str) else "string"


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _as_date(value: Any) -> str | None:
    """A date or moment as ISO text, which sorts as time does."""
    if isinstance(value, date):
        return value.isoformat()
    try:
        return date.fromisoformat(value[:10]).isoformat() + value[10:] if isinstance(value, str) else None
    except ValueError:
        return None


def _limits(field: FormField, value: Any) -> Iterator[Finding]:
    yield from _options(field, value)
    if _is_number(value):
        yield from _between(field, value, "min", "max")
    elif field.type == "date":
        text = _as_date(value)
        if text is not None:
            yield from _between(field, text, "min", "max")
    elif isinstance(value, str):
        yield from _between(field, len(value), "min_length", "max_length")
    elif isinstance(value, (list, tuple)):
        yield from _between(field, len(value), "min_items", "max_items")


def _between(field: FormField, size: Any, low: str, high: str) -> Iterator[Finding]:
    if _comparable(field.min, size) and size < field.min:
        yield low, {"limit": field.min}
    if _comparable(field.max, size) and size > field.max:
        yield high, {"limit": field.max}


def _comparable(limit: Any, size: Any) -> bool:
    return isinstance(limit, str) if isinstance(size, str) else _is_number(limit)


def _options(field: FormField, value: Any) -> Iterator[Finding]:
    if not field.options:
        return
    allowed = [_option_value(option) for option in field.options]
    chosen = value if isinstance(value, (list, tuple)) else [value]
    if any(thaw(item) not in allowed or isinstance(item, bool) is not _has_bool(allowed, item) for item in chosen):
        yield "option", {"options": ", ".join(str(item) for item in allowed)}


def _option_value(option: Any) -> Any:
    """An option is its value, or an object with one."""
    plain = thaw(option)
    return plain.get("value", plain) if isinstance(plain, dict) else plain


def _has_bool(allowed: list[Any], item: Any) -> bool:
    """Whether an equal option is true or false: Python takes 1 for true."""
    return any(isinstance(option, bool) for option in allowed if option == item)
