"""Where a request came from, for the sign-in log and the lock of log-ins."""

from __future__ import annotations

import contextvars
from dataclasses import dataclass

MAX_CLIENT = 200


@dataclass(frozen=True, slots=True)
class Caller:
    """Network address and program (``User-Agent``) of whoever sent a request; empty inside the process."""

    address: str = ""
    client: str = ""

    @classmethod
    def of(cls, address: str | None, agent: str | None) -> Caller:
        """What a request says of its sender, cut to what is kept and without control characters."""
        printable = "".join(c for c in agent or "" if c.isprintable())
        return cls((address or "")[:64], printable[:MAX_CLIENT])


NOBODY_KNOWN = Caller()
caller: contextvars.ContextVar[Caller] = contextvars.ContextVar("alm_caller", default=NOBODY_KNOWN)
"""The caller of the work going on in this context."""
