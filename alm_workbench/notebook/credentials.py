"""What a connection shows the server, and how it gets the next one before, or when, the present one runs out.

A kernel's token is renewed while the kernel lives. A log-in's access token is renewed with its refresh token, which
serves once: it is kept in memory only, and renewals wait for one another, so that it is never spent twice.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import threading
from collections.abc import Callable
from typing import Any

from alm_workbench.contexts.auth.session_messages import (
    RefreshSession,
    RenewKernelToken,
    SessionDTO,
    SwitchTenant,
    TokenDTO,
)
from alm_workbench.errors import AuthenticationFailed
from alm_workbench.shared.messages import Message

RENEW_BEFORE = 60.0
Ask = Callable[[Message[Any]], Any]


class Credentials:
    """The bearer token of a connection and the way to its successors. Safe to share between threads."""

    def __init__(self, token: str, refresh: str | None = None) -> None:
        self.token = token
        self._refresh = refresh
        self._renewing = threading.Lock()

    def __repr__(self) -> str:
        return f"<Credentials: {kind_of(self.token) or 'token'}>"

    def due(self, now: float) -> bool:
        """Whether the token should be renewed now, while the server still knows it."""
        expires = claims_of(self.token).get("exp")
        return self._renewable and isinstance(expires, (int, float)) and expires - now < RENEW_BEFORE

    @property
    def _renewable(self) -> bool:
        return self._refresh is not None or kind_of(self.token) == "kernel"

    def renew(self, stale: str, ask: Ask) -> bool:
        """Get the next token unless another thread just did; False when there is none to be had."""
        if not self._renewable:
            return False
        with self._renewing:
            if self.token != stale:
                return True
            try:
                if self._refresh is not None:
                    self._accept(ask(RefreshSession(self._refresh)))
                else:
                    self._kernel(ask(RenewKernelToken(stale)), stale)
            except AuthenticationFailed:
                self._refresh = None  # spent or revoked: nothing gets better by showing it again
                return False
            return True

    def switch(self, tenant: str, ask: Ask) -> None:
        """Go on in another organisation of the same person; raises ``AlmError`` where that is refused."""
        with self._renewing:
            if kind_of(self.token) == "kernel":
                fresh: TokenDTO = ask(RenewKernelToken(self.token, tenant))
                self.token = fresh.access_token
            else:
                self._accept(ask(SwitchTenant(tenant)))

    def _accept(self, session: SessionDTO) -> None:
        self.token = session.access_token
        self._refresh = session.refresh_token or self._refresh

    def _kernel(self, fresh: TokenDTO, stale: str) -> None:
        self.token = fresh.access_token
        if os.environ.get("ALM_TOKEN") == stale:  # a second connect() of this kernel must not start with a dead one
            os.environ["ALM_TOKEN"] = fresh.access_token


def claims_of(token: str) -> dict[str, Any]:
    """What a token says of itself, unverified: only the server can tell whether it is true."""
    try:
        part = token.split(".")[1]
        data = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, ValueError, binascii.Error):
        return {}
    return data if isinstance(data, dict) else {}


def kind_of(token: str) -> str | None:
    """What a token is for: ``user``, ``kernel``, ``owner``, or nothing we know."""
    use = claims_of(token).get("use")
    return use if isinstance(use, str) else None
