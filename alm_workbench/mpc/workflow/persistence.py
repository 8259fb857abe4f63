"""Configurations as plain JSON data and back. Nothing that decides on the continuation is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ..ast import freeze, thaw
from ..errors import MPCError
from .chart import Chart, State
from .configuration import Configuration, QueuedEvent
from .outcome import check_consistent

FORMAT = 1


def to_data(chart: Chart, config: Configuration) -> dict[str, Any]:
    """A configuration as JSON data, with the hash of the chart it belongs to; times are ISO 8601."""
    return {
        "format": FORMAT,
        "workflow": chart.id,
        "version": chart.version,
        "active": list(config.active),
        "history": {state: list(inner) for state, inner in config.history.items()},
        "entered": {state: at.isoformat() for state, at in config.entered.items()},
        "queue": [_queued_data(event) for event in config.queue],
        "running": config.running,
    }


def _queued_data(queued: QueuedEvent) -> dict[str, Any]:
    return {
        "event": queued.event,
        "actor": queued.actor_id,
        "roles": list(queued.roles),
        "context": thaw(queued.context),
        "system": queued.system,
    }


def from_data(chart: Chart, data: Mapping[str, Any], *, any_version: bool = False) -> Configuration:
    """The configuration from `to_data`'s output.

    Raises MPCError E_WF_VERSION_MISMATCH where it belongs to another chart (unless `any_version`, which asks only that
    its states still fit), E_WF_INVALID_CONFIGURATION where it is damaged.
    """
    try:
        if not any_version and data["version"] != chart.version:
            raise MPCError(
                "E_WF_VERSION_MISMATCH",
                f"The configuration belongs to version {str(data['version'])[:12]} of the workflow, not to {chart.version[:12]}",
            )
        return _read(chart, data)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        message = f"Not a configuration of workflow '{chart.id}': {type(error).__name__} {error}"
        raise MPCError("E_WF_INVALID_CONFIGURATION", message) from error


def _read(chart: Chart, data: Mapping[str, Any]) -> Configuration:
    if data["format"] != FORMAT:
        raise ValueError(f"format {data['format']!r} is not known")
    active = sorted((chart.states[name] for name in dict.fromkeys(data["active"])), key=lambda state: state.index)
    check_consistent(chart, active)
    names = tuple(state.id for state in active)
    history = {
        chart.states[name].id: _memory(chart, chart.states[name], inner) for name, inner in data["history"].items()
    }
    entered = {name: datetime.fromisoformat(at) for name, at in data["entered"].items()}
    if len({at.tzinfo is None for at in entered.values()}) > 1:
        raise ValueError("some times have a zone and some have none")
    if not entered.keys() <= set(names):
        raise ValueError("a state that is not active has a time")
    queue = tuple(_queued(item) for item in data["queue"])
    times = tuple(entered.get(name) for name in names) if entered else ()
    return Configuration(names, times, history, queue, data["running"] is True)


def _memory(chart: Chart, state: State, inner: Sequence[str]) -> tuple[str, ...]:
    found = frozenset(chart.states[name] for name in inner)
    if not all(below.inside(state) for below in found):
        raise ValueError(f"the memory of '{state.id}' names states outside of it")
    places = (state,) if state.history == "shallow" else (state, *found)
    fits = all(_one_each(place, found) for place in places) and all(below.parent in places for below in found)
    if found and not fits:
        raise ValueError(f"the memory of '{state.id}' names states that cannot be active together")
    return tuple(inner)


def _one_each(place: State, active: frozenset[State]) -> bool:
    """Whether a composite has one active child, and a parallel state all of them."""
    inside = sum(child in active for child in place.children)
    return inside == (len(place.children) if place.parallel else min(1, len(place.children)))


def _queued(item: Mapping[str, Any]) -> QueuedEvent:
    event, actor, roles, context = item["event"], item["actor"], item["roles"], item["context"]
    fits = isinstance(event, str) and (actor is None or isinstance(actor, str)) and isinstance(roles, (list, tuple))
    known = context is None or isinstance(context, Mapping)
    if not fits or not known or not all(isinstance(role, str) for role in roles):
        raise ValueError("an event in the queue is damaged")
    return QueuedEvent(event, actor, tuple(roles), freeze(context), item["system"] is True)
