"""What the plugin context does with its messages."""

from __future__ import annotations

from alm_workbench.contexts.plugin.domain import check_installed, check_value
from alm_workbench.contexts.plugin.messages import GetPluginValues, Ping, PingDTO, PluginValueDTO, SetPluginValue
from alm_workbench.contexts.plugin.repository import PluginRepository
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.plugins import LoadedPlugins


class PingHandler:
    """Answers."""

    def __call__(self, ctx: MessageContext, message: Ping) -> PingDTO:
        from alm_workbench import __version__

        return PingDTO("ok", __version__)


class SetPluginValueHandler:
    """Keeps one value."""

    def __init__(self, repository: PluginRepository, loaded: LoadedPlugins) -> None:
        self._repository, self._loaded = repository, loaded

    def __call__(self, ctx: MessageContext, message: SetPluginValue) -> PluginValueDTO:
        check_installed(message.plugin, self._loaded)
        check_value(message.key, message.value)
        return self._repository.put(ctx.conn, ctx.principal.tenant_id, message.plugin, message.key, message.value)


class GetPluginValuesHandler:
    """Reads what a plugin keeps, installed or not."""

    def __init__(self, repository: PluginRepository, loaded: LoadedPlugins) -> None:
        self._repository, self._loaded = repository, loaded

    def __call__(self, ctx: MessageContext, message: GetPluginValues) -> tuple[PluginValueDTO, ...]:
        writable = message.plugin in self._loaded.names
        return self._repository.values(ctx.conn, message.plugin, message.prefix, writable=writable)
