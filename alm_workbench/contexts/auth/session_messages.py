"""Commands and queries about being logged in: sessions, tokens, who the caller is, and what happened at the door."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from alm_workbench.shared.messages import AUTHENTICATED, PUBLIC, Command, Page, Query, command, query
from alm_workbench.shared.principal import Principal


@dataclass(frozen=True, slots=True)
class SessionDTO:
    """A logged-in person in one tenant, with a bearer token for the API.

    ``refresh_token`` gets the next access token, once; each answer brings its successor. A browser has none.
    """

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
    session_id: UUID | None = None
    refresh_token: str | None = None
    refresh_expires_at: datetime | None = None


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
class SessionInfoDTO:
    """One of my log-ins that are alive: since when, last used when, from which program and address."""

    session_id: UUID
    tenant_id: UUID
    tenant_name: str
    client: str
    address: str | None
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    current: bool


@dataclass(frozen=True, slots=True)
class EndedDTO:
    """How many sessions ended."""

    ended: int


@dataclass(frozen=True, slots=True)
class AcceptedDTO:
    """The request was taken; nothing is said about what came of it."""

    accepted: bool = True


@dataclass(frozen=True, slots=True)
class SignInDTO:
    """Something that happened at the door to a member of the organisation.

    ``kind``: login, login_failed, locked, logout, switched, refresh_reuse, session_revoked, password_changed,
    password_reset, reset_issued, registered, renamed (``detail``: the name before, as history showed it until then).
    """

    id: UUID
    at: datetime
    kind: str
    user_id: UUID
    email: str
    display_name: str
    address: str | None
    client: str
    correlation_id: str | None
    detail: str = ""


# -- log-in and sessions


@command(route="POST /auth/login", privilege=PUBLIC, status=200)
@dataclass(frozen=True, slots=True)
class LogIn(Command[SessionDTO]):
    """Log in with e-mail and password; ``tenant`` (slug) is needed only by members of several."""

    email: str
    password: str
    tenant: str | None = None


@command(route=None, privilege=PUBLIC)
@dataclass(frozen=True, slots=True)
class LogInBrowser(Command[SessionDTO]):
    """Log in for a cookie: no refresh token, and the session ends after ``hours``."""

    email: str
    password: str
    tenant: str | None = None
    hours: float = 12.0


@command(route=None, privilege=PUBLIC)
@dataclass(frozen=True, slots=True)
class OpenSession(Command[SessionDTO]):
    """A session for somebody whose identity was established otherwise (the owner's own link, single sign-on)."""

    user_id: UUID
    tenant_id: UUID
    hours: float = 12.0


@command(route="POST /auth/refresh", privilege=PUBLIC, status=200)
@dataclass(frozen=True, slots=True)
class RefreshSession(Command[SessionDTO]):
    """The next access token for a refresh token, which is spent; a spent one that comes again ends its session."""

    refresh_token: str


@command(route="POST /auth/logout", privilege=AUTHENTICATED, status=200)
@dataclass(frozen=True, slots=True)
class LogOut(Command[EndedDTO]):
    """End this session, in every process; ``everywhere`` ends all sessions of mine."""

    everywhere: bool = False


@command(route="POST /auth/switch-tenant", privilege=AUTHENTICATED, status=200)
@dataclass(frozen=True, slots=True)
class SwitchTenant(Command[SessionDTO]):
    """Go on in another of my organisations, by its slug; tokens for the present one are dead."""

    tenant: str


@query(route="GET /auth/tenants", privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class ListMyTenants(Query[tuple[TenantChoiceDTO, ...]]):
    """The organisations I belong to, by name."""


@query(route="GET /auth/sessions", privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class ListSessions(Query[tuple[SessionInfoDTO, ...]]):
    """My log-ins that are alive, the last used first."""


@command(route="DELETE /auth/sessions/{session_id}", privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class RevokeSession(Command[EndedDTO]):
    """End one of my sessions."""

    session_id: UUID


@query(route="GET /auth/me", privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class Me(Query[IdentityDTO]):
    """Who I am, in which tenant, with which roles and privileges."""


@query(route="POST /auth/kernel-token", privilege=PUBLIC)
@dataclass(frozen=True, slots=True)
class RenewKernelToken(Query[TokenDTO]):
    """Renew the token of a running kernel; refused once the kernel is gone.

    ``tenant`` (slug) makes the next one a token in another organisation of the same person.
    """

    token: str
    tenant: str | None = None


@query(route="GET /audit/sign-ins", privilege="audit:read")
@dataclass(frozen=True, slots=True)
class ListSignIns(Query[Page[SignInDTO]]):
    """Log-ins, failures and changes of passwords of this organisation's members, the newest first."""

    user_id: UUID | None = None
    cursor: str | None = None
    limit: int = 50


# -- who is it


@query(route=None, privilege=PUBLIC)
@dataclass(frozen=True, slots=True)
class ResolvePrincipal(Query[Principal | None]):
    """The principal of a user in a tenant; None when the membership is gone or suspended."""

    user_id: UUID
    tenant_id: UUID


@query(route=None, privilege=PUBLIC)
@dataclass(frozen=True, slots=True)
class ResolveSession(Query[Principal | None]):
    """The principal of a session; None when it ended, or the membership is gone or suspended."""

    session_id: UUID


@command(route=None, privilege=PUBLIC)
@dataclass(frozen=True, slots=True)
class TouchSession(Command[AcceptedDTO]):
    """Note that a session is in use."""

    session_id: UUID


@query(route=None, privilege=PUBLIC)
@dataclass(frozen=True, slots=True)
class TenantsOf(Query[tuple[TenantChoiceDTO, ...]]):
    """The active tenants of a user, by name."""

    user_id: UUID
