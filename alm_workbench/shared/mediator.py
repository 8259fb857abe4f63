"""The one way in: authenticate, tenant, privilege, load, ACL, policy, handler, outbox, commit, notify."""

from __future__ import annotations

import contextvars
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar, cast
from uuid import UUID

from alm_workbench.errors import AccessDenied, AlmError, AuthenticationFailed, TransitionDenied
from alm_workbench.shared import paging
from alm_workbench.shared.context import DecisionRecord, Handler, MessageContext
from alm_workbench.shared.idempotency import Answer, Once
from alm_workbench.shared.ids import new_id
from alm_workbench.shared.jobs import JobRequest
from alm_workbench.shared.messages import AUTHENTICATED, PUBLIC, REGISTRY, Command, Event, Message, Query, Spec
from alm_workbench.shared.principal import Principal

R = TypeVar("R")

correlation: contextvars.ContextVar[str] = contextvars.ContextVar("alm_correlation_id", default="")
"""The correlation id of the work going on in this context."""

NOBODY = Principal(
    tenant_id=UUID(int=0),
    actor_id=UUID(int=0),
    user_id=None,
    email="",
    display_name="",
    roles=frozenset(),
    privileges=frozenset(),
)
"""Who sends public messages."""


class Mediator(Protocol):
    """One interface, in process or over HTTP."""

    def send(self, command: Command[R], /) -> R: ...

    def query(self, query: Query[R], /) -> R: ...


@dataclass(frozen=True, slots=True)
class Work:
    """What a unit of work must know to open its transaction."""

    principal: Principal
    command: str
    correlation_id: str
    commit_id: UUID
    read_only: bool
    occurred_at: datetime | None = None
    """When it happened, where that is not now: history that is told afterwards. The audit trail keeps both times."""


class UnitsOfWork(Protocol):
    """The transactions behind the Mediator; implemented over PostgreSQL, or in memory for tests."""

    def begin(self, work: Work, /) -> AbstractContextManager[Any]: ...

    def finish(self, conn: Any, work: Work, events: list[Event], decisions: list[DecisionRecord], /) -> None: ...

    def defer(self, conn: Any, jobs: Sequence[JobRequest], /) -> None: ...

    def record_denial(self, work: Work, record: DecisionRecord, /) -> None: ...

    def claim(self, conn: Any, work: Work, once: Once, /) -> Answer | None: ...

    def keep(self, conn: Any, work: Work, once: Once, answer: Answer, /) -> None: ...


PrivilegeCheck = Callable[[MessageContext, Spec, Message[Any]], bool]


