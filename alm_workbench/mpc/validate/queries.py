"""Answers that remember what they were worked out from, so that a change makes only those anew that depend on it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

Key = tuple[Hashable, ...]


class _Cell:
    __slots__ = ("changed", "deps", "value", "verified")

    def __init__(self, value: Any, deps: tuple[Key, ...] | None, revision: int) -> None:
        self.value = value
        self.deps = deps  # None: an input
        self.changed = self.verified = revision


class Queries:
    """A table of inputs and of answers derived from them.

    A derived answer is worked out again only if something it was worked out from has changed, and counts as changed
    only if it then differs: a rule edited in a thousand definitions leaves everything else as it is.
    """

    def __init__(self) -> None:
        self.revision = 1
        self._cells: dict[Key, _Cell] = {}
        self._asking: list[dict[Key, None]] = []
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
            self._cells[key] = _Cell(value, None, self.revision)
            return True
        if cell.value == value:
            return False
        cell.value, cell.changed = value, self.revision
        return True

    def get(self, key: Key) -> Any:
        """An input, or the answer to a question; noted as something the question under way depends on."""
        if self._asking:
            self._asking[-1][key] = None
        return self._fresh(key).value

    def record(self, work: Callable[[], None]) -> tuple[Key, ...]:
        """Do some work and tell what it asked for."""
        self._asking.append({})
        try:
            work()
        finally:
            asked = self._asking.pop()
        return tuple(asked)

    def unchanged(self, keys: tuple[Key, ...], since: int) -> bool:
        """Whether none of these has changed after a revision."""
        fresh = self._fresh
        return all(fresh(key).changed <= since for key in keys)

    def _fresh(self, key: Key) -> _Cell:
        cell = self._cells.get(key)
        if cell is None:
            if key[0] not in self._derive:
                cell = self._cells[key] = _Cell(None, None, self.revision)
                return cell
            value, deps = self._answer(key)
            cell = self._cells[key] = _Cell(value, deps, self.revision)
            return cell
        if cell.deps is None or cell.verified == self.revision:
            return cell
        if not self.unchanged(cell.deps, cell.verified):
            value, cell.deps = self._answer(key)
            if value != cell.value:
                cell.value, cell.changed = value, self.revision
        cell.verified = self.revision
        return cell

    def _answer(self, key: Key) -> tuple[Any, tuple[Key, ...]]:
        self._asking.append({})
        try:
            value = self._derive[str(key[0])](*key[1:])
        finally:
            asked = self._asking.pop()
        return value, tuple(asked)
