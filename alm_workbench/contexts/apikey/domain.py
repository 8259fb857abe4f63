"""What a key looks like, how long it lives, and what is left of its maker's rights in it."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from alm_workbench.errors import ErrorItem, InvalidInput
from alm_workbench.shared.names import DECEIVES, deceives
from alm_workbench.shared.principal import KeyLimits, Principal, meet

MARK = "alm_"
DEFAULT_LIFE = timedelta(days=90)
LONGEST_LIFE = timedelta(days=366)
MAX_GRACE_HOURS = 168
MAX_NAME = 100
MAX_SCOPES = 100
MAX_NARROWED = 100
"""Roles or projects that a key may be narrowed to."""
MAX_LIVE_KEYS = 50
"""Keys that one member may have at a time."""
NOTE_EVERY = timedelta(minutes=1)
_TEXT = re.compile(r"alm_([a-z0-9]{12})_([0-9a-f]{64})")
_SCOPE = re.compile(r"[a-z][a-z0-9_-]*:(?:\*|[a-z][a-z0-9_-]*)")


@dataclass(frozen=True, slots=True)
class KnownPrivileges:
    """Port: every privilege code there is."""

    codes: frozenset[str]

    def knows(self, scope: str) -> bool:
        """Whether a scope names one of them, or all of a known resource."""
        resource, _, verb = scope.partition(":")
        return scope in self.codes or (verb == "*" and any(c.startswith(f"{resource}:") for c in self.codes))


@dataclass(frozen=True, slots=True)
class KeyText:
    """A key as its user holds it: 256 random bits behind a prefix that finds the row."""

    prefix: str
    secret: str

    @classmethod
    def new(cls) -> KeyText:
        """A fresh one."""
        return cls(secrets.token_hex(6), secrets.token_hex(32))

    @classmethod
    def read(cls, text: str) -> KeyText | None:
        """The parts of a key's text; None for anything else."""
        found = _TEXT.fullmatch(text.strip())
        return cls(found[1], found[2]) if found else None

    @property
    def digest(self) -> bytes:
        """What is kept of the secret. It cannot be guessed, so a fast hash does not help whoever steals the table."""
        return hashlib.sha256(self.secret.encode("ascii")).digest()

    def __str__(self) -> str:
        return f"{MARK}{self.prefix}_{self.secret}"

    def __repr__(self) -> str:
        return f"KeyText({self.prefix!r})"


def looks_like_key(text: str) -> bool:
    """Whether a credential claims to be a key rather than a signed token."""
    return text.startswith(MARK)


def checked_name(name: str) -> str:
    """A name without blanks around it; raises ``InvalidInput``."""
    clean = name.strip()
    if not clean or len(clean) > MAX_NAME:
        item = ErrorItem("/name", "length", f"a key has a name of 1 to {MAX_NAME} characters")
        raise InvalidInput(item.message, errors=[item])
    if deceives(clean):  # it stands in the audit trail as whoever did something
        raise InvalidInput(DECEIVES, errors=[ErrorItem("/name", "characters", DECEIVES)])
    return clean


def check_narrowing(place: str, given: Collection[object] | None) -> None:
    """Refuse more roles or projects than a key can be for; raises ``InvalidInput``."""
    if given is not None and len(given) > MAX_NARROWED:
        item = ErrorItem(place, "length", f"at most {MAX_NARROWED}")
        raise InvalidInput(item.message, errors=[item])


def checked_scopes(scopes: Iterable[str], known: KnownPrivileges) -> tuple[str, ...]:
    """Scopes without repetition; raises ``InvalidInput`` that names each unknown one."""
    given = tuple(dict.fromkeys(scopes))
    if not 1 <= len(given) <= MAX_SCOPES:
        item = ErrorItem("/scopes", "length", f"a key has 1 to {MAX_SCOPES} scopes")
        raise InvalidInput(item.message, errors=[item])
    wrong = [
        ErrorItem(f"/scopes/{n}", "unknown", f"{scope!r} is neither a privilege nor `resource:*`")
        for n, scope in enumerate(given)
        if not _SCOPE.fullmatch(scope) or not known.knows(scope)
    ]
    if wrong:
        raise InvalidInput(wrong[0].message, errors=wrong)
    return given


def checked_expiry(expires_at: datetime | None, now: datetime) -> datetime:
    """When a key ends; raises ``InvalidInput`` on the past and on more than a year."""
    found = expires_at or now + DEFAULT_LIFE
    if not now < found <= now + LONGEST_LIFE:
        item = ErrorItem("/expires_at", "range", f"a key ends within {LONGEST_LIFE.days} days from now")
        raise InvalidInput(item.message, errors=[item])
    return found


def checked_grace(hours: int) -> timedelta:
    """How long the old secret lives on; raises ``InvalidInput``."""
    if not 0 <= hours <= MAX_GRACE_HOURS:
        item = ErrorItem("/grace_hours", "range", f"the old secret lives on for 0 to {MAX_GRACE_HOURS} hours")
        raise InvalidInput(item.message, errors=[item])
    return timedelta(hours=hours)


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key as the door finds it."""

    tenant_id: UUID
    key_id: UUID
    hash: bytes
    actor_id: UUID
    user_id: UUID
    membership_id: UUID
    name: str
    scopes: tuple[str, ...]
    role_codes: tuple[str, ...] | None
    project_ids: tuple[UUID, ...] | None
    expires_at: datetime
    last_used_at: datetime | None

    def due(self, now: datetime) -> bool:
        """Whether its use should be noted again."""
        return self.last_used_at is None or now - self.last_used_at >= NOTE_EVERY


def principal_of(
    key: KeyRow, maker: Principal, roles: frozenset[str] | None, granted: Mapping[str, Iterable[str]]
) -> Principal:
    """The key as an actor of its own: its scopes met with what its maker may do now.

    ``roles`` are those the key is narrowed to, closed over what they imply; ``granted`` is what each role grants.
    """
    limits = KeyLimits(frozenset(key.scopes), roles, None if key.project_ids is None else frozenset(key.project_ids))
    acting = limits.of_roles(maker.roles)
    held = maker.privileges if roles is None else frozenset(p for code in acting for p in granted.get(code, ()))
    return replace(
        maker,
        actor_id=key.actor_id,
        user_id=None,
        email="",
        display_name=key.name,
        kind="api_key",
        roles=acting,
        privileges=meet(key.scopes, held),
        session_id=None,
        key_id=key.key_id,
        limits=limits,
    )
