"""Who may open which page of a Jupyter server: ALM accounts in place of one shared password.

Used by the Lab server and by the dashboards server. A log-in is a signed cookie that names a session of the database;
session and rights are looked up again for every request (with a short memory), so whoever logged out, was suspended or
had the password changed is soon out of every server, with the sockets that are open already.

Jupyter asks its authorizer only for some resources: a plain page such as ``/lab`` is open to everybody who is
logged in, and that page carries the owner's token. The provider therefore closes, by default, every handler that
is not ours.
"""

from __future__ import annotations

import asyncio
import contextvars
import hashlib
import hmac
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from jupyter_server.auth.authorizer import Authorizer
from jupyter_server.auth.identity import IdentityProvider, User
from jupyter_server.base.handlers import APIHandler, JupyterHandler
from tornado import web
from tornado.websocket import WebSocketHandler
from traitlets import Float, default

from alm_workbench.config import read_or_make
from alm_workbench.errors import AuthenticationFailed
from alm_workbench.server.sessions import SessionInfo as SessionInfo
from alm_workbench.server.sessions import SessionService, SocketWatch, Ticket, ticket_of
from alm_workbench.shared.principal import Principal

T = TypeVar("T")
Runner = Callable[[Callable[[], T]], Awaitable[T]]

OWN_RESOURCE = "alm"
LAB_PRIVILEGE = "lab:use"


@dataclass(frozen=True, slots=True)
class Owner:
    """Whom the server's own Jupyter token stands for."""

    user_id: UUID
    tenant_id: UUID


@dataclass
class AlmUser(User):
    """A logged-in person in one tenant. ``session_id`` is the log-in, not the account."""

    user_id: str = ""
    tenant_id: str = ""
    tenant_name: str = ""
    email: str = ""
    locale: str = "en"
    session_id: str = field(default="", repr=False)
    is_owner: bool = False
    uses_lab: bool = False
    principal: Principal | None = field(default=None, repr=False, compare=False)


def load_cookie_secret(secrets_dir: Path) -> bytes:
    """The installation's cookie secret, made on first use; Lab and dashboards must be given the same."""
    return read_or_make(secrets_dir / "cookie.key").encode("ascii")


