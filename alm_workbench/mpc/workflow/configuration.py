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

    `times` says beside each active state since when it is active (empty where no clock was given), `history` holds for
    each state that was left with a memory the states to resume, `queue` events still to be handled, `running` whether
    the instance is activated.
    """

    active: tuple[str, ...]
    times: tuple[datetime | None, ...] = ()
    history: Mapping[str, tuple[str, ...]] = EMPTY
    queue: tuple[QueuedEvent, ...] = ()
    running: bool = False

    @property
    def state(self) -> str:
        """The active states as one text: their ids in alphabetical order with commas between."""
        return self.active[0] if len(self.active) == 1 else ",".join(sorted(self.active))

    @property
    def entered(self) -> dict[str, datetime]:
        """When each active state was entered, where that is known."""
        return {state: at for state, at in zip(self.active, self.times, strict=False) if at is not None}
