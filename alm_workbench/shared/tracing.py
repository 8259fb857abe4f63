"""W3C Trace Context: one trace id from a notebook through the server to the events a change leaves behind."""

from __future__ import annotations

import contextvars
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

# an unknown version may carry more members behind these; version ff and ids of zeros alone are invalid
TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})(?P<trace>[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-(?P<flags>[0-9a-f]{2})"
)


@dataclass(frozen=True, slots=True)
class Trace:
    """One step of a trace. ``header`` is what the next step is told."""

    trace_id: str
    span_id: str
    flags: str = "00"

    @property
    def header(self) -> str:
        """The ``traceparent`` header."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"


current: contextvars.ContextVar[Trace | None] = contextvars.ContextVar("alm_trace", default=None)
"""The step that the work in this context belongs to."""


def continued(header: str | None) -> Trace:
    """A step below the one a header names; the first of a new trace where there is none, or none that can be read."""
    found = TRACEPARENT.match(header) if header else None
    if found is None or (len(header or "") > 55 and (header or "").startswith("00")):
        return Trace(os.urandom(16).hex(), os.urandom(8).hex())
    return Trace(found["trace"], os.urandom(8).hex(), found["flags"])


@contextmanager
def step(header: str | None = None) -> Iterator[Trace]:
    """Run as a step below the one that a header names, or of the present trace, or of a new one."""
    above = current.get()
    trace = continued(header or (above.header if above else None))
    token = current.set(trace)
    try:
        yield trace
    finally:
        current.reset(token)
