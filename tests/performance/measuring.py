"""Clocks, processor time of process trees, and the table of results."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import psutil


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. ``value`` and ``goal`` are in ``unit``, ``cpu`` in processor seconds of one start or request."""

    name: str
    value: float
    unit: str
    goal: float | None = None
    better: Literal["less", "more"] = "less"
    note: str = ""
    cpu: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached; None where there is none."""
        if self.goal is None:
            return None
        return self.value <= self.goal if self.better == "less" else self.value >= self.goal

    def data(self) -> dict[str, Any]:
        """JSON-able form."""
        return asdict(self) | {"met": self.met}


def table(rows: Iterable[Row]) -> str:
    """The results as a Markdown table."""
    lines = [("What", "Result", "Goal", "Met", "Details")]
    for row in rows:
        sign = "≤" if row.better == "less" else "≥"
        goal = "" if row.goal is None else f"{sign} {shown(row.goal)} {row.unit}"
        met = {True: "yes", False: "NO", None: ""}[row.met]
        lines.append((row.name, f"{shown(row.value)} {row.unit}", goal, met, row.note))
    widths = [max(len(line[n]) for line in lines) for n in range(5)]
    text = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    ]
    text.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(text)


def shown(value: float) -> str:
    """A number with three digits that say something."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}".rstrip("0").rstrip(".") or "0"


def percentile(values: Sequence[float], share: float) -> float:
    """The value that ``share`` (0..1) of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def timed(call: Callable[[], Any]) -> float:
    """Seconds a call takes."""
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


def tree_cpu(pids: Iterable[int]) -> float:
    """Processor seconds that these processes, their children and the children they outlived have used."""
    seen: dict[int, float] = {}
    for pid in pids:
        try:
            root = psutil.Process(pid)
            for process in (root, *root.children(recursive=True)):
                if process.pid not in seen:
                    seen[process.pid] = sum(process.cpu_times()[:4])
        except psutil.NoSuchProcess:
            continue
    return sum(seen.values())


class CpuMeter:
    """Processor seconds of process trees since it was made."""

    def __init__(self, *pids: int) -> None:
        self._pids = pids
        self._before = tree_cpu(pids)

    def seconds(self) -> float:
        """Since the beginning; a process that was started in between counts whole."""
        return max(0.0, tree_cpu(self._pids) - self._before)
