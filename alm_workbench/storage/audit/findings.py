"""What a verification found, and where."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

CLOCK = "clock"
"""The code of findings that say nothing but that a time cannot be true."""

SHOWN = 1000
"""So many findings are kept; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it was sealed, and where."""

    code: str
    message: str
    seal: int | None = None
    commit_id: UUID | None = None
    entity_type: str | None = None
    entity_id: UUID | None = None
    version: int | None = None
    at: datetime | None = None


@dataclass(slots=True)
class Verification:
    """What a verification of one tenant saw."""

    tenant_id: UUID
    seals: int = 0
    snapshots: int = 0
    commits: int = 0
    erased: int = 0
    retired: int = 0
    unsealed: int = 0
    oldest_unsealed_at: datetime | None = None
    live: int = 0
    head: str | None = None
    keys: set[str] = field(default_factory=set)
    seconds: float = 0.0
    codes: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether everything is as it was sealed, and was written when it says."""
        return not self.codes

    @property
    def found(self) -> int:
        """How many findings there are, also of those that are not kept."""
        return self.codes.total()

    @property
    def verdict(self) -> str:
        """The result in a few words; times that cannot be true are told apart from values that were changed."""
        if self.ok:
            return "is as it was sealed"
        listed = ", ".join(f"{code} {count}" for code, count in sorted(self.codes.items()))
        if set(self.codes) == {CLOCK}:
            return (
                f"is as it was sealed, but {self.found} entries name ODD TIMES: a clock was set, or they were backdated"
            )
        return f"WAS CHANGED ({listed})"

    def add(self, finding: Finding) -> None:
        """Keep a finding, or only count it when there are many."""
        self.codes[finding.code] += 1
        if len(self.findings) < SHOWN:
            self.findings.append(finding)
