"""Parts of a step's outcome: errors in the contract's words, traces, records, and the order of actions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from ..engines.common import Reason
from ..errors import Diagnostic, MPCError
from ..ports import AuditRecord
from .actions import Action
from .chart import Chart, State, Step
from .configuration import Configuration
from .facts import plain
from .judge import Attempt
from .moves import Move
from .results import Course, Outcome, StepDecision, StepResult

_ERROR_OF = {
    "R_WF_AUTH_DENIED": "E_WF_AUTH_DENIED",
    "R_WF_NOT_ACTOR": "E_WF_AUTH_DENIED",
    "R_WF_DYN_FAIL": "E_WF_DYN_FAIL",
}


def error_of(reason: Reason, event: str) -> Diagnostic:
    """A refusal as an error in the contract's words; what really was the matter stands in the hint."""
    code = _ERROR_OF.get(reason.code, "E_WF_GUARD_FAIL")
    if code == "E_WF_AUTH_DENIED":
        message = f"Actor lacks required roles for '{event}'"
    elif code == "E_WF_GUARD_FAIL":
        message = f"Guard failed for '{event}'"
    else:
        message = reason.message
    return Diagnostic(code, message, span=reason.span, hint=reason.message)


def actions_along(exits: Iterable[State], steps: Sequence[Step], entries: Iterable[State]) -> list[Action]:
    """What is done on the way: leaving, the steps' own (`on_leave`, then `on_enter`), entering."""
    found = [action for state in exits for action in state.leave]
    for step in steps:
        found += step.before + step.after
    return found + [action for state in entries for action in state.enter]


def kept_times(config: Configuration, move: Move) -> Mapping[str, datetime]:
    """Since when the states are active that a move does not enter."""
    entered = frozenset(state.id for state in move.entries)
    return {name: at for name, at in config.entered.items() if name not in entered}


def left_behind(attempt: Attempt) -> tuple[Reason, ...]:
    """Why regions did not move while others did; an alternative on the way of a step that was taken does not count."""
    moved = [step.source for step, _ in attempt.chosen]
    return tuple(
        reason
        for refusal in attempt.refused
        if not any(_one_line(refusal.step.source, source) for source in moved)
        for reason in refusal.reasons
    )


def _one_line(one: State, other: State) -> bool:
    return one is other or one.inside(other) or other.inside(one)


def traced(attempt: Attempt, result: StepResult, move: Move | None) -> StepResult:
    """The result with what its trace is made of."""
    exited = tuple([state.id for state in move.exits]) if move else ()
    entered = tuple([state.id for state in move.entries]) if move else ()
    course = Course(attempt.event, attempt.config.active, tuple(attempt.considered), exited, entered)
    return result._replace(outcome=result.outcome._replace(course=course), actor_id=attempt.actor.id, at=attempt.now)


def record_of(chart: Chart, attempt: Attempt, result: StepResult) -> AuditRecord:
    """What is kept of an attempt."""
    return AuditRecord(
        chart.id,
        attempt.event,
        state_text(attempt.config),
        state_text(result.config),
        attempt.actor.id,
        result.allow,
        tuple(reason.message for reason in result.reasons),
        tuple(error.message for error in result.errors),
        result.actions,
        tuple(sorted(plain(attempt.context))),
        attempt.now,
    )


def state_text(config: Configuration) -> str:
    """A configuration as text; nothing before the first one."""
    return config.state if config.active else ""


def refusal(config: Configuration, reason: str, error: str, message: str, done: tuple[str, ...] = ()) -> StepResult:
    """A result in which nothing changed, for one reason."""
    decision = StepDecision(False, (Reason(reason, message),))
    return StepResult(config, Outcome(decision, actions=done, errors=(Diagnostic(error, message),)))


def check_consistent(chart: Chart, active: Sequence[State]) -> None:
    """Raise MPCError E_WF_INVALID_CONFIGURATION unless the states can be active together."""
    present = frozenset(active)
    roots = [state for state in active if state.parent is None]
    wrong = roots if len(roots) != 1 else []
    for state in active:
        inside = [child for child in state.children if child in present]
        if state.parent is not None and state.parent not in present:
            wrong = [state]
        elif state.children and len(inside) != (len(state.children) if state.parallel else 1):
            wrong = inside or [state]
    if wrong or not active:
        names = ", ".join(state.id for state in wrong) or "none"
        message = f"These states of workflow '{chart.id}' cannot be the active ones: {names}"
        raise MPCError("E_WF_INVALID_CONFIGURATION", message)
