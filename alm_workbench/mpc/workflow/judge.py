"""Judging the steps that answer an event: who asks, what is known, and every reason against."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from ..engines.common import Reason
from ..errors import MPCError
from ..expr.scope import Scope
from ..model import TransitionDef
from ..ports import ActionPort, Actor, AuditPort, AuthPort, GuardPort
from .chart import Chart, State, Step
from .checks import Guards, refusals
from .configuration import Configuration
from .facts import Context, plain, scope_for
from .moves import Target


@dataclass(frozen=True, slots=True)
class Ports:
    """What an engine asks. A port that is given is always asked; an absent one decides nothing."""

    guard: GuardPort | None = None
    auth: AuthPort | None = None
    action: ActionPort | None = None
    audit: AuditPort | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A step that may not be taken, and why."""

    step: Step
    reasons: tuple[Reason, ...]


@dataclass(slots=True)
class Attempt:
    """One event on its way through a chart: the facts, then what was chosen, refused and considered."""

    config: Configuration
    event: str
    actor: Actor
    context: Context
    now: datetime | None
    scope: Scope
    authorised: bool
    active: tuple[State, ...]
    chosen: list[Target] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    considered: list[tuple[str, tuple[Reason, ...]]] = field(default_factory=list)


class Judge:
    """Applies roles, authority, guards and ports to the steps of a chart."""

    def __init__(self, chart: Chart, ports: Ports, guards: Guards, expressions: bool) -> None:
        self.chart = chart
        self.ports = ports
        self.guards = guards
        self.expressions = expressions

    def attempt(
        self,
        config: Configuration,
        event: str,
        actor: Actor,
        context: Context,
        now: datetime | None,
        asked: bool | None = None,
    ) -> Attempt:
        """An event with its facts; the authority is asked once, unless its answer is known already."""
        authorised = self.authorised(actor, event) if asked is None else asked
        scope = scope_for(context, actor, event, now)
        return Attempt(config, event, actor, context, now, scope, authorised, active_states(self.chart, config))

    def authorised(self, actor: Actor, event: str) -> bool:
        """What the authority says; one that fails says no."""
        if self.ports.auth is None:
            return True
        try:
            return self.ports.auth.authorize(actor.id, event) is True
        except Exception:
            return False

    def choose(self, step: Step, attempt: Attempt) -> bool:
        """Judge a step and enter the result into the attempt."""
        against, target = self.consider(step, attempt)
        attempt.considered.append((step.id, against))
        if against or target is None:
            attempt.refused.append(Refused(step, against))
            return False
        attempt.chosen.append((step, target))
        return True

    def consider(self, step: Step, attempt: Attempt) -> tuple[tuple[Reason, ...], State | None]:
        """Every reason against a step, and where it leads."""
        found = [*self._authority(step, attempt)]
        known = step.definition if self.expressions else _without_guard(step.definition)
        found += refusals(known, attempt.scope, self.guards, roles=not attempt.actor.system)
        found += self._guard_port(step, attempt)
        if not step.dynamic:
            return tuple(found), step.target
        target, problem = self._dynamic(step, attempt)
        return (tuple(found) if problem is None else (*found, problem)), target

    def _authority(self, step: Step, attempt: Attempt) -> tuple[Reason, ...]:
        if attempt.authorised:
            return ()
        who = attempt.actor.id or "nobody known"
        message = f"The authority does not let {who} fire '{attempt.event}'"
        return (Reason("R_WF_AUTH_DENIED", message, step.id, step.definition.span),)

    def _guard_port(self, step: Step, attempt: Attempt) -> tuple[Reason, ...]:
        definition = step.definition
        if definition.guard is None or self._port_agrees(step, definition.guard, attempt):
            return ()
        message = f"Guard failed for '{step.id}': nothing says that '{definition.guard}' holds"
        return (Reason("R_WF_GUARD_FAIL", message, step.id, definition.guard_span or definition.span),)

    def _port_agrees(self, step: Step, guard: str, attempt: Attempt) -> bool:
        if self.ports.guard is None:
            return self.expressions
        try:
            return self.ports.guard.check(step.event, guard, plain(attempt.context)) is True
        except Exception:
            return False

    def _dynamic(self, step: Step, attempt: Attempt) -> tuple[State | None, Reason | None]:
        text = step.definition.to
        try:
            name = self.guards.program(text, False)(attempt.scope)
        except Exception as error:
            why = f"{text} cannot be computed ({error})"
        else:
            found = self.chart.states.get(name) if isinstance(name, str) else None
            if found is not None:
                return found, None
            why = f"{text} is {name!r}, which is no state"
        message = f"'{step.id}' has no target: {why}"
        return None, Reason("R_WF_DYN_FAIL", message, step.id, step.definition.span)


def _without_guard(definition: TransitionDef) -> TransitionDef:
    return definition if definition.guard is None else replace(definition, guard=None)


def active_states(chart: Chart, config: Configuration) -> tuple[State, ...]:
    """The active states of a configuration; raises MPCError E_WF_INVALID_CONFIGURATION for unknown ones."""
    try:
        return tuple([chart.states[name] for name in config.active])
    except KeyError as error:
        message = f"Workflow '{chart.id}' has no state {error}"
        raise MPCError("E_WF_INVALID_CONFIGURATION", message) from None


def leaves(active: tuple[State, ...]) -> list[State]:
    """The innermost active states, in order."""
    return [state for state in active if not state.children]
