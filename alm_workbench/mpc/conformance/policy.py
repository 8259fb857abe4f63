"""Category `policy`: what policies say about one event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..engines.policy import Decision, decide_policy
from ..errors import MPCError
from .case import Case
from .rules import answer, compiled_rules, facts, type_of


def run(case: Case) -> Any:
    """Allow or deny with reasons and intents; `deny-wins` keeps the deciding side's reasons, other strategies all."""
    decision, reasons = decided(case)
    return answer(decision.allow, reasons, decision.intents)


def decided(case: Case) -> tuple[Decision, tuple[Any, ...]]:
    """The decision of a case's policies, and the reasons its strategy keeps."""
    event = event_of(case)
    compiled = compiled_rules(policies=case.input.get("policies") or ())
    decision = decide_policy(compiled, facts(event, event.get("actor")), type_of(event))
    wins = case.input.get("strategy", "deny-wins") == "deny-wins"
    return decision, decision.reasons if wins else decision.all_reasons


def event_of(case: Case) -> Mapping[str, Any]:
    """The event of a case; raises MPCError E_PARSE_SYNTAX without one."""
    event = case.need("event")
    if not isinstance(event, Mapping):
        raise MPCError("E_PARSE_SYNTAX", "'event' must be an object")
    return event
