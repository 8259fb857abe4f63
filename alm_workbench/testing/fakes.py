"""Stand-ins for the ports: in memory, deterministic, and keeping what they were asked."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from alm_workbench.mpc.ports import AuditRecord

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


class HmacSigner:
    """Signs with a shared secret: HMAC-SHA256 in hexadecimal (RFC 2104, FIPS 180-4). For tests only."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def sign(self, data: bytes) -> str:
        """The signature of some bytes."""
        return hmac.new(self._secret, data, hashlib.sha256).hexdigest()

    def algorithm(self) -> str:
        """The algorithm's name."""
        return "hmac-sha256"


class HmacVerifier:
    """Verifies what an HmacSigner of the same secret signed."""

    def __init__(self, secret: bytes) -> None:
        self._signer = HmacSigner(secret)

    def verify(self, data: bytes, signature: str) -> bool:
        """Whether the signature belongs to the bytes; compares in constant time."""
        # compare_digest takes texts of ASCII only, bytes of any content.
        return hmac.compare_digest(self._signer.sign(data).encode(), signature.encode("utf-8", "surrogatepass"))


class RecordingGuard:
    """Holds the guards it was given, and no other; `asked` keeps (transition, guard)."""

    def __init__(self, *holding: str) -> None:
        self._holding = frozenset(holding)
        self.asked: list[tuple[str, str]] = []

    def check(self, transition: str, guard: str, context: Mapping[str, Any]) -> bool:
        """Whether it was given this guard."""
        self.asked.append((transition, guard))
        return guard in self._holding


class RecordingAuthority:
    """Permits the pairs of actor and transition it was given; `asked` keeps them all."""

    def __init__(self, permitted: Iterable[tuple[str, str]] = ()) -> None:
        self._permitted = frozenset(permitted)
        self.asked: list[tuple[str | None, str]] = []

    def authorize(self, actor_id: str | None, transition: str) -> bool:
        """Whether it was given this pair; nobody is permitted nothing."""
        self.asked.append((actor_id, transition))
        return actor_id is not None and (actor_id, transition) in self._permitted


class RecordingActions:
    """Does nothing and keeps it in `done`; an action among `failing` raises RuntimeError."""

    def __init__(self, *, failing: Iterable[str] = ()) -> None:
        self._failing = frozenset(failing)
        self.done: list[str] = []

    def execute(self, action: str, context: Mapping[str, Any]) -> None:
        """Keep the name, or fail."""
        if action in self._failing:
            raise RuntimeError(f"the action '{action}' fails on purpose")
        self.done.append(action)


class RecordingAudit:
    """Keeps records in `records`; with `broken` it refuses them."""

    def __init__(self, *, broken: bool = False) -> None:
        self._broken = broken
        self.records: list[AuditRecord] = []

    def record(self, record: AuditRecord) -> None:
        """Keep a record, or raise RuntimeError."""
        if self._broken:
            raise RuntimeError("the audit trail is broken on purpose")
        self.records.append(record)


class FixedClock:
    """A clock that stands until it is moved; calling it tells the time (UTC)."""

    def __init__(self, now: datetime = EPOCH) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, milliseconds: float) -> datetime:
        """Move it and tell the time."""
        self.now += timedelta(milliseconds=milliseconds)
        return self.now
