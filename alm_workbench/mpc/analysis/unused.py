"""Definitions that nothing refers to: enumerations, workflows and empty roles."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from ..ast import ASTNode
from ..errors import MPCError
from ..expr.parse import parse_expr

NodeKey = tuple[str, str]
_WHAT = {"EnumDef": "No field takes its choices from", "Workflow": "No type lives by", "Role": "Nothing asks for"}
_USERS = {"EnumDef": ("ArtifactType",), "Workflow": ("ArtifactType",), "Role": ("ACL", "ArtifactType")}


def unused(known: Collection[NodeKey], used: Collection[NodeKey]) -> Iterator[tuple[NodeKey, str]]:
    """Keys of definitions that are not used, each with a sentence.

    A manifest without anything that could use a definition is a library for others to import, and nothing in it counts
    as unused; nor does anything while a reference to that kind dangles, which is then the mistake.
    """
    kinds = {kind for kind, _ in known}
    dangling = {key[0] for key in used if key not in known}
    for key in known:
        kind, id_ = key
        if kind in _WHAT and kind not in dangling and key not in used and kinds.issuperset(_USERS[kind]):
            yield key, f"{_WHAT[kind]} {kind} '{id_}'"


def has_purpose(node: ASTNode) -> bool:
    """Whether a definition is of use by itself: a role that grants something is there to be given to people."""
    return node.kind == "Role" and any(node.properties.get(name) for name in ("privileges", "implies", "extends"))


# Functions whose argument at a position names a definition of a kind.
_NAMING = {"hasRole": (0, "Role"), "linkCount": (1, "LinkType")}


def named_in(text: Any) -> Iterator[NodeKey]:
    """Definitions that an expression names: roles it asks for, link types it counts, texts sought in `actor.roles`."""
    if not isinstance(text, str) or not ("hasRole" in text or "linkCount" in text or "actor.roles" in text):
        return
    try:
        tree = parse_expr(text)
    except MPCError:
        return
    for node in tree.walk():
        if node.op == "fn" and node.value in _NAMING:
            number, kind = _NAMING[node.value]
            if number < len(node.args) and isinstance(node.args[number].value, str):
                yield kind, node.args[number].value
        elif node.op == "bin" and any(arg.op == "ref" and arg.value == "actor.roles" for arg in node.args):
            for arg in node.args:
                for leaf in arg.walk():
                    if leaf.op == "lit" and isinstance(leaf.value, str):
                        yield "Role", leaf.value
