"""Sending a share of the actors to a new version, the same ones in every process."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .errors import MPCError


def bucket(actor_id: str, salt: str = "") -> float:
    """A number from 0 up to, but not including, 100 that depends on the actor and the salt alone (SHA-256)."""
    name = f"{len(salt)}:{salt}:{actor_id}"
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()
    # 53 bits are what a float holds exactly, so the quotient is never rounded up to 100.
    return (int.from_bytes(digest[:8], "big") >> 11) * 100 / 2**53


class CanaryRouter:
    """Chooses between a stable version and a canary.

    An actor whose attributes lie in a segment gets the canary. Others get it if their bucket lies under `weight` (a
    share from 0 to 1, clamped): the choice is the same in every process, and raising the weight takes nobody off the
    canary. The salt keeps the canaries of different things from always meeting the same actors. Without an actor
    `random` (a function that gives a number from 0 up to 1) decides, or the stable version is taken if there is none.
    """

    def __init__(
        self,
        stable_hash: str,
        canary_hash: str,
        weight: float = 0.1,
        segments: Mapping[str, Iterable[Any]] | None = None,
        *,
        salt: str = "",
        random: Callable[[], float] | None = None,
    ) -> None:
        self.stable_hash = stable_hash
        self.canary_hash = canary_hash
        self.segments = {name: _values(values) for name, values in (segments or {}).items()}
        self.weight = _share(weight)
        self._salt = salt
        self._random = random

    def update_weight(self, weight: float) -> None:
        """Change the share of the canary; raises MPCError E_ROUTING_WEIGHT if it is no number."""
        self.weight = _share(weight)

    def resolve_version(self, actor_id: str | None = None, attributes: Mapping[str, Any] | None = None) -> str:
        """The version for an actor."""
        return self.canary_hash if self._canary(actor_id, attributes or {}) else self.stable_hash

    def _canary(self, actor_id: str | None, attributes: Mapping[str, Any]) -> bool:
        if any(_meets(attributes.get(name), values) for name, values in self.segments.items() if name in attributes):
            return True
        if actor_id is not None:
            return bucket(actor_id, self._salt) < self.weight * 100
        return self._random is not None and self._random() < self.weight


def _share(weight: float) -> float:
    if isinstance(weight, bool) or not isinstance(weight, (int, float)) or math.isnan(weight):
        raise MPCError("E_ROUTING_WEIGHT", f"The share of a canary is a number from 0 to 1, not {weight!r}")
    return min(1.0, max(0.0, float(weight)))


def _values(values: Any) -> tuple[Any, ...]:
    """A segment's values; one value stands for a list of one, and a text is one value, not its letters."""
    return (values,) if isinstance(values, (str, bytes)) or not isinstance(values, Iterable) else tuple(values)


def _meets(attribute: Any, values: tuple[Any, ...]) -> bool:
    """Whether an attribute, or one of several, is among the values; true is not 1."""
    given = attribute if isinstance(attribute, (list, tuple, set, frozenset)) else (attribute,)
    return any(type(one) is type(other) and one == other for one in given for other in values)
