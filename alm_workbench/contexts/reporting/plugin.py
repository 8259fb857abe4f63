"""Registers the reporting context."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alm_workbench.contexts.reporting import handlers as h
from alm_workbench.contexts.reporting import messages as m
from alm_workbench.contexts.reporting.domain import MirrorQueries, RightsForMirror
from alm_workbench.shared.context import Handler, Services
from alm_workbench.shared.plugins import hookimpl


@hookimpl
def alm_handlers(services: Services) -> Mapping[type[Any], Handler]:
    """Handlers of this context."""
    mirror = services.port(MirrorQueries)  # type: ignore[type-abstract]
    access = services.port(RightsForMirror)  # type: ignore[type-abstract]
    return {
        m.ListReports: h.ListReportsHandler(mirror),
        m.RunReport: h.RunReportHandler(mirror, access),
        m.RunSql: h.RunSqlHandler(mirror, access),
        m.MirrorStatus: h.MirrorStatusHandler(mirror),
        m.RefreshMirror: h.RefreshMirrorHandler(mirror),
    }
