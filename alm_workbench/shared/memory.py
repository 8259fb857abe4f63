"""What was just looked up, believed for a few seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

V = TypeVar("V")


class Memory(Generic[V]):
    """Values by key, each for ``seconds``, at most ``limit`` of them; safe to share between threads."""

    def __init__(self, seconds: float, *, limit: int = 4096, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._limit, self._clock = seconds, limit, clock
        self._known: dict[Hashable, tuple[float, V]] = {}
        self._changes = 0
        self._lock = threading.Lock()

    def peek(self, key: Hashable) -> tuple[bool, V | None]:
        """Whether it is known, and the value (which may be None itself)."""
        hit = self._known.get(key)
        if hit is None or self._clock() - hit[0] >= self._seconds:
            return False, None
        return True, hit[1]

    def recall(self, key: Hashable, load: Callable[[], V]) -> V:
        """The value of a key, looked up again when it is not known any more; what ``load`` raises is not remembered."""
        hit = self._known.get(key)
        if hit is not None and self._clock() - hit[0] < self._seconds:
            return hit[1]
        asked, before = self._clock(), self._changes
        value = load()
        with self._lock:
            if self._changes == before:  # what was looked up before somebody forgot may be wrong already
                if len(self._known) >= self._limit:
                    self._known.clear()
                self._known[key] = (asked, value)
        return value

    def forget(self, *keys: Hashable) -> None:
        """Look these up again next time; without keys, all."""
        with self._lock:
            self._changes += 1
            for key in keys or list(self._known):
                self._known.pop(key, None)
