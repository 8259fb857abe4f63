"""The order of a project as texts: between two ranks there is always room for another one.

A rank is written in ``-0123456789abcdefghijklmnopqrstuvwxyz`` and compared byte by byte, like the digits of a fraction in
base 37 (fractional indexing). Ranks at the end come from the clock and grow with it, those at the top fall with it, so that
neither makes a rank longer; only what is put between two items is as long as it has to be.
"""

from __future__ import annotations

import threading
import time

DIGITS = "-0123456789abcdefghijklmnopqrstuvwxyz"
LONGEST = 64
"""Ranks longer than this are spread again with their neighbours."""
WIDTH = 14
CEILING = 16**WIDTH - 1
_VALUE = {digit: number for number, digit in enumerate(DIGITS)}
_BASE = len(DIGITS)

_last = 0
_lock = threading.Lock()


def last(n: int = 1) -> list[str]:
    """``n`` ranks in order, behind every rank there is (as far as clocks agree)."""
    first = _moment(n)
    return [f"{first + step:0{WIDTH}x}" for step in range(n)]


def top(n: int = 1) -> list[str]:
    """``n`` ranks in order, before every rank there is."""
    first = _moment(n)
    return [f"-{CEILING - first - step:0{WIDTH}x}" for step in reversed(range(n))]


def _moment(n: int) -> int:
    """The first of ``n`` microseconds that this process gives out once; the database's default counts the same way."""
    global _last
    with _lock:
        first = max(time.time_ns() // 1000, _last + 1)
        _last = first + n - 1
        return first


def between(low: str | None, high: str | None) -> str:
    """A short rank strictly between two (None stands for the end on that side); raises ``ValueError`` without room."""
    if low is not None and high is not None and low >= high:
        raise ValueError(f"{low!r} does not come before {high!r}")
    found: list[str] = []
    open_above = high is None
    place = 0
    while True:
        a = _VALUE[low[place]] if low is not None and place < len(low) else 0
        if open_above:
            b = _BASE
        elif high is not None and place < len(high):
            b = _VALUE[high[place]]
        else:
            raise ValueError(f"nothing lies between {low!r} and {high!r}")
        if b - a > 1:
            found.append(DIGITS[(a + b) // 2])
            return "".join(found)
        found.append(DIGITS[a])
        open_above = open_above or a < b
        place += 1


def spread(low: str | None, high: str | None, n: int) -> list[str]:
    """``n`` ranks in order, evenly between two; raises ``ValueError`` without room."""
    if n == 0:
        return []
    middle = between(low, high)
    left = (n - 1) // 2
    return [*spread(low, middle, left), middle, *spread(middle, high, n - 1 - left)]
