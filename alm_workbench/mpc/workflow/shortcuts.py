"""The short way: flat charts have everything ready by state and event, where nothing else is to be asked."""

from __future__ import annotations

from ..expr.codegen import Program
from .chart import Chart, State, Step
from .checks import Guards, passed
from .configuration import Configuration
from .judge import Ports
from .outcome import actions_along
from .results import Course, Outcome, StepDecision, StepResult

# The roles one of which is needed, the guard, the outcome, the states then active, and the result where no time counts:
# a plain tuple, because that is taken apart at every step.
Choice = tuple[frozenset[str] | None, Program | None, Outcome, tuple[str], StepResult]
ShortWays = dict[str, dict[str, tuple[Choice, ...]]]


def short_ways(chart: Chart, ports: Ports, guards: Guards, *, expressions: bool, trace: bool) -> ShortWays | None:
    """Steps by state and event in the order of trying; an event is left out where a step of it needs the long way.

    None where every step needs it: for charts with hierarchy, and where guards or records are another's business.
    """
    if not chart.flat or ports.guard is not None or ports.audit is not None:
        return None
    return {
        state: {
            event: tuple(_choice(step, step.target, guards, trace) for step in steps if step.target is not None)
            for event, steps in answers.items()
            if all(_is_short(step, ports, expressions) for step in steps)
        }
        for state, answers in chart.answers.items()
    }


def _is_short(step: Step, ports: Ports, expressions: bool) -> bool:
    if not step.plain or step.target is None or (step.guard is not None and not expressions):
        return False
    todo = actions_along((step.source,), (step,), (step.target,))
    return ports.action is None or all(action.intent is not None for action in todo)


def _choice(step: Step, target: State, guards: Guards, trace: bool) -> Choice:
    todo = actions_along((step.source,), (step,), (target,))
    source = (step.source.id,)
    outcome = Outcome(
        StepDecision(True, (passed(step.definition),)),
        tuple(action.intent for action in todo if action.intent is not None),
        tuple(action.name for action in todo if action.intent is None),
        (),
        (step.id,),
        Course(step.event, source, ((step.id, ()),), source, (target.id,)) if trace else None,
    )
    program = None if step.guard is None else guards.program(step.guard)
    ready = StepResult(Configuration((target.id,)), outcome)
    return step.roles or None, program, outcome, (target.id,), ready
