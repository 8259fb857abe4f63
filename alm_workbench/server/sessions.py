"""Log-in sessions as servers see them: what they need of the application, the cookie's content, sockets that are open."""

from __future__ import annotations

import json
import time
import weakref
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar
from uuid import UUID

import structlog
from tornado.ioloop import PeriodicCallback
from tornado.web import RequestHandler
from tornado.websocket import WebSocketHandler

from alm_workbench.contexts.auth.domain import AuthOptions
from alm_workbench.errors import AuthenticationFailed
from alm_workbench.shared.messages import Message
from alm_workbench.shared.principal import Principal

R = TypeVar("R")
SESSION_ENDED = 4401
"""The close code of a socket whose session ended."""

log = structlog.get_logger("alm.sessions")


class SessionInfo(Protocol):
    """What a log-in must tell: whose session it is, in which tenant."""

    @property
    def user_id(self) -> UUID: ...
    @property
    def tenant_id(self) -> UUID: ...
    @property
    def session_id(self) -> UUID | None: ...


class SessionService(Protocol):
    """The part of the application that identity and its pages need; all but ``remembered`` may block."""

    @property
    def options(self) -> AuthOptions:
        """How this installation lets people in."""
        ...

    def ask(self, principal: Principal | None, message: Message[R]) -> R:
        """Send a message for somebody (None: nobody); raises ``AlmError`` subclasses."""
        ...

    def login(self, email: str, password: str, tenant: str | None = None, hours: float | None = None) -> SessionInfo:
        """Open a session; raises ``AuthenticationFailed``, or ``InvalidInput`` with ``tenants`` to choose from."""
        ...

    def open_session(self, user_id: UUID, tenant_id: UUID, hours: float) -> SessionInfo:
        """Open a session for somebody who proved otherwise who it is; raises ``AuthenticationFailed``."""
        ...

    def end_session(self, principal: Principal) -> None:
        """End a session, in every process."""
        ...

    def of_session(self, session_id: UUID) -> Principal | None:
        """The principal of a session; None once it ended."""
        ...

    def remembered(self, session_id: UUID) -> tuple[bool, Principal | None]:
        """Whether ``of_session`` can be answered at once, and the answer."""
        ...


@dataclass(frozen=True, slots=True)
class Ticket:
    """The content of a log-in cookie: the session, whose it is, and when it began (seconds since the epoch).

    The session's row says what holds; the organisation is looked up there, since a person may switch.
    """

    user_id: UUID
    session_id: UUID
    at: float

    def dump(self) -> str:
        """The cookie's text."""
        return json.dumps({"u": str(self.user_id), "s": str(self.session_id), "i": int(self.at)})

    @classmethod
    def load(cls, text: str) -> Ticket:
        """The inverse of ``dump``; raises ``ValueError`` on anything else."""
        try:
            data = json.loads(text)
            return cls(UUID(data["u"]), UUID(data["s"]), float(data["i"]))
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError("not a log-in cookie") from error


def ticket_of(info: SessionInfo) -> Ticket:
    """The ticket of a session that was just opened."""
    if info.session_id is None:
        raise AuthenticationFailed("There is no session")
    return Ticket(info.user_id, info.session_id, time.time())


class SocketWatch:
    """Closes open WebSockets whose session ended: the request that opened one was checked once, long ago.

    ``alive`` says whether a ticket still stands for somebody; every socket is asked about once in ``seconds``.
    """

    def __init__(self, alive: Callable[[Ticket], Awaitable[Any]], seconds: float = 1.0) -> None:
        self._alive, self._seconds = alive, seconds
        self._open: weakref.WeakKeyDictionary[WebSocketHandler, Ticket] = weakref.WeakKeyDictionary()
        self._timer: PeriodicCallback | None = None

    def note(self, handler: RequestHandler, user_id: str, session_id: str) -> None:
        """Watch a socket that is being opened in a session."""
        if not isinstance(handler, WebSocketHandler):
            return
        self._open[handler] = Ticket(UUID(user_id), UUID(session_id), time.time())
        if self._timer is None:
            self._timer = PeriodicCallback(self.look, self._seconds * 1000)
            self._timer.start()

    async def look(self) -> None:
        """Close what nobody is entitled to any more; one look-up for each session."""
        for session_id, ticket in {ticket.session_id: ticket for ticket in self._open.values()}.items():
            try:
                alive = await self._alive(ticket)
            except Exception as error:  # a database that does not answer says nothing about a session
                log.warning("a session could not be looked up", detail=str(error))
                continue
            if not alive:
                for handler in [h for h, t in list(self._open.items()) if t.session_id == session_id]:
                    self._open.pop(handler, None)
                    handler.close(SESSION_ENDED, "The session has ended")
