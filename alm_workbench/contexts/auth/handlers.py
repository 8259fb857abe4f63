"""Log-in, sessions and who is asking."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from alm_workbench.contexts.auth.domain import (
    REFRESH_IDLE,
    REFRESH_LIFETIME,
    REFRESH_PREFIX,
    LiveBindings,
    Passwords,
    PrincipalMemory,
    Tokens,
    closure,
    digest,
    new_secret,
)
from alm_workbench.contexts.auth.repository import Account, AuthRepository
from alm_workbench.contexts.auth.rules import looked_up_email
from alm_workbench.contexts.auth.session_messages import (
    IdentityDTO,
    LogIn,
    LogInBrowser,
    Me,
    OpenSession,
    RefreshSession,
    RenewKernelToken,
    ResolvePrincipal,
    ResolveSession,
    SessionDTO,
    SwitchTenant,
    TokenDTO,
)
from alm_workbench.errors import AccessDenied, AuthenticationFailed, ErrorItem, InvalidInput, NotFound
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.ids import new_id
from alm_workbench.shared.messages import Event
from alm_workbench.shared.principal import Principal

REFUSED = "E-mail or password is wrong"
LOCKED = "Too many failed log-ins; try again later"
SPENT = "The refresh token is not valid; log in again"
NO_MEMBER = "You do not belong to this organisation, or it does not exist"
NO_ORGANISATION = "You belong to no organisation that is open; ask its administrator for an invitation"
LONGEST_BROWSER = 24.0 * 30


class Door:
    """Checks passwords and opens sessions; what every way of logging in shares."""

    def __init__(self, users: AuthRepository, passwords: Passwords, tokens: Tokens) -> None:
        self.users, self.passwords, self.tokens = users, passwords, tokens

    def let_in(self, ctx: MessageContext, typed: str, password: str) -> Account:
        """The account of a right password; wrong ones are counted though nothing else of this transaction is kept.

        An unknown address costs the same work and gets the same answers, the lock included.
        """
        email = looked_up_email(typed)
        gate = self.users.gate(ctx.conn, email)
        fits = self.passwords.verify(gate.password_hash, password)
        if gate.locked:
            raise AuthenticationFailed(LOCKED)
        account = gate.account
        if not fits or account is None or not account.is_active or gate.password_hash is None:
            user_id = account.user_id if account else None
            error = AuthenticationFailed(REFUSED)
            error.aftermath = lambda conn: self.users.log_in_failed(conn, email, user_id)
            raise error
        self.users.log_in_cleared(ctx.conn, email)
        if self.passwords.outdated(gate.password_hash):
            self.users.set_password(ctx.conn, account.user_id, self.passwords.hash(password), same=True)
        return account

    def choose(self, ctx: MessageContext, user_id: UUID, slug: str | None) -> UUID:
        """The tenant to open; raises ``InvalidInput`` with ``tenants`` where the person has to say which."""
        tenants = self.users.tenants(ctx.conn, user_id)
        chosen = [t for t in tenants if slug is None or t["slug"] == slug]
        if not chosen:
            raise AuthenticationFailed(NO_MEMBER if tenants else NO_ORGANISATION)
        if len(chosen) > 1:
            choices = [{"slug": t["slug"], "name": t["name"]} for t in chosen]
            raise InvalidInput(
                "You belong to several organisations; say which one",
                errors=[ErrorItem("/tenant", "choice-needed", "one of: " + ", ".join(c["slug"] for c in choices))],
                tenants=choices,
            )
        found: UUID = chosen[0]["tenant_id"]
        return found

    def open(self, ctx: MessageContext, user_id: UUID, tenant_id: UUID, hours: float | None = None) -> SessionDTO:
        """A new session: of a program with a refresh token, or for ``hours`` of a browser without."""
        session_id = new_id()
        refresh = new_secret(REFRESH_PREFIX) if hours is None else None
        lifetime = REFRESH_LIFETIME if hours is None else timedelta(hours=min(hours, LONGEST_BROWSER))
        until = self.users.open_session(
            ctx.conn,
            session_id,
            user_id,
            tenant_id,
            lifetime=lifetime,
            idle=min(REFRESH_IDLE, lifetime),
            refresh_hash=digest(refresh) if refresh else None,
        )
        principal = resolve(self.users, ctx.conn, user_id, tenant_id) if until else None
        if principal is None:
            raise AuthenticationFailed(REFUSED)
        self.users.note(ctx.conn, "login", user_id, tenant_id, session_id)
        self.users.announce(ctx.conn, tenant_id, Event("LoggedIn", "User", user_id, {"session_id": str(session_id)}))
        return self.session(replace(principal, session_id=session_id), refresh, until if refresh else None)

    def session(self, principal: Principal, refresh: str | None, until: Any) -> SessionDTO:
        """The answer for a principal with a session: its next access token."""
        if principal.user_id is None or principal.session_id is None:
            raise AuthenticationFailed(REFUSED)
        token, expires = self.tokens.issue(
            principal.user_id, principal.tenant_id, "user", session_id=principal.session_id
        )
        return session_of(principal, token, expires, refresh, until)


class LogInHandler:
    """Opens a session of a program."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def __call__(self, ctx: MessageContext, message: LogIn) -> SessionDTO:
        account = self._door.let_in(ctx, message.email, message.password)
        return self._door.open(ctx, account.user_id, self._door.choose(ctx, account.user_id, message.tenant))


