"""Commands and queries of the tenant context."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from alm_workbench.shared.messages import AUTHENTICATED, PUBLIC, Command, Query, command, query


@dataclass(frozen=True, slots=True)
class TenantDTO:
    """An organisation and its settings. ``week_start`` is the ISO weekday (Monday = 1)."""

    tenant_id: UUID
    slug: str
    name: str
    tier: str
    timezone: str
    week_start: int
    locale: str
    status: str
    version: int


@dataclass(frozen=True, slots=True)
class MemberDTO:
    """A person in the organisation."""

    membership_id: UUID
    user_id: UUID
    actor_id: UUID
    email: str
    display_name: str
    status: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RoleDTO:
    """A role: what it implies and grants. ``labels`` by language."""

    code: str
    labels: Mapping[str, str]
    implies: tuple[str, ...]
    privileges: tuple[str, ...]
    built_in: bool


@query(route="GET /tenant", privilege=AUTHENTICATED, facade="tenant.get")
@dataclass(frozen=True, slots=True)
class GetTenant(Query[TenantDTO]):
    """The organisation I work in."""


@query(route="GET /members", privilege="member:read", facade="members.list")
@dataclass(frozen=True, slots=True)
class ListMembers(Query[tuple[MemberDTO, ...]]):
    """The people of the organisation, by name."""


@query(route="GET /roles", privilege="member:read", facade="roles.list")
@dataclass(frozen=True, slots=True)
class ListRoles(Query[tuple[RoleDTO, ...]]):
    """The roles of the organisation."""


@command(route="POST /members", privilege="member:manage", facade="members.add")
@dataclass(frozen=True, slots=True)
class AddMember(Command[MemberDTO]):
    """Add a person who already has an account, with roles."""

    email: str
    roles: tuple[str, ...] = ("viewer",)


@command(route=None, privilege=PUBLIC)
@dataclass(frozen=True, slots=True)
class OnboardTenant(Command[TenantDTO]):
    """Set up an organisation from the seed: roles, policies, and its first member as owner."""

    slug: str
    name: str
    owner_user_id: UUID
    owner_email: str
    owner_name: str
    tier: str = "enterprise"
    timezone: str = "UTC"
    locale: str = "en"


@query(route=None, privilege=PUBLIC)
@dataclass(frozen=True, slots=True)
class TenantBySlug(Query[UUID | None]):
    """The id of the tenant with this slug."""

    slug: str