class AlmIdentityProvider(IdentityProvider):
    """Log-in with an ALM account; the server's own token, where there is one, stands for its owner."""

    session_hours = Float(12.0, help="How long a log-in lasts (hours).").tag(config=True)

    @default("updatable_fields")
    def _nothing_to_update(self) -> list[str]:
        return []

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.service: SessionService | None = None
        self.owner: Owner | None = None
        self.dashboards_url = ""
        self.open_resources: frozenset[str] = frozenset({OWN_RESOURCE})
        self.lab_here = True
        self._run: Runner[Any] | None = None
        self._pool: ThreadPoolExecutor | None = None
        self._owner_session: UUID | None = None
        self.sockets = SocketWatch(self.user_of)

    def bind(
        self,
        service: SessionService,
        *,
        owner: Owner | None = None,
        dashboards_url: str = "",
        lab_here: bool = True,
        open_resources: frozenset[str] = frozenset({OWN_RESOURCE}),
        run: Runner[Any] | None = None,
    ) -> None:
        """Connect the provider with the application. ``run`` calls a blocking function on a thread.

        ``lab_here=False`` closes everything outside of ``open_resources`` to everybody.
        """
        self.service, self.owner, self._run = service, owner, run
        self.dashboards_url, self.lab_here, self.open_resources = dashboards_url, lab_here, open_resources

    async def run(self, call: Callable[[], T]) -> T:
        """Run a blocking call on a thread of its own small pool, with the context of this request."""
        if self._run is not None:
            result: T = await self._run(call)
            return result
        self._pool = self._pool or ThreadPoolExecutor(2, thread_name_prefix="alm-identity")
        context = contextvars.copy_context()
        return await asyncio.get_running_loop().run_in_executor(self._pool, lambda: context.run(call))

    # -- who is it

    async def get_user(self, handler: web.RequestHandler) -> User | None:
        """The person behind a request; ends the request when this person may not open this handler."""
        known = getattr(handler, "_jupyter_current_user", None)
        if isinstance(known, AlmUser):
            return known
        user = await self._by_token(handler) or await self._by_cookie(handler)
        if user is None or user.uses_lab or self.is_ours(handler):
            if user is not None:
                self.sockets.note(handler, user.user_id, user.session_id)
            return user
        if is_public_file(handler):
            # nobody in particular: Jupyter puts the server's token into every error page of somebody who is logged in
            return None
        raise self.refusal(handler, user)

    async def _by_token(self, handler: web.RequestHandler) -> AlmUser | None:
        given = self.get_token(handler) or ""
        owner = self.owner
        if not self.token or owner is None or not hmac.compare_digest(given.encode(), str(self.token).encode()):
            return None
        ticket = self.read_cookie(handler)
        user = await self.user_of(ticket) if ticket and ticket.user_id == owner.user_id else None
        if user is None:
            user = await self._owner_user(handler, owner)
        if user is not None:
            handler._token_authenticated = True  # type: ignore[attr-defined]
        return user

    async def _owner_user(self, handler: web.RequestHandler, owner: Owner) -> AlmUser | None:
        """The owner by the server's token: a page opens a session of its own, calls without a cookie share one."""
        opens = is_page(handler)
        session_id = None if opens else self._owner_session
        user = await self.user_of(Ticket(owner.user_id, session_id, time.time())) if session_id else None
        if user is not None:
            return user
        service = self._service()
        try:
            info = await self.run(lambda: service.open_session(owner.user_id, owner.tenant_id, self.session_hours))
        except AuthenticationFailed:
            return None
        ticket = ticket_of(info)
        if opens:
            self.write_cookie(handler, ticket)
        else:
            self._owner_session = ticket.session_id
        return await self.user_of(ticket)

    async def _by_cookie(self, handler: web.RequestHandler) -> AlmUser | None:
        ticket = self.read_cookie(handler)
        user = await self.user_of(ticket) if ticket else None
        if user is None and handler.get_cookie(self.get_cookie_name(handler)) is not None:
            self.clear_login_cookie(handler)
        return user

    async def user_of(self, ticket: Ticket) -> AlmUser | None:
        """The user a ticket stands for now; None when the session ended or the membership is gone."""
        service = self._service()
        known, principal = service.remembered(ticket.session_id)
        if not known:
            principal = await self.run(lambda: service.of_session(ticket.session_id))
        if principal is None or principal.user_id != ticket.user_id:
            return None
        is_owner = self.owner is not None and self.owner.user_id == ticket.user_id
        # A tenant's wildcard must not let its administrators run code as the owner of this machine: the privilege
        # counts by its own name only, and only in the owner's tenant.
        at_home = self.owner is None or self.owner.tenant_id == principal.tenant_id
        granted = at_home and LAB_PRIVILEGE in principal.privileges
        return AlmUser(
            username=principal.email or str(ticket.user_id),
            name=principal.display_name,
            display_name=principal.display_name,
            initials="".join(word[0] for word in principal.display_name.split()[:2]).upper() or None,
            user_id=str(ticket.user_id),
            tenant_id=str(principal.tenant_id),
            tenant_name=principal.tenant_name,
            email=principal.email,
            locale=principal.locale,
            session_id=str(ticket.session_id),
            is_owner=is_owner,
            uses_lab=self.lab_here and (is_owner or granted),
            principal=principal,
        )

    def _service(self) -> SessionService:
        if self.service is None:
            raise web.HTTPError(503, "The workbench is starting")
        return self.service

    async def login(self, email: str, password: str, tenant: str | None) -> Ticket:
        """A new session; raises what ``SessionService.login`` raises."""
        service = self.service
        if service is None:
            raise AuthenticationFailed("The workbench is starting")
        return ticket_of(await self.run(lambda: service.login(email, password, tenant, self.session_hours)))

    async def way_in(self, ticket: Ticket | None, target: str, home: str) -> str:
        """Where a fresh session goes on: the dashboards for whoever may not open Lab and asked for no page."""
        if ticket is None or target != home or not (self.lab_here and self.dashboards_url):
            return target
        user = await self.user_of(ticket)
        return target if user is None or user.uses_lab else self.dashboards_url

    async def logout(self, handler: web.RequestHandler) -> None:
        """End the session of this request, also for copies of its cookie and in the other servers."""
        ticket, service = self.read_cookie(handler), self.service
        self.clear_login_cookie(handler)
        user = await self.user_of(ticket) if ticket and service else None
        if user is not None and user.principal is not None and service is not None:
            principal = user.principal
            await self.run(lambda: service.end_session(principal))

    # -- the cookie

    def get_cookie_name(self, handler: web.RequestHandler) -> str:
        """One name for all servers of this installation, so that one log-in serves Lab and dashboards on any port."""
        secret = handler.settings.get("cookie_secret", b"")
        raw = secret if isinstance(secret, bytes) else str(secret).encode()
        return "alm-session-" + hashlib.sha256(b"name:" + raw).hexdigest()[:10]

    def read_cookie(self, handler: web.RequestHandler) -> Ticket | None:
        """The valid, unexpired ticket of a request."""
        raw = handler.get_secure_cookie(self.get_cookie_name(handler), max_age_days=self.session_hours / 24 + 1)
        if not raw:
            return None
        try:
            ticket = Ticket.load(raw.decode())
        except ValueError:
            return None
        return ticket if -60 <= time.time() - ticket.at <= self.session_hours * 3600 else None

    def write_cookie(self, handler: web.RequestHandler, ticket: Ticket) -> None:
        """Keep the session in the browser: not readable by scripts, not sent with requests of other sites."""
        secure = handler.request.protocol == "https" if self.secure_cookie is None else bool(self.secure_cookie)
        handler.set_secure_cookie(
            self.get_cookie_name(handler),
            ticket.dump(),
            expires_days=self.session_hours / 24,
            path=handler.settings.get("base_url", "/"),
            httponly=True,
            samesite="Lax",
            secure=secure,
        )

    def clear_login_cookie(self, handler: web.RequestHandler) -> None:
        """Take the session from the browser; works for handlers that are not Jupyter's too."""
        handler.clear_cookie(self.get_cookie_name(handler), path=handler.settings.get("base_url", "/"))

    def user_to_cookie(self, user: User) -> str:
        """The cookie text of a user."""
        if not isinstance(user, AlmUser):
            raise TypeError("only ALM users are kept in a cookie")
        return Ticket(UUID(user.user_id), UUID(user.session_id), time.time()).dump()

    def user_from_cookie(self, cookie_value: str) -> User | None:
        """A user without name or rights yet; requests go through ``get_user``, which looks both up."""
        try:
            ticket = Ticket.load(cookie_value)
        except ValueError:
            return None
        user_id = str(ticket.user_id)
        return AlmUser(user_id, user_id=user_id, session_id=str(ticket.session_id))

    def identity_model(self, user: User) -> dict[str, Any]:
        """What JupyterLab shows of a user."""
        names = ("username", "name", "display_name", "initials", "avatar_url", "color")
        model = {name: getattr(user, name) for name in names}
        return model | ({"tenant": user.tenant_name} if isinstance(user, AlmUser) else {})

    # -- what may they open

    def is_ours(self, handler: web.RequestHandler) -> bool:
        """Whether every member may reach this handler; its own checks come on top."""
        return getattr(handler, "auth_resource", None) in self.open_resources

    def refusal(self, handler: web.RequestHandler, user: AlmUser) -> web.Finish:
        """Answer with 403 and return what ends the request.

        A friendly page in a browser, a plain answer elsewhere, and never Jupyter's error page, which has the token.
        """
        from alm_workbench.server.login import denied_page

        handler.set_status(403)
        wants_page = "text/html" in handler.request.headers.get("Accept", "") and handler.request.method == "GET"
        if wants_page and isinstance(handler, JupyterHandler) and not isinstance(handler, APIHandler):
            denied_page(handler, user, self.dashboards_url)
        else:
            handler.set_header("Content-Type", "application/json")
            handler.finish(json.dumps({"message": "This account may not use this part of the server"}))
        return web.Finish()

    @property
    def auth_enabled(self) -> bool:
        """Always: there is no anonymous access."""
        return True

    def get_handlers(self) -> list[tuple[str, object]]:
        """Our log-in and log-out pages, and those of accounts."""
        from alm_workbench.server.account_pages import ACCOUNT_PAGES
        from alm_workbench.server.login import AlmLoginHandler, AlmLogoutHandler

        return [(r"/login", AlmLoginHandler), (r"/logout", AlmLogoutHandler), *ACCOUNT_PAGES]


