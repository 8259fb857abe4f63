"""What a handler is given: the principal, its transaction, a clock, and a way to ask other contexts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeVar
from uuid import UUID

from alm_workbench.shared.jobs import JobRequest
from alm_workbench.shared.messages import Event, Message
from alm_workbench.shared.principal import Principal

R = TypeVar("R")
P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """One decision for the log: which rule of which manifest said what, and why."""

    verdict: str
    entity_type: str
    entity_id: UUID | None
    rule_id: str | None
    reasons: Sequence[Any]
    manifest_hash: str | None = None
    manifest_version_id: UUID | None = None
    span: Mapping[str, Any] | None = None


class Dispatcher(Protocol):
    """Runs a message inside the transaction of another one."""

    def dispatch(self, ctx: MessageContext, message: Message[R], /) -> R: ...


@dataclass(slots=True)
class MessageContext:
    """One message being handled. ``conn`` is the transaction's connection; only repositories look inside it."""

    principal: Principal
    conn: Any
    command: str
    correlation_id: str
    commit_id: UUID
    now: datetime
    dispatcher: Dispatcher
    events: list[Event] = field(default_factory=list)
    decisions: list[DecisionRecord] = field(default_factory=list)
    memo: dict[Any, Any] = field(default_factory=dict)
    jobs: list[JobRequest] = field(default_factory=list)

    def ask(self, message: Message[R]) -> R:
        """Send a message to another context inside this transaction, on behalf of the same principal."""
        return self.dispatcher.dispatch(self, message)

    def emit(self, event: Event) -> None:
        """Put an event into the outbox of this transaction."""
        self.events.append(event)

    def defer(self, job: JobRequest) -> None:
        """Have a job run after this transaction commits, on behalf of this principal."""
        self.jobs.append(job)

    def decided(self, record: DecisionRecord) -> None:
        """Keep an allowance in the decision log of this transaction."""
        self.decisions.append(record)


class Handler(Protocol):
    """A plain callable object with its ports as constructor arguments."""

    def __call__(self, ctx: MessageContext, message: Any, /) -> Any: ...


@dataclass(slots=True)
class Services:
    """The ports that composition hands to the plugins, found by their type."""

    ports: dict[type[Any], Any] = field(default_factory=dict)

    def port(self, kind: type[P]) -> P:
        """The implementation of a port; raises ``KeyError`` when composition wired none."""
        found: P = self.ports[kind]
        return found

    def provide(self, kind: type[P], implementation: P) -> None:
        """Wire one port."""
        self.ports[kind] = implementation
