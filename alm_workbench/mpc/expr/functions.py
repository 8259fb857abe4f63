"""The exact meaning of every operator and function; nothing here raises anything but ExprFault.

Values are those of JSON: null, true and false, numbers, texts, lists (or tuples) and mappings. The walker calls these
functions for every node; generated code calls them where a cheap test says that an operand is out of the ordinary.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from ..errors import MPCError


class ExprFault(MPCError):
    """An operation has no answer for these values (null or mistyped): the rule is undecided."""


Function = Callable[..., Any]

MAX_TEXT = 1_000_000  # characters a text may grow to, or be searched in
MAX_ITEMS = 10_000  # items of a list that is looked through
MAX_COMPARED = 100_000  # items of lists inside lists that are compared
MAX_BITS = 4_096  # size of a whole number that is multiplied
MAX_PATTERN = 4_096  # characters of a regex
MAX_SEARCH = 100_000_000  # instructions of a compiled pattern times characters searched: less than a second at worst
MAX_PATTERNS = 2_000  # patterns kept compiled
MAX_INSTRUCTIONS = 100_000  # and instructions they may have together: one that is run takes up to some megabytes

# What builtins return where the meta does not say.
BUILTIN_RETURNS = {
    "len": "int", "lower": "string", "upper": "string", "contains": "bool", "startsWith": "bool", "endsWith": "bool",
    "isEmpty": "bool", "concat": "string", "substr": "string", "abs": "number", "min": "any", "max": "any",
    "now": "string", "regex": "bool", "daysBetween": "int", "isDeleted": "bool", "hasRole": "bool", "changed": "bool",
}  # fmt: skip

# What builtins take where the meta does not say.
BUILTIN_ARGS: dict[str, tuple[str, ...]] = {
    "len": ("string|array|object",), "lower": ("any",), "upper": ("any",), "contains": ("string|array", "any"),
    "startsWith": ("any", "any"), "endsWith": ("any", "any"), "isEmpty": ("any",), "substr": ("any", "int", "int"),
    "abs": ("number",), "regex": ("any", "string"), "daysBetween": ("string", "string"), "isDeleted": ("object",),
    "hasRole": ("string",), "changed": ("string",),
}  # fmt: skip

# Fewest and most arguments.
ARITY: dict[str, tuple[int, int]] = {
    "concat": (1, 64), "min": (1, 64), "max": (1, 64), "substr": (2, 3), "now": (0, 0),
}  # fmt: skip


def undecided(message: str) -> ExprFault:
    """The fault of a leaf that has no answer."""
    return ExprFault("R_EXPR_UNDECIDED", message)


def over_budget(message: str) -> ExprFault:
    """The fault of a leaf whose values are too large to look through."""
    return ExprFault("E_BUDGET_EXCEEDED", f"Expression evaluation exceeded its budget: {message}", limit=MAX_ITEMS)


def sized(value: Any) -> Any:
    """The value, unless it is a text or list too large to look through."""
    if isinstance(value, str):
        return bounded(value)
    if isinstance(value, (list, tuple)) and len(value) > MAX_ITEMS:
        raise over_budget(f"a list has more than {MAX_ITEMS} items")
    return value


def fn_len(value: Any = None) -> int:
    """Characters or items; 0 for anything without a length."""
    return len(value) if isinstance(value, (str, list, tuple, Mapping)) else 0


def fn_contains(whole: Any = None, part: Any = None) -> bool:
    """Whether a text or list holds a value."""
    if isinstance(whole, str):
        return isinstance(part, str) and part in bounded(whole)
    return isinstance(whole, (list, tuple)) and found_in(part, whole)


def fn_is_empty(value: Any = None) -> bool:
    """Missing, or a text, list or object with nothing in it."""
    return value is None or (isinstance(value, (str, list, tuple, Mapping)) and len(value) == 0)


def as_text(value: Any) -> str:
    """A value as text; nothing is the empty text."""
    if value is None:
        return ""
    if value is True:
        return "true"
    if value is False:
        return "false"
    return value.isoformat() if isinstance(value, (date, datetime)) else str(value)


def fn_concat(*parts: Any) -> str:
    """Values one after the other as text."""
    return bounded("".join(as_text(part) for part in parts))


def bounded(text: str) -> str:
    """The text, unless it is too long to go on with."""
    if len(text) > MAX_TEXT:
        raise over_budget(f"a text has more than {MAX_TEXT} characters")
    return text


def fn_substr(text: Any = "", start: Any = 0, length: Any = None) -> str:
    """Part of a text; a negative start counts from the end."""
    if not is_whole(start) or (length is not None and not is_whole(length)):
        raise undecided("substr needs whole numbers")
    rest = as_text(text)[start:]
    return rest if length is None else rest[: max(length, 0)]


def fn_abs(value: Any = 0) -> Any:
    """The number without its sign."""
    return abs(as_number(value))


def fn_min(*values: Any) -> Any:
    """The smallest of comparable values."""
    return _extreme(min, values)


def fn_max(*values: Any) -> Any:
    """The largest of comparable values."""
    return _extreme(max, values)


def _extreme(pick: Callable[..., Any], values: tuple[Any, ...]) -> Any:
    if len(values) == 1 and isinstance(values[0], (list, tuple)):
        values = tuple(sized(values[0]))
    if not values:
        return None
    groups = {group(value) for value in values}
    if len(values) > 1 and groups not in ({"number"}, {"text"}):
        raise undecided("the values cannot be compared with each other")
    return pick(values)


def fn_days_between(first: Any = None, second: Any = None) -> int:
    """Whole days from the first date to the second."""
    return (_moment(second) - _moment(first)).days


def _moment(value: Any) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        raise undecided(f"{value!r} is not a date" if value is not None else "a date is missing") from None


def fn_is_deleted(item: Any = None) -> bool:
    """Whether an item is in the bin."""
    return isinstance(item, Mapping) and item.get("deleted_at") is not None


def fn_regex(text: Any = "", pattern: Any = "") -> bool:
    """Whether an RE2 pattern is found in a text (linear time)."""
    if text is None:
        raise undecided("the text to search is missing")
    return search(str(pattern), as_text(text))


def compile_regex(pattern: str) -> Any:
    """A compiled RE2 pattern; raises MPCError E_EXPR_INVALID_REGEX."""
    import re2

    if len(pattern) > MAX_PATTERN:
        raise MPCError("E_EXPR_INVALID_REGEX", f"Not a valid RE2 pattern: it is longer than {MAX_PATTERN} characters")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 4 << 20
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        words = error.args[0] if error.args else ""
        text = words.decode() if isinstance(words, bytes) else str(words)
        raise MPCError("E_EXPR_INVALID_REGEX", f"Not a valid RE2 pattern: {text}") from None
    except UnicodeEncodeError:
        raise MPCError("E_EXPR_INVALID_REGEX", "Not a valid RE2 pattern: it holds half of a surrogate pair") from None


class _Patterns:
    """Patterns used last, with those that are none: to refuse one again takes as long as to compile it."""

    def __init__(self) -> None:
        self._kept: dict[str, Any] = {}
        self._instructions = 0

    def get(self, pattern: str) -> Any:
        """The compiled pattern; raises MPCError E_EXPR_INVALID_REGEX."""
        found = self._kept.get(pattern)
        if found is None:
            found = self._add(pattern)
        if isinstance(found, str):
            raise MPCError("E_EXPR_INVALID_REGEX", found)
        return found

    def _add(self, pattern: str) -> Any:
        made: Any
        try:
            made = compile_regex(pattern)
            size = made.programsize
        except MPCError as error:
            made, size = error.message, len(error.message)
            if len(pattern) > MAX_PATTERN:
                return made
        if len(self._kept) >= MAX_PATTERNS or self._instructions + size > MAX_INSTRUCTIONS:
            self._kept.clear()
            self._instructions = 0
        self._instructions += size
        self._kept[pattern] = made
        return made


_PATTERNS = _Patterns()


def cached_regex(pattern: str) -> Any:
    """compile_regex with a bounded cache."""
    return _PATTERNS.get(pattern)


def search(pattern: str, text: str) -> bool:
    """Whether the pattern is found anywhere; undecided if it is no pattern."""
    try:
        return found_by(cached_regex(pattern), text)
    except ExprFault:
        raise
    except MPCError as error:
        raise undecided(error.message) from None


def found_by(compiled: Any, text: str) -> bool:
    """Whether a compiled pattern is found anywhere in a text; raises ExprFault where that would take too long.

    RE2 takes time linear in the text, but in the worst case each character costs as much as the pattern is long.
    """
    if len(bounded(text)) * compiled.programsize > MAX_SEARCH:
        raise over_budget("the text is too long for so large a pattern")
    try:
        return compiled.search(text) is not None
    except UnicodeEncodeError:
        raise undecided("the text holds half of a surrogate pair") from None


def full_match(pattern: str, text: str) -> bool:
    """Whether the pattern matches the whole text; one that takes too long to look through does not match."""
    compiled = cached_regex(pattern)
    if len(text) * compiled.programsize > MAX_SEARCH:
        return False
    try:
        return compiled.fullmatch(text) is not None
    except UnicodeEncodeError:
        return False


def is_whole(value: Any) -> bool:
    """Whether it is a whole number."""
    return isinstance(value, int) and not isinstance(value, bool)


def group(value: Any) -> str | None:
    """The kind of values among which there is equality, and perhaps an order: null is of none."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, str):
        return "text"
    if isinstance(value, (list, tuple)):
        return "list"
    return "object" if isinstance(value, Mapping) else None


