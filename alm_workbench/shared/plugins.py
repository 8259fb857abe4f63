"""The hooks that built-in contexts and third parties register through, and the manager that finds them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import entry_points
from typing import Any, TypeVar

import pluggy

from alm_workbench.shared.context import Handler, Services
from alm_workbench.shared.jobs import JobSpec

P = TypeVar("P")

PROJECT = "alm_workbench"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@dataclass(frozen=True, slots=True)
class FunctionSpec:
    """An expression function a plugin adds: argument and return types are words of the expression language."""

    name: str
    args: tuple[str, ...]
    returns: str
    cost: int
    implementation: Callable[..., Any]
    doc: str = ""


@dataclass(frozen=True, slots=True)
class ExpressionFunctions:
    """Port: the implementations of the functions that plugins add to expressions, by name."""

    by_name: Mapping[str, Callable[..., Any]]


@dataclass(frozen=True, slots=True)
class WidgetSpec:
    """A widget a plugin adds to the notebook facade: ``factory(project, **options)`` makes it."""

    name: str
    factory: Callable[..., Any]
    doc: str = ""


@dataclass(frozen=True, slots=True)
class LoadedPlugins:
    """Port: the names of the plugins that are installed and work; only these may change what they keep."""

    names: frozenset[str]


class Hooks:
    """The specification; every hook is optional."""

    @hookspec
    def alm_handlers(self, services: Services) -> Mapping[type[Any], Handler]:
        """Handlers of the plugin's messages, by message class."""
        raise NotImplementedError

    @hookspec
    def alm_functions(self) -> Sequence[FunctionSpec]:
        """Functions that expressions in manifests may call."""
        raise NotImplementedError

    @hookspec
    def alm_reports(self) -> Sequence[Any]:
        """Report definitions over the mirror (see ``alm_workbench.mirror.reports``)."""
        raise NotImplementedError

    @hookspec
    def alm_widgets(self) -> Sequence[WidgetSpec]:
        """Widgets of the notebook facade."""
        raise NotImplementedError

    @hookspec
    def alm_jobs(self) -> Sequence[JobSpec]:
        """What can be deferred by commands, and what runs by a schedule."""
        raise NotImplementedError

    @hookspec
    def alm_event(self, event: Mapping[str, Any]) -> None:
        """Called by the outbox publisher for every event, at least once and in order."""
        raise NotImplementedError


BUILT_IN = (
    "alm_workbench.contexts.auth.plugin",
    "alm_workbench.contexts.apikey.plugin",
    "alm_workbench.contexts.tenant.plugin",
    "alm_workbench.contexts.manifest.plugin",
    "alm_workbench.contexts.project.plugin",
    "alm_workbench.contexts.artifact.plugin",
    "alm_workbench.contexts.workflow.plugin",
    "alm_workbench.contexts.bulk.plugin",
    "alm_workbench.contexts.planning.plugin",
    "alm_workbench.contexts.savedquery.plugin",
    "alm_workbench.contexts.notification.plugin",
    "alm_workbench.contexts.discussion.plugin",
    "alm_workbench.contexts.attachment.plugin",
    "alm_workbench.contexts.audit.plugin",
    "alm_workbench.contexts.access.plugin",
    "alm_workbench.contexts.reporting.plugin",
    "alm_workbench.contexts.plugin.plugin",
    "alm_workbench.mirror.plugin",
)


@dataclass(frozen=True, slots=True)
class PluginInfo:
    """One plugin as ``alm plugins list`` shows it; ``error`` says why it could not be loaded."""

    name: str
    version: str
    built_in: bool
    error: str | None = None


class Plugins:
    """Loads built-in contexts and installed plugins; one that fails to load is listed and left out."""

    def __init__(self, *, third_party: bool = True) -> None:
        import importlib

        self.manager = pluggy.PluginManager(PROJECT)
        self.manager.add_hookspecs(Hooks)
        self.infos: list[PluginInfo] = []
        for module in BUILT_IN:
            self.manager.register(importlib.import_module(module), name=module)
            self.infos.append(PluginInfo(module.split(".")[-2], "", True))
        if third_party:
            self._load_entry_points()

    def _load_entry_points(self) -> None:
        for point in sorted(entry_points(group=PROJECT), key=lambda p: p.name):
            version = point.dist.version if point.dist else ""
            try:
                self.manager.register(point.load(), name=point.name)
            except Exception as error:  # a broken plugin must never take the workbench down
                self.infos.append(PluginInfo(point.name, version, False, _sentence(error)))
            else:
                self.infos.append(PluginInfo(point.name, version, False))

    def handlers(self, services: Services) -> dict[type[Any], Handler]:
        """All message handlers; raises ``ValueError`` when two plugins claim one message."""
        services.provide(LoadedPlugins, self.loaded())
        merged: dict[type[Any], Handler] = {}
        for name, part in self._collect("alm_handlers", dict, services=services):
            taken = sorted(cls.__name__ for cls in part if cls in merged)
            if not taken:
                merged.update(part)
            elif self._built_in(name):
                raise ValueError(f"two plugins handle {taken[0]}")
            else:
                self._drop(name, ValueError(f"another plugin handles {', '.join(taken)} already"))
        return merged

    def loaded(self) -> LoadedPlugins:
        """Installed plugins that could be loaded, built-in contexts among them."""
        return LoadedPlugins(frozenset(info.name for info in self.infos if info.error is None))

    def functions(self) -> list[FunctionSpec]:
        """Expression functions of all plugins, built-in first."""
        return [spec for _, part in self._collect("alm_functions", list) for spec in part]

    def reports(self) -> list[Any]:
        """Report definitions of all plugins, built-in first."""
        return [spec for _, part in self._collect("alm_reports", list) for spec in part]

    def jobs(self) -> list[JobSpec]:
        """Jobs of all plugins, built-in first."""
        return [spec for _, part in self._collect("alm_jobs", list) for spec in part]

    def widgets(self) -> list[WidgetSpec]:
        """Widgets of all plugins."""
        return [spec for _, part in self._collect("alm_widgets", list) for spec in part]

    def check(self) -> list[PluginInfo]:
        """Ask every plugin for what it adds, so that ``error`` is also known of those that fail at that."""
        self.functions()
        self.reports()
        self.widgets()
        return list(self.infos)

    def publish(self, event: Mapping[str, Any]) -> None:
        """Hand one outbox event to every plugin that listens."""
        self.manager.hook.alm_event(event=event)

    def _collect(self, hook: str, shape: Callable[[Any], P], **arguments: Any) -> list[tuple[str, P]]:
        """What each plugin answers to a hook, in the order of registration; one that fails at it is dropped."""
        answers: list[tuple[str, P]] = []
        for impl in list(getattr(self.manager.hook, hook).get_hookimpls()):
            try:
                answer = impl.function(**{name: arguments[name] for name in impl.argnames})
                answers.append((impl.plugin_name, shape(answer or ())))
            except Exception as error:
                if self._built_in(impl.plugin_name):
                    raise
                self._drop(impl.plugin_name, error)
        return answers

    def _built_in(self, name: str) -> bool:
        return name in BUILT_IN

    def _drop(self, name: str, error: Exception) -> None:
        """Leave a plugin out from now on, and say why in the list."""
        self.manager.unregister(name=name)
        self.infos = [
            replace(info, error=_sentence(error)) if info.name == name and not info.built_in else info
            for info in self.infos
        ]


def _sentence(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
