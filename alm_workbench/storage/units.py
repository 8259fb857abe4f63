"""The Mediator's transactions over PostgreSQL: settings first, outbox and decisions last, refusals apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Column, Connection, DateTime, Engine, Table, Text, Uuid, insert
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from alm_workbench.errors import AlmError, AuthenticationFailed, Conflict, TimedOut, Unavailable, plain
from alm_workbench.shared.context import DecisionRecord
from alm_workbench.shared.idempotency import Answer, Once
from alm_workbench.shared.ids import new_id
from alm_workbench.shared.jobs import JobRequest
from alm_workbench.shared.mediator import NOBODY, Work
from alm_workbench.shared.messages import Event
from alm_workbench.storage import idempotency, jobs, outbox
from alm_workbench.storage.bulk import copy_insert
from alm_workbench.storage.engine import begin
from alm_workbench.storage.tables import metadata

decision_log = Table(
    "decision_log",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("actor_id", Uuid),
    Column("command", Text, nullable=False),
    Column("entity_type", Text),
    Column("entity_id", Uuid),
    Column("verdict", Text, nullable=False),
    Column("rule_id", Text),
    Column("manifest_hash", Text),
    Column("manifest_version_id", Uuid),
    Column("span", JSONB(none_as_null=True)),
    Column("reasons", JSONB, nullable=False),
    Column("correlation_id", Text),
)


BULK_FROM = 20
"""From this many decisions on, COPY through a staging table is faster than single inserts."""


class PostgresUnits:
    """Opens, finishes and explains transactions; ``statement_timeout`` in seconds, ``queues`` by name of job."""

    def __init__(
        self, engine: Engine, *, statement_timeout: float = 60.0, queues: Mapping[str, str] | None = None
    ) -> None:
        self._engine = engine
        self._timeout = statement_timeout
        self._queues = queues or {}

    @contextmanager
    def begin(self, work: Work, /) -> Iterator[Connection]:
        """One transaction that knows its tenant, actor, command and correlation id."""
        known = work.principal is not NOBODY
        try:
            with begin(
                self._engine,
                tenant_id=work.principal.tenant_id if known else None,
                actor_id=work.principal.actor_id if known else None,
                command=work.command,
                correlation_id=work.correlation_id,
                commit_id=work.commit_id,
                occurred_at=work.occurred_at,
                read_only=work.read_only,
                statement_timeout=self._timeout,
            ) as conn:
                yield conn
        except PoolTimeout as error:
            raise Unavailable("All database connections are busy; try again in a moment", retry_after=1) from error
        except DBAPIError as error:
            raise explained(error) from error

    def finish(self, conn: Any, work: Work, events: list[Event], decisions: list[DecisionRecord], /) -> None:
        """Write what leaves with the transaction: events into the outbox, allowances into the decision log."""
        if events:
            outbox.append(conn, events, correlation_id=work.correlation_id)
        if decisions:
            known: dict[int, Any] = {}
            rows = [decision_row(work, record, known) for record in decisions]
            if len(rows) < BULK_FROM:
                conn.execute(insert(decision_log), rows)
            else:
                copy_insert(conn, decision_log, rows)

    def defer(self, conn: Any, requests: Sequence[JobRequest], /) -> None:
        """Put jobs into the queue of this transaction."""
        jobs.defer(conn, requests, self._queues)

    def claim(self, conn: Any, work: Work, once: Once, /) -> Answer | None:
        """Take an Idempotency-Key for this transaction; the answer of the first time, if there was one."""
        return idempotency.claim(conn, work.command, once)

    def keep(self, conn: Any, work: Work, once: Once, answer: Answer, /) -> None:
        """Keep the answer of a command beside what it did."""
        who = work.principal
        idempotency.keep(conn, who.tenant_id, who.actor_id, work.command, once, answer)

    def record_denial(self, work: Work, record: DecisionRecord, /) -> None:
        """Keep a refusal, in a transaction of its own: the refused one is gone."""
        with begin(
            self._engine,
            tenant_id=work.principal.tenant_id,
            actor_id=work.principal.actor_id,
            command=work.command,
            correlation_id=work.correlation_id,
        ) as conn:
            conn.execute(insert(decision_log), [decision_row(work, record)])


def decision_row(work: Work, record: DecisionRecord, known: dict[int, Any] | None = None) -> dict[str, Any]:
    """A decision as its row; whatever its maker left in, no common secret is written.

    ``known`` keeps reasons that were made ready already: many decisions of one transaction share theirs.
    """
    from datetime import UTC, datetime

    from alm_workbench.mpc.redaction import LOGS, redact

    known = {} if known is None else known
    reasons = []
    for reason in record.reasons:
        ready = known.get(id(reason))
        if ready is None:
            ready = known[id(reason)] = redact(plain(reason), LOGS)
        reasons.append(ready)
    return {
        "tenant_id": work.principal.tenant_id,
        "id": new_id(),
        "at": datetime.now(UTC),
        "actor_id": work.principal.actor_id,
        "command": work.command,
        "entity_type": record.entity_type,
        "entity_id": record.entity_id,
        "verdict": record.verdict,
        "rule_id": record.rule_id,
        "manifest_hash": record.manifest_hash,
        "manifest_version_id": record.manifest_version_id,
        "span": plain(record.span) if record.span else None,
        "reasons": reasons,
        "correlation_id": work.correlation_id,
    }


def explained(error: DBAPIError) -> AlmError:
    """A driver error as one sentence; details stay in the server's log."""
    state = getattr(error.orig, "sqlstate", None) or ""
    if state == "AL001":
        return AuthenticationFailed("This organisation is not active")
    if state == "57014":
        return TimedOut("The database took longer than it may for this")
    if state == "23503":
        return Conflict("This refers to something that is not here, or is gone since a moment ago")
    if state == "53100":
        return Unavailable("The database's disk is full; nothing was changed")
    if error.connection_invalidated or state.startswith(("08", "57P")):
        return Unavailable("The database does not answer right now")
    return AlmError("The database refused the request")
