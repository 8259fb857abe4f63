"""Events: appended in the transaction that causes them, published afterwards, at least once and in order.

A message that fails is tried again after 1, 2, 4, 8 and 16 seconds and then moved to `dead_letter_messages`. Meanwhile
later messages of the same aggregate wait, those of others go on.
"""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

import psycopg
import structlog
from psycopg.rows import class_row
from sqlalchemy import Connection, text

from alm_workbench.shared import tracing
from alm_workbench.shared.mediator import correlated

log = structlog.get_logger(__name__)

CHANNEL = "alm_outbox"
LOCK = "hashtext('alm.outbox.publisher')"
RETRY_DELAYS = (1.0, 2.0, 4.0, 8.0, 16.0)


class EventLike(Protocol):
    """What an event must have; `payload` is JSON-able and holds no secret."""

    @property
    def event_type(self) -> str: ...
    @property
    def aggregate_type(self) -> str: ...
    @property
    def aggregate_id(self) -> UUID: ...
    @property
    def payload(self) -> Mapping[str, Any]: ...
    @property
    def schema_version(self) -> int: ...


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """An event as the publisher hands it out."""

    tenant_id: UUID
    id: int
    event_type: str
    aggregate_type: str
    aggregate_id: UUID
    payload: dict[str, Any]
    schema_version: int
    correlation_id: str | None
    created_at: datetime
    retry_count: int
    traceparent: str | None = None


_APPEND = text("""
    INSERT INTO alm.outbox_messages
      (tenant_id, event_type, aggregate_type, aggregate_id, payload, schema_version, correlation_id)
    SELECT alm.current_tenant(), e.event_type, e.aggregate_type, e.aggregate_id, e.payload, e.schema_version,
      COALESCE(CAST(:correlation_id AS text), NULLIF(current_setting('app.correlation_id', true), ''))
    FROM unnest(CAST(:event_types AS text[]), CAST(:aggregate_types AS text[]), CAST(:aggregate_ids AS uuid[]),
                CAST(:payloads AS jsonb[]), CAST(:schema_versions AS int[])) WITH ORDINALITY
      AS e (event_type, aggregate_type, aggregate_id, payload, schema_version, ord)
    ORDER BY e.ord
""")


def append(conn: Connection, events: Iterable[EventLike], *, correlation_id: str | None = None) -> int:
    """Put events into the outbox of this transaction, in their order and in one statement; how many.

    The correlation id is that of the transaction unless another one is given.
    """
    batch = list(events)
    if batch:
        conn.execute(
            _APPEND,
            {
                "event_types": [event.event_type for event in batch],
                "aggregate_types": [event.aggregate_type for event in batch],
                "aggregate_ids": [event.aggregate_id for event in batch],
                "payloads": [json.dumps(dict(event.payload)) for event in batch],
                "schema_versions": [event.schema_version for event in batch],
                "correlation_id": correlation_id,
            },
        )
    return len(batch)


# A message waits while an earlier one of its aggregate waits for its next try.
_NEXT = """
    SELECT tenant_id, id, event_type, aggregate_type, aggregate_id, payload, schema_version, correlation_id,
           created_at, retry_count, traceparent
    FROM alm.outbox_messages m
    WHERE published_at IS NULL AND next_attempt_at <= clock_timestamp() AND NOT EXISTS (
      SELECT FROM alm.outbox_messages e
      WHERE e.tenant_id = m.tenant_id AND e.aggregate_id = m.aggregate_id AND e.id < m.id
        AND e.published_at IS NULL AND e.next_attempt_at > clock_timestamp())
    ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
"""
_PUBLISHED = """
    UPDATE alm.outbox_messages SET published_at = clock_timestamp(), error = NULL
    WHERE (tenant_id, id) IN (SELECT * FROM unnest(%s::uuid[], %s::bigint[]))
"""
_RETRY = """
    UPDATE alm.outbox_messages
    SET retry_count = retry_count + 1, error = %s, next_attempt_at = clock_timestamp() + make_interval(secs => %s)
    WHERE tenant_id = %s AND id = %s
"""
_BURY = """
    WITH dead AS (DELETE FROM alm.outbox_messages WHERE tenant_id = %s AND id = %s RETURNING *)
    INSERT INTO alm.dead_letter_messages (tenant_id, id, event_type, aggregate_type, aggregate_id, payload,
      schema_version, correlation_id, traceparent, created_at, retry_count, next_attempt_at, error)
    SELECT tenant_id, id, event_type, aggregate_type, aggregate_id, payload, schema_version, correlation_id,
      traceparent, created_at, retry_count, next_attempt_at, %s FROM dead
"""
# What is due already is either announced by a NOTIFY or waits for an earlier message of its aggregate.
_DUE_IN = """
    SELECT extract(epoch FROM min(next_attempt_at) - clock_timestamp())::float8
    FROM alm.outbox_messages WHERE published_at IS NULL AND next_attempt_at > clock_timestamp()
"""
_PRUNE = "DELETE FROM alm.outbox_messages WHERE published_at < clock_timestamp() - %s"


