"""Workflows: the lives of items."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ..ast import EMPTY
from ..errors import Span
from .labels import Labelled, Labels
from .types import Choice


@dataclass(frozen=True)
class StateDef(Labelled):
    """A state of a workflow; category is todo, in_progress or done."""

    id: str
    labels: Labels = EMPTY
    category: str = "todo"
    wip_limit: int | None = None
    color: str | None = None
    parent: str | None = None
    history: str | None = None
    on_enter: tuple[Any, ...] = ()
    on_leave: tuple[Any, ...] = ()
    span: Span | None = None


@dataclass(frozen=True)
class TransitionDef(Labelled):
    """A step of a workflow; `guard` is expression text, `reason` the offered reasons."""

    id: str
    from_: tuple[str, ...]
    to: str
    on: str = ""
    labels: Labels = EMPTY
    guard: str | None = None
    roles: tuple[str, ...] = ()
    not_actor: str | None = None
    requires: tuple[str, ...] = ()
    reason: tuple[Choice, ...] = ()
    on_enter: tuple[Any, ...] = ()
    timeout: Any = None
    span: Span | None = None
    guard_span: Span | None = None


@dataclass(frozen=True)
class WorkflowDef(Labelled):
    """The life of an item."""

    id: str
    labels: Labels = EMPTY
    initial: str = ""
    states: Mapping[str, StateDef] = field(default_factory=dict)
    transitions: tuple[TransitionDef, ...] = ()
    finals: tuple[str, ...] = ()
    span: Span | None = None

    @cached_property
    def by_state(self) -> Mapping[str, tuple[TransitionDef, ...]]:
        """Transitions that leave each state, those of its parents after its own."""
        found: dict[str, tuple[TransitionDef, ...]] = {}
        for state in self.states:
            line: list[str] = []
            here: str | None = state
            while here is not None and here not in line:
                line.append(here)
                above = self.states.get(here)
                here = above.parent if above else None
            found[state] = tuple(t for step in line for t in self.transitions if step in t.from_)
        return found