class AlmAuthorizer(Authorizer):
    """Our own resources for everybody who is logged in (the Mediator decides there), Jupyter's for users of Lab."""

    def is_authorized(self, handler: JupyterHandler, user: User, action: str, resource: str) -> bool:
        """Whether ``user`` may do ``action`` on ``resource`` of this server."""
        if not isinstance(user, AlmUser):
            return False
        return resource == OWN_RESOURCE or user.uses_lab


def is_page(handler: web.RequestHandler) -> bool:
    """Whether a browser is opening a page, rather than a program calling an API or a socket."""
    plain = handler.request.method == "GET" and not isinstance(handler, (APIHandler, WebSocketHandler))
    return plain and "token" in handler.request.arguments


def is_public_file(handler: web.RequestHandler) -> bool:
    """Whether a handler gives out static files to everybody, logged in or not."""
    method = getattr(handler, (handler.request.method or "GET").lower(), None)
    return isinstance(handler, web.StaticFileHandler) and bool(getattr(method, "__allow_unauthenticated", False))


def tenant_choices(error: Exception) -> list[Mapping[str, Any]]:
    """The tenants a refused log-in asks to choose from; empty when that is not what it says."""
    extra = getattr(error, "extra", None)
    found = extra.get("tenants", []) if isinstance(extra, Mapping) else []
    return [item for item in found if isinstance(item, Mapping)]
