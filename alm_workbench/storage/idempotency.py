"""Answers of commands that carried an Idempotency-Key, kept in the transaction that did them."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import psycopg
from sqlalchemy import Column, Connection, DateTime, Integer, LargeBinary, Table, Text, Uuid, insert, text
from sqlalchemy.exc import IntegrityError

from alm_workbench.errors import Conflict, IdempotencyKeyReused, IdempotencyRunning
from alm_workbench.shared.idempotency import KEEP_HOURS, Answer, Once
from alm_workbench.storage.tables import metadata

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("actor_id", Uuid, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("command", Text, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("etag", Integer),
    Column("created_at", DateTime(timezone=True), nullable=False),
)

_CLAIM = text("SELECT free, command, fingerprint, body, etag FROM alm.idempotency_claim(:key)")


def claim(conn: Connection, command: str, once: Once) -> Answer | None:
    """Take a key for this transaction; the kept answer when this request was carried out before.

    Raises ``IdempotencyRunning`` while another transaction has it, ``IdempotencyKeyReused`` when it asked for
    something else, ``Conflict`` when the answer went with an erasure.
    """
    found = conn.execute(_CLAIM, {"key": once.key}).one()
    if not found.free:
        raise IdempotencyRunning("A request with this Idempotency-Key is being carried out", retry_after=1)
    if found.command is None:
        return None
    if found.command != command or bytes(found.fingerprint) != once.fingerprint:
        raise IdempotencyKeyReused("This Idempotency-Key was used for another request; take a new one")
    if not found.body:
        raise Conflict("This request was carried out, and its answer has been erased since")
    return Answer(bytes(found.body), found.etag)


def keep(conn: Connection, tenant_id: UUID, actor_id: UUID, command: str, once: Once, answer: Answer) -> None:
    """Keep an answer; it exists exactly when the command commits."""
    values = {"tenant_id": tenant_id, "actor_id": actor_id, "key": once.key, "command": command}
    values |= {"fingerprint": once.fingerprint, "body": answer.body, "etag": answer.version}
    try:
        conn.execute(insert(idempotency_keys).values(values))
    except IntegrityError as error:  # the claim holds others off; this is the wall behind it
        raise IdempotencyRunning("A request with this Idempotency-Key was just carried out", retry_after=1) from error


def purge(worker_dsn: str, keep_for: timedelta = timedelta(hours=KEEP_HOURS)) -> int:
    """Delete answers that are older than ``keep_for``, of every organisation; how many."""
    with psycopg.connect(worker_dsn) as conn:
        return conn.execute("DELETE FROM alm.idempotency_keys WHERE created_at < now() - %s", (keep_for,)).rowcount
