"""What the apikey context does with its messages."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from uuid import UUID

from alm_workbench.contexts.apikey.domain import (
    MAX_LIVE_KEYS,
    KeyRow,
    KeyText,
    KnownPrivileges,
    check_narrowing,
    checked_expiry,
    checked_grace,
    checked_name,
    checked_scopes,
    principal_of,
)
from alm_workbench.contexts.apikey.messages import (
    ApiKeyDTO,
    ApiKeySecretDTO,
    CreateApiKey,
    EndedKey,
    KeyHolder,
    ListApiKeys,
    NoteKeyUse,
    PeopleBehind,
    ResolveKey,
    RevokeApiKey,
    RevokeKeysOf,
    RotateApiKey,
)
from alm_workbench.contexts.apikey.repository import KeyRepository
from alm_workbench.contexts.auth.domain import closure
from alm_workbench.contexts.auth.session_messages import ResolvePrincipal
from alm_workbench.contexts.project.messages import GetProject
from alm_workbench.contexts.tenant.people_messages import ListRoles
from alm_workbench.errors import AccessDenied, Conflict, ErrorItem, InvalidInput, NotFound
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.ids import ProjectId, new_id
from alm_workbench.shared.messages import Event
from alm_workbench.shared.principal import Principal

MANAGE, CREATE = "key:manage", "key:create"


class CreateApiKeyHandler:
    """Makes a key, an actor for it, and its first secret."""

    def __init__(self, keys: KeyRepository, known: KnownPrivileges) -> None:
        self._keys, self._known = keys, known

    def __call__(self, ctx: MessageContext, message: CreateApiKey) -> ApiKeySecretDTO:
        maker = person(ctx)
        name, scopes = checked_name(message.name), checked_scopes(message.scopes, self._known)
        expires = checked_expiry(message.expires_at, ctx.now)
        check_narrowing("/roles", message.roles)
        check_narrowing("/project_ids", message.project_ids)
        self._check_roles(ctx, message)
        self._check_projects(ctx, message)
        if self._keys.count_live(ctx.conn, maker, ctx.now) >= MAX_LIVE_KEYS:
            raise Conflict(f"You have {MAX_LIVE_KEYS} working keys already; revoke one first")
        text, key_id, actor_id = KeyText.new(), new_id(), new_id()
        self._keys.add_actor(ctx.conn, ctx.principal.tenant_id, actor_id, name)
        values = {
            "tenant_id": ctx.principal.tenant_id,
            "id": key_id,
            "actor_id": actor_id,
            "membership_id": maker,
            "user_id": ctx.principal.user_id,
            "name": name,
            "prefix": text.prefix,
            "scopes": list(scopes),
            "role_codes": None if message.roles is None else list(dict.fromkeys(message.roles)),
            "project_ids": None if message.project_ids is None else list(dict.fromkeys(message.project_ids)),
            "expires_at": expires,
        }
        self._keys.add(ctx.conn, values)
        self._keys.set_secret(ctx.conn, key_id, text, expires, ctx.now)
        happened(ctx, "ApiKeyCreated", key_id, name=name, scopes=list(scopes), expires_at=expires.isoformat())
        return ApiKeySecretDTO(str(text), found(self._keys.get(ctx.conn, key_id, ctx.now), key_id))

    def _check_roles(self, ctx: MessageContext, message: CreateApiKey) -> None:
        if message.roles is None:
            return
        known = {role.code for role in ctx.ask(ListRoles())}
        wrong = [
            ErrorItem(f"/roles/{n}", "unknown", f"there is no role {code!r}")
            for n, code in enumerate(message.roles)
            if code not in known
        ]
        if wrong:
            raise InvalidInput(wrong[0].message, errors=wrong)

    def _check_projects(self, ctx: MessageContext, message: CreateApiKey) -> None:
        wanted = message.project_ids
        if wanted is None:
            return
        if not wanted:
            item = ErrorItem("/project_ids", "length", "name at least one project, or leave it out for all")
            raise InvalidInput(item.message, errors=[item])
        wrong = [
            ErrorItem(f"/project_ids/{n}", "unknown", f"there is no project {project_id}")
            for n, project_id in enumerate(dict.fromkeys(wanted))
            if not sees(ctx, project_id)
        ]
        if wrong:
            raise InvalidInput(wrong[0].message, errors=wrong)


class ListApiKeysHandler:
    """Lists keys, never their secrets."""

    def __init__(self, keys: KeyRepository) -> None:
        self._keys = keys

    def __call__(self, ctx: MessageContext, message: ListApiKeys) -> tuple[ApiKeyDTO, ...]:
        if message.everybody:
            need(ctx.principal, MANAGE, "See the keys of others")
            return self._keys.list(ctx.conn, None, ctx.now)
        return self._keys.list(ctx.conn, person(ctx), ctx.now)


class RevokeApiKeyHandler:
    """Ends a key."""

    def __init__(self, keys: KeyRepository) -> None:
        self._keys = keys

    def __call__(self, ctx: MessageContext, message: RevokeApiKey) -> ApiKeyDTO:
        key = reachable(self._keys, ctx, message.key_id)
        if key.revoked_at is None:
            self._keys.revoke(ctx.conn, key.id, ctx.now, ctx.principal.actor_id)
            happened(ctx, "ApiKeyRevoked", key.id, name=key.name)
        return found(self._keys.get(ctx.conn, key.id, ctx.now), key.id)


class RevokeKeysOfHandler:
    """Ends the keys of a person whose password somebody else may have had."""

    def __init__(self, keys: KeyRepository) -> None:
        self._keys = keys

    def __call__(self, ctx: MessageContext, message: RevokeKeysOf) -> tuple[EndedKey, ...]:
        return self._keys.revoke_of(ctx.conn, message.user_id)


class RotateApiKeyHandler:
    """Gives a key a new secret; only its maker sees it, so only its maker may ask for it."""

    def __init__(self, keys: KeyRepository) -> None:
        self._keys = keys

    def __call__(self, ctx: MessageContext, message: RotateApiKey) -> ApiKeySecretDTO:
        grace = checked_grace(message.grace_hours)
        key = reachable(self._keys, ctx, message.key_id)
        if key.owner_id != ctx.principal.membership_id:
            raise AccessDenied("Only the person who made a key may have its secret; revoke it instead")
        need(ctx.principal, CREATE, "Give a key a new secret")
        if key.status != "active":
            raise Conflict(f"This key is {key.status}; make a new one")
        text = KeyText.new()
        self._keys.set_secret(ctx.conn, key.id, text, key.expires_at, ctx.now + grace)
        self._keys.set_prefix(ctx.conn, key.id, text.prefix)
        happened(ctx, "ApiKeyRotated", key.id, name=key.name, grace_hours=message.grace_hours)
        return ApiKeySecretDTO(str(text), found(self._keys.get(ctx.conn, key.id, ctx.now), key.id))


class ResolveKeyHandler:
    """Turns a key into a principal. A member who lost rights, was suspended or left takes them from his keys at once."""

    def __init__(self, keys: KeyRepository) -> None:
        self._keys = keys

    def __call__(self, ctx: MessageContext, message: ResolveKey) -> KeyHolder | None:
        key = self._keys.lookup(ctx.conn, message.prefix)
        if key is None or not hmac.compare_digest(key.hash, message.digest) or key.expires_at <= ctx.now:
            return None
        maker = ctx.ask(ResolvePrincipal(key.user_id, key.tenant_id))
        if maker is None or maker.membership_id != key.membership_id:
            return None
        return KeyHolder(self._narrowed(ctx, key, maker), key.expires_at, key.due(ctx.now))

    def _narrowed(self, ctx: MessageContext, key: KeyRow, maker: Principal) -> Principal:
        if key.role_codes is None:
            return principal_of(key, maker, None, {})
        roles = {role.code: role for role in ctx.ask(ListRoles())}
        closed = closure(key.role_codes, {code: role.implies for code, role in roles.items()})
        return principal_of(key, maker, closed, {code: role.privileges for code, role in roles.items()})


class NoteKeyUseHandler:
    """Keeps the moment of the last use."""

    def __init__(self, keys: KeyRepository) -> None:
        self._keys = keys

    def __call__(self, ctx: MessageContext, message: NoteKeyUse) -> None:
        self._keys.note_use(ctx.conn, message.prefix)


def person(ctx: MessageContext) -> UUID:
    """The membership of the caller; keys are the business of people: a stolen one must not make more of its kind."""
    if ctx.principal.kind != "user" or ctx.principal.membership_id is None:
        raise AccessDenied("Only a person may look after API keys, not a key")
    return ctx.principal.membership_id


def need(principal: Principal, privilege: str, what: str) -> None:
    """Refuse without a privilege, saying which."""
    if not principal.may(privilege):
        reason = {
            "code": "R_PRIVILEGE_MISSING",
            "message": f"privilege {privilege} is needed",
            "rule_id": privilege,
        }
        raise AccessDenied(f"{what}: needs the privilege {privilege}", reasons=[reason])


def reachable(keys: KeyRepository, ctx: MessageContext, key_id: UUID) -> ApiKeyDTO:
    """A key that the caller may look after, locked; raises ``NotFound`` for others' as for none."""
    mine = person(ctx)
    key = keys.get(ctx.conn, key_id, ctx.now) if keys.lock(ctx.conn, key_id) else None
    if key is None or (key.owner_id != mine and not ctx.principal.may(MANAGE)):
        raise NotFound(f"there is no key {key_id}")
    return key


