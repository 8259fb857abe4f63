"""Jobs: work that runs outside a request, at least once, again when it fails.

A context or plugin declares what can be done (``JobSpec``, by the hook ``alm_jobs``). A handler defers one with
``ctx.defer(JobRequest(…))``: the job exists exactly when the command commits. A spec with ``cron`` runs by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol
from uuid import UUID

Queue = Literal["light", "heavy"]
RETRY_SECONDS = (1, 2, 4, 8, 16)
"""Waits between tries; the last one holds for any more (jitter comes on top)."""


class Begin(Protocol):
    """Opens a transaction as the worker's role; commits at its end. Rows are those of every organisation."""

    def __call__(self, tenant_id: UUID | None = None, /) -> AbstractContextManager[Any]: ...


@dataclass(frozen=True, slots=True)
class JobRequest:
    """A job to run after this command commits; ``args`` is JSON-able and holds no secret."""

    name: str
    args: Mapping[str, Any] = field(default_factory=dict)
    at: datetime | None = None
    """Not before this moment (aware)."""


@dataclass(frozen=True, slots=True)
class JobRun:
    """One try of a job. It may be a second one: the first may have done everything but say so."""

    id: int
    attempt: int
    tenant_id: UUID | None
    actor_id: UUID | None
    correlation_id: str
    args: Mapping[str, Any]
    begin: Begin


@dataclass(frozen=True, slots=True)
class JobSpec:
    """What can be run. Of an organisation (deferred by its commands) or, with ``upkeep``, of the installation.

    ``cron`` has five fields (minute first, UTC) or six (seconds last); such a job is upkeep and never overlaps itself.
    ``attempts`` counts tries that failed and tries whose worker died alike.
    """

    name: str
    run: Callable[[JobRun], object]
    queue: Queue = "light"
    cron: str | None = None
    upkeep: bool = False
    attempts: int = 5

    def __post_init__(self) -> None:
        if self.cron and not self.upkeep:
            raise ValueError(f"{self.name} has a schedule, so it is upkeep")


def wait_after(attempt: int) -> int:
    """Seconds to wait after try number ``attempt`` (from 1) failed."""
    return RETRY_SECONDS[min(attempt, len(RETRY_SECONDS)) - 1]
