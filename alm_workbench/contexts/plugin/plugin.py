"""Registers the plugin context."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alm_workbench.contexts.plugin import handlers as h
from alm_workbench.contexts.plugin import messages as m
from alm_workbench.contexts.plugin.repository import PluginRepository
from alm_workbench.shared.context import Handler, Services
from alm_workbench.shared.plugins import LoadedPlugins, hookimpl


@hookimpl
def alm_handlers(services: Services) -> Mapping[type[Any], Handler]:
    """Handlers of this context."""
    repository, loaded = PluginRepository(), services.port(LoadedPlugins)
    return {
        m.Ping: h.PingHandler(),
        m.SetPluginValue: h.SetPluginValueHandler(repository, loaded),
        m.GetPluginValues: h.GetPluginValuesHandler(repository, loaded),
    }
