"""What a step gives back. Values are built cheaply and rendered only when somebody reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from ..engines.common import Reason
from ..errors import Diagnostic
from .configuration import Configuration


@dataclass(frozen=True, slots=True)
class StepDecision:
    """Whether an event was accepted, and why: for an accepted one what lets it pass, else every refusal."""

    allow: bool
    reasons: tuple[Reason, ...] = ()


class Trace(NamedTuple):
    """How a step went: what was considered with the reasons against it, what was left, taken and entered.

    `considered` holds transition ids in the order in which they were tried. The texts are made by `lines` on demand.
    """

    event: str
    actor_id: str | None
    at: datetime | None
    source: str
    considered: tuple[tuple[str, tuple[Reason, ...]], ...]
    exited: tuple[str, ...] = ()
    taken: tuple[str, ...] = ()
    entered: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """The step in sentences."""
        who = f" by {self.actor_id}" if self.actor_id is not None else ""
        found = [f"event {self.event}{who} in {self.source}"]
        for name, against in self.considered:
            found += [f"  {name}: {reason.message}" for reason in against] or [f"  {name}: may be taken"]
        found += [f"  left {state}" for state in self.exited]
        found += [f"  took {name}" for name in self.taken]
        found += [f"  entered {state}" for state in self.entered]
        return found + [f"  did {name}" for name in self.actions]

    def to_data(self) -> dict[str, Any]:
        """The trace as plain JSON data."""
        return {
            "event": self.event,
            "actor": self.actor_id,
            "at": self.at.isoformat() if self.at else None,
            "source": self.source,
            "considered": [
                {"transition": name, "against": [{"code": r.code, "message": r.message} for r in against]}
                for name, against in self.considered
            ],
            "exited": list(self.exited),
            "taken": list(self.taken),
            "entered": list(self.entered),
            "actions": list(self.actions),
        }


class Course(NamedTuple):
    """The part of a trace that is the same for every step of its kind; `before` are the states active before it."""

    event: str
    before: tuple[str, ...]
    considered: tuple[tuple[str, tuple[Reason, ...]], ...]
    exited: tuple[str, ...] = ()
    entered: tuple[str, ...] = ()


class Outcome(NamedTuple):
    """What came of an event. `taken` names the transitions, `actions` what was done in order, `intents` what is asked of
    others; `errors` say in the contract's words what was refused. `course` is there where the engine keeps traces.
    """

    decision: StepDecision
    intents: tuple[Mapping[str, Any], ...] = ()
    actions: tuple[str, ...] = ()
    errors: tuple[Diagnostic, ...] = ()
    taken: tuple[str, ...] = ()
    course: Course | None = None


class StepResult(NamedTuple):
    """The outcome of one event, and where the machine stands afterwards (where it stood, if refused).

    `queued` are the outcomes of events that followed from this one, in order; `config` is the one after all of them.
    The rest is who asked and when, where that was said.
    """

    config: Configuration
    outcome: Outcome
    queued: tuple[StepResult, ...] = ()
    actor_id: str | None = None
    at: datetime | None = None

    @property
    def allow(self) -> bool:
        """Whether the event was accepted."""
        return self.outcome.decision.allow

    @property
    def decision(self) -> StepDecision:
        """Whether the event was accepted, with the reasons."""
        return self.outcome.decision

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """The decision's reasons."""
        return self.outcome.decision.reasons

    @property
    def intents(self) -> tuple[Mapping[str, Any], ...]:
        """What is asked of others."""
        return self.outcome.intents

    @property
    def actions(self) -> tuple[str, ...]:
        """What was done, in order."""
        return self.outcome.actions

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """What was refused, in the contract's words."""
        return self.outcome.errors

    @property
    def taken(self) -> tuple[str, ...]:
        """The transitions that were taken."""
        return self.outcome.taken

    @property
    def trace(self) -> Trace | None:
        """How it went, where the engine keeps that."""
        course = self.outcome.course
        if course is None:
            return None
        event, before, considered, exited, entered = course
        source = ",".join(sorted(before))
        return Trace(event, self.actor_id, self.at, source, considered, exited, self.taken, entered, self.actions)
