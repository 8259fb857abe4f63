"""Commands and queries of the apikey context."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from alm_workbench.shared.messages import AUTHENTICATED, PUBLIC, Command, Query, command, query
from alm_workbench.shared.principal import Principal

KeyStatus = Literal["active", "expired", "revoked"]


@dataclass(frozen=True, slots=True)
class ApiKeyDTO:
    """A key without its secret. ``roles`` and ``project_ids`` are None where the key is not narrowed to some.

    ``old_until`` is the moment an older secret stops to work, while one still does.
    """

    id: UUID
    name: str
    prefix: str
    scopes: tuple[str, ...]
    roles: tuple[str, ...] | None
    project_ids: tuple[UUID, ...] | None
    status: KeyStatus
    created_at: datetime
    owner_id: UUID
    owner_name: str
    actor_id: UUID
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None
    old_until: datetime | None
    version: int


@dataclass(frozen=True, slots=True)
class ApiKeySecretDTO:
    """A key and, this one time, the secret itself: ``alm_<prefix>_<secret>``."""

    secret: str
    key: ApiKeyDTO


@command(route="POST /api-keys", privilege="key:create", facade="keys.create")
@dataclass(frozen=True, slots=True)
class CreateApiKey(Command[ApiKeySecretDTO]):
    """Make a key for a program; its rights are the scopes, as far as I hold them at the moment of each request.

    ``scopes`` are privilege codes or ``resource:*``; ``roles`` narrows it to some of my roles, ``project_ids`` to some
    projects. Without ``expires_at`` it lives 90 days; at most it lives a year.
    """

    name: str
    scopes: tuple[str, ...]
    expires_at: datetime | None = None
    roles: tuple[str, ...] | None = None
    project_ids: tuple[UUID, ...] | None = None


@query(route="GET /api-keys", privilege=AUTHENTICATED, facade="keys.list")
@dataclass(frozen=True, slots=True)
class ListApiKeys(Query[tuple[ApiKeyDTO, ...]]):
    """My keys, newest first; with ``everybody`` those of the whole organisation (needs ``key:manage``)."""

    everybody: bool = False


@command(route="DELETE /api-keys/{key_id}", privilege=AUTHENTICATED, facade="keys.revoke")
@dataclass(frozen=True, slots=True)
class RevokeApiKey(Command[ApiKeyDTO]):
    """Revoke a key of mine, or anybody's with ``key:manage``; it stops to work within seconds, for good."""

    key_id: UUID


@command(route="POST /api-keys/{key_id}/rotate", privilege=AUTHENTICATED, facade="keys.rotate", status=200)
@dataclass(frozen=True, slots=True)
class RotateApiKey(Command[ApiKeySecretDTO]):
    """Give a key of mine a new secret; the old one works for ``grace_hours`` more (0 to 168)."""

    key_id: UUID
    grace_hours: int = 24


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """A key's principal, when it ends, and whether its use should be noted again."""

    principal: Principal
    expires_at: datetime
    note_use: bool


@dataclass(frozen=True, slots=True)
class EndedKey:
    """A key that was just revoked, in whichever organisation."""

    tenant_id: UUID
    key_id: UUID
    name: str


@command(route=None, privilege=PUBLIC)
@dataclass(frozen=True, slots=True)
class RevokeKeysOf(Command[tuple[EndedKey, ...]]):
    """Revoke every working key that a person made, in all organisations; the caller tells whoever listens."""

    user_id: UUID


@query(route=None, privilege=PUBLIC)
@dataclass(frozen=True, slots=True)
class ResolveKey(Query[KeyHolder | None]):
    """Whom a key stands for at this moment; ``digest`` is the SHA-256 of its secret. None for any that opens nothing."""

    prefix: str
    digest: bytes


@command(route=None, privilege=PUBLIC)
@dataclass(frozen=True, slots=True)
class NoteKeyUse(Command[None]):
    """Remember that a key was used, at most once a minute."""

    prefix: str


@query(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class PeopleBehind(Query[Mapping[UUID, UUID]]):
    """The people who made keys, as actors, by the actors of their keys; everybody else is left out.

    For rules that need another person: whoever acts through a key is the same person as without it.
    """

    actors: tuple[UUID, ...]
