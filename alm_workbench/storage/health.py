"""Does the database answer? Asked on a connection of its own, so that neither a full pool nor a hanging query decides."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

CONNECT_SECONDS = 2  # the least that libpq accepts
STATEMENT_MILLISECONDS = 1500
STALE_WORKER = 60.0

_STATE = """
    SELECT coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8, count(*)
    FROM alm.outbox_messages WHERE published_at IS NULL
"""
_LETTERS = "SELECT count(*) FROM alm.dead_letter_messages WHERE reviewed_at IS NULL"
_WORKERS = """
    SELECT (SELECT count(*) FROM alm_jobs.procrastinate_workers
            WHERE last_heartbeat > now() - make_interval(secs => %s)),
           (SELECT count(*) FROM alm_jobs.procrastinate_jobs WHERE status = 'failed')
"""


def look(worker_dsn: str) -> dict[str, Any]:
    """What waits in the database: `outbox_lag` (seconds of the oldest event), `outbox_waiting`, `dead_letters`,
    `workers` (alive), `jobs_failed`. Raises psycopg.Error within some four seconds when it does not answer.
    """
    dsn = make_conninfo(
        worker_dsn,
        connect_timeout=CONNECT_SECONDS,
        application_name="alm-health",
        options=f"-c statement_timeout={STATEMENT_MILLISECONDS}",
    )
    with psycopg.connect(dsn, autocommit=True) as conn, conn.pipeline():
        outbox = conn.execute(_STATE)
        letters = conn.execute(_LETTERS)
        workers = conn.execute(_WORKERS, (STALE_WORKER,))
        lag, waiting = outbox.fetchone() or (0.0, 0)
        (dead,) = letters.fetchone() or (0,)
        alive, failed = workers.fetchone() or (0, 0)
    return {
        "outbox_lag": round(float(lag), 3),
        "outbox_waiting": waiting,
        "dead_letters": dead,
        "workers": alive,
        "jobs_failed": failed,
    }
