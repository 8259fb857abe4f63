"""Roles, access rules, policies and automations, in our own words or the contract's, as one form.

What the vocabulary would have found before is refused here with the same code, since manifests under an open
vocabulary come without that check: no rule may mean something else than it says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import isfinite
from typing import Any

from ..ast import ASTNode, FrozenDict, freeze
from ..canonical import stable_hash
from ..errors import MPCError
from ..expr.ir import Expr, show, to_json
from ..model import AclDef, AutomationDef, PolicyDef, RoleDef
from .context import Context, Props, as_tuple, labels_of
from .matching import both
from .rule_shapes import EFFECTS, Get, condition_tree, match_tree, rule_problems

# The contract's names of our properties, and plural or singular where people write either.
_AKA = {
    "action": ("actions",),
    "resource": ("resources",),
    "roles": ("role",),
    "mask": ("maskFields",),
    "events": ("event",),
    "applies_to": ("appliesTo",),
}


def reading(props: Props | Mapping[str, Any]) -> Get:
    """A rule's properties by our names, whatever they are called in the text."""

    def get(name: str) -> Any:
        return next((props.get(key) for key in (name, *_AKA.get(name, ())) if props.get(key) is not None), None)

    return get


def role(c: Context, node: ASTNode, props: Props) -> RoleDef:
    """A role."""
    implies, privileges = as_tuple(props.get("implies")), as_tuple(props.get("privileges"))
    return RoleDef(node.id, c.labels(node), implies, privileges, node.span())


def acl(c: Context, node: ASTNode, props: Props) -> AclDef:
    """An access rule; raises MPCError (E_ACL_INVALID_RULE) where its parts are none."""
    get = _sound(c, node, props)
    condition = get("condition")
    return AclDef(
        node.id,
        c.labels(node),
        ("*",) if get("action") is None else as_tuple(get("action")),
        ("*",) if get("resource") is None else as_tuple(get("resource")),
        as_tuple(get("roles")),
        c.expr(condition) if isinstance(condition, str) else _keep(c, condition_tree(condition)) if condition else None,
        get("effect") or "allow",
        get("priority") or 0,
        as_tuple(get("mask")),
        node.span(),
        c.span(node, "condition") if condition else None,
    )


def policy(c: Context, node: ASTNode, props: Props) -> PolicyDef:
    """A policy; raises MPCError (E_POLICY_INVALID_MATCHER, E_META_UNKNOWN_VALUE, …) where its parts are none."""
    get = _sound(c, node, props)
    when, key = _when(c, get)
    return PolicyDef(
        node.id,
        c.labels(node),
        as_tuple(get("events")),
        as_tuple(get("applies_to")),
        when,
        get("effect") or _effect_of_kind(c, node),
        get("priority") or 0,
        labels_of(None, props.get("message")),
        _intents(get("intents")),
        node.span(),
        c.span(node, key) if key else None,
    )


def automation(c: Context, node: ASTNode, props: Props) -> AutomationDef:
    """An automation; raises MPCError (E_POLICY_INVALID_TEMPLATE) where an intent is none."""
    get = _sound(c, node, props)
    return AutomationDef(
        node.id,
        c.labels(node),
        as_tuple(props.get("event")),
        as_tuple(get("applies_to")),
        c.expr(props.get("when")),
        _intents(get("intents")),
        node.span(),
    )


def _sound(c: Context, node: ASTNode, props: Props) -> Get:
    get = reading(props)
    kind = c.meta.get_kind(node.kind)
    if node.kind in ("ACL", "Policy"):
        _refuse_two_names(c, node, props)
    for problem in rule_problems(node.kind, get, typed=kind is not None and bool(kind.properties)):
        message = f"{node.kind} '{node.id}': {problem.message}"
        raise MPCError(problem.code, message, span=c.span(node, *problem.path))
    return get


def _refuse_two_names(c: Context, node: ASTNode, props: Props) -> None:
    """One property under two names: one of them would be overlooked."""
    for name, others in _AKA.items():
        given = [key for key in (name, *others) if props.get(key) is not None]
        if len({id(props.get(key)) for key in given}) > 1:  # a vocabulary may read one value by both names
            code = "E_ACL_INVALID_RULE" if node.kind == "ACL" else "E_META_UNKNOWN_VALUE"
            message = f"{node.kind} '{node.id}': '{given[0]}' and '{given[1]}' are the same property"
            raise MPCError(code, message, span=c.span(node, given[1]))


def _intents(value: Any) -> tuple[Mapping[str, Any], ...]:
    """Intents as they are written, with their parameters and keys; one without a kind is an `audit`."""
    return tuple(one if "kind" in one else FrozenDict({"kind": "audit", **one}) for one in as_tuple(value))


def _effect_of_kind(c: Context, node: ASTNode) -> str:
    """Our policies forbid unless they say otherwise, the contract's allow."""
    kind = c.meta.get_kind(node.kind)
    prop = kind.find("effect") if kind else None
    return str(prop.default) if prop is not None and prop.default in EFFECTS else "allow"


def _when(c: Context, get: Get) -> tuple[str | None, str | None]:
    """A policy's condition: `when`, `match`, or both of them together; and the property it stands in."""
    when, match = get("when"), get("match")
    if match is None:
        return c.expr(when), "when" if when else None
    tree = match_tree(match)
    if isinstance(when, str):
        from ..expr.parse import parse_expr

        tree = parse_expr(when) if tree is None else both(tree, parse_expr(when))
    return _keep(c, tree), "match"


def _keep(c: Context, tree: Expr | None) -> str | None:
    """Store a tree that was made here under its text, or where that says too little, under its text and hash."""
    if tree is None:
        return None
    text, data = show(tree), to_json(tree)
    if not all(_says_itself(node) for node in tree.walk()):
        text = f"{text} ({stable_hash(data)[:16]})"
    c.expressions.setdefault(text, freeze(data))
    return text


_PATH = re.compile(r"(?!(?:and|or|not|if|else|in|matches|true|false|null)\b)[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*", re.ASCII)
_FUNCTION = re.compile(r"\$?[A-Za-z_]\w*", re.ASCII)
_LONG = 10**100


def _says_itself(node: Expr) -> bool:
    """Whether the text of a node can be that of no other: names of JSON trees need not be names, and values are cut."""
    if node.op == "ref":
        return _PATH.fullmatch(node.value) is not None
    if node.op == "fn":
        return _FUNCTION.fullmatch(node.value) is not None
    return node.op != "lit" or _is_told(node.value)


def _is_told(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return all(_is_told(item) for item in value)
    if isinstance(value, int):
        return -_LONG < value < _LONG
    return value is None or isinstance(value, str) or (isinstance(value, float) and isfinite(value))
