"""Counts requests in this process, and about once a second tells the other processes and hears from them.

The library's sliding window counter decides; the counters below are what it counts with. A request is answered from
memory alone, so for about a second several processes together may let more through than one. Bursts (one second) are
each process's own. While the database does not answer, every process goes on with what it knows.
"""

from __future__ import annotations

import hashlib
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import psycopg
import structlog
from limits import RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.storage import Storage
from limits.storage.base import SlidingWindowCounterSupport, TimestampedSlidingWindow
from limits.strategies import SlidingWindowCounterRateLimiter

from alm_workbench.shared.limits import Budget, Verdict

log = structlog.get_logger(__name__)

INTERVAL = 1.0
MINUTE = 60
MAX_WINDOWS = 100_000
_EXCHANGE = "SELECT name, hits FROM alm.rate_exchange(%s, %s, %s)"


@dataclass(slots=True)
class Window:
    """Hits of one subject in one window: of all processes as far as known, and those nobody was told of yet."""

    hits: int
    untold: int
    expires: float
    shared: bool


class Counters(Storage, SlidingWindowCounterSupport, TimestampedSlidingWindow):
    """Windows by key, as the limits library asks for them. Safe between threads."""

    STORAGE_SCHEME = None

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        super().__init__()
        self._clock = clock
        self._windows: dict[str, Window] = {}
        self._lock = threading.Lock()

    @property
    def base_exceptions(self) -> type[Exception]:
        """Nothing here can fail."""
        return RuntimeError

    def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count a hit unless the window is full."""
        now = self._clock()
        previous, current = self.sliding_window_keys(key, expiry, now)
        with self._lock:
            before, weight, present = self._look(previous, current, expiry, now)
            if math.floor(before * weight) + present + amount > limit:
                return False
            window = self._windows.get(current)
            if window is None:
                if len(self._windows) >= MAX_WINDOWS:
                    self._forget(now)
                ends = (math.floor(now / expiry) + 2) * expiry
                window = self._windows[current] = Window(0, 0, ends, expiry >= MINUTE)
            window.hits += amount
            window.untold += amount
            return True

    def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        """Hits of the previous window and for how long they count, hits of this one and how long it is kept."""
        now = self._clock()
        previous, current = self.sliding_window_keys(key, expiry, now)
        with self._lock:
            before, weight, present = self._look(previous, current, expiry, now)
        return before, weight * expiry, present, weight * expiry + expiry

    def _look(self, previous: str, current: str, expiry: int, now: float) -> tuple[int, float, int]:
        old, new = self._windows.get(previous), self._windows.get(current)
        return old.hits if old else 0, 1 - now / expiry % 1, new.hits if new else 0

    def clear_sliding_window(self, key: str, expiry: int) -> None:
        """Forget a subject."""
        for name in self.sliding_window_keys(key, expiry, self._clock()):
            self.clear(name)

    def untold(self) -> dict[str, tuple[int, float]]:
        """Take what the other processes must hear: hits since the last time and seconds to keep, by key."""
        now = self._clock()
        with self._lock:
            self._forget(now)
            found = {
                key: (window.untold, window.expires - now) for key, window in self._windows.items() if window.shared
            }
            for key in found:
                self._windows[key].untold = 0
        return found

    def hear(self, sums: dict[str, int]) -> None:
        """Take over the sums of all processes; what came in meanwhile is on top."""
        with self._lock:
            for key, hits in sums.items():
                if window := self._windows.get(key):
                    window.hits = hits + window.untold

    def take_back(self, batch: dict[str, tuple[int, float]]) -> None:
        """Nobody was told: keep it for the next time."""
        with self._lock:
            for key, (hits, _) in batch.items():
                if window := self._windows.get(key):
                    window.untold += hits

    def _forget(self, now: float) -> None:
        for key in [key for key, window in self._windows.items() if window.expires <= now]:
            del self._windows[key]

    # what other strategies of the library would need

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count without a limit."""
        with self._lock:
            window = self._windows.setdefault(key, Window(0, 0, self._clock() + expiry, False))
            window.hits += amount
            return window.hits

    def get(self, key: str) -> int:
        """Hits of one window."""
        window = self._windows.get(key)
        return window.hits if window else 0

    def get_expiry(self, key: str) -> float:
        """When a window is forgotten."""
        window = self._windows.get(key)
        return window.expires if window else self._clock()

    def check(self) -> bool:
        """Memory is always there."""
        return True

    def reset(self) -> int | None:
        """Forget everything."""
        with self._lock:
            count = len(self._windows)
            self._windows.clear()
        return count

    def clear(self, key: str) -> None:
        """Forget one window."""
        with self._lock:
            self._windows.pop(key, None)


