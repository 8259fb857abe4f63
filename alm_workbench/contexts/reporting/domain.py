"""What reporting asks of the mirror, and what it promises: the caller's rights, answers with their moment, reports."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol
from uuid import UUID

from alm_workbench.errors import InvalidInput, NotFound, TimedOut, Unavailable

if TYPE_CHECKING:
    import pyarrow as pa

    from alm_workbench.shared.context import MessageContext

ANY = "*"
"""In masks: every type, or every field."""


class QueryRejected(InvalidInput):
    """A statement that is wrong or not allowed; ``line`` and ``column`` (from 1) say where, when that is known."""

    slug, title = "query-rejected", "The query was not accepted"


class QueryTimedOut(TimedOut):
    """A query that ran longer than it may."""

    slug, title = "query-timed-out", "The query took too long"


class MirrorUnavailable(Unavailable):
    """The mirror of this tenant cannot be read right now."""

    slug, title = "mirror-unavailable", "The reporting data is not available right now"


class UnknownReport(NotFound):
    """There is no report of that name; ``reports`` lists those there are."""

    slug, title = "unknown-report", "No such report"


@dataclass(frozen=True, slots=True)
class MirrorRights:
    """What a caller may see of one tenant's mirror.

    ``project_ids`` None means every project. ``masks`` maps a type id (or ``*``) to the field ids (or ``*``) that are
    removed; the core columns title, assignee, parent, rank and state are field ids too. A rule that depends on the
    single item cannot be said here, so whoever computes rights hides the type or masks the field instead.
    """

    tenant_id: UUID
    project_ids: frozenset[UUID] | None = None
    masks: Mapping[str, frozenset[str]] = field(default_factory=dict)
    all_fields: bool = False
    hidden_types: frozenset[str] = frozenset()

    @property
    def full(self) -> bool:
        """Whether nothing at all is withheld."""
        masked = not self.all_fields and any(self.masks.values())
        return self.project_ids is None and not masked and not self.hidden_types

    @property
    def digest(self) -> str:
        """Equal for equal rights, whatever the order they were collected in."""
        return hashlib.sha256(json.dumps(self.to_data(), sort_keys=True).encode()).hexdigest()[:24]

    def to_data(self) -> dict[str, Any]:
        """A JSON-able copy."""
        return {
            "tenant_id": str(self.tenant_id),
            "project_ids": None if self.project_ids is None else sorted(str(p) for p in self.project_ids),
            "masks": {} if self.all_fields else {t: sorted(f) for t, f in sorted(self.masks.items()) if f},
            "all_fields": self.all_fields,
            "hidden_types": sorted(self.hidden_types),
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> MirrorRights:
        """The inverse of ``to_data``."""
        projects = data["project_ids"]
        return cls(
            tenant_id=UUID(data["tenant_id"]),
            project_ids=None if projects is None else frozenset(UUID(p) for p in projects),
            masks={t: frozenset(f) for t, f in data["masks"].items()},
            all_fields=bool(data["all_fields"]),
            hidden_types=frozenset(data["hidden_types"]),
        )


@dataclass(frozen=True, slots=True)
class MirrorAnswer:
    """The result of one query: an Arrow IPC stream, the moment it stands for, and the mirror version it came from."""

    arrow: bytes
    as_of: datetime
    version: int
    rows: int
    truncated: bool
    elapsed_ms: float

    def table(self) -> pa.Table:
        """The rows as an Arrow table."""
        import pyarrow as pa

        return pa.ipc.open_stream(self.arrow).read_all()


@dataclass(frozen=True, slots=True)
class MirrorInfo:
    """The state of one tenant's mirror; version 0 and no ``as_of`` before the first refresh."""

    version: int
    as_of: datetime | None
    bytes: int
    rows: Mapping[str, int]
    last_error: str | None = None

    @property
    def age_s(self) -> float | None:
        """Seconds since the moment the mirror stands for."""
        return None if self.as_of is None else round((datetime.now(UTC) - self.as_of).total_seconds(), 3)


@dataclass(frozen=True, slots=True)
class ColumnInfo:
    """A column of a result: ``type`` is one of string, integer, number, boolean, date, timestamp, json."""

    name: str
    type: str
    label: str


@dataclass(frozen=True, slots=True)
class Presentation:
    """How to draw a report: ``series`` are the columns with values, ``split`` the column that tells series apart."""

    kind: Literal["bar", "line", "area", "table", "kpi"]
    x: str | None = None
    series: tuple[str, ...] = ()
    split: str | None = None
    stack: bool = False


@dataclass(frozen=True, slots=True)
class ReportParam:
    """A parameter of a report with its default and limits."""

    name: str
    type: Literal["integer", "string"]
    default: int | str
    label: str
    minimum: int | None = None
    maximum: int | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReportInfo:
    """A report as a list shows it, in the caller's language."""

    name: str
    title: str
    description: str
    params: tuple[ReportParam, ...]
    presentation: Presentation


@dataclass(frozen=True, slots=True)
class ReportResult:
    """A report that has run, in the caller's language."""

    name: str
    title: str
    columns: tuple[ColumnInfo, ...]
    rows: tuple[tuple[Any, ...], ...]
    as_of: datetime
    version: int
    sql: str
    presentation: Presentation


class MirrorQueries(Protocol):
    """The mirror as handlers see it. ``max_age`` (seconds) refreshes first when the published state is older."""

    def run(
        self,
        rights: MirrorRights,
        sql: str,
        params: Mapping[str, Any] | Sequence[Any] | None = None,
        *,
        limit: int | None = None,
        timeout: float | None = None,
        max_age: float | None = None,
    ) -> MirrorAnswer:
        """Run one SELECT; raises ``QueryRejected``, ``QueryTimedOut``, ``MirrorUnavailable``."""
        ...

    def reports(self, lang: str) -> tuple[ReportInfo, ...]:
        """Every report there is, by name."""
        ...

    def report(
        self,
        rights: MirrorRights,
        project_id: UUID,
        name: str,
        params: Mapping[str, Any] | None = None,
        *,
        lang: str = "en",
        max_age: float | None = None,
    ) -> ReportResult:
        """Run a report over one project; raises ``UnknownReport``, ``InvalidInput`` on a wrong parameter."""
        ...

    def status(self, tenant_id: UUID) -> MirrorInfo:
        """What is published for a tenant."""
        ...

    def refresh(self, tenant_id: UUID) -> MirrorInfo:
        """Publish everything committed before this call, and give the new state."""
        ...


class RightsForMirror(Protocol):
    """Computes rights from the principal and the active manifests' ACL."""

    def rights(self, ctx: MessageContext, project_id: UUID | None = None) -> MirrorRights:
        """All the caller may see, or that within one project; raises ``NotFound`` on a project it may not see."""
        ...
