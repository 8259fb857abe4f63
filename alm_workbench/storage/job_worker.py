"""Runs jobs: procrastinate's worker on a loop of its own, which outlives restarts of the database.

A job runs on a thread, at least once. One that fails waits 1, 2, 4, 8, 16 s (with jitter) for its next try; one whose
worker died is found by its missing heartbeat (``JobQueue.rescue``) and tried again; both count as tries.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg
import structlog

from alm_workbench.shared.jobs import JobRun, JobSpec, wait_after
from alm_workbench.storage.engine import begin, make_engine
from alm_workbench.storage.job_schema import SCHEMA

if TYPE_CHECKING:
    from procrastinate import App, JobContext
    from procrastinate.worker import Worker
    from sqlalchemy import Connection, Engine

log = structlog.get_logger(__name__)

CATCH_UP = 2 * 24 * 3600
"""A schedule missed by no more than these seconds is made good: an installation that sleeps at night is kept up too."""


class JobWorker:
    """Takes jobs from the queue until told to stop; several may work on one database."""

    def __init__(
        self,
        worker_dsn: str,
        specs: Iterable[JobSpec],
        *,
        queues: Iterable[str] | None = None,
        concurrency: int = 2,
        poll: float = 5.0,
        statement_timeout: float = 600.0,
    ) -> None:
        """``queues``: which to serve, all by default; ``poll`` and ``statement_timeout`` in seconds."""
        self._dsn = worker_dsn
        self._specs = list(specs)
        self._queues = list(queues) if queues is not None else None
        self._concurrency = concurrency
        self._poll = poll
        self._timeout = statement_timeout
        self._engine: Engine | None = None
        self._worker: Worker | None = None

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set; running jobs are waited for."""
        for name in ("procrastinate", "psycopg.pool"):  # we say ourselves, and once, what they say in pages
            logging.getLogger(name).setLevel(logging.CRITICAL)
        watcher = threading.Thread(target=self._stop_when, args=(stop,), name="alm-jobs-stop", daemon=True)
        watcher.start()
        while not stop.is_set():
            said = "the worker stopped"
            try:
                self._serve(wait=True, stop=stop)
            except Exception as error:  # the database is gone, or the library met something new: start over
                said = str(error).strip() or type(error).__name__
            if not stop.is_set():
                log.warning("jobs.disconnected", error=said)
                stop.wait(self._poll / 5)

    def drain(self) -> None:
        """Run everything that is due now, and return."""
        self._serve(wait=False, stop=threading.Event())

    def _stop_when(self, stop: threading.Event) -> None:
        stop.wait()
        if (worker := self._worker) is not None:
            worker.stop()  # type: ignore[no-untyped-call]

    def _serve(self, *, wait: bool, stop: threading.Event) -> None:
        self._engine = make_engine(self._dsn, pool_size=self._concurrency + 1, application_name="alm-worker")
        try:
            asyncio.run(self._work(wait, stop))
        finally:
            self._worker = None
            self._engine.dispose()

    async def _work(self, wait: bool, stop: threading.Event) -> None:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(self._concurrency, "alm-job"))
        app = self._app()
        async with app.open_async():
            worker = patient_worker(
                app, queues=self._queues, concurrency=self._concurrency, wait=wait, install_signal_handlers=False,
                fetch_job_polling_interval=self._poll, listen_notify=wait,
            )  # fmt: skip
            self._worker = worker
            if not stop.is_set():
                await worker.run()  # type: ignore[no-untyped-call]

    def _app(self) -> App:
        import procrastinate

        options = {"options": f"-c search_path={SCHEMA},pg_catalog", "application_name": "alm-jobs"}
        connector = procrastinate.PsycopgConnector(
            conninfo=self._dsn, kwargs=options, min_size=1, max_size=self._concurrency + 2, timeout=10.0
        )
        app = procrastinate.App(connector=connector, periodic_defaults={"max_delay": CATCH_UP})
        for spec in self._specs:
            task = app.task(
                name=spec.name, queue=spec.queue, pass_context=True, retry=retrying(spec),
                queueing_lock=f"upkeep:{spec.name}" if spec.cron else None,
            )(self._runner(spec))  # fmt: skip
            if spec.cron:
                app.periodic(cron=spec.cron)(task)
        return app

    def _runner(self, spec: JobSpec) -> Any:
        def run(
            context: JobContext,
            timestamp: int | None = None,
            tenant_id: str | None = None,
            actor_id: str | None = None,
            correlation_id: str | None = None,
            args: dict[str, Any] | None = None,
        ) -> None:
            if spec.upkeep != (tenant_id is None):
                raise PermissionError(f"{spec.name} is {'' if spec.upkeep else 'no '}upkeep of the installation")
            job_id = context.job.id or 0
            tenant, actor = (UUID(value) if value else None for value in (tenant_id, actor_id))
            correlation = correlation_id or f"job-{job_id}"

            @contextmanager
            def transaction(of_tenant: UUID | None = None, /) -> Iterator[Connection]:
                assert self._engine is not None
                with begin(
                    self._engine, tenant_id=of_tenant or tenant, actor_id=actor, command=f"job:{spec.name}",
                    correlation_id=correlation, statement_timeout=self._timeout,
                ) as conn:  # fmt: skip
                    yield conn

            job = JobRun(job_id, context.job.attempts + 1, tenant, actor, correlation, args or {}, transaction)
            try:
                with self._alone(spec) as free:
                    if free:
                        spec.run(job)
            except Exception as error:
                log.error("job.failed", job=spec.name, id=job_id, attempt=job.attempt, of=spec.attempts, exc_info=error)
                raise

        return run

    @contextmanager
    def _alone(self, spec: JobSpec) -> Iterator[bool]:
        """A scheduled job never runs beside itself: the lock lasts as long as this connection."""
        if not spec.cron:
            yield True
            return
        with psycopg.connect(self._dsn, autocommit=True, application_name="alm-upkeep") as conn:
            row = conn.execute("SELECT pg_try_advisory_lock(hashtext(%s))", (f"alm.job.{spec.name}",)).fetchone()
            yield bool(row and row[0])


def patient_worker(app: App, **options: Any) -> Worker:
    """A worker that goes on telling how a job ended until the database hears it."""
    from procrastinate.exceptions import ConnectorException
    from procrastinate.worker import Worker

    class PatientWorker(Worker):
        async def _persist_job_status(self, *args: Any, **kwargs: Any) -> None:
            while True:
                with contextlib.suppress(ConnectorException):
                    await super()._persist_job_status(*args, **kwargs)
                    return
                if self._stop_event.is_set():
                    return  # nobody waits any more; the missing heartbeat brings the job back
                await asyncio.sleep(1.0)

    return PatientWorker(app=app, **options)


def retrying(spec: JobSpec) -> Any:
    """The waits of a job that fails, as the library wants them."""
    from procrastinate import BaseRetryStrategy, RetryDecision

    class Waits(BaseRetryStrategy):
        def get_retry_decision(self, *, exception: BaseException, job: Any) -> RetryDecision | None:
            if isinstance(exception, PermissionError) or job.attempts + 1 >= spec.attempts:
                return None
            seconds = wait_after(job.attempts + 1) * random.uniform(1.0, 1.25)  # noqa: S311
            return RetryDecision(retry_at=datetime.now(UTC) + timedelta(seconds=seconds))

    return Waits()
