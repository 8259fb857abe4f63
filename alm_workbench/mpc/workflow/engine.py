"""The engine: from a configuration and an event to the next configuration, with reasons.

It holds no state and reads no clock. One event is one step of all regions that answer it; composites that come to
their end by it raise `done.state.<id>`, which the same call handles (W3C SCXML calls that a macrostep). A top-level
final state ends the life of an instance: only a transition that names it as its source leads out of it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from ..ast import EMPTY
from ..engines.common import Reason
from ..errors import Diagnostic, MPCError
from ..expr.scope import Scope
from ..model import CompiledManifest, WorkflowDef
from ..ports import NOBODY, SYSTEM, Actor
from .actions import Action
from .chart import Chart, State, Step
from .checks import Guards, ManifestGuards, TextGuards, TransitionVerdict, passed
from .configuration import Configuration, QueuedEvent
from .facts import Context, plain, scope_for
from .judge import Attempt, Judge, Ports, active_states, leaves
from .moves import Move, complete, endings, plan, without_conflicts
from .outcome import (
    actions_along,
    check_consistent,
    error_of,
    kept_times,
    left_behind,
    record_of,
    refusal,
    traced,
)
from .results import Outcome, StepDecision, StepResult
from .shortcuts import short_ways

MAX_FOLLOWING = 100
"""Most events that one call handles after the first."""


class Engine:
    """A chart with its ports.

    `expressions=False` leaves guards to the guard port alone (they are then plain names); with both, both must agree.
    `trace=True` keeps of every step how it went. Raises MPCError where a guard or a computed
    target is no expression.
    """

    def __init__(
        self,
        chart: Chart | WorkflowDef,
        ports: Ports | None = None,
        *,
        guards: Guards | None = None,
        expressions: bool = True,
        trace: bool = False,
    ) -> None:
        self.chart = chart if isinstance(chart, Chart) else Chart(chart)
        self.ports = ports or Ports()
        self.guards: Guards = guards or TextGuards()
        self.expressions = expressions
        self.trace = trace
        self._judge = Judge(self.chart, self.ports, self.guards, expressions)
        self._timed = bool(self.chart.timed)
        self._keeps = trace or self._timed
        self._authorize = self.ports.auth.authorize if self.ports.auth is not None else None
        for step in self.chart.steps:
            if step.guard is not None and expressions:
                self.guards.program(step.guard)
            if step.dynamic:
                self.guards.program(step.definition.to, False)
        self._short = short_ways(self.chart, self.ports, self.guards, expressions=expressions, trace=trace)

    # Where an instance begins, rests and resumes.

    def initial(self, now: datetime | None = None) -> Configuration:
        """The first configuration, without running any action; raises MPCError E_WF_NO_INITIAL."""
        return _configured(complete((), (self.chart.initial(),), EMPTY), EMPTY, EMPTY, now)

    def configuration(self, states: Iterable[str], now: datetime | None = None) -> Configuration:
        """The configuration in which these states are active, with what they lie in and their defaults.

        Raises MPCError E_WF_UNKNOWN_STATE or E_WF_INVALID_CONFIGURATION.
        """
        active = complete((), [self.chart.state(name) for name in states], EMPTY)
        check_consistent(self.chart, active)
        return _configured(active, EMPTY, EMPTY, now)

    def start(self, actor: Actor = SYSTEM, context: Context = None, now: datetime | None = None) -> StepResult:
        """Enter the first configuration: its `on_enter` actions run. Raises MPCError E_WF_NO_INITIAL."""
        active = complete((), (self.chart.initial(),), EMPTY)
        attempt = self._judge.attempt(Configuration(()), "start", actor, context, now, asked=True)
        return self._follow(self._carry_out(attempt, Move((), active, active, EMPTY), ()), context, now)

    def activate(self, config: Configuration, context: Context = None, now: datetime | None = None) -> StepResult:
        """Run `on_activate` of the active states, once; time begins to run for those that have no time yet."""
        if config.running:
            return StepResult(config, Outcome(StepDecision(True)))
        known = config.entered
        times = tuple(known.get(name, now) for name in config.active)
        attempt = self._judge.attempt(config, "activate", SYSTEM, context, now, asked=True)
        todo = [action for state in attempt.active for action in state.activate]
        return self._switch(attempt, todo, config._replace(running=True, times=times))

    def deactivate(self, config: Configuration, context: Context = None, now: datetime | None = None) -> StepResult:
        """Run `on_deactivate` of the active states, children first; timeouts rest until it is activated again."""
        if not config.running:
            return StepResult(config, Outcome(StepDecision(True)))
        attempt = self._judge.attempt(config, "deactivate", SYSTEM, context, now, asked=True)
        todo = [action for state in reversed(attempt.active) for action in state.deactivate]
        return self._switch(attempt, todo, config._replace(running=False))

    # One event.

    def fire(
        self,
        config: Configuration,
        event: str,
        actor: Actor = NOBODY,
        context: Context = None,
        now: datetime | None = None,
    ) -> StepResult:
        """Handle an event and what follows from it; a refusal is a result, not an exception.

        Raises MPCError E_WF_NO_CLOCK where the chart has timeouts and no time is given.
        """
        asked: bool | None = None
        short = self._short
        if short is not None and not config[3]:
            try:
                choices = short[config[0][0]][event]
            except LookupError:
                choices = ()
            if self._authorize is not None and choices:
                try:
                    asked = self._authorize(actor.id, event) is True
                except Exception:
                    asked = False
            if asked is not False:
                scope = context if context.__class__ is Scope else None
                for roles, program, outcome, target, ready in choices:
                    if roles is not None and not actor.system and roles.isdisjoint(actor.roles):
                        continue
                    if program is not None:
                        if scope is None:
                            scope = scope_for(context, actor, event, now)
                        try:
                            held = program(scope)
                        except Exception:  # undecided: the guard fails
                            held = False
                        if held is not True:
                            continue
                    if self.trace and outcome is not choices[0][2]:
                        break  # the trace also tells of those that were tried before
                    if now is None:
                        if self._keeps or config[4]:
                            break
                        return ready
                    after = _configuration(Configuration, (target, (now,), EMPTY, (), config[4]))
                    return _result(StepResult, (after, outcome, (), actor.id, now))
        if self._timed and now is None:
            raise MPCError("E_WF_NO_CLOCK", f"Workflow '{self.chart.id}' has timeouts: say what time it is")
        attempt = self._judge.attempt(config, event, actor, context, now, asked)
        return self._follow(self._answer(attempt), context, now)

    def available(self, config: Configuration) -> tuple[Step, ...]:
        """Steps that leave the active states or what they lie in, inner ones first, each once."""
        found: dict[int, Step] = {}
        for leaf in leaves(active_states(self.chart, config)):
            for place in leaf.line:
                found.update({id(step): step for step in self.chart.steps if step.source is place})
        return tuple(found.values())

    def permitted(
        self, config: Configuration, actor: Actor = NOBODY, context: Context = None, now: datetime | None = None
    ) -> tuple[TransitionVerdict, ...]:
        """A verdict for every available step."""
        verdicts = []
        for step in self.available(config):
            attempt = self._judge.attempt(config, step.event, actor, context, now)
            against, _ = self._judge.consider(step, attempt)
            code = against[0].code if against else None
            reasons = against or (passed(step.definition),)
            verdicts.append(TransitionVerdict(step.definition, not against, reasons, code))
        return tuple(verdicts)

    # Time.

    def due(self, config: Configuration, now: datetime) -> tuple[Step, ...]:
        """Timed steps whose source has been active long enough, the most overdue first."""
        found = [(at, step) for step in self.chart.timed if (at := _deadline(config, step)) is not None and at <= now]
        return tuple(step for _, step in sorted(found, key=lambda pair: (pair[0], pair[1].number)))

    def next_timeout(self, config: Configuration) -> datetime | None:
        """When the next timed step falls due, so that a scheduler knows when to look again."""
        return min((at for step in self.chart.timed if (at := _deadline(config, step)) is not None), default=None)

    def check_timeouts(self, config: Configuration, now: datetime, context: Context = None) -> tuple[StepResult, ...]:
        """Take every step that is due, as the system: it needs no role, but guards and authority are asked.

        A step that is refused stays due and is not tried again in this call. Empty where nothing is due or the
        instance is not activated.
        """
        results: list[StepResult] = []
        tried: set[int] = set()
        while config.running:
            step = next((found for found in self.due(config, now) if id(found) not in tried), None)
            if step is None:
                break
            tried.add(id(step))
            attempt = self._judge.attempt(config, step.event, SYSTEM, context, now)
            self._judge.choose(step, attempt)
            results.append(self._follow(self._conclude(attempt), context, now))
            config = results[-1].config
        return tuple(results)

    # The long way.

    def _answer(self, attempt: Attempt) -> StepResult:
        """The first step that may be taken for each innermost state, from the inside out."""
        tried: set[int] = set()
        for leaf in leaves(attempt.active):
            for step in self.chart.answers[leaf.id].get(attempt.event, ()):
                if any(step is chosen for chosen, _ in attempt.chosen):
                    break
                if id(step) in tried:
                    continue
                tried.add(id(step))
                if self._judge.choose(step, attempt):
                    break
        return self._conclude(attempt) if tried else self._unanswered(attempt)

    def _unanswered(self, attempt: Attempt) -> StepResult:
        config, event = attempt.config, attempt.event
        if event in self.chart.ignored:
            ignored = Reason("R_WF_IGNORED", f"'{event}' means nothing in '{config.state}'")
            return self._finish(attempt, StepResult(config, Outcome(StepDecision(True, (ignored,)))))
        message = f"No transition '{event}' defined from state '{config.state}'"
        return self._finish(attempt, refusal(config, "R_WF_UNKNOWN_TRANSITION", "E_WF_UNKNOWN_TRANSITION", message))

    def _conclude(self, attempt: Attempt) -> StepResult:
        if attempt.chosen:
            chosen = without_conflicts(attempt.chosen, attempt.active)
            move = plan(chosen, attempt.active, attempt.config.history)
            return self._carry_out(attempt, move, [step for step, _ in chosen])
        refused = tuple(reason for found in attempt.refused for reason in found.reasons)
        errors = tuple(error_of(reason, attempt.event) for reason in refused)
        outcome = Outcome(StepDecision(False, refused), errors=errors)
        return self._finish(attempt, StepResult(attempt.config, outcome))

    def _carry_out(self, attempt: Attempt, move: Move, steps: Sequence[Step]) -> StepResult:
        config, refused = attempt.config, left_behind(attempt)
        raised = tuple(QueuedEvent(f"done.state.{state.id}", system=True) for state in endings(move))
        after = _configured(move.active, move.history, kept_times(config, move), attempt.now)
        outcome = Outcome(
            StepDecision(True, (*(passed(step.definition) for step in steps), *refused)),
            errors=tuple(error_of(reason, attempt.event) for reason in refused),
            taken=tuple(dict.fromkeys(step.id for step in steps)),
        )
        result = StepResult(after._replace(queue=config.queue + raised, running=config.running), outcome)
        return self._act(attempt, actions_along(move.exits, steps, move.entries), result, move)

    def _switch(self, attempt: Attempt, todo: Sequence[Action], after: Configuration) -> StepResult:
        return self._act(attempt, todo, StepResult(after, Outcome(StepDecision(True))))

    def _act(
        self, attempt: Attempt, todo: Sequence[Action], result: StepResult, move: Move | None = None
    ) -> StepResult:
        """Do what is to be done, then the result stands; an action that fails leaves the machine where it was."""
        done: list[str] = []
        intents: list[Mapping[str, Any]] = []
        facts = plain(attempt.context)
        for action in todo:
            if action.intent is not None:
                intents.append(action.intent)
                continue
            if self.ports.action is not None:
                try:
                    self.ports.action.execute(action.name, facts)
                except Exception as error:
                    message = f"Action '{action.name}' failed ({type(error).__name__}: {error}); nothing was changed"
                    failed = refusal(attempt.config, "R_WF_ACTION_FAILED", "E_WF_ACTION_FAILED", message, tuple(done))
                    return self._finish(attempt, failed)
            done.append(action.name)
        outcome = result.outcome._replace(actions=tuple(done), intents=tuple(intents))
        return self._finish(attempt, result._replace(outcome=outcome), move)

    def _finish(self, attempt: Attempt, result: StepResult, move: Move | None = None) -> StepResult:
        """Add the trace, and record; a step that cannot be recorded is not taken."""
        if self.trace:
            result = traced(attempt, result, move)
        if self.ports.audit is None:
            return result
        try:
            self.ports.audit.record(record_of(self.chart, attempt, result))
        except Exception as error:
            message = f"The step could not be recorded ({type(error).__name__}: {error}); nothing was changed"
            reasons = (*result.reasons, Reason("R_WF_AUDIT_FAILED", message))
            errors = (*result.errors, Diagnostic("E_WF_AUDIT_FAILED", message))
            return StepResult(attempt.config, Outcome(StepDecision(False, reasons), (), result.actions, errors))
        return result

    def _follow(self, first: StepResult, context: Context, now: datetime | None) -> StepResult:
        """Handle the events that a step raised, and those that wait, in order."""
        queued: list[StepResult] = []
        config = first.config
        while config.queue:
            waiting, config = config.queue[0], config._replace(queue=config.queue[1:])
            if waiting.system and not self._hears(config, waiting.event):
                continue
            if len(queued) == MAX_FOLLOWING:
                return _overrun(first, config, waiting.event, queued)
            actor = SYSTEM if waiting.system else Actor(waiting.actor_id, frozenset(waiting.roles))
            facts = context if waiting.context is None else waiting.context
            queued.append(self._answer(self._judge.attempt(config, waiting.event, actor, facts, now)))
            config = queued[-1].config
        return first._replace(config=config, queued=tuple(queued)) if queued else first._replace(config=config)

    def _hears(self, config: Configuration, event: str) -> bool:
        return any(event in self.chart.answers[leaf.id] for leaf in leaves(active_states(self.chart, config)))


# Makes a named tuple of a plain one at half the cost of calling its class, and this happens at every step.
_configuration: Callable[[type[Configuration], tuple[Any, ...]], Configuration] = tuple.__new__
_result: Callable[[type[StepResult], tuple[Any, ...]], StepResult] = tuple.__new__


def _configured(
    active: Sequence[State],
    history: Mapping[str, tuple[str, ...]],
    kept: Mapping[str, datetime],
    now: datetime | None,
) -> Configuration:
    names = tuple([state.id for state in active])
    times = tuple([kept.get(name, now) for name in names]) if kept or now is not None else ()
    return Configuration(names, times, history)


def _overrun(first: StepResult, config: Configuration, event: str, queued: Sequence[StepResult]) -> StepResult:
    """What was done stands, the events that still wait are dropped, and the result says so."""
    message = f"More than {MAX_FOLLOWING} events follow each other; '{event}' was the next"
    over = refusal(config._replace(queue=()), "R_WF_QUEUE_FULL", "E_WF_QUEUE_FULL", message)
    outcome = first.outcome._replace(errors=first.errors + over.errors)
    return first._replace(config=over.config, outcome=outcome, queued=(*queued, over))


def _deadline(config: Configuration, step: Step) -> datetime | None:
    since = config.entered.get(step.source.id)
    return None if since is None else since + timedelta(milliseconds=step.timeout_ms)


def engine_for(
    compiled: CompiledManifest, workflow_id: str, ports: Ports | None = None, *, trace: bool = False
) -> Engine:
    """The engine of a workflow of a compiled manifest; raises MPCError for a workflow that is not sound."""
    return Engine(compiled.workflows[workflow_id], ports, guards=ManifestGuards(compiled), trace=trace)