def as_number(value: Any) -> Any:
    """The value, if it is a number; else undecided."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise undecided("a number is missing" if value is None else f"{value!r} is not a number")
    return value


def same(left: Any, right: Any, room: list[int] | None = None) -> bool:
    """Equality that keeps booleans apart from numbers, also inside lists and objects; a tuple is a list.

    `room` is how many items may still be compared, for callers that compare often; it is counted down.
    """
    if not isinstance(left, (list, tuple, Mapping)):
        if isinstance(left, bool) is not isinstance(right, bool):
            return False
        return bool(left == right)
    try:
        return _same_inside(left, right, [MAX_COMPARED] if room is None else room)
    except RecursionError:
        raise over_budget("the values are nested too deeply") from None


def _same_inside(left: Any, right: Any, room: list[int]) -> bool:
    room[0] -= len(left)
    if room[0] < 0:
        raise over_budget(f"more than {MAX_COMPARED} items are compared")
    if isinstance(left, Mapping):
        if not isinstance(right, Mapping) or left.keys() != right.keys():
            return False
        return all(_same(value, right[key], room) for key, value in left.items())
    if not isinstance(right, (list, tuple)) or len(left) != len(right):
        return False
    return all(_same(a, b, room) for a, b in zip(left, right, strict=True))


def _same(left: Any, right: Any, room: list[int]) -> bool:
    return _same_inside(left, right, room) if isinstance(left, (list, tuple, Mapping)) else same(left, right)


def found_in(item: Any, items: Any) -> bool:
    """Whether a list has an item that is the same."""
    room = [MAX_COMPARED]
    return any(same(item, other, room) for other in sized(items))


PURE: dict[str, Function] = {
    "len": fn_len,
    "contains": fn_contains,
    "isEmpty": fn_is_empty,
    "concat": fn_concat,
    "substr": fn_substr,
    "abs": fn_abs,
    "min": fn_min,
    "max": fn_max,
    "daysBetween": fn_days_between,
    "isDeleted": fn_is_deleted,
    "regex": fn_regex,
    "$same": same,  # total equality of matchers; no text can name it
    "lower": lambda text="": as_text(text).lower(),
    "upper": lambda text="": as_text(text).upper(),
    "startsWith": lambda text="", part="": as_text(text).startswith(as_text(part)),
    "endsWith": lambda text="", part="": as_text(text).endswith(as_text(part)),
}


def call(name: str, scope: Any, *args: Any) -> Any:
    """Call a function by name: a builtin, one that reads the scope, or the caller's own; a builtin cannot be replaced."""
    try:
        pure = PURE.get(name)
        if pure is not None:
            return pure(*args)
        if name == "now":
            return scope.now_text
        if name == "hasRole":
            return len(args) == 1 and args[0] in scope.roles
        if name == "changed":
            return len(args) == 1 and args[0] in scope.changes
        own = scope.functions.get(name)
        if own is None:
            raise undecided(f"{name}() is not available here")
        return own(*args)
    except ExprFault:
        raise
    except Exception as error:
        raise undecided(f"{name}() failed: {error}") from error
