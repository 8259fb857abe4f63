"""The thread that keeps the mirrors fresh: it wakes up when something was committed, and now and then by itself."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import suppress
from uuid import UUID

from alm_workbench.mirror.adbc import uri_of
from alm_workbench.mirror.extract import Busy
from alm_workbench.mirror.refresher import Refresher, RefreshStats

log = logging.getLogger(__name__)

CHANNEL = "alm_outbox"


class MirrorDaemon:
    """Refreshes after each commit (with a pause, so that a burst counts once) and at least every ``period`` seconds.

    Nothing that goes wrong here reaches the server: it is logged, kept in ``last_error`` and tried again.
    """

    def __init__(
        self, dsn: str, refresher: Refresher, *, channel: str = CHANNEL, debounce: float = 1.0, period: float = 30.0
    ) -> None:
        self._dsn = dsn
        self._refresher = refresher
        self._channel = channel
        self._debounce = debounce
        self._period = period
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._threads: list[threading.Thread] = []
        self._turn = threading.Lock()
        self._finished = 0.0  # when the refresh began whose result is published (monotonic)
        self._failed: dict[UUID, str] = {}
        self.last_error: str | None = None

    def start(self) -> None:
        """Start the threads; the first refresh follows at once."""
        if self._threads:
            return
        self._stop.clear()
        self._wake.set()
        self._threads = [
            threading.Thread(target=self._loop, name="mirror-refresh", daemon=True),
            threading.Thread(target=self._listen, name="mirror-listen", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def stop(self, timeout: float = 10.0) -> None:
        """Stop after the refresh that is going on; a mirror is whole whenever this happens."""
        self._stop.set()
        self._wake.set()
        for thread in self._threads:
            thread.join(timeout)
        self._threads = []

    def refresh(self, *, wait: float = 30.0) -> None:
        """Publish everything committed before this call; callers at the same time share one refresh."""
        asked = time.monotonic()
        with self._turn:
            if self._finished < asked:
                self._run(wait)

    def error_of(self, tenant: UUID) -> str | None:
        """Why the last refresh left this tenant out, if it did."""
        return self._failed.get(tenant) or self.last_error

    def _run(self, wait: float) -> RefreshStats:
        began = time.monotonic()
        try:
            stats = self._refresher.refresh(wait=wait)
        except Exception as error:
            self.last_error = f"{type(error).__name__}: {error}"
            raise
        self._finished = began
        self._failed = stats.failed
        self.last_error = None
        if stats.rows:
            log.debug(
                "mirror: %d rows of %d tenants in %.2f s", stats.rows, stats.updated + stats.rebuilt, stats.seconds
            )
        return stats

    def _loop(self) -> None:
        pause = self._period
        while not self._stop.is_set():
            if self._wake.wait(pause):
                self._stop.wait(self._debounce if self._finished else 0)
            if self._stop.is_set():
                return
            self._wake.clear()
            pause = self._period if self._try() else min(self._period, 5.0)

    def _try(self) -> bool:
        try:
            with self._turn:
                self._run(wait=0.0)
        except Busy:
            return True  # another server process does it
        except Exception as error:
            log.warning("the mirror could not be refreshed: %s", error)
            return False
        return True

    def _listen(self) -> None:
        import psycopg
        from psycopg import sql

        while not self._stop.is_set():
            with suppress(psycopg.Error), psycopg.connect(uri_of(self._dsn), autocommit=True) as connection:
                connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(self._channel)))
                self._wake.set()  # what happened while nobody listened
                while not self._stop.is_set():
                    for _ in connection.notifies(timeout=0.5, stop_after=1):
                        self._wake.set()
            self._stop.wait(2.0)
