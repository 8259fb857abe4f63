"""Who is asking, and what they may do in general."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Principal:
    """An authenticated actor in one tenant. ``privileges`` are codes; ``*`` and ``resource:*`` stand for many."""

    tenant_id: UUID
    actor_id: UUID
    user_id: UUID | None
    email: str
    display_name: str
    roles: frozenset[str]
    privileges: frozenset[str]
    kind: Literal["user", "api_key", "service"] = "user"
    tenant_slug: str = ""
    tenant_name: str = ""
    membership_id: UUID | None = None
    locale: str = "en"
    tier: str = "free"
    """The subscription of the tenant; limits of requests and quotas follow it."""
    session_id: UUID | None = None
    """The log-in behind a token or cookie; None for keys and services."""
    key_id: UUID | None = None
    """The API key behind the request, where it was one."""

    def may(self, privilege: str) -> bool:
        """Whether the tenant-wide roles grant ``privilege`` (``resource:verb``)."""
        return grants(self.privileges, privilege)


def grants(held: Iterable[str], privilege: str) -> bool:
    """Whether a set of codes with wildcards grants one code."""
    resource = privilege.split(":", 1)[0]
    codes = held if isinstance(held, (set, frozenset)) else frozenset(held)
    return privilege in codes or f"{resource}:*" in codes or "*" in codes
