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
    """A state of a workflow; category is todo, in_progress or done.

    A state that others name as `parent` is a composite: exactly one of its children is active with it, or, where it
    is `parallel`, all of them. `history` (shallow or deep) lets it resume where it was left; `initial` is the child
    it begins with otherwise, the first one if not given. Actions are names, or intents (mappings with `kind`).
    """

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
    parallel: bool = False
    initial: str | None = None
    on_activate: tuple[Any, ...] = ()
    on_deactivate: tuple[Any, ...] = ()


@dataclass(frozen=True)
class TransitionDef(Labelled):
    """A step of a workflow; `guard` is expression text, `reason` the offered reasons.

    `rule_type` says how `to` is meant: `fixed` names a state, `dynamic` is an expression that yields one, `internal`
    leaves no state (its actions run; `to` is the source, or a state inside it). `timeout_ms` > 0 lets the step be
    taken by the system once its source has been active that long.
    """

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
    on_leave: tuple[Any, ...] = ()
    rule_type: str = "fixed"
    timeout_ms: int = 0


@dataclass(frozen=True)
class WorkflowDef(Labelled):
    """The life of an item; events in `ignored` mean nothing where no transition answers them."""

    id: str
    labels: Labels = EMPTY
    initial: str = ""
    states: Mapping[str, StateDef] = field(default_factory=dict)
    transitions: tuple[TransitionDef, ...] = ()
    finals: tuple[str, ...] = ()
    span: Span | None = None
    ignored: tuple[str, ...] = ()

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
