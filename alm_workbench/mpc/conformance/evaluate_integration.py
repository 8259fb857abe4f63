"""Category `evaluate_integration`: policies and access rules about one event, composed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..engines.acl import decide_acl
from ..engines.compose import compose_decisions
from .case import Case
from .policy import decided, event_of
from .rules import answer, compiled_rules, facts, mask_intents, type_of


@dataclass(frozen=True, slots=True)
class _Part:
    allow: bool
    reasons: tuple[Any, ...]
    intents: tuple[Mapping[str, Any], ...] = ()


def run(case: Case) -> Any:
    """The policies' decision first, then the access rules', joined by the case's strategy."""
    event = event_of(case)
    policy, reasons = decided(case)
    compiled = compiled_rules(rules=case.input.get("rules") or (), hierarchy=case.input.get("role_hierarchy"))
    acl = decide_acl(compiled, action_of(event), type_of(event, "entity"), facts(event, event.get("actor")))
    parts = (
        _Part(policy.allow, reasons, policy.intents),
        _Part(acl.allow, acl.reasons, mask_intents(acl.mask)),
    )
    joint = compose_decisions(parts, str(case.input.get("strategy", "deny-wins")))
    return answer(joint.allow, joint.reasons, joint.intents)


def action_of(event: Mapping[str, Any]) -> str:
    """The action an event stands for: its own, or the last part of its name."""
    return str(event.get("action") or str(event.get("name") or "unknown").rpartition(".")[2])
