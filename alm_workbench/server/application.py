"""The application behind a server: its Mediator, its threads, and who a token or a session stands for."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from uuid import UUID

from alm_workbench.contexts.auth.domain import Claims, LiveBindings, Tokens
from alm_workbench.contexts.auth.messages import LogIn, ResolvePrincipal, SessionDTO
from alm_workbench.errors import AuthenticationFailed
from alm_workbench.server.authentication import KeyDoor
from alm_workbench.server.readiness import Readiness
from alm_workbench.shared.mediator import LocalMediator
from alm_workbench.shared.principal import Principal

if TYPE_CHECKING:
    from alm_workbench.composition import Runtime

T = TypeVar("T")
PRINCIPAL_SECONDS = 5.0
MAX_PRINCIPALS = 4096


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
    ) -> None:
        self.mediator = mediator
        self.tokens = tokens
        self.about: dict[str, Any] = {}
        self._bindings = bindings
        self._ready = Readiness(probe)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="alm")
        self._reports = ThreadPoolExecutor(report_threads, thread_name_prefix="alm-report")
        self._known: dict[tuple[UUID, UUID], tuple[float, Principal | None]] = {}
        self._lock = threading.Lock()
        self._keys = KeyDoor(mediator, seconds=PRINCIPAL_SECONDS)

    @classmethod
    def of(cls, runtime: Runtime, *, threads: int = 8) -> Application:
        """What a server serves of a running workbench; as many threads as the database pool has connections."""
        return cls(runtime.mediator, runtime.tokens, runtime.bindings, runtime.readiness, threads=threads)

    async def run(self, call: Callable[[], T], *, reports: bool = False) -> T:
        """Run a blocking call on a thread, with the context (correlation id) of the caller."""
        context = contextvars.copy_context()
        pool = self._reports if reports else self._pool
        return await asyncio.get_running_loop().run_in_executor(pool, lambda: context.run(call))

    def login(self, email: str, password: str, tenant: str | None = None) -> SessionDTO:
        """Open a session; raises ``AuthenticationFailed``, or ``InvalidInput`` with ``tenants`` to choose from."""
        return self.mediator.as_principal(None).send(LogIn(email, password, tenant))

    def principal(self, user_id: UUID, tenant_id: UUID) -> Principal | None:
        """The principal of an active member, looked up again every few seconds; None for anybody else."""
        key, now = (user_id, tenant_id), time.monotonic()
        with self._lock:
            hit = self._known.get(key)
        if hit is not None and now - hit[0] < PRINCIPAL_SECONDS:
            return hit[1]
        found = self.mediator.as_principal(None).query(ResolvePrincipal(user_id, tenant_id))
        with self._lock:
            if len(self._known) >= MAX_PRINCIPALS:
                self._known.clear()
            self._known[key] = (now, found)
        return found

    def by_key(self, text: str) -> Principal:
        """Who an API key stands for; raises ``AuthenticationFailed``."""
        return self._keys.principal(text)

    def by_token(self, token: str) -> Principal:
        """Who a bearer token stands for; raises ``AuthenticationFailed``."""
        claims = self.tokens.read(token)
        if not self._alive(claims):
            raise AuthenticationFailed("The token's kernel or server is gone")
        found = self.principal(claims.user_id, claims.tenant_id)
        if found is None:
            raise AuthenticationFailed("This account has no access any more")
        return found

    def _alive(self, claims: Claims) -> bool:
        if claims.kind == "user":
            return True
        return claims.binding is not None and self._bindings.alive(claims.kind, claims.binding)

    async def readiness(self) -> dict[str, Any]:
        """What ``/alm/health/ready`` answers, within a few seconds."""
        return await self._ready.state()

    def close(self) -> None:
        """Stop the threads; running calls are waited for."""
        self._ready.close()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._reports.shutdown(wait=True, cancel_futures=True)
