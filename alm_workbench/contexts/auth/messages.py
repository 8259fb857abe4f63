"""Commands and queries of the auth context."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from alm_workbench.shared.messages import AUTHENTICATED, PUBLIC, Command, Query, command, query
from alm_workbench.shared.principal import Principal


@dataclass(frozen=True, slots=True)
class SessionDTO:
    """A logged-in person in one tenant, with a bearer token for the API."""

    access_token: str
    token_type: str
    expires_at: datetime
    user_id: UUID
    email: str
    display_name: str
    actor_id: UUID
    tenant_id: UUID
    tenant_slug: str
    tenant_name: str
    roles: tuple[str, ...]
    privileges: tuple[str, ...]
    locale: str


@dataclass(frozen=True, slots=True)
class IdentityDTO:
    """Who the caller is."""

    user_id: UUID | None
    email: str
    display_name: str
    actor_id: UUID
    tenant_id: UUID
    tenant_slug: str
    tenant_name: str
    roles: tuple[str, ...]
    privileges: tuple[str, ...]
    locale: str


@dataclass(frozen=True, slots=True)
class TokenDTO:
    """A fresh bearer token."""

    access_token: str
    token_type: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class TenantChoiceDTO:
    """A tenant a person belongs to."""

    tenant_id: UUID
    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class UserDTO:
    """A user account, without its secret."""

    user_id: UUID
    email: str
    display_name: str
    locale: str


@command(route="POST /auth/login", privilege=PUBLIC, status=200)
@dataclass(frozen=True, slots=True)
class LogIn(Command[SessionDTO]):
    """Log in with e-mail and password; ``tenant`` (slug) is needed only by members of several."""

    email: str
    password: str
    tenant: str | None = None


@query(route="GET /auth/me", privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class Me(Query[IdentityDTO]):
    """Who I am, in which tenant, with which roles and privileges."""


@query(route="POST /auth/kernel-token", privilege=PUBLIC)
@dataclass(frozen=True, slots=True)
class RenewKernelToken(Query[TokenDTO]):
    """Renew the token of a running kernel; refused once the kernel is gone."""

    token: str


@command(route=None, privilege=PUBLIC)
@dataclass(frozen=True, slots=True)
class RegisterUser(Command[UserDTO]):
    """Create a user account. ``password=None`` makes one that cannot log in by password."""

    email: str
    display_name: str
    password: str | None = None
    locale: str = "en"


@query(route=None, privilege=PUBLIC)
@dataclass(frozen=True, slots=True)
class FindUser(Query[UserDTO | None]):
    """The account with this e-mail, if there is one."""

    email: str


@query(route=None, privilege=PUBLIC)
@dataclass(frozen=True, slots=True)
class ResolvePrincipal(Query[Principal | None]):
    """The principal of a user in a tenant; None when the membership is gone or suspended."""

    user_id: UUID
    tenant_id: UUID


@query(route=None, privilege=PUBLIC)
@dataclass(frozen=True, slots=True)
class TenantsOf(Query[tuple[TenantChoiceDTO, ...]]):
    """The active tenants of a user, by name."""

    user_id: UUID
