"""Tokens, passwords, addresses: what is signed, for how long, what is strong enough, and who may come in."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Protocol, cast, get_args
from uuid import UUID, uuid4

from alm_workbench.errors import AuthenticationFailed, ConfigurationError
from alm_workbench.shared.memory import Memory
from alm_workbench.shared.principal import Principal

ALGORITHM = "HS256"
ISSUER = "alm-workbench"
TokenKind = Literal["user", "kernel", "owner"]
LIFETIMES: Mapping[TokenKind, timedelta] = {
    "user": timedelta(minutes=15),
    "kernel": timedelta(minutes=15),
    "owner": timedelta(days=30),
}
REFRESH_LIFETIME = timedelta(days=30)
REFRESH_IDLE = timedelta(days=14)
MAILED_LINK = timedelta(hours=1)
ISSUED_LINK = timedelta(hours=24)
REFRESH_PREFIX = "almr_"
RESET_JOB = "auth.password-reset"
RESET_PATH = "reset?token="
PRINCIPAL_SECONDS = 4.0
"""How long a looked-up principal is believed; with the second of the socket watch, a revocation holds within five."""
NO_TENANT = UUID(int=0)
"""The tenant of events that belong to no organisation."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says. ``binding`` is the kernel's id or the server instance it dies with."""

    user_id: UUID
    tenant_id: UUID
    kind: TokenKind
    binding: str | None
    expires_at: datetime
    session_id: UUID | None = None


class LiveBindings(Protocol):
    """Port: whether the kernel or server instance a token is bound to still lives."""

    def alive(self, kind: TokenKind, binding: str) -> bool: ...


class Tokens:
    """Signs and checks JSON Web Tokens (RFC 7519) with a secret of this installation."""

    def __init__(self, secret: str) -> None:
        if len(secret) < 32:
            raise ValueError("the token secret must have at least 32 characters")
        self._secret = secret

    def issue(
        self,
        user_id: UUID,
        tenant_id: UUID,
        kind: TokenKind = "user",
        binding: str | None = None,
        *,
        session_id: UUID | None = None,
    ) -> tuple[str, datetime]:
        """A signed token and the moment it expires (UTC); a user's token names its session."""
        import jwt

        now = datetime.now(UTC).replace(microsecond=0)
        expires = now + LIFETIMES[kind]
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "sub": str(user_id),
            "tid": str(tenant_id),
            "use": kind,
            "iat": now,
            "exp": expires,
            "jti": uuid4().hex,
        }
        if binding:
            claims["bnd"] = binding
        if session_id is not None:
            claims["sid"] = str(session_id)
        return jwt.encode(claims, self._secret, algorithm=ALGORITHM), expires

    def read(self, token: str, *, allow_expired: bool = False) -> Claims:
        """The claims of a valid token; raises ``AuthenticationFailed`` on any other."""
        import jwt

        # `iat` is not compared with the clock: one that steps back must not throw everybody out; `exp` is the limit
        options = {"verify_exp": not allow_expired, "verify_iat": False}
        try:
            data = jwt.decode(
                token,
                self._secret,
                algorithms=[ALGORITHM],
                issuer=ISSUER,
                options={"require": ["exp", "iat", "iss", "sub", "tid", "use", "jti"], **options},  # type: ignore[arg-type]
            )
            return self._claims(data)
        except jwt.ExpiredSignatureError:
            raise AuthenticationFailed("The token has expired; log in again") from None
        except (jwt.PyJWTError, ValueError, KeyError, TypeError, AttributeError, ArithmeticError, OSError):
            raise AuthenticationFailed("The token is not valid") from None

    def _claims(self, data: Mapping[str, Any]) -> Claims:
        kind = data["use"]
        needed = "sid" if kind == "user" else "bnd"
        if kind not in get_args(TokenKind) or not isinstance(data.get(needed), str):
            raise ValueError(f"a token for {kind!r} needs {needed}")
        return Claims(
            UUID(data["sub"]),
            UUID(data["tid"]),
            cast("TokenKind", kind),
            data.get("bnd"),
            datetime.fromtimestamp(data["exp"], UTC),
            UUID(data["sid"]) if kind == "user" else None,
        )


def new_secret(prefix: str = "") -> str:
    """A random secret of 256 bits for a refresh token or a one-time link."""
    return prefix + secrets.token_urlsafe(32)


def digest(secret: str) -> bytes:
    """What is kept of a random secret; a fast hash is enough, since there is nothing to guess (SHA-256)."""
    return hashlib.sha256(secret.encode()).digest()


class Passwords:
    """Argon2id hashes with the library's recommended parameters (RFC 9106)."""

    def __init__(self) -> None:
        from argon2 import PasswordHasher

        self._hasher = PasswordHasher()
        h = self._hasher
        # fits no password; checking it costs what checking a real one costs
        self._nobody = f"$argon2id$v=19$m={h.memory_cost},t={h.time_cost},p={h.parallelism}${'A' * 22}${'A' * 43}"

    def hash(self, password: str) -> str:
        """The encoded hash of a password."""
        return self._hasher.hash(password)

    def verify(self, encoded: str | None, password: str) -> bool:
        """Whether the password fits; takes the same time when there is no such account."""
        from argon2.exceptions import InvalidHashError, VerificationError

        try:
            return self._hasher.verify(encoded or self._nobody, password) and encoded is not None
        except (VerificationError, InvalidHashError):
            return False

    def outdated(self, encoded: str) -> bool:
        """Whether a hash was made with weaker parameters than today's."""
        return self._hasher.check_needs_rehash(encoded)


@dataclass(frozen=True, slots=True)
class AuthOptions:
    """How this installation lets people in.

    ``registration``: ``invited`` (with an invitation), ``open`` or ``closed``. ``public_url`` ends in a slash; links in
    mails begin with it, never with what a request says its host is. ``mails``: whether there is a mail server.
    """

    registration: Literal["open", "invited", "closed"] = "invited"
    public_url: str = ""
    mails: bool = False

    @classmethod
    def of(cls, env: Mapping[str, str]) -> AuthOptions:
        """What the environment says; raises ``ConfigurationError`` in one sentence."""
        registration = env.get("ALM_REGISTRATION", "").strip().lower() or "invited"
        if registration not in ("open", "invited", "closed"):
            raise ConfigurationError(f"ALM_REGISTRATION is {registration!r}; it may be open, invited or closed.")
        url = env.get("ALM_PUBLIC_URL", "").strip()
        if url and not url.startswith(("https://", "http://")):
            raise ConfigurationError("ALM_PUBLIC_URL must begin with https:// (or http://).")
        mails = bool(env.get("ALM_SMTP_URL", "").strip())
        if mails and not url:
            raise ConfigurationError("ALM_SMTP_URL needs ALM_PUBLIC_URL too: links in mails begin with it.")
        return cls(cast("Any", registration), url.rstrip("/") + "/" if url else "", mails)


class PrincipalMemory(Memory[Principal | None]):
    """Principals that were just looked up, for a few seconds; shared by whoever asks and whoever ends sessions."""

    def __init__(
        self, seconds: float = PRINCIPAL_SECONDS, *, limit: int = 4096, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(seconds, limit=limit, clock=clock)


def closure(codes: Iterable[str], implied: Mapping[str, Iterable[str]]) -> frozenset[str]:
    """All roles reached from ``codes`` over ``implied`` (cycles are harmless)."""
    seen: set[str] = set()
    todo = list(codes)
    while todo:
        code = todo.pop()
        if code not in seen:
            seen.add(code)
            todo.extend(implied.get(code, ()))
    return frozenset(seen)