def prune(worker_dsn: str, keep: timedelta) -> int:
    """Delete what was published longer than `keep` ago; how many. What was not published stays."""
    with psycopg.connect(worker_dsn) as conn:
        return conn.execute(_PRUNE, (keep,)).rowcount


class Publisher:
    """Publishes the outbox; of several at a time one works and the others stand by."""

    def __init__(
        self,
        worker_dsn: str,
        handle: Callable[[OutboxMessage], None],
        *,
        batch: int = 50,
        poll: float = 1.0,
        delays: tuple[float, ...] = RETRY_DELAYS,
    ) -> None:
        """`handle` may see a message twice (a crash in between); `poll` and `delays` in seconds."""
        self._dsn = worker_dsn
        self._handle = handle
        self._batch = batch
        self._poll = poll
        self._delays = delays

    def run(self, stop: threading.Event) -> None:
        """Publish until `stop` is set; survives a restart of the server."""
        while not stop.is_set():
            try:
                with psycopg.connect(self._dsn, autocommit=True, application_name="alm-outbox") as listener:
                    self._serve(listener, stop)
            except psycopg.OperationalError as error:
                log.warning("outbox.disconnected", error=str(error).strip())
                stop.wait(self._poll)

    def drain(self) -> int:
        """Publish whatever is due now and return how many messages were handled (0 when another one publishes)."""
        handled = 0
        with psycopg.connect(self._dsn, autocommit=True, application_name="alm-outbox") as conn:
            if self._take_lock(conn):
                while seen := self._publish_batch(conn):
                    handled += seen
        return handled

    def _serve(self, conn: psycopg.Connection[Any], stop: threading.Event) -> None:
        while not stop.is_set() and not self._take_lock(conn):
            stop.wait(self._poll)
        conn.execute(f"LISTEN {CHANNEL}")
        while not stop.is_set():
            if self._publish_batch(conn) < self._batch:
                self._wait(conn)

    def _wait(self, conn: psycopg.Connection[Any]) -> None:
        row = conn.execute(_DUE_IN).fetchone()
        due = row[0] if row and row[0] is not None else self._poll
        for _ in conn.notifies(timeout=max(0.01, min(due, self._poll)), stop_after=1):
            pass

    def _take_lock(self, conn: psycopg.Connection[Any]) -> bool:
        row = conn.execute(f"SELECT pg_try_advisory_lock({LOCK})").fetchone()
        return bool(row and row[0])

    def _publish_batch(self, conn: psycopg.Connection[Any]) -> int:
        with conn.transaction(), conn.cursor(row_factory=class_row(OutboxMessage)) as cursor:
            messages = cursor.execute(_NEXT, (self._batch,)).fetchall()
            done, blocked = [], set[tuple[UUID, UUID]]()
            for message in messages:
                aggregate = (message.tenant_id, message.aggregate_id)
                if aggregate in blocked:
                    continue
                try:
                    with correlated(message.correlation_id), tracing.step(message.traceparent):
                        self._handle(message)
                except Exception as error:  # any failure of a subscriber is kept with the message
                    blocked.add(aggregate)
                    self._failed(conn, message, error)
                else:
                    done.append(message)
            conn.execute(_PUBLISHED, ([m.tenant_id for m in done], [m.id for m in done]))
        return len(messages)

    def _failed(self, conn: psycopg.Connection[Any], message: OutboxMessage, error: Exception) -> None:
        said = f"{type(error).__name__}: {error}"[:2000]
        log.warning(
            "outbox.failed", event_type=message.event_type, message_id=message.id, tries=message.retry_count + 1
        )
        if message.retry_count >= len(self._delays):
            conn.execute(_BURY, (message.tenant_id, message.id, said))
        else:
            delay = self._delays[message.retry_count] * random.uniform(1.0, 1.25)  # noqa: S311
            conn.execute(_RETRY, (said, delay, message.tenant_id, message.id))
