"""Events that could not be published: look at them, let them go again, or put them away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import class_row

_LIST = """
    SELECT d.tenant_id, t.slug AS tenant, d.id, d.event_type, d.aggregate_type, d.aggregate_id, d.retry_count, d.error,
      d.created_at, d.moved_at, d.reviewed_at
    FROM alm.dead_letter_messages d LEFT JOIN alm.tenants t ON t.tenant_id = d.tenant_id
    WHERE (%s OR d.reviewed_at IS NULL) ORDER BY d.id LIMIT %s
"""
# The message keeps its number, so that whoever saw it knows it again.
_AGAIN = """
    WITH back AS (DELETE FROM alm.dead_letter_messages WHERE %s::bigint[] IS NULL OR id = ANY (%s) RETURNING *)
    INSERT INTO alm.outbox_messages (tenant_id, id, event_type, aggregate_type, aggregate_id, payload, schema_version,
      correlation_id, traceparent, created_at) OVERRIDING SYSTEM VALUE
    SELECT tenant_id, id, event_type, aggregate_type, aggregate_id, payload, schema_version, correlation_id,
      traceparent, created_at
    FROM back
"""
_REVIEWED = """
    UPDATE alm.dead_letter_messages SET reviewed_at = clock_timestamp() WHERE id = ANY (%s) AND reviewed_at IS NULL
"""
_PURGE = "DELETE FROM alm.dead_letter_messages WHERE reviewed_at <= clock_timestamp() - %s::interval"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event that failed at every try, and why."""

    tenant_id: UUID
    tenant: str | None
    id: int
    event_type: str
    aggregate_type: str
    aggregate_id: UUID
    retry_count: int
    error: str | None
    created_at: datetime
    moved_at: datetime
    reviewed_at: datetime | None


class DeadLetters:
    """The dead letters of every organisation, for the operator of the installation."""

    def __init__(self, worker_dsn: str) -> None:
        self._dsn = worker_dsn

    def rows(self, *, reviewed: bool = False, limit: int = 100) -> list[DeadLetter]:
        """The oldest first; ``reviewed``: those too that somebody has looked at."""
        with self._connect() as conn, conn.cursor(row_factory=class_row(DeadLetter)) as cursor:
            return cursor.execute(_LIST, (reviewed, limit)).fetchall()

    def retry(self, ids: Sequence[int] | None = None) -> int:
        """Publish these again, or all; how many. They come after what was published of their items meanwhile."""
        wanted = None if ids is None else [*ids]
        with self._connect() as conn:
            return conn.execute(_AGAIN, (wanted, wanted)).rowcount

    def reviewed(self, ids: Sequence[int]) -> int:
        """Say that somebody has looked at these; how many had not been looked at."""
        with self._connect() as conn:
            return conn.execute(_REVIEWED, ([*ids],)).rowcount

    def purge(self, keep: timedelta) -> int:
        """Delete those that were looked at longer than ``keep`` ago; the others stay. How many."""
        with self._connect() as conn:
            return conn.execute(_PURGE, (keep,)).rowcount

    def _connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self._dsn, application_name="alm-dlq")
