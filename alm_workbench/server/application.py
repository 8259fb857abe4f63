"""The application behind a server: its Mediator, its threads, and who a token or a session stands for."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast
from uuid import UUID

import structlog

from alm_workbench.contexts.auth.domain import PRINCIPAL_SECONDS, AuthOptions, LiveBindings, PrincipalMemory, Tokens
from alm_workbench.contexts.auth.session_messages import (
    LogIn,
    LogInBrowser,
    LogOut,
    OpenSession,
    ResolvePrincipal,
    ResolveSession,
    SessionDTO,
    TouchSession,
)
from alm_workbench.demo import refuse_demo
from alm_workbench.errors import AlmError, AuthenticationFailed, Conflict
from alm_workbench.server import cors
from alm_workbench.server.authentication import KeyDoor
from alm_workbench.server.limits import RequestLimits
from alm_workbench.server.readiness import Readiness
from alm_workbench.shared.limits import RateLimiter
from alm_workbench.shared.mediator import LocalMediator
from alm_workbench.shared.messages import Command, Message, Query
from alm_workbench.shared.principal import Principal

if TYPE_CHECKING:
    from alm_workbench.composition import Runtime

T = TypeVar("T")
R = TypeVar("R")
TOUCH_SECONDS = 300.0
MAX_PRINCIPALS = 4096
log = structlog.get_logger("alm.api")


class Probe(Protocol):
    """Port: how the parts below are doing, as JSON-able data with a ``status`` of ok or failing."""

    def __call__(self) -> dict[str, Any]: ...


class Application:
    """One per server process. Blocking work runs on its own threads, never on the loop's default executor."""

    def __init__(
        self,
        mediator: LocalMediator,
        tokens: Tokens,
        bindings: LiveBindings,
        probe: Probe,
        *,
        threads: int = 8,
        report_threads: int = 2,
        memory: PrincipalMemory | None = None,
        options: AuthOptions | None = None,
        rates: RateLimiter,
    ) -> None:
        self.mediator = mediator
        self.tokens = tokens
        self.about: dict[str, Any] = {}
        self.rates = rates
        self.limits = RequestLimits(rates)
        self._bindings = bindings
        self._ready = Readiness(probe)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="alm")
        self._reports = ThreadPoolExecutor(report_threads, thread_name_prefix="alm-report")
        self.options = options or AuthOptions()
        self._memory = memory or PrincipalMemory()
        self._touched: dict[UUID, float] = {}
        self._keys = KeyDoor(mediator, seconds=PRINCIPAL_SECONDS)

    @classmethod
    def of(cls, runtime: Runtime, *, threads: int = 8) -> Application:
        """What a server serves of a running workbench; as many threads as the database pool has connections.

        Raises ``ConfigurationError`` where a setting of the faces makes no sense.
        """
        cors.allowed_origins()
        refuse_demo(runtime)
        return cls(
            runtime.mediator,
            runtime.tokens,
            runtime.bindings,
            runtime.readiness,
            threads=threads,
            memory=runtime.principals,
            options=runtime.auth_options,
            rates=runtime.limiter(),
        )

    async def run(self, call: Callable[[], T], *, reports: bool = False) -> T:
        """Run a blocking call on a thread, with the context (correlation id) of the caller."""
        context = contextvars.copy_context()
        pool = self._reports if reports else self._pool
        return await asyncio.get_running_loop().run_in_executor(pool, lambda: context.run(call))

    def login(self, email: str, password: str, tenant: str | None = None, hours: float | None = None) -> SessionDTO:
        """Open a session: of a program, or for ``hours`` of a browser.

        Raises ``AuthenticationFailed``, or ``InvalidInput`` with ``tenants`` to choose from.
        """
        nobody = self.mediator.as_principal(None)
        if hours is None:
            return nobody.send(LogIn(email, password, tenant))
        return nobody.send(LogInBrowser(email, password, tenant, hours))

    def ask(self, principal: Principal | None, message: Message[R]) -> R:
        """Send a message for somebody (None: nobody); raises ``AlmError`` subclasses."""
        mediator = self.mediator.as_principal(principal)
        return mediator.send(message) if isinstance(message, Command) else mediator.query(cast("Query[R]", message))

    def open_session(self, user_id: UUID, tenant_id: UUID, hours: float) -> SessionDTO:
        """A browser's session for somebody who proved otherwise who it is; raises ``AuthenticationFailed``."""
        return self.mediator.as_principal(None).send(OpenSession(user_id, tenant_id, hours))

    def end_session(self, principal: Principal) -> None:
        """End the session of a principal, in every process."""
        with contextlib.suppress(Conflict):  # it has none
            self.mediator.as_principal(principal).send(LogOut())
        self._memory.forget(principal.session_id)

    def principal(self, user_id: UUID, tenant_id: UUID) -> Principal | None:
        """The principal of an active member, looked up again every few seconds; None for anybody else."""
        nobody = self.mediator.as_principal(None)
        return self._memory.recall((user_id, tenant_id), lambda: nobody.query(ResolvePrincipal(user_id, tenant_id)))

    def of_session(self, session_id: UUID) -> Principal | None:
        """The principal of a session, looked up again every few seconds; None once it ended."""
        return self._memory.recall(session_id, lambda: self._looked_up(session_id))

    def remembered(self, session_id: UUID) -> tuple[bool, Principal | None]:
        """Whether the answer to ``of_session`` is known without asking the database, and the answer."""
        return self._memory.peek(session_id)

    def _looked_up(self, session_id: UUID) -> Principal | None:
        nobody = self.mediator.as_principal(None)
        found = nobody.query(ResolveSession(session_id))
        now = time.monotonic()
        if found is not None and now - self._touched.get(session_id, -TOUCH_SECONDS) >= TOUCH_SECONDS:
            if len(self._touched) >= MAX_PRINCIPALS:
                self._touched.clear()
            self._touched[session_id] = now
            try:
                nobody.send(TouchSession(session_id))
            except AlmError as error:  # a database that only reads must not lock people out
                log.warning("the use of a session was not noted", detail=error.detail)
        return found

    def by_key(self, text: str) -> Principal:
        """Who an API key stands for; raises ``AuthenticationFailed``."""
        return self._keys.principal(text)

    def by_token(self, token: str) -> Principal:
        """Who a bearer token stands for; raises ``AuthenticationFailed``."""
        claims = self.tokens.read(token)
        if claims.session_id is not None:
            found = self.of_session(claims.session_id)
            if found is None or (found.user_id, found.tenant_id) != (claims.user_id, claims.tenant_id):
                raise AuthenticationFailed("The session of this token has ended; log in again")
            return found
        if claims.binding is None or not self._bindings.alive(claims.kind, claims.binding):
            raise AuthenticationFailed("The token's kernel or server is gone")
        found = self.principal(claims.user_id, claims.tenant_id)
        if found is None:
            raise AuthenticationFailed("This account has no access any more")
        return found

    async def readiness(self) -> dict[str, Any]:
        """What ``/alm/health/ready`` answers, within a few seconds."""
        alone = bool(self.limits.state().get("failures"))
        return await self._ready.state() | {"rates": "each process alone" if alone else "ok"}

    def close(self) -> None:
        """Stop the threads; running calls are waited for."""
        self._ready.close()
        self.rates.close()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._reports.shutdown(wait=True, cancel_futures=True)
