"""The contract's `workflow` category: one chart, one event or several, or time that passes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from ..compile.workflow import workflow_from
from ..errors import Diagnostic, MPCError
from ..ports import Actor
from ..workflow.chart import Chart
from ..workflow.configuration import Configuration
from ..workflow.engine import Engine
from ..workflow.judge import Ports
from ..workflow.results import StepResult
from .case import Case, error

_BEGIN = datetime(2000, 1, 1, tzinfo=UTC)


class _Refusing:
    """A guard port that says no, for cases about guards that fail."""

    def check(self, transition: str, guard: str, context: Mapping[str, Any]) -> bool:
        return False


def run(case: Case) -> Any:
    """Fire the case's events, let its time pass, or check its chart where it has neither."""
    data = case.input
    definition = workflow_from(data)
    timed, events = data.get("timeout_check") is True, _events(data.get("event"))
    refuses = case.meta.get("guard_behavior") == "fail"
    if not events and not timed:
        return _checked(Chart(definition))
    ports = Ports(guard=_Refusing()) if refuses else None
    engine = Engine(definition, ports, expressions=not refuses)
    config = _current(engine, data.get("current"))
    if timed:
        return _passing(case, engine, config, data)
    result = _fired(engine, config, events, data)
    return _output(case, result)


def _events(value: Any) -> tuple[str, ...]:
    found = value if isinstance(value, (list, tuple)) else () if value is None else (value,)
    if not all(isinstance(event, str) for event in found):
        raise MPCError("E_PARSE_SYNTAX", "An event is a name")
    return tuple(found)


def _checked(chart: Chart) -> Any:
    chart.initial()
    return {"allow": True, "reasons": []}


def _current(engine: Engine, current: Any) -> Configuration:
    if current is None:
        return engine.initial(_BEGIN)
    return engine.configuration([current] if isinstance(current, str) else current, _BEGIN)


def _actor(data: Mapping[str, Any]) -> Actor:
    roles = data.get("actor_roles", data.get("actorRoles")) or ()
    return Actor(data.get("actor_id", data.get("actorId")), frozenset((roles,) if isinstance(roles, str) else roles))


def _fired(engine: Engine, config: Configuration, events: tuple[str, ...], data: Mapping[str, Any]) -> StepResult:
    """The last result: of the last event, or of the first with an error."""
    actor, context = _actor(data), data.get("context")
    result = engine.fire(config, events[0], actor, context, _BEGIN)
    for event in events[1:]:
        if result.errors:
            break
        result = engine.fire(result.config, event, actor, context, _BEGIN)
    return result


def _passing(case: Case, engine: Engine, config: Configuration, data: Mapping[str, Any]) -> Any:
    """Activate, let `advance_ms` pass, and see what is due."""
    context = data.get("context")
    config = engine.activate(config, context, _BEGIN).config
    later = _BEGIN + timedelta(milliseconds=data.get("advance_ms") or 0)
    results = engine.check_timeouts(config, later, context)
    if results:
        return _output(case, results[-1])
    return _with_state(case, {"allow": True, "reasons": []}, config)


def _output(case: Case, result: StepResult) -> Any:
    if result.errors:
        found: Diagnostic = result.errors[0]
        return error(found.code, found.message, found.severity)
    reasons = [{"code": reason.code} for reason in result.reasons]
    answer = _with_state(case, {"allow": result.allow, "reasons": reasons}, result.config)
    if case.meta.get("include_actions") and result.actions:
        answer["actions"] = list(result.actions)
    return answer


def _with_state(case: Case, answer: dict[str, Any], config: Configuration) -> dict[str, Any]:
    return {**answer, "state": config.state} if case.meta.get("include_state") else answer