class LogInBrowserHandler:
    """Opens a session of a browser."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def __call__(self, ctx: MessageContext, message: LogInBrowser) -> SessionDTO:
        account = self._door.let_in(ctx, message.email, message.password)
        tenant_id = self._door.choose(ctx, account.user_id, message.tenant)
        return self._door.open(ctx, account.user_id, tenant_id, message.hours)


class OpenSessionHandler:
    """Opens a session for somebody who was identified otherwise."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def __call__(self, ctx: MessageContext, message: OpenSession) -> SessionDTO:
        return self._door.open(ctx, message.user_id, message.tenant_id, message.hours)


class RefreshSessionHandler:
    """Exchanges refresh tokens; one that comes twice was stolen from somebody, so its whole session ends."""

    def __init__(self, door: Door, memory: PrincipalMemory) -> None:
        self._door, self._memory = door, memory

    def __call__(self, ctx: MessageContext, message: RefreshSession) -> SessionDTO:
        users, refresh = self._door.users, new_secret(REFRESH_PREFIX)
        found = users.rotate(ctx.conn, digest(message.refresh_token), digest(refresh))
        if found.outcome == "reused":
            error = AuthenticationFailed(SPENT)
            error.aftermath = lambda conn: self._end(conn, found.user_id, found.tenant_id, found.session_id)
            raise error
        principal = None
        if found.outcome == "ok":
            principal = resolve(users, ctx.conn, found.user_id, found.tenant_id)
        if principal is None:
            raise AuthenticationFailed(SPENT)
        return self._door.session(replace(principal, session_id=found.session_id), refresh, found.expires_at)

    def _end(self, conn: Any, user_id: UUID, tenant_id: UUID, session_id: UUID) -> None:
        self._door.users.end_sessions(conn, user_id, "refresh_reuse", only=session_id)
        self._door.users.note(conn, "refresh_reuse", user_id, tenant_id, session_id)
        self._memory.forget(session_id)


class SwitchTenantHandler:
    """Takes a session into another organisation of the same person."""

    def __init__(self, door: Door, memory: PrincipalMemory) -> None:
        self._door, self._memory = door, memory

    def __call__(self, ctx: MessageContext, message: SwitchTenant) -> SessionDTO:
        user_id, session_id = person(ctx), ctx.principal.session_id
        if session_id is None:
            raise AccessDenied("Only a log-in can switch; kernels renew their token with `tenant`, keys belong to one")
        users, refresh = self._door.users, new_secret(REFRESH_PREFIX)
        tenant_id = member_of(users, ctx, user_id, message.tenant)
        moved = users.move_session(ctx.conn, session_id, user_id, tenant_id, digest(refresh))
        principal = resolve(users, ctx.conn, user_id, tenant_id) if moved else None
        if moved is None or principal is None:
            raise NotFound(NO_MEMBER)
        until, renewable = moved
        users.note(ctx.conn, "switched", user_id, tenant_id, session_id)
        users.announce(
            ctx.conn,
            tenant_id,
            Event("LoggedIn", "User", user_id, {"session_id": str(session_id), "switched": True}),
        )
        self._memory.forget(session_id)
        mine = replace(principal, session_id=session_id)
        return self._door.session(mine, *((refresh, until) if renewable else (None, None)))


