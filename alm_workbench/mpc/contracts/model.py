"""What crosses the border of the core: events come in; decisions, errors, intents and traces go out.

Frozen and hashable. The JSON Schemas in `alm_meta/contracts` say the same for other languages.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from .wire import ON_WIRE, Filled, Free, intent_kind, object_with_texts

EventKind = Literal["create", "update", "delete", "transition", "custom"]
ActorType = Literal["user", "service", "system"]
Level = Literal["info", "warn", "error"]
Severity = Literal["info", "warn", "error", "fatal"]

_Meta = Annotated[Free, object_with_texts("artifactHash", "engine", "engineVersion", "traceSpanId")]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who caused an event."""

    id: Filled
    type: ActorType
    roles: tuple[Filled, ...] = ()
    claims: Free | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """What an event is about."""

    type: Filled
    id: Filled
    state: str | None = None
    attributes: Free | None = None


@dataclass(frozen=True, slots=True)
class EventEnvelope:
    """Something that happened or is about to; `timestamp` is RFC 3339 text, which nobody checks."""

    name: Filled
    kind: EventKind
    timestamp: Filled
    actor: Actor
    object: Subject
    id: Filled | None = None
    context: Free | None = None
    payload: Free | None = None
    previous: Free | None = None


@dataclass(frozen=True, slots=True)
class Intent:
    """What should follow from a decision; carried out by others, once for each `key`."""

    kind: Annotated[str, intent_kind]
    target: Filled | None = None
    params: Free | None = None
    idempotency_key: Filled | None = None

    @property
    def key(self) -> tuple[str, str | None, str | None]:
        """Intents of one key are one intent."""
        return (self.kind, self.target, self.idempotency_key)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a decision fell: a registered code, and in `data` the rule, its place and the values it saw."""

    code: Filled
    summary: str | None = None
    path: str | None = None
    data: Free | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence for people."""

    level: Level
    text: str
    i18n_key: str | None = None
    params: Free | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether something may happen, why, and what follows."""

    allow: bool
    reasons: tuple[Reason, ...] = ()
    messages: tuple[Message, ...] = ()
    intents: tuple[Intent, ...] = ()
    trace: Free | None = None
    meta: _Meta | None = None


@dataclass(frozen=True, slots=True)
class SourceEnd:
    """Where a place ends, from 1, the column exclusive."""

    line2: int | None = None
    col2: int | None = None


@dataclass(frozen=True, slots=True)
class SourcePlace:
    """A place in a text, line and column from 1."""

    file: str | None = None
    line: int | None = None
    col: int | None = None
    span: SourceEnd | None = None


@dataclass(frozen=True, slots=True)
class Error:
    """What is wrong, where, and what caused it."""

    code: Filled
    message: Filled
    severity: Annotated[Severity, ON_WIRE] = "error"
    path: str | None = None
    source: SourcePlace | None = None
    details: Free | None = None
    causes: tuple[Error, ...] = ()


@dataclass(frozen=True, slots=True)
class TraceEvent:
    """One step of an evaluation: what (`t`), when (`at`), with what, giving what, in how many milliseconds."""

    t: Filled
    at: Filled | None = None
    data: Free | None = None
    result: Free | None = None
    duration_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """How an engine came to its result."""

    span_id: Filled
    engine: Filled
    events: Annotated[tuple[TraceEvent, ...], ON_WIRE] = ()
    parent_span_id: Filled | None = None
