"""What keeps the database itself in order, as jobs with a schedule. Contexts add theirs by the hook ``alm_jobs``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import text

from alm_workbench.shared.jobs import JobRun, JobSpec
from alm_workbench.storage import idempotency
from alm_workbench.storage.dead_letters import DeadLetters
from alm_workbench.storage.jobs import JobQueue
from alm_workbench.storage.outbox import prune

KEEP_JOBS = timedelta(days=7)
KEEP_EVENTS = timedelta(days=30)
KEEP_REVIEWED = timedelta(days=90)
"""How long what is done with stays: ended jobs, published events, dead letters that somebody has looked at."""


def upkeep(worker_dsn: str, others: Sequence[JobSpec]) -> list[JobSpec]:
    """The jobs of the database; ``others`` are those of the plugins, whose limits the rescue must know."""
    made: list[JobSpec] = []
    queue = JobQueue(worker_dsn, made)
    letters = DeadLetters(worker_dsn)
    made += [
        *others,
        JobSpec("jobs.rescue", lambda job: queue.rescue(), cron="* * * * *", upkeep=True),
        JobSpec("jobs.prune", lambda job: queue.prune(KEEP_JOBS), cron="23 2 * * *", upkeep=True),
        JobSpec("outbox.prune", lambda job: prune(worker_dsn, KEEP_EVENTS), cron="29 2 * * *", upkeep=True),
        JobSpec("dlq.prune", lambda job: letters.purge(KEEP_REVIEWED), cron="31 2 * * *", upkeep=True),
        JobSpec("idempotency.prune", lambda job: idempotency.purge(worker_dsn), cron="13 * * * *", upkeep=True),
        JobSpec("audit.partitions", make_partitions, cron="37 1 * * *", upkeep=True),
    ]
    return made


def make_partitions(job: JobRun) -> None:
    """The months to come get their partitions also where the server is never restarted."""
    with job.begin() as conn:
        conn.execute(text("SELECT alm.ensure_audit_partitions()"))
