"""What the core finds, said in contract terms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from ..ast import freeze
from ..errors import Diagnostic, ManifestInvalid, MPCError, Span
from .model import Decision, Error, Intent, Message, Reason, Severity, SourceEnd, SourcePlace, Trace, TraceEvent
from .wire import from_dict, to_dict

SEVERITIES: dict[str, Severity] = {"info": "info", "warning": "warn", "error": "error"}


class EngineReason(Protocol):
    """A reason as engines give it; those of rules have `rule_id`, `span`, `values` and `labels` too."""

    @property
    def code(self) -> str: ...
    @property
    def message(self) -> str: ...


class EngineDecision(Protocol):
    """An answer as engines give it; `intents` are passed on, and `mask` becomes an intent for each hidden field."""

    @property
    def allow(self) -> bool: ...
    @property
    def reasons(self) -> tuple[Any, ...]: ...


class StepTrace(Protocol):
    """How a step of a workflow went."""

    @property
    def event(self) -> str: ...
    def to_data(self) -> dict[str, Any]: ...


def place(span: Span | None) -> SourcePlace | None:
    """A span as the contract's source."""
    if span is None:
        return None
    return SourcePlace(span.file, span.line, span.col, SourceEnd(span.end_line, span.end_col))


def error_of(found: Diagnostic | MPCError) -> Error:
    """A diagnostic or exception as a contract Error; an invalid manifest carries its findings as causes."""
    if isinstance(found, ManifestInvalid):
        causes = tuple(error_of(item) for item in found.diagnostics)
        return Error(found.code, found.message, source=place(found.span), causes=causes)
    if isinstance(found, MPCError):
        details = None if found.limit is None else freeze({"limit": found.limit})
        return Error(found.code, found.message, source=place(found.span), details=details)
    return Error(
        found.code,
        found.message,
        SEVERITIES[found.severity],
        path=found.path,
        source=place(found.span),
        details=_details(found),
    )


def _details(found: Diagnostic) -> Mapping[str, Any] | None:
    details: dict[str, Any] = {"hint": found.hint} if found.hint else {}
    if found.related:
        details["related"] = [{"message": item.message, "source": _source(item.span)} for item in found.related]
    return freeze(details) if details else None


def _source(span: Span) -> dict[str, Any]:
    found = place(span)
    return to_dict(found) if found is not None else {}


def decision_of(found: EngineDecision, *, meta: Mapping[str, Any] | None = None) -> Decision:
    """An engine's answer as a contract Decision; what rules say to people becomes its messages.

    `meta` is what `decision_meta` makes. Raises ContractError on an intent that the contract does not have.
    """
    hidden = [Intent("maskField", name) for name in sorted(getattr(found, "mask", ()))]
    intents = [item if isinstance(item, Intent) else from_dict(Intent, item) for item in getattr(found, "intents", ())]
    return Decision(
        found.allow,
        tuple(reason_of(reason) for reason in found.reasons),
        tuple(_message(reason, found.allow) for reason in found.reasons if getattr(reason, "labels", None)),
        unique_intents(hidden + intents),
        meta=freeze(meta) if meta else None,
    )


def reason_of(found: EngineReason) -> Reason:
    """An engine's reason: the rule, its place and the values it saw go into `data`."""
    rule, span, values = (getattr(found, name, None) for name in ("rule_id", "span", "values"))
    data: dict[str, Any] = {"rule": rule} if rule is not None else {}
    if span is not None:
        data["source"] = _source(span)
    if values:
        data["values"] = values
    path = f"defs/{rule}" if rule is not None else None
    return Reason(found.code, found.message or None, path, freeze(data) if data else None)


def _message(reason: Any, allow: bool) -> Message:
    labels = reason.labels
    shown = labels.get("en") or next(iter(labels.values()))
    return Message("info" if allow else "error", shown, params=freeze({"labels": dict(labels)}))


def decision_meta(
    artifact_hash: str, engine: str, engine_version: str, *, trace_span_id: str | None = None
) -> dict[str, Any]:
    """The `meta` of a decision that can be traced to the artefact and engine it came from."""
    found = {"artifactHash": artifact_hash, "engine": engine, "engineVersion": engine_version}
    return found if trace_span_id is None else {**found, "traceSpanId": trace_span_id}


def unique_intents(intents: Iterable[Intent]) -> tuple[Intent, ...]:
    """Intents without repetition by (kind, target, idempotencyKey); the first of a key stays."""
    found: dict[Any, Intent] = {}
    for intent in intents:
        found.setdefault(intent.key, intent)
    return tuple(found.values())


def trace_of(decision: Decision, span_id: str, engine: str, *, parent_span_id: str | None = None) -> Trace:
    """The steps behind a decision: one event a reason in the order they were found, then the outcome."""
    steps = [TraceEvent("reason", data=freeze(to_dict(reason))) for reason in decision.reasons]
    outcome = TraceEvent("decision", result=freeze({"allow": decision.allow}))
    return Trace(span_id, engine, (*steps, outcome), parent_span_id)


_STEPS = (("left", "exited"), ("took", "taken"), ("entered", "entered"), ("did", "actions"))


def trace_of_step(found: StepTrace, span_id: str, *, parent_span_id: str | None = None) -> Trace:
    """A workflow step as a contract Trace: what was considered, then what was left, taken, entered and done."""
    data = found.to_data()
    at = data["at"]
    steps = [TraceEvent("considered", at, freeze(item)) for item in data["considered"]]
    steps += [TraceEvent(word, at, freeze({"name": name})) for word, key in _STEPS for name in data[key]]
    first = TraceEvent("event", at, freeze({"name": data["event"], "actor": data["actor"], "source": data["source"]}))
    return Trace(span_id, "alm-workflow", (first, *steps), parent_span_id)
