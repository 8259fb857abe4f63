"""Registers the context of saved queries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alm_workbench.contexts.savedquery import handlers as h
from alm_workbench.contexts.savedquery import messages as m
from alm_workbench.contexts.savedquery.repository import SavedQueryRepository
from alm_workbench.shared.context import Handler, Services
from alm_workbench.shared.plugins import hookimpl


@hookimpl
def alm_handlers(services: Services) -> Mapping[type[Any], Handler]:
    """Handlers of this context."""
    queries = h.SavedQueries(SavedQueryRepository())
    return {
        m.ListSavedQueries: h.ListHandler(queries),
        m.GetSavedQuery: h.GetHandler(queries),
        m.CreateSavedQuery: h.CreateHandler(queries),
        m.UpdateSavedQuery: h.UpdateHandler(queries),
        m.DeleteSavedQuery: h.DeleteHandler(queries),
        m.RunSavedQuery: h.RunHandler(queries),
    }
