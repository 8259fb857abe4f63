"""How long an item took: worked out from the steps it took, oldest first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from alm_workbench.contexts.workflow.messages import HistoryEntryDTO, ItemTimesDTO, StateTimeDTO

DONE, AT_WORK = "done", "in_progress"


def times_of(steps: Sequence[HistoryEntryDTO], now: datetime) -> ItemTimesDTO:
    """Times in seconds. Lead time: creation until done the last time; cycle time: first step into work until then.

    An item that went straight to done has a cycle time of 0; both are None while it is not done (Kanban Guide, 2020:
    cycle time is the time between when a work item started and when it finished).
    """
    if not steps:
        return ItemTimesDTO((), 0.0, None, None, None, None, 0)
    spent: dict[str, list[float]] = {}
    categories: dict[str, str] = {}
    for step, left in zip(steps, [*(later.occurred_at for later in steps[1:]), now], strict=True):
        categories[step.to_state] = step.to_category or ""
        spent.setdefault(step.to_state, []).append(_between(step.occurred_at, left))
    here = steps[-1].to_state
    states = tuple(
        StateTimeDTO(state, categories[state], sum(parts), _visits(steps, state), state == here)
        for state, parts in spent.items()
    )
    begun = next((step.occurred_at for step in steps if step.to_category == AT_WORK), None)
    entered, reopened = _endings(steps)
    done = entered if steps[-1].to_category == DONE else None
    born = steps[0].occurred_at
    lead = _between(born, done) if done is not None else None
    cycle = _between(begun if begun is not None and begun <= done else done, done) if done is not None else None
    return ItemTimesDTO(states, _between(born, done or now), lead, cycle, begun, done, reopened)


def _visits(steps: Sequence[HistoryEntryDTO], state: str) -> int:
    return sum(step.to_state == state and step.from_state != state for step in steps)


def _endings(steps: Sequence[HistoryEntryDTO]) -> tuple[datetime | None, int]:
    """When it became done the last time, and how often it left that again."""
    entered, reopened, before = None, 0, None
    for step in steps:
        if step.to_category == DONE and before != DONE:
            entered = step.occurred_at
        if before == DONE and step.to_category != DONE:
            reopened += 1
        before = step.to_category
    return entered, reopened


def _between(begin: datetime, end: datetime) -> float:
    return max(0.0, (end - begin).total_seconds())
