"""Answers that remember what they were worked out from, so that a change makes only those anew that depend on it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

Key = tuple[Hashable, ...]


class Cell:
    """An input or an answer, when it last changed, and what it was worked out from (None for an input)."""

    __slots__ = ("changed", "deps", "key", "value", "verified")

    def __init__(self, key: Key, value: Any, deps: tuple[Cell, ...] | None, revision: int) -> None:
        self.key = key
        self.value = value
        self.deps = deps
        self.changed = self.verified = revision


class Queries:
    """A table of inputs and of answers derived from them.

    A derived answer is worked out again only if something it was worked out from has changed, and counts as changed
    only if it then differs: a rule edited in a thousand definitions leaves everything else as it is.
    """

    def __init__(self) -> None:
        self.revision = 1
        self._cells: dict[Key, Cell] = {}
        self._asking: list[dict[Cell, None]] = []
        self._derive: dict[str, Callable[..., Any]] = {}

    def __len__(self) -> int:
        return len(self._cells)

    def begin(self) -> None:
        """Inputs set from here on belong to a new revision."""
        self.revision += 1

    def put(self, key: Key, value: Any) -> bool:
        """Set an input; whether that changed it."""
        cell = self._cells.get(key)
        if cell is None:
            self._cells[key] = Cell(key, value, None, self.revision)
            return True
        if cell.value == value:
            return False
        cell.value, cell.changed = value, self.revision
        return True

    def get(self, key: Key) -> Any:
        """An input, or the answer to a question; noted as something the question under way depends on."""
        cell = self._fresh(key)
        if self._asking:
            self._asking[-1][cell] = None
        return cell.value

    def record(self, work: Callable[[], None]) -> tuple[Cell, ...]:
        """Do some work and tell what it asked for."""
        self._asking.append({})
        try:
            work()
        finally:
            asked = self._asking.pop()
        return tuple(asked)

    def unchanged(self, cells: tuple[Cell, ...], since: int) -> bool:
        """Whether none of these has changed after a revision."""
        revision = self.revision
        for cell in cells:
            if cell.deps is not None and cell.verified != revision:
                self._verify(cell)
            if cell.changed > since:
                return False
        return True

    def _fresh(self, key: Key) -> Cell:
        cell = self._cells.get(key)
        if cell is None:
            value, deps = self._answer(key) if key[0] in self._derive else (None, None)
            cell = self._cells[key] = Cell(key, value, deps, self.revision)
        elif cell.deps is not None and cell.verified != self.revision:
            self._verify(cell)
        return cell

    def _verify(self, cell: Cell) -> None:
        """Bring an answer up to date."""
        if cell.deps is not None and not self.unchanged(cell.deps, cell.verified):
            value, cell.deps = self._answer(cell.key)
            if value != cell.value:
                cell.value, cell.changed = value, self.revision
        cell.verified = self.revision

    def _answer(self, key: Key) -> tuple[Any, tuple[Cell, ...]]:
        self._asking.append({})
        try:
            value = self._derive[str(key[0])](*key[1:])
        finally:
            asked = self._asking.pop()
        return value, tuple(asked)
