"""Roles, access rules, policies and automations."""

from __future__ import annotations

from ..ast import ASTNode
from ..model import AclDef, AutomationDef, PolicyDef, RoleDef
from .context import Context, Props, as_tuple, labels_of


def role(c: Context, node: ASTNode, props: Props) -> RoleDef:
    """A role."""
    implies, privileges = as_tuple(props.get("implies")), as_tuple(props.get("privileges"))
    return RoleDef(node.id, c.labels(node), implies, privileges, node.span())


def acl(c: Context, node: ASTNode, props: Props) -> AclDef:
    """An access rule."""
    return AclDef(
        node.id,
        c.labels(node),
        as_tuple(props.get("action")),
        as_tuple(props.get("resource")),
        as_tuple(props.get("roles")),
        c.expr(props.get("condition")),
        props.get("effect", "allow"),
        props.get("priority", 0),
        as_tuple(props.get("mask")),
        node.span(),
        c.span(node, "condition") if props.get("condition") else None,
    )


def policy(c: Context, node: ASTNode, props: Props) -> PolicyDef:
    """A policy."""
    return PolicyDef(
        node.id,
        c.labels(node),
        as_tuple(props.get("events")),
        as_tuple(props.get("applies_to")),
        c.expr(props.get("when")),
        props.get("effect", "deny"),
        props.get("priority", 0),
        labels_of(None, props.get("message")),
        as_tuple(props.get("intents")),
        node.span(),
        c.span(node, "when") if props.get("when") else None,
    )


def automation(c: Context, node: ASTNode, props: Props) -> AutomationDef:
    """An automation."""
    return AutomationDef(
        node.id,
        c.labels(node),
        as_tuple(props.get("event")),
        as_tuple(props.get("applies_to")),
        c.expr(props.get("when")),
        as_tuple(props.get("intents")),
        node.span(),
    )
