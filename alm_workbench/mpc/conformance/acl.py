"""Category `acl`: whether an actor may act on an object, and which fields stay hidden."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..ast import EMPTY
from ..engines.acl import decide_acl
from .case import Case
from .rules import answer, compiled_rules, facts, mask_intents


def run(case: Case) -> Any:
    """Allow or deny with the one reason, and a maskField intent for each hidden field."""
    data, action = case.input, str(case.need("action"))
    actor = data.get("actor") or EMPTY
    about = data.get("object") or EMPTY
    attributes = actor.get("attrs") or actor.get("attributes")
    compiled = compiled_rules(rules=data.get("rules") or (), hierarchy=data.get("role_hierarchy"))
    type_id = str(about.get("type") or "entity") if isinstance(about, Mapping) else "entity"
    decision = decide_acl(compiled, action, type_id, facts({"name": action}, actor, attributes or EMPTY))
    return answer(decision.allow, decision.reasons, mask_intents(decision.mask))
