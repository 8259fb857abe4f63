"""Registers the access context."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alm_workbench.contexts.access import messages as m
from alm_workbench.contexts.access.decisions import DecisionsHandler
from alm_workbench.contexts.access.handlers import ExplainHandler
from alm_workbench.contexts.access.repository import AccessRepository
from alm_workbench.contexts.audit.messages import ListDecisions
from alm_workbench.shared.context import Handler, Services
from alm_workbench.shared.plugins import hookimpl


@hookimpl
def alm_handlers(services: Services) -> Mapping[type[Any], Handler]:
    """Handlers of this context."""
    repo = AccessRepository()
    return {m.Explain: ExplainHandler(repo), ListDecisions: DecisionsHandler(repo)}
