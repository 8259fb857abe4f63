"""Messages of plugins, found in the registry when they are asked for."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from alm_workbench.shared.mediator import Mediator
from alm_workbench.shared.messages import REGISTRY, Spec


class PluginGroup:
    """The messages of one group as methods: ``api.risk.assess(artifact_id=…)``."""

    def __init__(self, mediator: Mediator, name: str, specs: dict[str, Spec]) -> None:
        self._mediator, self._name, self._specs = mediator, name, specs

    def __getattr__(self, name: str) -> Callable[..., Any]:
        spec = self._specs.get(name)
        if spec is None:
            raise AttributeError(f"{self._name} has no {name!r}; it has {', '.join(sorted(self._specs))}")
        return method(self._mediator, spec)

    def __dir__(self) -> list[str]:
        return sorted(self._specs)

    def __repr__(self) -> str:
        return f"<{self._name}: {', '.join(sorted(self._specs))}>"


def plugin_group(mediator: Mediator, name: str) -> PluginGroup:
    """The group ``name``; raises ``AttributeError`` where no message names it."""
    specs = {
        (s.facade or "").partition(".")[2]: s for s in REGISTRY.public() if (s.facade or "").startswith(f"{name}.")
    }
    if not specs:
        raise AttributeError(f"there are no messages called {name!r}")
    return PluginGroup(mediator, name, specs)


def method(mediator: Mediator, spec: Spec) -> Callable[..., Any]:
    """A function that sends one message, with its signature and documentation."""

    def call(**values: Any) -> Any:
        message: Any = spec.cls(**values)
        return mediator.send(message) if spec.kind == "command" else mediator.query(message)

    call.__name__, call.__doc__ = spec.name, spec.cls.__doc__
    call.__signature__ = inspect.signature(spec.cls)  # type: ignore[attr-defined]
    return call
