"""The mirror as the server holds it: refresher, query process and reports behind the port of the reporting context."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from alm_workbench.contexts.reporting.domain import (
    MirrorAnswer,
    MirrorInfo,
    MirrorRights,
    MirrorUnavailable,
    ReportInfo,
    ReportResult,
)
from alm_workbench.errors import AlmError
from alm_workbench.mirror.client import QueryProcess
from alm_workbench.mirror.daemon import CHANNEL, MirrorDaemon
from alm_workbench.mirror.layout import Manifest, MirrorLayout
from alm_workbench.mirror.refresher import Refresher
from alm_workbench.mirror.reports.definition import Report, ReportScope
from alm_workbench.mirror.reports.registry import ReportRegistry
from alm_workbench.mirror.worker import WorkerOptions

DEFAULT_LIMIT = 10_000
DEFAULT_TIMEOUT = 30.0
REPORT_LIMIT = 100_000


class MirrorService:
    """Implements ``MirrorQueries``. Cheap to make; ``start`` begins refreshing, the query process comes when asked."""

    def __init__(
        self,
        root: Path,
        dsn: str,
        *,
        reports: Iterable[Report] = (),
        channel: str = CHANNEL,
        options: WorkerOptions | None = None,
        log_file: Path | None = None,
    ) -> None:
        """``root`` is ``<data>/mirror``, ``dsn`` that of ``alm_mirror``; ``log_file`` takes the child's complaints."""
        self.layout = MirrorLayout(root)
        self.layout.prepare()
        self.refresher = Refresher(dsn, self.layout)
        self.daemon = MirrorDaemon(dsn, self.refresher, channel=channel)
        self.process = QueryProcess(root, options, log_file=log_file)
        self.registry = ReportRegistry(reports)

    def start(self, *, warm: bool = False) -> None:
        """Keep the mirrors fresh from now on; ``warm`` also makes ready for the first report, in the background."""
        self.daemon.start()
        if warm:
            self.warm_up()

    def warm_up(self) -> None:
        """Make ready for the first report, in the background."""
        threading.Thread(target=self._warm, name="mirror-warm", daemon=True).start()

    def _warm(self) -> None:
        with suppress(Exception):  # what fails here fails again, and is told, when somebody asks
            self.process.start()
            scope = ReportScope(UUID(int=0), datetime.now(UTC).date(), 1)
            for report in self.registry.all():
                arguments = tuple(sorted(report.arguments({}).items()))
                self.registry.compiled(report, replace(scope, arguments=arguments))

    def stop(self) -> None:
        """Stop refreshing and end the query process."""
        self.daemon.stop()
        self.process.close()

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
        """Run one SELECT over what the rights leave.

        Raises ``QueryRejected``, ``QueryTimedOut`` or ``MirrorUnavailable``.
        """
        self._fresh(rights.tenant_id, max_age)
        return self.process.query(
            rights,
            sql,
            params,
            limit=DEFAULT_LIMIT if limit is None else max(0, limit),
            timeout=timeout or DEFAULT_TIMEOUT,
        )

    def reports(self, lang: str) -> tuple[ReportInfo, ...]:
        """Every report there is, by name."""
        return tuple(report.info(lang) for report in self.registry.all())

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
        report = self.registry.get(name)
        arguments = report.arguments(params or {})
        manifest = self._fresh(rights.tenant_id, max_age)
        today = datetime.now(ZoneInfo(manifest.timezone)).date()
        scope = ReportScope(project_id, today, manifest.week_start, tuple(sorted(arguments.items())))
        sql = self.registry.compiled(report, scope)
        answer = self.process.query(rights, sql, limit=REPORT_LIMIT, timeout=DEFAULT_TIMEOUT)
        return report.result(answer, sql, arguments, lang)

    def status(self, tenant_id: UUID) -> MirrorInfo:
        """What is published for a tenant."""
        files = self.layout.tenant(tenant_id)
        manifest = files.current()
        error = self.daemon.error_of(tenant_id)
        if manifest is None:
            return MirrorInfo(0, None, 0, {}, error)
        return MirrorInfo(manifest.version, manifest.as_of, files.path(manifest).stat().st_size, manifest.rows, error)

    def refresh(self, tenant_id: UUID) -> MirrorInfo:
        """Publish everything committed before this call, and give the new state; raises ``Unavailable``."""
        self.daemon.refresh()
        return self.status(tenant_id)

    def _fresh(self, tenant_id: UUID, max_age: float | None) -> Manifest:
        """The published manifest, refreshed when there is none or it is older than the caller accepts."""
        files = self.layout.tenant(tenant_id)
        manifest = files.current()
        if manifest is None or (max_age is not None and manifest.age() > max_age):
            try:
                self.daemon.refresh()
            except AlmError:
                if manifest is None:
                    raise
            manifest = files.current() or manifest
        if manifest is None:
            reason = self.daemon.error_of(tenant_id) or "no such tenant"
            raise MirrorUnavailable(f"The reporting data of this tenant cannot be built: {reason}")
        return manifest
