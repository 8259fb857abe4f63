"""Views."""

from __future__ import annotations

from ..ast import ASTNode
from ..model import ViewDef
from .context import Context, Props, as_tuple


def view(c: Context, node: ASTNode, props: Props) -> ViewDef:
    """A view."""
    return ViewDef(
        node.id,
        c.labels(node),
        props.get("layout", "list"),
        as_tuple(props.get("types")),
        as_tuple(props.get("columns")),
        props.get("group_by"),
        props.get("swimlane"),
        c.expr(props.get("filter")),
        as_tuple(props.get("sort")),
        as_tuple(props.get("card_fields")),
        as_tuple(props.get("hide_states")),
        node.span(),
    )
