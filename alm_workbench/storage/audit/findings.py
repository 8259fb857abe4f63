"""What a verification found, and where."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

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
    found: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing that was sealed has changed."""
        return self.found == 0

    def add(self, finding: Finding) -> None:
        """Keep a finding, or only count it when there are many."""
        self.found += 1
        if len(self.findings) < SHOWN:
            self.findings.append(finding)
