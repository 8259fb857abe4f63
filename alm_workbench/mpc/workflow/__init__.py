"""Statecharts: definition, engine, persistence, simulation and drawing. Names load their module on first use."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..compile.workflow import workflow_from
    from .chart import Chart, State, Step
    from .configuration import Configuration, QueuedEvent
    from .engine import Engine, engine_for
    from .judge import Ports
    from .machine import WorkflowMachine
    from .mermaid import to_mermaid
    from .persistence import from_data, to_data
    from .results import StepResult, Trace
    from .simulation import Simulation, simulate
    from .svg import to_svg

_HOMES = {
    "..compile.workflow": ("workflow_from",),
    ".chart": ("Chart", "State", "Step"),
    ".configuration": ("Configuration", "QueuedEvent"),
    ".engine": ("Engine", "engine_for"),
    ".judge": ("Ports",),
    ".machine": ("WorkflowMachine",),
    ".mermaid": ("to_mermaid",),
    ".persistence": ("from_data", "to_data"),
    ".results": ("StepResult", "Trace"),
    ".simulation": ("Simulation", "simulate"),
    ".svg": ("to_svg",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(home, __name__), name)
    globals()[name] = value
    return value


__all__ = [
    "Chart",
    "Configuration",
    "Engine",
    "Ports",
    "QueuedEvent",
    "Simulation",
    "State",
    "Step",
    "StepResult",
    "Trace",
    "WorkflowMachine",
    "engine_for",
    "from_data",
    "simulate",
    "to_data",
    "to_mermaid",
    "to_svg",
    "workflow_from",
]
