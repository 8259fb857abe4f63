"""What the auth context does with its messages."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from alm_workbench.contexts.auth.domain import LiveBindings, Passwords, Tokens, closure
from alm_workbench.contexts.auth.messages import (
    FindUser,
    IdentityDTO,
    LogIn,
    Me,
    RegisterUser,
    RenewKernelToken,
    ResolvePrincipal,
    SessionDTO,
    TenantChoiceDTO,
    TenantsOf,
    TokenDTO,
    UserDTO,
)
from alm_workbench.contexts.auth.repository import AuthRepository
from alm_workbench.errors import AuthenticationFailed, ErrorItem, InvalidInput
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.ids import new_id
from alm_workbench.shared.principal import Principal

MIN_PASSWORD = 10
REFUSED = "E-mail or password is wrong"


class LogInHandler:
    """Checks a password and opens a session in one tenant; a wrong password is counted even though nothing else is kept."""

    def __init__(self, users: AuthRepository, passwords: Passwords, tokens: Tokens) -> None:
        self._users, self._passwords, self._tokens = users, passwords, tokens

    def __call__(self, ctx: MessageContext, message: LogIn) -> SessionDTO:
        account = self._users.find(ctx.conn, message.email)
        fits = self._passwords.verify(account.password_hash if account else None, message.password)
        if account is None:
            raise AuthenticationFailed(REFUSED)
        if account.locked_until and account.locked_until > datetime.now(UTC):
            raise AuthenticationFailed("Too many failed log-ins; try again later")
        if not fits or not account.is_active:
            raise self._counted(account.user_id)
        self._users.record_login(ctx.conn, account.user_id, True)
        tenant_id = self._choose(ctx, account.user_id, message.tenant)
        principal = resolve(self._users, ctx.conn, account.user_id, tenant_id)
        if principal is None:
            raise AuthenticationFailed(REFUSED)
        token, expires = self._tokens.issue(account.user_id, tenant_id)
        return session_of(principal, token, expires)

    def _counted(self, user_id: UUID) -> AuthenticationFailed:
        error = AuthenticationFailed(REFUSED)
        error.aftermath = lambda conn: self._users.record_login(conn, user_id, False)
        return error

    def _choose(self, ctx: MessageContext, user_id: UUID, slug: str | None) -> UUID:
        tenants = self._users.tenants(ctx.conn, user_id)
        chosen = [t for t in tenants if slug is None or t["slug"] == slug]
        if not chosen:
            raise AuthenticationFailed(REFUSED)
        if len(chosen) > 1:
            choices = [{"slug": t["slug"], "name": t["name"]} for t in chosen]
            raise InvalidInput(
                "You belong to several organisations; say which one",
                errors=[ErrorItem("/tenant", "choice-needed", "one of: " + ", ".join(c["slug"] for c in choices))],
                tenants=choices,
            )
        found: UUID = chosen[0]["tenant_id"]
        return found


class MeHandler:
    """Says who the caller is."""

    def __call__(self, ctx: MessageContext, message: Me) -> IdentityDTO:
        p = ctx.principal
        return IdentityDTO(
            p.user_id,
            p.email,
            p.display_name,
            p.actor_id,
            p.tenant_id,
            p.tenant_slug,
            p.tenant_name,
            tuple(sorted(p.roles)),
            tuple(sorted(p.privileges)),
            p.locale,
        )


class RenewKernelTokenHandler:
    """Gives a running kernel its next quarter of an hour."""

    def __init__(self, tokens: Tokens, bindings: LiveBindings) -> None:
        self._tokens, self._bindings = tokens, bindings

    def __call__(self, ctx: MessageContext, message: RenewKernelToken) -> TokenDTO:
        claims = self._tokens.read(message.token, allow_expired=True)
        if claims.kind != "kernel" or not claims.binding or not self._bindings.alive("kernel", claims.binding):
            raise AuthenticationFailed("The kernel of this token is not running")
        token, expires = self._tokens.issue(claims.user_id, claims.tenant_id, "kernel", claims.binding)
        return TokenDTO(token, "Bearer", expires)


class RegisterUserHandler:
    """Creates accounts."""

    def __init__(self, users: AuthRepository, passwords: Passwords) -> None:
        self._users, self._passwords = users, passwords

    def __call__(self, ctx: MessageContext, message: RegisterUser) -> UserDTO:
        email = message.email.strip().lower()
        problems = []
        if "@" not in email.strip("@") or any(c.isspace() for c in email):
            problems.append(ErrorItem("/email", "email", f"{message.email!r} is not an e-mail address"))
        if message.password is not None and len(message.password) < MIN_PASSWORD:
            problems.append(ErrorItem("/password", "too-short", f"a password has at least {MIN_PASSWORD} characters"))
        if problems:
            raise InvalidInput("The account cannot be created", errors=problems)
        encoded = self._passwords.hash(message.password) if message.password is not None else None
        user_id = new_id()
        self._users.create(ctx.conn, user_id, email, message.display_name, encoded, message.locale)
        return UserDTO(user_id, email, message.display_name, message.locale)


class FindUserHandler:
    """Finds an account by its e-mail."""

    def __init__(self, users: AuthRepository) -> None:
        self._users = users

    def __call__(self, ctx: MessageContext, message: FindUser) -> UserDTO | None:
        account = self._users.find(ctx.conn, message.email)
        return UserDTO(account.user_id, account.email, account.display_name, account.locale) if account else None


class ResolvePrincipalHandler:
    """Turns (user, tenant) into a principal with roles and privileges."""

    def __init__(self, users: AuthRepository) -> None:
        self._users = users

    def __call__(self, ctx: MessageContext, message: ResolvePrincipal) -> Principal | None:
        return resolve(self._users, ctx.conn, message.user_id, message.tenant_id)


class TenantsOfHandler:
    """Lists the tenants of a person."""

    def __init__(self, users: AuthRepository) -> None:
        self._users = users

    def __call__(self, ctx: MessageContext, message: TenantsOf) -> tuple[TenantChoiceDTO, ...]:
        rows = self._users.tenants(ctx.conn, message.user_id)
        return tuple(TenantChoiceDTO(row["tenant_id"], row["slug"], row["name"]) for row in rows)


def resolve(users: AuthRepository, conn: Any, user_id: UUID, tenant_id: UUID) -> Principal | None:
    """The principal of an active member; None for anybody else."""
    users.enter_tenant(conn, tenant_id)
    member = users.membership(conn, user_id)
    if member is None:
        return None
    known = users.roles(conn)
    roles = closure(member.role_codes, {code: implied for code, (implied, _) in known.items()})
    privileges = frozenset(code for role in roles for code in known.get(role, ([], []))[1])
    return Principal(
        tenant_id=tenant_id,
        actor_id=member.actor_id,
        user_id=user_id,
        email=member.email,
        display_name=member.display_name,
        roles=roles,
        privileges=privileges,
        tenant_slug=member.tenant_slug,
        tenant_name=member.tenant_name,
        membership_id=member.membership_id,
        tier=member.tier,
        locale=member.locale,
    )


def session_of(principal: Principal, token: str, expires: datetime) -> SessionDTO:
    """The log-in answer for a principal."""
    if principal.user_id is None:
        raise AuthenticationFailed(REFUSED)
    return SessionDTO(
        token,
        "Bearer",
        expires,
        principal.user_id,
        principal.email,
        principal.display_name,
        principal.actor_id,
        principal.tenant_id,
        principal.tenant_slug,
        principal.tenant_name,
        tuple(sorted(principal.roles)),
        tuple(sorted(principal.privileges)),
        principal.locale,
    )
