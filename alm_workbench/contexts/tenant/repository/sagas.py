"""Runs of sagas, in PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from alm_workbench.contexts.tenant.onboarding_messages import OnboardingDTO
from alm_workbench.errors import Conflict


@dataclass(frozen=True, slots=True)
class SagaRun:
    """A saga as it stands: what was asked for, what is done of it."""

    run_id: UUID
    subject: str
    input: Mapping[str, Any]
    status: str
    done: tuple[str, ...]
    error: str | None
    started_at: datetime

    def dto(self) -> OnboardingDTO:
        """What an administrator sees of it."""
        return OnboardingDTO(self.run_id, self.subject, self.status, self.done, self.error, self.started_at)


class SagaRepository:
    """Runs of sagas, which outlive the processes that run them."""

    def start(self, conn: Connection, run_id: UUID, kind: str, subject: str, given: Mapping[str, Any]) -> None:
        """Begin a run; raises ``Conflict`` when one is going on for the subject."""
        try:
            conn.execute(SAGA_START, {"id": run_id, "kind": kind, "subject": subject, "input": json.dumps(given)})
        except IntegrityError as error:
            raise Conflict(f"{subject!r} is being set up already") from error

    def record(self, conn: Connection, run_id: UUID, status: str, done: Sequence[str], error: str | None) -> None:
        """Keep how far a run is, in the transaction of the step itself."""
        statement = text("SELECT alm.saga_record(:id, :status, :done, :error)")
        conn.execute(statement, {"id": run_id, "status": status, "done": list(done), "error": error})

    def get(self, conn: Connection, run_id: UUID) -> SagaRun | None:
        """One run."""
        return next(iter(self._find(conn, run_id, None)), None)

    def unfinished(self, conn: Connection, kind: str) -> list[SagaRun]:
        """The runs that are neither done nor taken back, oldest first."""
        return self._find(conn, None, kind)

    def hold(self, conn: Connection, run_id: UUID) -> bool:
        """Keep a run for this transaction alone; the database lets go when the process dies."""
        statement = text("SELECT pg_try_advisory_xact_lock(hashtextextended('alm.saga' || CAST(:id AS text), 0))")
        return bool(conn.execute(statement, {"id": str(run_id)}).scalar())

    def _find(self, conn: Connection, run_id: UUID | None, kind: str | None) -> list[SagaRun]:
        rows = conn.execute(text("SELECT * FROM alm.saga_find(:id, :kind)"), {"id": run_id, "kind": kind})
        return [SagaRun(r.id, r.subject, r.input, r.status, tuple(r.done), r.error, r.started_at) for r in rows]


SAGA_START = text("SELECT alm.saga_start(:id, :kind, :subject, CAST(:input AS jsonb))")
