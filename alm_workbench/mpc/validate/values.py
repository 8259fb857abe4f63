"""Values of the right type that still cannot mean anything: limits below one, colours nobody can show, bare intents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..ast import ASTNode, Path
from ..codes import INTENT_KINDS, intent_param_problems
from .colours import CSS_NAMES, is_colour
from .findings import Findings

_FROM_ONE = ("wip_limit", "max_length", "max_depth")


def check_values(findings: Findings, node: ASTNode) -> None:
    """Check the values of one definition and its children, whose types are right."""
    for place in findings.of("int"):
        if place.prop.name in _FROM_ONE and place.value < 1:
            message = f"'{place.prop.name}' must be at least 1, not {place.value}"
            hint = "leave it out where there is no limit"
            findings.add("E_META_UNKNOWN_VALUE", message, place.node, place.path, hint=hint)
    for place in findings.of("string"):
        if place.prop.name == "color" and not is_colour(place.value):
            message = f"'{place.value}' is not a colour that can be shown: write #rgb, #rrggbb or a name of CSS"
            near = findings.hint(place.value, CSS_NAMES)
            findings.add("E_META_UNKNOWN_VALUE", message, place.node, place.path, severity="warning", hint=near)
    if node.kind == "Workflow":
        for place in findings.of("any"):
            check_intent(findings, node, place.path, place.value)
    elif node.kind in ("Policy", "Automation"):
        intents = node.properties.get("intents")
        for number, intent in enumerate(intents if isinstance(intents, tuple) else ()):
            check_intent(findings, node, ("intents", number), intent)


def check_intent(findings: Findings, node: ASTNode, path: Path, intent: Any) -> None:
    """Warn of parameters that an intent of its kind cannot do without; what runs it adds its key."""
    if not isinstance(intent, Mapping) or not isinstance(intent.get("kind"), str):
        return
    if intent["kind"] not in INTENT_KINDS:
        return
    where = (*path, "params") if "params" in intent else path
    for problem in intent_param_problems(intent):
        findings.add("E_POLICY_INVALID_TEMPLATE", problem, node, where, severity="warning")