class MeHandler:
    """Says who the caller is."""

    def __call__(self, ctx: MessageContext, message: Me) -> IdentityDTO:
        return identity_of(ctx.principal)


class RenewKernelTokenHandler:
    """Gives a running kernel its next quarter of an hour."""

    def __init__(self, users: AuthRepository, tokens: Tokens, bindings: LiveBindings) -> None:
        self._users, self._tokens, self._bindings = users, tokens, bindings

    def __call__(self, ctx: MessageContext, message: RenewKernelToken) -> TokenDTO:
        claims = self._tokens.read(message.token, allow_expired=True)
        if claims.kind != "kernel" or not claims.binding or not self._bindings.alive("kernel", claims.binding):
            raise AuthenticationFailed("The kernel of this token is not running")
        tenant_id = claims.tenant_id
        if message.tenant is not None:
            tenant_id = member_of(self._users, ctx, claims.user_id, message.tenant)
        token, expires = self._tokens.issue(claims.user_id, tenant_id, "kernel", claims.binding)
        return TokenDTO(token, "Bearer", expires)


class ResolvePrincipalHandler:
    """Turns (user, tenant) into a principal with roles and privileges."""

    def __init__(self, users: AuthRepository) -> None:
        self._users = users

    def __call__(self, ctx: MessageContext, message: ResolvePrincipal) -> Principal | None:
        return resolve(self._users, ctx.conn, message.user_id, message.tenant_id)


class ResolveSessionHandler:
    """Turns a session into a principal."""

    def __init__(self, users: AuthRepository) -> None:
        self._users = users

    def __call__(self, ctx: MessageContext, message: ResolveSession) -> Principal | None:
        live = self._users.session(ctx.conn, message.session_id)
        found = resolve(self._users, ctx.conn, live.user_id, live.tenant_id) if live else None
        return replace(found, session_id=message.session_id) if found else None


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


def person(ctx: MessageContext) -> UUID:
    """The user who is asking; raises ``AccessDenied`` for keys and services, which have no account of their own."""
    user_id = ctx.principal.user_id
    if user_id is None or ctx.principal.kind != "user":
        reason = {"code": "R_PERSON_NEEDED", "message": "only a person's own log-in may do this"}
        raise AccessDenied("Only a person's own log-in may do this", reasons=[reason])
    return user_id


def member_of(users: AuthRepository, ctx: MessageContext, user_id: UUID, slug: str) -> UUID:
    """The tenant with this slug, if the person belongs to it; raises ``NotFound`` in the same words otherwise."""
    found = [t["tenant_id"] for t in users.tenants(ctx.conn, user_id) if t["slug"] == slug]
    if not found:
        raise NotFound(NO_MEMBER)
    tenant_id: UUID = found[0]
    return tenant_id


def identity_of(p: Principal) -> IdentityDTO:
    """What a caller is told about itself."""
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


def session_of(p: Principal, token: str, expires: Any, refresh: str | None = None, until: Any = None) -> SessionDTO:
    """The log-in answer for a principal."""
    who = identity_of(p)
    if who.user_id is None:
        raise AuthenticationFailed(REFUSED)
    return SessionDTO(
        token,
        "Bearer",
        expires,
        who.user_id,
        who.email,
        who.display_name,
        who.actor_id,
        who.tenant_id,
        who.tenant_slug,
        who.tenant_name,
        who.roles,
        who.privileges,
        who.locale,
        p.session_id,
        refresh,
        until,
    )
