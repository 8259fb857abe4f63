"""What the engines ask of the world: protocols that adapters and fakes implement.

An engine never reads a clock, a database or a directory of people: it is handed one of these. Every call is
synchronous. An exception out of a guard or an authority counts as a refusal, one out of an action undoes the step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from .ast import EMPTY


@runtime_checkable
class GuardPort(Protocol):
    """Decides guards that no expression can decide."""

    def check(self, transition: str, guard: str, context: Mapping[str, Any]) -> bool:
        """Whether `guard`, as written at a transition answering the event `transition`, holds for these facts."""
        ...


@runtime_checkable
class AuthPort(Protocol):
    """The authority over who may take which step; asked at every step once it is given to an engine."""

    def authorize(self, actor_id: str | None, transition: str) -> bool:
        """Whether an actor (None: nobody is known) may fire the event `transition`."""
        ...


@runtime_checkable
class ActionPort(Protocol):
    """Carries out the named actions of states and transitions."""

    def execute(self, action: str, context: Mapping[str, Any]) -> None:
        """Do it; an exception leaves the machine where it was."""
        ...


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One attempt to take a step, taken or refused.

    `source_state` and `destination_state` are configurations as text, `reasons` the sentences of the decision,
    `context_keys` the names of the facts it saw (never their values).
    """

    workflow_name: str
    event: str
    source_state: str
    destination_state: str
    actor_id: str | None
    allowed: bool
    reasons: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    context_keys: tuple[str, ...] = ()
    timestamp: datetime | None = None


@runtime_checkable
class AuditPort(Protocol):
    """Keeps what was tried."""

    def record(self, record: AuditRecord) -> None:
        """Keep a record; an exception leaves the machine where it was, for a step must not go unrecorded."""
        ...


@runtime_checkable
class SigningPort(Protocol):
    """Signs with a key of its own."""

    def sign(self, data: bytes) -> str:
        """The signature of some bytes, as text that is never empty."""
        ...

    def algorithm(self) -> str:
        """The name of the algorithm; the same at every call."""
        ...


@runtime_checkable
class VerificationPort(Protocol):
    """Knows whose signatures count."""

    def verify(self, data: bytes, signature: str) -> bool:
        """Whether the signature belongs to exactly these bytes; False for anything that is no signature."""
        ...


@dataclass(frozen=True, slots=True)
class Actor:
    """Who takes a step; `roles` are closed over what they imply. The system needs no role for what time demands."""

    id: str | None = None
    roles: frozenset[str] = frozenset()
    attributes: Mapping[str, Any] = EMPTY
    system: bool = False


NOBODY = Actor()
SYSTEM = Actor("system", system=True)
