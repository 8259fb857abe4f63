"""Tokens and passwords: what is signed, for how long, and how a role set becomes privileges."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Protocol
from uuid import UUID, uuid4

from alm_workbench.errors import AuthenticationFailed

ALGORITHM = "HS256"
ISSUER = "alm-workbench"
TokenKind = Literal["user", "kernel", "owner"]
LIFETIMES: Mapping[TokenKind, timedelta] = {
    "user": timedelta(hours=8),
    "kernel": timedelta(minutes=15),
    "owner": timedelta(days=30),
}


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says. ``binding`` is the kernel's id or the server instance it dies with."""

    user_id: UUID
    tenant_id: UUID
    kind: TokenKind
    binding: str | None
    expires_at: datetime


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
        self, user_id: UUID, tenant_id: UUID, kind: TokenKind = "user", binding: str | None = None
    ) -> tuple[str, datetime]:
        """A signed token and the moment it expires (UTC)."""
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
        return jwt.encode(claims, self._secret, algorithm=ALGORITHM), expires

    def read(self, token: str, *, allow_expired: bool = False) -> Claims:
        """The claims of a valid token; raises ``AuthenticationFailed`` on any other."""
        import jwt

        try:
            data = jwt.decode(
                token,
                self._secret,
                algorithms=[ALGORITHM],
                issuer=ISSUER,
                options={"require": ["exp", "iat", "sub", "tid", "use", "jti"], "verify_exp": not allow_expired},
            )
            return Claims(
                UUID(data["sub"]),
                UUID(data["tid"]),
                data["use"],
                data.get("bnd"),
                datetime.fromtimestamp(data["exp"], UTC),
            )
        except jwt.ExpiredSignatureError:
            raise AuthenticationFailed("The token has expired; log in again") from None
        except (jwt.PyJWTError, ValueError, KeyError, TypeError):
            raise AuthenticationFailed("The token is not valid") from None


class Passwords:
    """Argon2id hashes with the library's recommended parameters (RFC 9106)."""

    def __init__(self) -> None:
        from argon2 import PasswordHasher

        self._hasher = PasswordHasher()
        self._dummy: str | None = None

    def hash(self, password: str) -> str:
        """The encoded hash of a password."""
        return self._hasher.hash(password)

    def verify(self, encoded: str | None, password: str) -> bool:
        """Whether the password fits; takes the same time when there is no such account."""
        from argon2.exceptions import InvalidHashError, VerificationError

        if encoded is None:
            self._dummy = self._dummy or self._hasher.hash("no such account")
        try:
            return self._hasher.verify(encoded or self._dummy or "", password) and encoded is not None
        except (VerificationError, InvalidHashError):
            return False


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
