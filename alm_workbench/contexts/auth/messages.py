"""Commands and queries of the auth context."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
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
class UserDTO:
    """A user account, without its secret."""

    user_id: UUID
    email: str
    display_name: str
    locale: str


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
class PasswordLinkDTO:
    """A link with which a person sets a new password, once; shown to whoever made it and kept nowhere."""

    token: str
    path: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class PasswordTokenDTO:
    """Whose password a link resets."""

    email: str
    display_name: str


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


@command(route="PATCH /auth/me", privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class UpdateProfile(Command[IdentityDTO]):
    """Change how I am called, or the language I am spoken to in; what is left out stays."""

    display_name: str | None = None
    locale: Literal["en", "tr"] | None = None


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


# -- accounts and passwords


@command(route="POST /auth/register", privilege=PUBLIC)
@dataclass(frozen=True, slots=True)
class RegisterUser(Command[UserDTO]):
    """Register, where this installation lets people in: with an invitation, openly, or not at all."""

    email: str
    display_name: str
    password: str
    locale: Literal["en", "tr"] = "en"
    invitation: str | None = None


@command(route=None, privilege=PUBLIC)
@dataclass(frozen=True, slots=True)
class CreateAccount(Command[UserDTO]):
    """Create a user account. ``password=None`` makes one that cannot log in by password."""

    email: str
    display_name: str
    password: str | None = None
    locale: str = "en"


@command(route="POST /auth/change-password", privilege=AUTHENTICATED, status=200)
@dataclass(frozen=True, slots=True)
class ChangePassword(Command[EndedDTO]):
    """Set a new password; every other session of mine ends."""

    current_password: str
    new_password: str


@command(route="POST /auth/password-reset", privilege=PUBLIC, status=202)
@dataclass(frozen=True, slots=True)
class RequestPasswordReset(Command[AcceptedDTO]):
    """Ask for a link by e-mail; the answer is the same whether the address has an account or not."""

    email: str


@query(route=None, privilege=PUBLIC)
@dataclass(frozen=True, slots=True)
class PasswordResetByToken(Query[PasswordTokenDTO | None]):
    """Whose password this link resets; None for one that is used, too old or not ours."""

    token: str


@command(route="POST /auth/password-reset/confirm", privilege=PUBLIC, status=200)
@dataclass(frozen=True, slots=True)
class ResetPassword(Command[EndedDTO]):
    """Set a new password by a link; every session of the account ends."""

    token: str
    new_password: str


@command(route="POST /members/{membership_id}/password-reset", privilege="member:manage")
@dataclass(frozen=True, slots=True)
class IssuePasswordReset(Command[PasswordLinkDTO]):
    """A one-time link for a member who has lost the password; only for people who belong to this organisation alone."""

    membership_id: UUID


@query(route=None, privilege=PUBLIC)
@dataclass(frozen=True, slots=True)
class FindUser(Query[UserDTO | None]):
    """The account with this e-mail, if there is one."""

    email: str


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


# -- accounts of other systems, for single sign-on


@command(route=None, privilege=PUBLIC)
@dataclass(frozen=True, slots=True)
class LinkIdentity(Command[AcceptedDTO]):
    """Let an account of another system (``issuer``, ``subject``: OpenID Connect's iss and sub) stand for a user."""

    user_id: UUID
    issuer: str
    subject: str


@query(route=None, privilege=PUBLIC)
@dataclass(frozen=True, slots=True)
class FindByIdentity(Query[UUID | None]):
    """The user an account of another system stands for."""

    issuer: str
    subject: str


@command(route=None, privilege=PUBLIC)
@dataclass(frozen=True, slots=True)
class UnlinkIdentity(Command[bool]):
    """Undo a link; False when there was none."""

    user_id: UUID
    issuer: str
    subject: str