@lru_cache(maxsize=1024)
def items_of(budget: Budget) -> tuple[RateLimitItemPerSecond, RateLimitItemPerMinute]:
    """The library's words for a budget."""
    return RateLimitItemPerSecond(budget.burst), RateLimitItemPerMinute(budget.per_minute)


class SharedRateLimiter:
    """The limiter of one server process. ``secret`` hides whom the shared names count."""

    def __init__(
        self, dsn: str, secret: bytes, *, interval: float = INTERVAL, clock: Callable[[], float] = time.time
    ) -> None:
        self._dsn, self._interval = dsn, interval
        self._secret = hashlib.blake2b(secret, digest_size=32).digest()
        self._counters = Counters(clock)
        self._strategy = SlidingWindowCounterRateLimiter(self._counters)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._told = 0.0
        self._admitted = self._refused = self._failed = self._told_refused = 0
        self._reported = 0.0

    def admit(self, subject: str, budget: Budget, /) -> Verdict:
        """Count a request, unless the minute or the second is used up."""
        second, minute = items_of(budget)
        quick = self._strategy.hit(second, subject)
        allowed = quick and self._strategy.hit(minute, subject)
        before, lasts, present, _ = self._counters.get_sliding_window(minute.key_for(subject), MINUTE)
        left = max(0, budget.per_minute - math.floor(before * lasts / MINUTE) - present)
        reset = max(1, math.ceil(lasts))
        if allowed:
            self._admitted += 1
            return Verdict(True, budget.per_minute, left, reset)
        self._refused += 1
        wait = 1 if not quick else room_in(before, lasts, present, budget.per_minute)
        return Verdict(False, budget.per_minute, left, reset, wait)

    def state(self) -> dict[str, Any]:
        """Requests admitted and refused since the start, and how long ago the other processes were heard (seconds)."""
        age = round(time.monotonic() - self._told, 1) if self._told else None
        found = {"admitted": self._admitted, "refused": self._refused, "reconciled_s": age}
        return {**found, "failures": self._failed}

    def start(self) -> None:
        """Reconcile with the other processes from now on."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="alm-rates", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Stop; what was counted last is told to the others."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with psycopg.connect(
                    self._dsn, autocommit=True, application_name="alm-rates", connect_timeout=5
                ) as conn:
                    self._failed = 0
                    while not self._stop.wait(self._interval):
                        self.reconcile(conn)
                        self._report()
                    self.reconcile(conn)
            except psycopg.Error as error:
                self._failed += 1
                if self._failed == 1:
                    log.warning("rates.alone", error=str(error).strip())
                self._stop.wait(self._interval)

    def _report(self) -> None:
        """Say once a minute how many were turned away, where any were."""
        now = time.monotonic()
        if now - self._reported >= MINUTE and self._refused > self._told_refused:
            log.info("rates.refused", admitted=self._admitted, refused=self._refused - self._told_refused)
            self._reported, self._told_refused = now, self._refused

    def reconcile(self, conn: psycopg.Connection[Any]) -> None:
        """Tell what was counted here since the last time, hear the sums; one round trip."""
        batch = self._counters.untold()
        if batch:
            hidden = {self._hidden(key): key for key in batch}
            told = ([*hidden], [hits for hits, _ in batch.values()], [left for _, left in batch.values()])
            try:
                sums = conn.execute(_EXCHANGE, told).fetchall()
            except psycopg.Error:
                self._counters.take_back(batch)
                raise
            self._counters.hear({hidden[name]: hits for name, hits in sums})
        self._told = time.monotonic()

    def _hidden(self, key: str) -> str:
        return hashlib.blake2b(key.encode(), key=self._secret, digest_size=16).hexdigest()


def room_in(before: int, lasts: float, present: int, limit: int) -> int:
    """Seconds until a full window has room for one request: hits of the last one fade, then those of this one do."""
    if before and present < limit:
        return max(1, math.floor(lasts - (limit - present) * MINUTE / before) + 1)
    return max(1, math.floor(lasts + MINUTE - limit * MINUTE / max(1, present)) + 1)
