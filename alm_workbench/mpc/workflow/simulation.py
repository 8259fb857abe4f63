"""Walking a workflow event by event, to see what it does and where it stops, before anybody lives in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..ports import NOBODY, Actor
from .checks import TransitionVerdict
from .configuration import Configuration
from .engine import Engine
from .facts import Context
from .results import StepResult


@dataclass(frozen=True, slots=True)
class SimulatedStep:
    """One event of a walk: the state before, the result, and what was open to the actor before it."""

    event: str
    source: str
    result: StepResult
    options: tuple[TransitionVerdict, ...]


@dataclass(frozen=True, slots=True)
class Simulation:
    """A walk: the configuration at its end, its steps up to the first refusal, and what is open now."""

    config: Configuration
    steps: tuple[SimulatedStep, ...]
    options: tuple[TransitionVerdict, ...]

    @property
    def complete(self) -> bool:
        """Whether every event was accepted."""
        return all(step.result.allow for step in self.steps)

    def to_data(self, lang: str = "en") -> dict[str, Any]:
        """The walk as plain JSON data."""
        return {
            "complete": self.complete,
            "state": self.config.state,
            "active": list(self.config.active),
            "steps": [_step_data(step) for step in self.steps],
            "permitted": [_option_data(option, lang) for option in self.options],
        }


def simulate(
    engine: Engine,
    events: Sequence[str],
    *,
    actor: Actor = NOBODY,
    context: Context = None,
    now: datetime | None = None,
    start: Configuration | None = None,
) -> Simulation:
    """Fire the events in order and stop at the first that is refused; an event may be named by a transition's id.

    Raises MPCError where the workflow has no beginning.
    """
    config = start if start is not None else engine.initial(now)
    steps: list[SimulatedStep] = []
    for name in events:
        options = engine.permitted(config, actor, context, now)
        result = engine.fire(config, _event(engine, config, name), actor, context, now)
        steps.append(SimulatedStep(name, config.state, result, options))
        config = result.config
        if not result.allow:
            break
    return Simulation(config, tuple(steps), engine.permitted(config, actor, context, now))


def _event(engine: Engine, config: Configuration, name: str) -> str:
    """The event that is meant: a name that is no event here may be the id of a transition."""
    here = engine.available(config)
    if any(step.event == name for step in here):
        return name
    return next((step.event for step in here if step.id == name), name)


def _step_data(step: SimulatedStep) -> dict[str, Any]:
    result = step.result
    return {
        "event": step.event,
        "from": step.source,
        "to": result.config.state,
        "allow": result.allow,
        "taken": list(result.taken),
        "actions": list(result.actions),
        "intents": [dict(intent) for intent in result.intents],
        "reasons": [{"code": r.code, "message": r.message} for r in result.reasons],
        "errors": [{"code": e.code, "message": e.message, "severity": e.severity} for e in result.errors],
        "queued": [_queued_data(queued) for queued in result.queued],
    }


def _queued_data(result: StepResult) -> Mapping[str, Any]:
    return {"allow": result.allow, "taken": list(result.taken), "actions": list(result.actions)}


def _option_data(option: TransitionVerdict, lang: str) -> dict[str, Any]:
    return {
        "transition": option.transition.id,
        "event": option.transition.on,
        "label": option.transition.label(lang),
        "to": option.transition.to,
        "allowed": option.allowed,
        "reasons": [{"code": r.code, "message": r.message} for r in option.reasons] if not option.allowed else [],
    }
