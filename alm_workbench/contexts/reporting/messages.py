"""Messages of reporting; their DTOs are plain data in the caller's language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from alm_workbench.contexts.reporting.domain import ColumnInfo, Presentation, ReportInfo
from alm_workbench.shared.messages import AUTHENTICATED, Command, Query, command, query

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class ReportList:
    """The reports there are, by name."""

    items: tuple[ReportInfo, ...]


@dataclass(frozen=True, slots=True)
class ReportDTO:
    """A report's rows with what is needed to draw them; ``sql`` is what ran, ``as_of`` the moment it stands for."""

    name: str
    title: str
    columns: tuple[ColumnInfo, ...]
    rows: tuple[tuple[Any, ...], ...]
    as_of: datetime
    version: int
    sql: str
    presentation: Presentation


@dataclass(frozen=True, slots=True)
class SqlData:
    """The rows of a query as JSON; times are ISO texts in UTC."""

    columns: tuple[ColumnInfo, ...]
    rows: tuple[tuple[Any, ...], ...]
    as_of: datetime
    version: int
    truncated: bool
    elapsed_ms: float


@dataclass(frozen=True, slots=True)
class SqlResult:
    """The rows of a query as an Arrow IPC stream; ``truncated`` when the limit cut them.

    Faces that speak JSON send ``to_data()``, those that stream send ``arrow`` with ``headers()`` beside it.
    """

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

    def to_data(self) -> SqlData:
        """The JSON form: columns with their types, rows of plain values, and where they come from."""
        from alm_workbench.contexts.reporting.values import column_types, plain_rows

        table = self.table()
        columns = tuple(ColumnInfo(name, kind, name) for name, kind in column_types(table))
        rows = tuple(tuple(row) for row in plain_rows(table))
        return SqlData(columns, rows, self.as_of, self.version, self.truncated, self.elapsed_ms)

    def headers(self) -> dict[str, Any]:
        """What a face that streams ``arrow`` sends beside it."""
        return {
            "as_of": self.as_of.isoformat(),
            "version": self.version,
            "rows": self.rows,
            "truncated": self.truncated,
            "elapsed_ms": self.elapsed_ms,
        }


@dataclass(frozen=True, slots=True)
class MirrorStatusDTO:
    """The published state of this tenant's mirror; ``rows`` counts raw rows by table, deleted ones included."""

    version: int
    as_of: datetime | None
    age_s: float | None
    bytes: int
    rows: Mapping[str, int]
    last_error: str | None = None


@query(route="GET /reports", privilege=AUTHENTICATED, facade="reports.list")
@dataclass(frozen=True, slots=True)
class ListReports(Query[ReportList]):
    """List the reports there are, with their parameters."""

    lang: str | None = None


@query(route="GET /projects/{project_id}/reports/{name}", privilege="report:read", facade="reports.run")
@dataclass(frozen=True, slots=True)
class RunReport(Query[ReportDTO]):
    """Run a report over one project. ``max_age`` (seconds) refreshes the mirror first when it is older."""

    project_id: UUID
    name: str
    days: int | None = None
    limit: int | None = None
    by: str | None = None
    lang: str | None = None
    max_age: float | None = None


@query(route="POST /sql", privilege="sql:run", facade="sql", streams=True)
@dataclass(frozen=True, slots=True)
class RunSql(Query[SqlResult]):
    """Run one read-only SELECT over what you may see of the mirror (DuckDB SQL; parameters as ``$name``)."""

    sql: str
    params: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)
    limit: int | None = None
    timeout: float | None = None
    max_age: float | None = None


@query(route="GET /mirror", privilege=AUTHENTICATED, facade="mirror.status")
@dataclass(frozen=True, slots=True)
class MirrorStatus(Query[MirrorStatusDTO]):
    """Say which version of the mirror is published and how old it is."""


@command(route="POST /mirror/refresh", privilege="mirror:refresh", facade="mirror.refresh", status=200)
@dataclass(frozen=True, slots=True)
class RefreshMirror(Command[MirrorStatusDTO]):
    """Publish everything committed so far, and wait for it."""
