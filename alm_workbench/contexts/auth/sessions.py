"""A person's own sessions, and what the organisation sees of log-ins."""

from __future__ import annotations

from dataclasses import replace

from alm_workbench.contexts.auth.domain import PrincipalMemory
from alm_workbench.contexts.auth.handlers import person
from alm_workbench.contexts.auth.repository import AuthRepository
from alm_workbench.contexts.auth.session_messages import (
    AcceptedDTO,
    EndedDTO,
    ListMyTenants,
    ListSessions,
    ListSignIns,
    LogOut,
    RevokeSession,
    SessionInfoDTO,
    SignInDTO,
    TenantChoiceDTO,
    TenantsOf,
    TouchSession,
)
from alm_workbench.errors import Conflict, NotFound
from alm_workbench.shared import paging
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.messages import Page

MAX_PAGE = 200


class LogOutHandler:
    """Ends the session of the request, or all of the person's."""

    def __init__(self, users: AuthRepository, memory: PrincipalMemory) -> None:
        self._users, self._memory = users, memory

    def __call__(self, ctx: MessageContext, message: LogOut) -> EndedDTO:
        user_id, session_id = person(ctx), ctx.principal.session_id
        if session_id is None and not message.everywhere:
            raise Conflict("This token is no log-in: it ends with its kernel or server")
        only = None if message.everywhere else session_id
        ended = self._users.end_sessions(ctx.conn, user_id, "logout", only=only)
        self._users.note(ctx.conn, "logout", user_id, ctx.principal.tenant_id, session_id)
        self._memory.forget(*ended, session_id)
        return EndedDTO(len(ended))


class ListSessionsHandler:
    """Lists a person's own sessions."""

    def __init__(self, users: AuthRepository) -> None:
        self._users = users

    def __call__(self, ctx: MessageContext, message: ListSessions) -> tuple[SessionInfoDTO, ...]:
        return self._users.sessions(ctx.conn, person(ctx), ctx.principal.session_id)


class RevokeSessionHandler:
    """Ends one of a person's own sessions."""

    def __init__(self, users: AuthRepository, memory: PrincipalMemory) -> None:
        self._users, self._memory = users, memory

    def __call__(self, ctx: MessageContext, message: RevokeSession) -> EndedDTO:
        user_id = person(ctx)
        ended = self._users.end_sessions(ctx.conn, user_id, "session_revoked", only=message.session_id)
        if not ended:
            raise NotFound("You have no such session")
        self._users.note(ctx.conn, "session_revoked", user_id, ctx.principal.tenant_id, message.session_id)
        self._memory.forget(*ended)
        return EndedDTO(len(ended))


class ListMyTenantsHandler:
    """Lists the caller's organisations."""

    def __init__(self, users: AuthRepository) -> None:
        self._users = users

    def __call__(self, ctx: MessageContext, message: ListMyTenants) -> tuple[TenantChoiceDTO, ...]:
        return ctx.ask(TenantsOf(person(ctx)))


class TenantsOfHandler:
    """Lists the tenants of a person."""

    def __init__(self, users: AuthRepository) -> None:
        self._users = users

    def __call__(self, ctx: MessageContext, message: TenantsOf) -> tuple[TenantChoiceDTO, ...]:
        rows = self._users.tenants(ctx.conn, message.user_id)
        return tuple(TenantChoiceDTO(row["tenant_id"], row["slug"], row["name"]) for row in rows)


class TouchSessionHandler:
    """Notes that a session is in use."""

    def __init__(self, users: AuthRepository) -> None:
        self._users = users

    def __call__(self, ctx: MessageContext, message: TouchSession) -> AcceptedDTO:
        self._users.touch(ctx.conn, message.session_id)
        return AcceptedDTO()


class ListSignInsHandler:
    """Lists what happened at the door to members of the organisation."""

    def __init__(self, users: AuthRepository) -> None:
        self._users = users

    def __call__(self, ctx: MessageContext, message: ListSignIns) -> Page[SignInDTO]:
        limit = max(1, min(message.limit, MAX_PAGE))
        before = paging.decode(message.cursor)
        rows = self._users.sign_ins(ctx.conn, message.user_id, tuple(before) if before else None, limit + 1)
        seen = [replace(row, email=ctx.principal.sees_address(row.email)) for row in rows]
        return paging.page_of(seen, limit, lambda row: [row.at.isoformat(), str(row.id)])
