"""The job queue in the database: put jobs in with the command's transaction, look at them, stop them, try them again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import class_row
from sqlalchemy import Connection, text

from alm_workbench.shared.jobs import JobRequest, JobSpec, wait_after

STALLED_AFTER = 60.0
"""Seconds without a sign of life after which a worker counts as dead; a live one gives one every ten."""

_DEFER = text("SELECT alm.defer_job(:name, :queue, CAST(:args AS jsonb), :at)")


def defer(conn: Connection, jobs: Iterable[JobRequest], queues: Mapping[str, str]) -> list[int]:
    """Put jobs into the queue of this transaction; their ids. Raises ``LookupError`` for one that nobody declared.

    Whose jobs they are is taken from the transaction's settings by the database.
    """
    made = []
    for job in jobs:
        if job.name not in queues:
            raise LookupError(f"no plugin declares the job {job.name}")
        values = {"name": job.name, "queue": queues[job.name], "args": json.dumps(dict(job.args)), "at": job.at}
        made.append(int(conn.execute(_DEFER, values).scalar_one()))
    return made


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job as the queue knows it; ``status`` is todo, doing, succeeded, failed, cancelled or aborted."""

    id: int
    name: str
    queue: str
    status: str
    attempts: int
    tenant_id: UUID | None
    args: Mapping[str, Any] | None
    scheduled_at: datetime | None
    deferred_at: datetime | None
    changed_at: datetime | None


_LIST = """
    SELECT j.id, j.task_name AS name, j.queue_name AS queue, j.status::text, j.attempts,
      (j.args ->> 'tenant_id')::uuid AS tenant_id, j.args -> 'args' AS args, j.scheduled_at,
      min(e.at) AS deferred_at, max(e.at) AS changed_at
    FROM alm_jobs.procrastinate_jobs j LEFT JOIN alm_jobs.procrastinate_events e ON e.job_id = j.id
    WHERE (%(status)s::text IS NULL OR j.status::text = %(status)s) AND (%(name)s::text IS NULL OR j.task_name = %(name)s)
    GROUP BY j.id ORDER BY j.id DESC LIMIT %(limit)s
"""
_ADD = """
    SELECT (alm_jobs.procrastinate_defer_jobs_v1(ARRAY[ROW(%s, %s, 0, NULL, %s, %s::jsonb, NULL)
      ::alm_jobs.procrastinate_job_to_defer_v1]))[1]
"""
_STALLED = """
    SELECT j.id, j.task_name, j.attempts FROM alm_jobs.procrastinate_jobs j
    LEFT JOIN alm_jobs.procrastinate_workers w ON w.id = j.worker_id
    WHERE j.status = 'doing' AND (w.id IS NULL OR w.last_heartbeat < now() - make_interval(secs => %s))
    FOR UPDATE OF j SKIP LOCKED
"""
_AGAIN = (
    "SELECT alm_jobs.procrastinate_retry_job_v2(%s, clock_timestamp() + make_interval(secs => %s), NULL, NULL, NULL)"
)
_PRUNE = """
    DELETE FROM alm_jobs.procrastinate_jobs j
    WHERE j.status IN ('succeeded', 'cancelled', 'aborted') AND NOT EXISTS (
      SELECT FROM alm_jobs.procrastinate_events e WHERE e.job_id = j.id AND e.at >= now() - %s::interval)
"""


class JobQueue:
    """The queue as its operator sees it, through the worker's role."""

    def __init__(self, worker_dsn: str, specs: Iterable[JobSpec] = ()) -> None:
        """``specs`` say how often each job may be tried."""
        self._dsn = worker_dsn
        self._specs = {spec.name: spec for spec in specs}

    def rows(self, *, status: str | None = None, name: str | None = None, limit: int = 100) -> list[JobRow]:
        """Jobs, newest first."""
        values = {"status": status, "name": name, "limit": limit}
        with self._connect() as conn, conn.cursor(row_factory=class_row(JobRow)) as cursor:
            return cursor.execute(_LIST, values).fetchall()

    def add(self, name: str, args: Mapping[str, Any] | None = None) -> int:
        """Put a job of the installation into the queue; its id. Raises ``LookupError`` for one that nobody declared."""
        spec = self._specs.get(name)
        if spec is None or not spec.upkeep:
            raise LookupError(f"no job of the installation is called {name}")
        with self._connect() as conn:
            row = conn.execute(_ADD, (spec.queue, name, None, json.dumps({"args": dict(args or {})}))).fetchone()
        return int(row[0]) if row else 0

    def cancel(self, job_id: int) -> bool:
        """Take a waiting job out; ask a running one to stop. False when it is neither."""
        with self._connect() as conn:
            row = conn.execute("SELECT alm_jobs.procrastinate_cancel_job_v1(%s, true, false)", (job_id,)).fetchone()
        return bool(row and row[0])

    def retry(self, job_id: int) -> bool:
        """Let a failed job run again now; False when it has not failed."""
        with self._connect() as conn:
            try:
                conn.execute(_AGAIN, (job_id, 0))
            except psycopg.errors.RaiseException:
                return False
        return True

    def rescue(self, after: float = STALLED_AFTER) -> dict[str, list[int]]:
        """Give the jobs of dead workers to others: ``again`` and, after too many tries, ``failed``.

        ``after``: seconds without a sign of life. A job that kills its worker each time ends as failed like any other.
        """
        found: dict[str, list[int]] = {"again": [], "failed": []}
        with self._connect() as conn:
            for job_id, name, attempts in conn.execute(_STALLED, (after,)).fetchall():
                allowed = self._specs[name].attempts if name in self._specs else 5
                if attempts + 1 >= allowed:
                    conn.execute("SELECT alm_jobs.procrastinate_finish_job_v1(%s, 'failed', false)", (job_id,))
                    found["failed"].append(job_id)
                else:
                    conn.execute(_AGAIN, (job_id, wait_after(attempts + 1)))
                    found["again"].append(job_id)
        return found

    def prune(self, keep: timedelta) -> int:
        """Delete jobs that ended longer than ``keep`` ago; failed ones stay until somebody has looked. How many."""
        with self._connect() as conn:
            return conn.execute(_PRUNE, (keep,)).rowcount

    def _connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self._dsn, application_name="alm-jobs")
