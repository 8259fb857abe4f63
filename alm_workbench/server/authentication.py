"""Who is asking: all the ways in which a request says so, and what each of them needs besides.

| Proof | Sent by | Double submit |
|---|---|---|
| `Authorization: Bearer <signed token>` | scripts, kernels | no |
| `X-API-Key: alm_…` or `Authorization: Bearer alm_…` | other programs | no |
| log-in cookie, or Jupyter's own token | browsers | yes: a browser adds cookies by itself, whoever asked |

A header that names its proof decides alone: a wrong key beside a good cookie is a refusal, not the cookie's owner.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import structlog
from tornado import web
from tornado.httputil import HTTPHeaders

from alm_workbench.contexts.apikey.domain import KeyText, looks_like_key
from alm_workbench.contexts.apikey.messages import KeyHolder, NoteKeyUse, ResolveKey
from alm_workbench.errors import AlmError, AuthenticationFailed
from alm_workbench.shared.mediator import LocalMediator
from alm_workbench.shared.memory import Memory
from alm_workbench.shared.principal import Principal

if TYPE_CHECKING:
    from alm_workbench.server.application import Application

KEY_HEADER = "X-API-Key"
MAX_KEYS = 4096
NO_KEY = "The API key is not valid: it is wrong, expired, revoked, or its maker has no access any more"
log = structlog.get_logger("alm.api")


class KeyDoor:
    """Whom keys stand for, looked up again every few seconds; so a revocation is soon true in every process."""

    def __init__(self, mediator: LocalMediator, *, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._mediator = mediator
        self._known = Memory[KeyHolder](seconds, limit=MAX_KEYS, clock=clock)

    def principal(self, text: str) -> Principal:
        """The principal of a key's text; raises ``AuthenticationFailed``."""
        key = KeyText.read(text)
        if key is None:
            raise AuthenticationFailed(NO_KEY)
        holder = self._known.recall((key.prefix, key.digest), lambda: self._resolved(key))
        if holder.expires_at <= datetime.now(UTC):
            raise AuthenticationFailed(NO_KEY)
        return holder.principal

    def _resolved(self, key: KeyText) -> KeyHolder:
        nobody = self._mediator.as_principal(None)
        holder = nobody.query(ResolveKey(key.prefix, key.digest))
        if holder is None:
            raise AuthenticationFailed(NO_KEY)
        if holder.note_use:
            try:
                nobody.send(NoteKeyUse(key.prefix))
            except AlmError as error:  # a database that only reads must not lock keys out
                log.warning("the use of a key was not noted", prefix=key.prefix, detail=error.detail)
        return holder


class Authentication(web.RequestHandler):
    """The part of a handler that finds out who is asking."""

    app: Application

    def check_xsrf_cookie(self) -> None:
        """Only requests that a browser authenticates by itself (cookies) need the double submit."""
        if proves_itself(self.request.headers):
            return
        origin = self.request.headers.get("Origin")
        if origin and urlsplit(origin).netloc != self.request.host:
            raise web.HTTPError(403, "The request comes from another site")
        if self.request.headers.get("Cookie"):
            super().check_xsrf_cookie()

    async def principal(self) -> Principal | None:
        """Who is asking; None for nobody, ``AuthenticationFailed`` for a proof that proves nothing."""
        header = self.request.headers.get("Authorization", "")
        key = self.request.headers.get(KEY_HEADER)
        if key is not None:
            if header:
                raise AuthenticationFailed(f"Give either Authorization or {KEY_HEADER}, not both")
            return await self.app.run(lambda: self.app.by_key(key))
        scheme, _, value = header.partition(" ")
        if scheme.lower() == "bearer":
            token = value.strip()
            return await self.app.run(lambda: (self.app.by_key if looks_like_key(token) else self.app.by_token)(token))
        if header and scheme.lower() != "token":
            raise AuthenticationFailed("Only bearer tokens and API keys are accepted")
        provider = self.settings.get("identity_provider")
        if provider is None:
            if header:
                raise AuthenticationFailed("Only bearer tokens and API keys are accepted")
            return None
        user = await provider.get_user(self)
        return getattr(user, "principal", None)

    async def required(self) -> Principal:
        """Who is asking; raises ``AuthenticationFailed`` for nobody."""
        found = await self.principal()
        if found is None:
            raise AuthenticationFailed("Log in first")
        return found


def proves_itself(headers: HTTPHeaders) -> bool:
    """Whether a request carries a proof that no browser adds on its own."""
    return KEY_HEADER in headers or headers.get("Authorization", "").lower().startswith("bearer ")
