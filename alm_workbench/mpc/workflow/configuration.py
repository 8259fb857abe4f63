"""Where an instance of a workflow stands: a value that is never changed, only replaced."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from ..ast import EMPTY


class QueuedEvent(NamedTuple):
    """An event that waits for the running step; events of the chart itself (`done.state.…`) come from the system."""

    event: str
    actor_id: str | None = None
    roles: tuple[str, ...] = ()
    context: Mapping[str, Any] | None = None
    system: bool = False


class Configuration(NamedTuple):
    """The active states (parents before their children, in the chart's order) and what must outlive a step.

    `history` holds for each state that was left with a memory the states to resume, `entered` since when each active
    state is active (only where a clock was given), `queue` events still to be handled, `running` whether the instance
    is activated.
    """

    active: tuple[str, ...]
    history: Mapping[str, tuple[str, ...]] = EMPTY
    entered: Mapping[str, datetime] = EMPTY
    queue: tuple[QueuedEvent, ...] = ()
    running: bool = False

    @property
    def state(self) -> str:
        """The active states as one text: their ids in alphabetical order with commas between."""
        return self.active[0] if len(self.active) == 1 else ",".join(sorted(self.active))

    def since(self, state: str) -> datetime | None:
        """When a state was entered, where that is known."""
        return self.entered.get(state)