class LocalMediator:
    """Handles messages in this process. One instance serves one principal; ``as_principal`` makes siblings."""

    def __init__(
        self,
        handlers: Mapping[type[Any], Handler],
        units: UnitsOfWork,
        principal: Principal | None = None,
        *,
        may: PrivilegeCheck | None = None,
        clock: Callable[[], datetime] | None = None,
        cursor_key: bytes = paging.PROCESS_KEY,
    ) -> None:
        self._handlers = handlers
        self._units = units
        self._principal = principal
        self._may = may or tenant_wide
        self._given_clock = clock
        self._clock = clock or (lambda: datetime.now(UTC))
        self._cursor_key = cursor_key

    @property
    def principal(self) -> Principal | None:
        """Who the messages are sent as."""
        return self._principal

    def as_principal(self, principal: Principal | None) -> LocalMediator:
        """The same mediator for somebody else."""
        return self._sibling(principal, self._given_clock)

    def with_clock(self, clock: Callable[[], datetime]) -> LocalMediator:
        """The same mediator at another time (imports of history, tests)."""
        return self._sibling(self._principal, clock)

    def _sibling(self, principal: Principal | None, clock: Callable[[], datetime] | None) -> LocalMediator:
        return LocalMediator(
            self._handlers, self._units, principal, may=self._may, clock=clock, cursor_key=self._cursor_key
        )

    def send(self, command: Command[R], /) -> R:
        """Run a command in one audited transaction; raises ``AlmError`` subclasses and changes nothing then."""
        return self._run(command, lambda ctx, _: self.dispatch(ctx, command), read_only=False)

    def query(self, query: Query[R], /) -> R:
        """Run a query in a READ ONLY transaction."""
        with paging.bound(query, self._principal.tenant_id if self._principal else None, self._cursor_key):
            return self._run(query, lambda ctx, _: self.dispatch(ctx, query), read_only=True)

    def send_once(self, command: Command[Any], once: Once, /) -> tuple[Answer, bool]:
        """Run a command unless its key was carried out before; its answer, and whether it is the kept one.

        Raises ``IdempotencyRunning``, ``IdempotencyKeyReused``, and what ``send`` raises.
        """

        def do(ctx: MessageContext, work: Work) -> tuple[Answer, bool]:
            if (kept := self._units.claim(ctx.conn, work, once)) is not None:
                return kept, True
            answer = once.encode(self.dispatch(ctx, command))
            self._units.keep(ctx.conn, work, once, answer)
            return answer, False

        return self._run(command, do, read_only=False)

    def _run(self, message: Message[Any], do: Callable[[MessageContext, Work], R], *, read_only: bool) -> R:
        spec = REGISTRY.of(message)
        principal = self._principal
        if principal is None:
            if spec.privilege != PUBLIC:
                raise AuthenticationFailed("Log in first", correlation_id=correlation.get() or None)
            principal = NOBODY
        with correlated() as correlation_id:
            at = self._given_clock() if self._given_clock is not None else None
            work = Work(principal, spec.name, correlation_id, new_id(), read_only, at)
            try:
                return self._in_transaction(work, spec, message, do)
            except (AccessDenied, TransitionDenied) as error:
                error.correlation_id = error.correlation_id or correlation_id
                if principal is not NOBODY:
                    self._units.record_denial(work, denial_of(error))
                raise
            except AlmError as error:
                error.correlation_id = error.correlation_id or correlation_id
                if error.aftermath is not None:
                    with self._units.begin(work) as conn:
                        error.aftermath(conn)
                raise

    def _in_transaction(
        self, work: Work, spec: Spec, message: Message[Any], do: Callable[[MessageContext, Work], R]
    ) -> R:
        with self._units.begin(work) as conn:
            ctx = MessageContext(
                work.principal, conn, work.command, work.correlation_id, work.commit_id, self._clock(), self
            )
            if spec.privilege not in (PUBLIC, AUTHENTICATED) and not self._may(ctx, spec, message):
                raise missing_privilege(spec)
            result = do(ctx, work)
            if not work.read_only:
                self._units.finish(conn, work, ctx.events, ctx.decisions)
                if ctx.jobs:
                    self._units.defer(conn, ctx.jobs)
            return result

    def dispatch(self, ctx: MessageContext, message: Message[R], /) -> R:
        """Call the handler of a message inside the transaction of ``ctx``."""
        handler = self._handlers.get(type(message))
        if handler is None:
            raise AlmError(f"No plugin handles {type(message).__name__}")
        return cast("R", handler(ctx, message))


def tenant_wide(ctx: MessageContext, spec: Spec, message: Message[Any]) -> bool:
    """The plain privilege check: what the tenant-wide roles grant."""
    return ctx.principal.may(spec.privilege)


def missing_privilege(spec: Spec) -> AccessDenied:
    """The refusal of a message whose privilege is not held."""
    reason = {
        "code": "R_PRIVILEGE_MISSING",
        "message": f"privilege {spec.privilege} is needed",
        "rule_id": spec.privilege,
    }
    return AccessDenied(f"{spec.name} needs the privilege {spec.privilege}", reasons=[reason])


def denial_of(error: AccessDenied | TransitionDenied) -> DecisionRecord:
    """What the decision log keeps of a refusal."""
    if isinstance(error.record, DecisionRecord):
        return error.record
    rule = next((r.get("rule_id") for r in error.reasons if isinstance(r, dict) and r.get("rule_id")), None)
    return DecisionRecord("deny", "Message", None, rule, error.reasons)


@contextmanager
def correlated(given: str | None = None) -> Iterator[str]:
    """Run with a correlation id: the given one, the one already set, or a new one."""
    value = given or correlation.get() or uuid.uuid4().hex
    token = correlation.set(value)
    try:
        yield value
    finally:
        correlation.reset(token)
