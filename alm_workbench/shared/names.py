"""Names that somebody else will read: one must not look like another, nor steer a terminal."""

from __future__ import annotations

import unicodedata

# they turn text around (UAX #9), so that a name reads as another one
DIRECTIONS = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
DECEIVES = "a name holds no control characters, and none that turn the direction of text"


def deceives(name: str) -> bool:
    """Whether a name holds characters that are not seen but change what is."""
    return any(c in DIRECTIONS or unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in name)
