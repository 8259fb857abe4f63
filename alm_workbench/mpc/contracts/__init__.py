"""The contract: what crosses the border of the core, as frozen dataclasses and as JSON."""

from __future__ import annotations

from .convert import decision_meta, decision_of, error_of, place, reason_of, trace_of, trace_of_step, unique_intents
from .model import (
    Actor,
    Decision,
    Error,
    EventEnvelope,
    Intent,
    Message,
    Reason,
    SourceEnd,
    SourcePlace,
    Subject,
    Trace,
    TraceEvent,
)
from .wire import MAX_DEPTH, ContractError, from_dict, to_dict

CONTRACTS: dict[str, type] = {
    "decision": Decision,
    "error": Error,
    "event_envelope": EventEnvelope,
    "intent": Intent,
    "trace": Trace,
}
"""The contracts that have a JSON Schema, by its name."""

__all__ = [
    "CONTRACTS",
    "MAX_DEPTH",
    "Actor",
    "ContractError",
    "Decision",
    "Error",
    "EventEnvelope",
    "Intent",
    "Message",
    "Reason",
    "SourceEnd",
    "SourcePlace",
    "Subject",
    "Trace",
    "TraceEvent",
    "decision_meta",
    "decision_of",
    "error_of",
    "from_dict",
    "place",
    "reason_of",
    "to_dict",
    "trace_of",
    "trace_of_step",
    "unique_intents",
]
