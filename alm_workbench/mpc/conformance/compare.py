"""Where two JSON values differ."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from ..canonical import canonicalize


class Absent(Enum):
    """What stands where nothing is: null is something."""

    ABSENT = "(absent)"


ABSENT: Final = Absent.ABSENT


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where output and expectation part; either side may be absent."""

    path: str
    expected: Any = ABSENT
    actual: Any = ABSENT

    def to_dict(self) -> dict[str, Any]:
        """JSON data; an absent side has no key."""
        sides = {"expected": self.expected, "actual": self.actual}
        return {"path": self.path, **{name: side for name, side in sides.items() if side is not ABSENT}}

    def __str__(self) -> str:
        return f"{self.path}: expected {_shown(self.expected)}, got {_shown(self.actual)}"


def _shown(value: Any) -> str:
    return "nothing" if value is ABSENT else canonicalize(value)


def differences(expected: Any, actual: Any, path: str = "$") -> Iterator[Difference]:
    """Every place where two canonical values differ, in reading order; 1 and 1.0 differ, the order of keys does not."""
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        for key in sorted({*expected, *actual}):
            yield from _pair(expected.get(key, ABSENT), actual.get(key, ABSENT), f"{path}.{key}")
    elif isinstance(expected, (list, tuple)) and isinstance(actual, (list, tuple)):
        for i in range(max(len(expected), len(actual))):
            yield from _pair(_item(expected, i), _item(actual, i), f"{path}[{i}]")
    elif canonicalize(expected) != canonicalize(actual):
        yield Difference(path, expected, actual)


def _item(values: Any, i: int) -> Any:
    return values[i] if i < len(values) else ABSENT


def _pair(expected: Any, actual: Any, path: str) -> Iterator[Difference]:
    if expected is ABSENT or actual is ABSENT:
        yield Difference(path, expected, actual)
    else:
        yield from differences(expected, actual, path)


def not_finite(value: Any, path: str = "$") -> Iterator[str]:
    """Paths of numbers that JSON does not have."""
    if isinstance(value, float) and not math.isfinite(value):
        yield path
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from not_finite(item, f"{path}.{key}")
    elif isinstance(value, (list, tuple)):
        for i, item in enumerate(value):
            yield from not_finite(item, f"{path}[{i}]")
