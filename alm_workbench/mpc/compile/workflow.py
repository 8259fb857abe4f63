"""Workflows with their states and transitions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..ast import ASTNode, FrozenDict
from ..model import StateDef, TransitionDef, WorkflowDef
from .context import Context, Props, as_tuple, labels_of


def workflow(c: Context, node: ASTNode, props: Props) -> WorkflowDef:
    """A workflow with its states and transitions."""
    from ..validate.workflow import finals_of

    states = {s.id: s for s in (_state(c, node, i, v) for i, v in enumerate(as_tuple(props.get("states"))))}
    transitions = tuple(
        _transition(c, node, number, step) for number, step in enumerate(as_tuple(props.get("transitions")))
    )
    finals = tuple(state for state in finals_of(node) if state in states)
    return WorkflowDef(
        node.id, c.labels(node), props.get("initial", ""), FrozenDict(states), transitions, finals, node.span()
    )


def _state(c: Context, node: ASTNode, number: int, value: Any) -> StateDef:
    span = c.span(node, "states", number)
    if isinstance(value, str):
        return StateDef(value, labels_of(None, None, value), span=span)
    id_ = value.get("id") or value.get("name")
    return StateDef(
        id_,
        labels_of(None, value.get("labels"), id_),
        value.get("category", "todo"),
        value.get("wip_limit"),
        value.get("color"),
        value.get("parent"),
        value.get("history"),
        as_tuple(value.get("on_enter")),
        as_tuple(value.get("on_leave")),
        span,
    )


def _transition(c: Context, node: ASTNode, number: int, step: Mapping[str, Any]) -> TransitionDef:
    get: Callable[..., Any] = step.get
    id_ = get("id") or get("on") or get("to")
    roles = get("roles", get("auth_roles", get("authRoles")))
    return TransitionDef(
        id_,
        as_tuple(get("from")),
        get("to"),
        get("on") or id_,
        labels_of(None, get("labels"), id_),
        c.expr(get("guard")),
        as_tuple(roles),
        get("not_actor"),
        as_tuple(get("requires")),
        c.choices(get("reason")),
        as_tuple(get("on_enter")),
        get("timeout"),
        c.span(node, "transitions", number),
        c.span(node, "transitions", number, "guard") if "guard" in step else None,
    )
