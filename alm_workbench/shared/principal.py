"""Who is asking, and what they may do in general."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from uuid import UUID


@dataclass(frozen=True, slots=True)
class KeyLimits:
    """What a key is for: its rights are these scopes, in these roles and projects (None: all), as far as its maker has them."""

    scopes: frozenset[str]
    roles: frozenset[str] | None = None
    projects: frozenset[UUID] | None = None

    def opens(self, project_id: UUID) -> bool:
        """Whether the key may know of a project at all."""
        return self.projects is None or project_id in self.projects

    def of_roles(self, codes: Iterable[str]) -> frozenset[str]:
        """Those of a person's roles that the key acts in."""
        return frozenset(codes) if self.roles is None else self.roles & frozenset(codes)


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
    kind: Literal["user", "api_key", "service", "process"] = "user"
    """``process``: what the process itself asks for, inside the transaction of somebody's command; nobody logs in as that."""
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
    limits: KeyLimits | None = None
    """What narrows the rights of an API key; None for people."""

    def may(self, privilege: str) -> bool:
        """Whether the tenant-wide roles grant ``privilege`` (``resource:verb``)."""
        return grants(self.privileges, privilege)

    def sees_address(self, email: str) -> str:
        """An e-mail address as far as this principal may know it: that of others takes ``member:read``; else empty."""
        return email if email == self.email or self.may("member:read") else ""


def grants(held: Iterable[str], privilege: str) -> bool:
    """Whether a set of codes with wildcards grants one code."""
    resource = privilege.split(":", 1)[0]
    codes = held if isinstance(held, (set, frozenset)) else frozenset(held)
    return privilege in codes or f"{resource}:*" in codes or "*" in codes


def meet(one: Iterable[str], other: Iterable[str]) -> frozenset[str]:
    """The codes that grant exactly what both sets grant: wildcards shrink to what the other side names."""
    left, right = frozenset(one), frozenset(other)
    return frozenset(a for a in left if grants(right, a)) | frozenset(b for b in right if grants(left, b))
