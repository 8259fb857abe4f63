"""What a server does beside answering: publish events, run jobs, and start its embedded database again when it died."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import structlog

from alm_workbench.shared.jobs import JobSpec
from alm_workbench.storage.bootstrap import Database
from alm_workbench.storage.embedded import EmbeddedPostgres
from alm_workbench.storage.errors import StorageError
from alm_workbench.storage.job_worker import JobWorker
from alm_workbench.storage.outbox import OutboxMessage, Publisher

log = structlog.get_logger(__name__)


class Background:
    """Threads that live as long as the server; each outlives a restart of the database."""

    def __init__(
        self,
        database: Database,
        publish: Callable[[OutboxMessage], None],
        specs: Sequence[JobSpec],
        *,
        queues: Sequence[str] | None = None,
        concurrency: int = 2,
    ) -> None:
        """``queues``: those whose jobs run in this process; None for all, empty for none. ``concurrency``: at a time."""
        self._stop = threading.Event()
        publisher = Publisher(database.dsns.worker, publish)
        self._threads = {"outbox": self._thread("alm-outbox", lambda: publisher.run(self._stop))}
        if queues is None or queues:
            worker = JobWorker(database.dsns.worker, specs, queues=queues, concurrency=concurrency)
            self._threads["jobs"] = self._thread("alm-jobs", lambda: worker.run(self._stop))
        if (server := database.server) is not None:
            self._threads["database"] = self._thread("alm-database", lambda: keep_running(server, self._stop))

    def _thread(self, name: str, target: Callable[[], None]) -> threading.Thread:
        return threading.Thread(target=target, name=name, daemon=True)

    def start(self) -> None:
        """Begin; call once."""
        for thread in self._threads.values():
            thread.start()

    def dead(self) -> list[str]:
        """The names of the threads that ended though nobody stopped them."""
        return [] if self._stop.is_set() else [name for name, thread in self._threads.items() if not thread.is_alive()]

    def stop(self, timeout: float = 10.0) -> None:
        """Stop; jobs that run longer than ``timeout`` seconds are found and tried again by another worker."""
        self._stop.set()
        for thread in self._threads.values():
            if thread.ident is not None:
                thread.join(timeout)


def keep_running(server: EmbeddedPostgres, stop: threading.Event, *, every: float = 1.0) -> None:
    """Start the embedded server again whenever it is gone, until ``stop``; looks ``every`` so many seconds."""
    wait = every
    while not stop.wait(wait):
        try:
            if server.revive():
                log.warning("database.restarted")
            wait = every
        except StorageError as error:
            log.error("database.down", error=str(error))
            wait = min(wait * 2, 30.0)
