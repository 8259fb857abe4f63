"""What only one definition may have: the prefix of a type's keys, the name by which a link is read the other way."""

from __future__ import annotations

from ..ast import ASTNode
from .findings import Findings
from .names import Names


def check_claims(findings: Findings, names: Names, node: ASTNode) -> None:
    """Report what an earlier definition of the kind has already, and an inverse that is a link type itself."""
    if node.kind == "ArtifactType":
        prefix = node.properties.get("key_prefix")
        other = _earlier(names, node, prefix)
        if other is not None:
            message = (
                f"Type '{other}' has the key prefix '{prefix}' already, so the keys of '{node.id}' would look like its"
            )
            findings.add("E_VALID_NOT_UNIQUE", message, node, ("key_prefix",), hint="choose another prefix")
    elif node.kind == "LinkType":
        inverse = node.properties.get("inverse")
        if not isinstance(inverse, str):
            return
        other = _earlier(names, node, inverse)
        if inverse != node.id and names.has("LinkType", inverse):
            message = f"The inverse of '{node.id}' is the id of another link type, '{inverse}'"
        elif other is not None:
            message = f"'{inverse}' is the inverse of link type '{other}' already"
        else:
            return
        hint = "a name must say which link it is and in which direction"
        findings.add("E_VALID_NOT_UNIQUE", message, node, ("inverse",), hint=hint)


def _earlier(names: Names, node: ASTNode, value: object) -> str | None:
    """The first definition of the kind that has a value, if that is another one."""
    if not isinstance(value, str):
        return None
    first = next(iter(names.claiming(node.kind, value)), node.id)
    return first if first != node.id else None
