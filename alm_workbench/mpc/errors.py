"""Places, diagnostics and exceptions of the manifest core."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Literal

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True)
class Span:
    """A place in a text: offsets in code points, lines and columns from 1, end exclusive."""

    start: int
    end: int
    line: int
    col: int
    end_line: int
    end_col: int
    file: str | None = None


@dataclass(frozen=True, slots=True)
class Related:
    """Another place that explains a diagnostic."""

    message: str
    span: Span


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding: a registered code, a sentence, and where it is."""

    code: str
    message: str
    severity: Severity = "error"
    span: Span | None = None
    path: str | None = None
    hint: str | None = None
    related: tuple[Related, ...] = ()

    def sort_key(self) -> tuple[int, int, str, str, str]:
        """Order diagnostics by place, then code, so that output never depends on hashing."""
        start, end = (self.span.start, self.span.end) if self.span else (-1, -1)
        return (start, end, self.code, self.path or "", self.message)

    def __str__(self) -> str:
        place = ""
        if self.span:
            place = f"{self.span.file or '<text>'}:{self.span.line}:{self.span.col}: "
        hint = f" ({self.hint})" if self.hint else ""
        return f"{place}{self.severity} [{self.code}] {self.message}{hint}"


class MPCError(Exception):
    """Root of the manifest core's exceptions: a code, a message and, where known, a place."""

    def __init__(self, code: str, message: str, *, span: Span | None = None, limit: float | None = None) -> None:
        super().__init__(f"[{code}] {message}")
        self.code = code
        self.message = message
        self.span = span
        self.limit = limit

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild_error, (type(self), self.code, self.message, self.span, self.limit))


class ManifestInvalid(MPCError):
    """A manifest cannot be used; `diagnostics` says why, each with its place."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        self.diagnostics = diagnostics
        first = next((d for d in diagnostics if d.severity == "error"), None)
        code = first.code if first else "E_VALID"
        more = sum(d.severity == "error" for d in diagnostics) - 1
        message = str(first).split("] ", 1)[-1] if first else "The manifest is not valid"
        place = f"line {first.span.line}, column {first.span.col}: " if first and first.span else ""
        tail = f" (and {more} more)" if more > 0 else ""
        super().__init__(code, f"{place}{message}{tail}", span=first.span if first else None)

    def __reduce__(self) -> tuple[Any, ...]:
        return (ManifestInvalid, (self.diagnostics,))


def _rebuild_error(cls: type[MPCError], code: str, message: str, span: Span | None, limit: float | None) -> MPCError:
    return cls(code, message, span=span, limit=limit)


class Source:
    """A text with its file name, turning offsets into spans; lines are found on first use."""

    __slots__ = ("_starts", "file", "text")

    def __init__(self, text: str, file: str | None = None) -> None:
        self.text = text
        self.file = file
        self._starts: list[int] | None = None

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column (both from 1) of a code-point offset."""
        if self._starts is None:
            self._starts = [0, *accumulate(len(line) + 1 for line in self.text.split("\n"))][:-1]
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def span(self, start: int, end: int) -> Span:
        """The span [start, end), clipped to the text."""
        size = len(self.text)
        start = max(0, min(start, size))
        end = max(start, min(end, size))
        line, col = self.position(start)
        end_line, end_col = self.position(end)
        return Span(start, end, line, col, end_line, end_col, self.file)
