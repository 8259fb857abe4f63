"""How many requests somebody may send: budgets, and the port of whoever counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Budget:
    """Requests within any minute, and within one second."""

    per_minute: int
    burst: int

    def times(self, factor: int) -> Budget:
        """A budget that many times as large."""
        return Budget(self.per_minute * factor, self.burst * factor)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a request may go on; what is left of the minute, and when there is more again (whole seconds)."""

    allowed: bool
    limit: int
    remaining: int
    reset: int
    retry_after: int = 0


class RateLimiter(Protocol):
    """Counts requests by subject. ``admit`` answers at once, without asking another process."""

    def admit(self, subject: str, budget: Budget, /) -> Verdict: ...

    def state(self) -> dict[str, Any]: ...

    def close(self) -> None: ...
