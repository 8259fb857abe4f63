"""Rules looked at one by one: a rule that can never match, a rule that by an empty list is for everyone."""

from __future__ import annotations

from ..analysis.conditions import condition_of
from ..analysis.rules import RuleFacts, facts_of
from ..ast import ASTNode
from ..compile.rule_shapes import rule_problems
from ..compile.rules import reading
from ..meta import DomainMeta
from .findings import Findings

_WHEN = {"ACL": "condition", "Policy": "when", "Automation": "when"}
_ABOUT = {"ACL": ("action", "resource"), "Automation": ("event",)}


def is_rule(node: ASTNode, meta: DomainMeta) -> bool:
    """Whether a definition is a rule of a vocabulary that describes its rules; open kinds may mean anything."""
    kind = meta.get_kind(node.kind)
    return node.kind in _WHEN and kind is not None and bool(kind.properties)


def check_rule(findings: Findings, node: ASTNode) -> RuleFacts | None:
    """Report what one rule shows by itself; gives its facts for the comparison with the others."""
    properties = node.properties
    for problem in rule_problems(node.kind, reading(properties), typed=True):
        if not problem.shape:
            findings.add(problem.code, problem.message, node, problem.path)
    if node.kind == "ACL":
        _check_actions(findings, node)
    for key in _ABOUT.get(node.kind, ()):
        if properties.get(key) == ():
            message = f"{node.kind} '{node.id}' can never match: its list of '{key}' is empty"
            findings.add("E_RULE_DEAD", message, node, (key,), severity="warning")
    key = _WHEN[node.kind]
    condition = condition_of(properties.get(key))
    if condition is not None and condition.constant is False:
        message = f"{node.kind} '{node.id}' can never match: its condition is always false"
        findings.add("E_RULE_DEAD", message, node, (key,), severity="warning", hint="leave it out, or correct it")
    if node.kind == "ACL" and properties.get("roles") == ():
        message = f"ACL '{node.id}' names no role in 'roles', so it is for everyone"
        hint = "name a role, or leave 'roles' out to say so"
        findings.add("E_RULE_FOR_EVERYONE", message, node, ("roles",), severity="warning", hint=hint)
    if node.kind == "Policy" and properties.get("events") == ():
        message = f"Policy '{node.id}' names no event in 'events', so it is about every event"
        hint = "name the events it is about"
        findings.add("E_RULE_FOR_EVERYONE", message, node, ("events",), severity="warning", hint=hint)
    return facts_of(node.kind, node.id, properties) if "extends" not in properties else None


def _check_actions(findings: Findings, node: ASTNode) -> None:
    """A rule about an action that nobody ever asks about says nothing; a warning, since plugins may ask about their own."""
    known = findings.meta.actions
    value = node.properties.get("action")
    for number, action in enumerate(value if isinstance(value, tuple) else (value,)):
        if known and isinstance(action, str) and action != "*" and action not in known:
            path = ("action", number) if isinstance(value, tuple) else ("action",)
            message = f"ACL '{node.id}' is about '{action}', which is no action of the vocabulary"
            hint = findings.hint(action, known)
            findings.add("E_ACL_UNKNOWN_ACTION", message, node, path, severity="warning", hint=hint)
