"""Spans of time as a manifest writes them: milliseconds, `90s`, `2h`, `3d`, or ISO 8601 (`PT4H`, `P1DT12H`)."""

from __future__ import annotations

import re
from typing import Any

from ..errors import MPCError, Span

_UNITS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_SHORT = re.compile(r"(\d{1,12})\s*(ms|s|m|h|d|w)")
_NUMBER = r"(\d{1,12}(?:\.\d{1,3})?)"
# Years and months are left out: they have no length of their own.
_ISO = re.compile(rf"P(?:{_NUMBER}W)?(?:{_NUMBER}D)?(?:T(?=\d)(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?")


def milliseconds(value: Any, span: Span | None = None) -> int:
    """A span of time in milliseconds; nothing is 0. Raises MPCError E_WF_INVALID_TIMEOUT for anything else."""
    if value is None:
        return 0
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1e15:
        return int(value)
    if isinstance(value, str):
        found = _parse(value.strip())
        if found is not None:
            return found
    message = f"{value!r} is no span of time; write milliseconds, 90s, 30m, 4h, 3d or PT4H"
    raise MPCError("E_WF_INVALID_TIMEOUT", message, span=span)


def _parse(text: str) -> int | None:
    short = _SHORT.fullmatch(text)
    if short:
        return int(short[1]) * _UNITS[short[2]]
    iso = _ISO.fullmatch(text)
    if iso is None or not any(iso.groups()):
        return None
    return int(sum(float(part or 0) * _UNITS[unit] for part, unit in zip(iso.groups(), "wdhms", strict=True)))
