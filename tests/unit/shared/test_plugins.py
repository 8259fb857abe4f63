"""Plugins: what they add comes together; one that fails is listed with its error and left out."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from alm_workbench.shared.context import Services
from alm_workbench.shared.messages import Query
from alm_workbench.shared.plugins import (
    BUILT_IN,
    FunctionSpec,
    LoadedPlugins,
    PluginInfo,
    Plugins,
    WidgetSpec,
    hookimpl,
)


class Question(Query[int]):
    """A message of nobody else."""


def double(value: Any) -> Any:
    """Twice as much."""
    return 2 * value


def with_plugin(**hooks: Any) -> Plugins:
    """The built-in contexts and one third-party plugin with these hooks."""
    plugins = Plugins(third_party=False)
    for name, function in hooks.items():
        function.__name__ = name
        hookimpl(function)
    plugins.manager.register(SimpleNamespace(**hooks), name="third")
    plugins.infos.append(PluginInfo("third", "1.0", False))
    return plugins


class Port:
    """Has whatever is asked of it, empty."""

    def __getattr__(self, name: str) -> Any:
        return {}


class AnyPort(dict[type[Any], Any]):
    """Something for whatever port of ours is asked for; none of it is used."""

    def __missing__(self, kind: type[Any]) -> Any:
        if not kind.__module__.startswith("alm_workbench"):
            raise KeyError(kind)
        return Port()


def services() -> Services:
    """Ports that the built-in contexts ask for."""
    return Services(AnyPort())


def error_of(plugins: Plugins) -> str | None:
    """The error of the third-party plugin."""
    return plugins.infos[-1].error


def test_built_in_contexts_are_plugins() -> None:
    """They are listed, in the order of registration, and none has an error."""
    infos = Plugins(third_party=False).check()
    assert [info.name for info in infos] == [module.split(".")[-2] for module in BUILT_IN]
    assert all(info.built_in and info.error is None for info in infos)


def test_what_a_plugin_adds_is_found() -> None:
    """Functions, reports, widgets and handlers come after the built-in ones."""
    plugins = with_plugin(
        alm_functions=lambda: [FunctionSpec("double", ("int",), "int", 1, double)],
        alm_reports=lambda: ["a report"],
        alm_widgets=lambda: [WidgetSpec("w", double)],
        alm_handlers=lambda services: {Question: double},
    )
    assert plugins.functions()[-1].name == "double"
    assert plugins.reports()[-1] == "a report"
    assert [w.name for w in plugins.widgets()] == ["w"]
    found: Any = plugins.handlers(services())
    assert found[Question] is double
    assert error_of(plugins) is None


def test_hooks_may_answer_nothing() -> None:
    """None is as good as an empty list."""
    plugins = with_plugin(alm_functions=lambda: None, alm_handlers=lambda services: None)
    plugins.check()
    plugins.handlers(services())
    assert error_of(plugins) is None


@pytest.mark.parametrize("hook", ["alm_functions", "alm_reports", "alm_widgets"])
def test_a_hook_that_fails_costs_the_plugin_its_place(hook: str) -> None:
    """The others stay, the error is kept, and the plugin is not asked again."""

    def fail() -> Any:
        raise RuntimeError("not today")

    plugins = with_plugin(**{hook: fail}, alm_event=lambda event: None)
    builtin_reports = Plugins(third_party=False).reports()
    plugins.check()
    assert error_of(plugins) == "RuntimeError: not today"
    assert plugins.reports() == builtin_reports
    assert plugins.manager.get_plugin("third") is None
    assert "third" not in plugins.loaded().names


def test_handlers_that_fail_cost_the_plugin_its_place() -> None:
    """A plugin that asks for a port nobody wired is left out."""
    plugins = with_plugin(alm_handlers=lambda services: {Question: services.port(int)})
    assert Question not in plugins.handlers(services())
    assert error_of(plugins) == "KeyError: <class 'int'>"


def test_nobody_takes_a_message_of_somebody_else() -> None:
    """The first handler stays; the plugin that came second is left out."""
    from alm_workbench.contexts.project.messages import GetProject

    plugins = with_plugin(alm_handlers=lambda services: {GetProject: double, Question: double})
    handlers: Any = plugins.handlers(services())
    assert handlers[GetProject] is not double
    assert Question not in handlers
    assert error_of(plugins) == "ValueError: another plugin handles GetProject already"


def test_handlers_know_which_plugins_work() -> None:
    """The port of loaded plugins is wired when handlers are made."""
    plugins, ports = with_plugin(), services()
    plugins.handlers(ports)
    assert "third" in ports.port(LoadedPlugins).names
