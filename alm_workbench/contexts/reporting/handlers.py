"""Handlers of reporting: work out the caller's rights, then ask the mirror."""

from __future__ import annotations

from dataclasses import dataclass

from alm_workbench.contexts.reporting.domain import MirrorInfo, MirrorQueries, MirrorRights, RightsForMirror
from alm_workbench.contexts.reporting.messages import (
    ListReports,
    MirrorStatus,
    MirrorStatusDTO,
    RefreshMirror,
    ReportDTO,
    ReportList,
    RunReport,
    RunSql,
    SqlResult,
)
from alm_workbench.errors import AlmError
from alm_workbench.shared.context import MessageContext

MAX_ROWS = 1_000_000
DEFAULT_ROWS = 10_000
MAX_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class ListReportsHandler:
    """Lists the registered reports."""

    mirror: MirrorQueries

    def __call__(self, ctx: MessageContext, message: ListReports) -> ReportList:
        """The reports in the asked or the caller's language."""
        return ReportList(self.mirror.reports(message.lang or ctx.principal.locale))


@dataclass(frozen=True, slots=True)
class RunReportHandler:
    """Runs a report over one project."""

    mirror: MirrorQueries
    access: RightsForMirror

    def __call__(self, ctx: MessageContext, message: RunReport) -> ReportDTO:
        """The report's rows; raises ``NotFound`` on a project the caller may not see."""
        rights = _own(ctx, self.access.rights(ctx, message.project_id))
        given = {"days": message.days, "limit": message.limit, "by": message.by}
        result = self.mirror.report(
            rights,
            message.project_id,
            message.name,
            {name: value for name, value in given.items() if value is not None},
            lang=message.lang or ctx.principal.locale,
            max_age=message.max_age,
        )
        return ReportDTO(
            name=result.name,
            title=result.title,
            columns=result.columns,
            rows=result.rows,
            as_of=result.as_of,
            version=result.version,
            sql=result.sql,
            presentation=result.presentation,
        )


@dataclass(frozen=True, slots=True)
class RunSqlHandler:
    """Runs a caller's own SELECT."""

    mirror: MirrorQueries
    access: RightsForMirror

    def __call__(self, ctx: MessageContext, message: RunSql) -> SqlResult:
        """The rows, at most ``limit`` of them."""
        answer = self.mirror.run(
            _own(ctx, self.access.rights(ctx)),
            message.sql,
            dict(message.params),
            limit=min(message.limit if message.limit is not None else DEFAULT_ROWS, MAX_ROWS),
            timeout=min(message.timeout or MAX_SECONDS, MAX_SECONDS),
            max_age=message.max_age,
        )
        return SqlResult(
            arrow=answer.arrow,
            as_of=answer.as_of,
            version=answer.version,
            rows=answer.rows,
            truncated=answer.truncated,
            elapsed_ms=answer.elapsed_ms,
        )


@dataclass(frozen=True, slots=True)
class MirrorStatusHandler:
    """Tells the state of the caller's mirror."""

    mirror: MirrorQueries

    def __call__(self, ctx: MessageContext, message: MirrorStatus) -> MirrorStatusDTO:
        """The published version."""
        return _status(self.mirror.status(ctx.principal.tenant_id))


@dataclass(frozen=True, slots=True)
class RefreshMirrorHandler:
    """Publishes what is committed."""

    mirror: MirrorQueries

    def __call__(self, ctx: MessageContext, message: RefreshMirror) -> MirrorStatusDTO:
        """The state after the refresh."""
        return _status(self.mirror.refresh(ctx.principal.tenant_id))


def _own(ctx: MessageContext, rights: MirrorRights) -> MirrorRights:
    """Rights for another tenant are a programming error that must never reach the mirror."""
    if rights.tenant_id != ctx.principal.tenant_id:
        raise AlmError("The rights are for another tenant")
    return rights


def _status(info: MirrorInfo) -> MirrorStatusDTO:
    return MirrorStatusDTO(info.version, info.as_of, info.age_s, info.bytes, dict(info.rows), info.last_error)
