"""An error in a few lines: what, why, what is possible instead, and which line of the cell asked for it."""

from __future__ import annotations

import linecache
import os
import sys
import traceback
from types import TracebackType

from alm_workbench.errors import AlmError
from alm_workbench.i18n import _
from alm_workbench.notebook.show import printable

RED, BOLD, DIM, OFF = "\033[31m", "\033[1m", "\033[2m", "\033[0m"
OWN = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def structured(error: Exception, trace: TracebackType | None) -> list[str]:
    """The lines that IPython prints; one element each."""
    first, *rest = [printable(line) for line in (error.lines() if isinstance(error, AlmError) else [str(error)])]
    # a single complaint is usually the sentence itself
    rest = [line for line in rest if line.strip().partition(": ")[2] not in first or ": " not in line]
    out = [f"{RED}{BOLD}{type(error).__name__}{OFF}: {first}", *rest, *pointer(error)]
    where = asked_in(trace)
    if where:
        number, text = where
        out.append(f"{DIM}{_('line {number}').format(number=number)}: {OFF}{printable(text)}")
    if correlation_id := getattr(error, "correlation_id", None):
        out.append(f"{DIM}{_('correlation id')}: {correlation_id}{OFF}")
    return out


def pointer(error: Exception) -> list[str]:
    """The line of a query that was refused, with a caret below the place."""
    extra = getattr(error, "extra", {})
    sql, line, column = (extra.get(name) for name in ("sql", "line", "column"))
    if not isinstance(sql, str) or not isinstance(line, int):
        return []
    lines = sql.splitlines()
    if not 0 < line <= len(lines):
        return []
    out = [f"  {line} │ {printable(lines[line - 1])}"]
    if isinstance(column, int) and column > 0:
        out.append(" " * len(f"  {line} │ ") + " " * (column - 1) + f"{RED}^{OFF}")
    return out


def asked_in(trace: TracebackType | None) -> tuple[int, str] | None:
    """The last line of code that is neither ours nor a library's: the user's."""
    libraries = tuple(os.path.abspath(path) for path in {sys.prefix, sys.base_prefix, OWN})
    found = None
    for frame in traceback.extract_tb(trace):
        inside = os.path.abspath(frame.filename).startswith(libraries)
        if not inside and not frame.filename.startswith("<frozen"):
            text = (frame.line or linecache.getline(frame.filename, frame.lineno or 0)).strip()
            found = None if text.startswith("get_ipython()") else (frame.lineno or 0, text)
    return found
