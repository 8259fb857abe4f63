"""Registers the audit context."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alm_workbench.contexts.audit import handlers as h
from alm_workbench.contexts.audit import messages as m
from alm_workbench.contexts.audit.repository import AuditRepository
from alm_workbench.shared.context import Handler, Services
from alm_workbench.shared.plugins import hookimpl


@hookimpl
def alm_handlers(services: Services) -> Mapping[type[Any], Handler]:
    """Handlers of this context."""
    repo = AuditRepository()
    return {m.EntityHistory: h.HistoryHandler(repo)}