def sees(ctx: MessageContext, project_id: UUID) -> bool:
    """Whether the caller may know of a project."""
    try:
        ctx.ask(GetProject(ProjectId(project_id)))
    except NotFound:
        return False
    return True


def found(key: ApiKeyDTO | None, key_id: UUID) -> ApiKeyDTO:
    """A key that must be there."""
    if key is None:
        raise NotFound(f"there is no key {key_id}")
    return key


def happened(ctx: MessageContext, event: str, key_id: UUID, **payload: object) -> None:
    """Tell whoever listens; never with a secret."""
    ctx.emit(Event(event, "ApiKey", key_id, {"key_id": str(key_id), **payload}))


class PeopleBehindHandler:
    """Finds the people behind keys; looked up once a transaction."""

    def __init__(self, keys: KeyRepository) -> None:
        self._keys = keys

    def __call__(self, ctx: MessageContext, message: PeopleBehind) -> Mapping[UUID, UUID]:
        known: dict[UUID, UUID | None] = ctx.memo.setdefault(PeopleBehind, {})
        missing = sorted({actor for actor in message.actors if actor not in known})
        if missing:
            known |= dict.fromkeys(missing) | self._keys.people(ctx.conn, missing)
        return {actor: person for actor in message.actors if (person := known[actor]) is not None}
