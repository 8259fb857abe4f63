"""Registers the bulk context."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alm_workbench.contexts.bulk import handlers as h
from alm_workbench.contexts.bulk import messages as m
from alm_workbench.contexts.bulk.repository import BulkRepository
from alm_workbench.contexts.bulk.undoing import UndoHandler
from alm_workbench.shared.context import Handler, Services
from alm_workbench.shared.plugins import hookimpl


@hookimpl
def alm_handlers(services: Services) -> Mapping[type[Any], Handler]:
    """Handlers of this context."""
    bulks = h.Bulks(BulkRepository())
    return {
        m.PlanBulk: h.PlanHandler(bulks),
        m.ApplyBulk: h.ApplyHandler(bulks),
        m.UndoBulk: UndoHandler(bulks),
        m.CarryOut: h.CarryOutHandler(bulks),
        m.GetBulk: h.GetHandler(bulks),
        m.ListBulks: h.ListHandler(bulks),
    }
