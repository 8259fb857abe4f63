"""What stays hidden."""

from __future__ import annotations

from ..ast import ASTNode
from ..model import RedactDef
from .context import Context, Props, as_tuple


def redact(c: Context, node: ASTNode, props: Props) -> RedactDef:
    """What is hidden from logs and exports."""
    return RedactDef(
        node.id,
        as_tuple(props.get("keys")),
        as_tuple(props.get("patterns")),
        props.get("mask", "***"),
        props.get("nulls", False),
        props.get("defaults", True),
        node.span(),
    )
