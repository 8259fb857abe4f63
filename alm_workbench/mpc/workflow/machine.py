"""One instance of a workflow that remembers where it stands: a thin shell around the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from ..engines.common import Reason
from ..expr.scope import EvalContext, Scope
from ..ports import NOBODY, Actor
from .chart import Step
from .configuration import Configuration, QueuedEvent
from .engine import MAX_FOLLOWING, Engine
from .facts import Context
from .outcome import refusal
from .persistence import from_data, to_data
from .results import Outcome, StepDecision, StepResult


class WorkflowMachine:
    """An engine with a configuration and a clock.

    Events that an action fires while a step is under way wait in a queue of at most `max_queue` events; they are
    handled in order when the step is done, and their outcomes are in `queued` of the outer result. Not thread-safe.
    """

    def __init__(
        self,
        engine: Engine,
        config: Configuration | None = None,
        *,
        clock: Callable[[], datetime] | None = None,
        max_queue: int = MAX_FOLLOWING,
    ) -> None:
        self.engine = engine
        self._clock = clock
        self._max_queue = max_queue
        self._busy = False
        self._queue: list[QueuedEvent] = []
        self._config = config if config is not None else engine.initial(self._now())

    @property
    def config(self) -> Configuration:
        """Where the instance stands, with the events that wait."""
        return self._config._replace(queue=tuple(self._queue)) if self._queue else self._config

    @property
    def state(self) -> str:
        """The active states as one text."""
        return self._config.state

    @property
    def finished(self) -> bool:
        """Whether a top-level final state is active."""
        states = self.engine.chart.states
        return any(states[name].final and states[name].parent is None for name in self._config.active)

    def _now(self) -> datetime | None:
        return self._clock() if self._clock is not None else None

    def fire(self, event: str, actor: Actor = NOBODY, context: Context = None) -> StepResult:
        """Handle an event; one that comes while a step is under way waits for its turn."""
        if self._busy:
            return self._enqueue(event, actor, context)
        return self._run(lambda: self.engine.fire(self._config, event, actor, context, self._now()), context)

    def start(self, actor: Actor = NOBODY, context: Context = None) -> StepResult:
        """Enter the initial configuration, with its actions."""
        return self._run(lambda: self.engine.start(actor, context, self._now()), context)

    def activate(self, context: Context = None) -> StepResult:
        """Run `on_activate` of the active states; timeouts are watched from now on."""
        return self._run(lambda: self.engine.activate(self._config, context, self._now()), context)

    def deactivate(self, context: Context = None) -> StepResult:
        """Run `on_deactivate` of the active states; timeouts rest."""
        return self._run(lambda: self.engine.deactivate(self._config, context, self._now()), context)

    def resume(self, context: Context = None) -> tuple[StepResult, ...]:
        """Handle the events that wait, after `restore` of an instance that was kept in the middle of a step."""
        return self._drain(context)

    def check_timeouts(self, context: Context = None) -> tuple[StepResult, ...]:
        """Take the timed steps that are due; nothing unless the instance is activated and has a clock."""
        now = self._now()
        if now is None or self._busy:
            return ()
        self._busy = True
        try:
            results = self.engine.check_timeouts(self._config, now, context)
            if results:
                self._config = results[-1].config
        finally:
            self._busy = False
        return results + self._drain(context)

    def available_transitions(self, roles: Iterable[str] | None = None) -> tuple[Step, ...]:
        """Steps from here; with `roles` only those that they allow."""
        found = self.engine.available(self._config)
        if roles is None:
            return found
        have = frozenset(roles)
        return tuple(step for step in found if not step.roles or step.roles & have)

    def is_valid_transition(self, source: str, target: str) -> bool:
        """Whether some transition leads from one state to another."""
        return any(
            step.source.id == source and step.target is not None and step.target.id == target
            for step in self.engine.chart.steps
        )

    def serialize(self) -> dict[str, Any]:
        """Everything that is needed to go on elsewhere, as JSON data."""
        return to_data(self.engine.chart, self.config)

    def restore(self, data: Mapping[str, Any], *, any_version: bool = False) -> None:
        """Stand where `serialize` stood; raises MPCError and stays where it is if the data does not fit."""
        config = from_data(self.engine.chart, data, any_version=any_version)
        self._queue = list(config.queue)
        self._config = config._replace(queue=())

    def _enqueue(self, event: str, actor: Actor, context: Context) -> StepResult:
        if len(self._queue) >= self._max_queue:
            message = f"'{event}' cannot wait: {self._max_queue} events wait already"
            return refusal(self._config, "R_WF_QUEUE_FULL", "E_WF_QUEUE_FULL", message)
        facts = None if context is None or isinstance(context, (EvalContext, Scope)) else context
        self._queue.append(QueuedEvent(event, actor.id, tuple(sorted(actor.roles)), facts, actor.system))
        waits = Reason("R_WF_QUEUED", f"'{event}' waits until the step is done")
        return StepResult(self._config, Outcome(StepDecision(True, (waits,))))

    def _run(self, step: Callable[[], StepResult], context: Context) -> StepResult:
        waited = self._drain(context) if self._queue and not self._busy else ()
        result = self._guarded(step)
        followed = self._drain(context)
        if not waited and not followed:
            return result
        return result._replace(config=self._config, queued=(*result.queued, *waited, *followed))

    def _guarded(self, step: Callable[[], StepResult]) -> StepResult:
        self._busy = True
        try:
            result = step()
            self._config = result.config
            return result
        finally:
            self._busy = False

    def _drain(self, context: Context) -> tuple[StepResult, ...]:
        results: list[StepResult] = []
        while self._queue:
            waiting = self._queue.pop(0)
            if len(results) >= self._max_queue:
                self._queue.clear()
                message = f"More than {self._max_queue} events follow each other, '{waiting.event}' was the next"
                results.append(refusal(self._config, "R_WF_QUEUE_FULL", "E_WF_QUEUE_FULL", message))
                break
            results.append(self._guarded(partial(self._handle, waiting, context)))
        return tuple(results)

    def _handle(self, queued: QueuedEvent, context: Context) -> StepResult:
        actor = Actor(queued.actor_id, frozenset(queued.roles), system=queued.system)
        facts = context if queued.context is None else queued.context
        return self.engine.fire(self._config, queued.event, actor, facts, self._now())
