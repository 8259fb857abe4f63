"""Where a manifest uses words its vocabulary does not have."""

from __future__ import annotations

from collections.abc import Iterator

from ..ast import ASTNode, ManifestAST
from .model import DomainMeta, KindDef


def detect_drift(ast: ManifestAST, meta: DomainMeta) -> list[str]:
    """One sentence per unknown kind, and per property or child that a kind does not declare.

    Also for open kinds, which take any property: what is not declared there is what drifts. Children of an unknown
    kind are not looked at.
    """
    return [entry for node in ast.defs for entry in _drift(node, meta)]


def _drift(node: ASTNode, meta: DomainMeta) -> Iterator[str]:
    kind = meta.get_kind(node.kind)
    if kind is None:
        yield f"{node.kind} '{node.id}': unknown kind '{node.kind}'"
        return
    for name in node.properties:
        if not _knows(kind, name) and name not in meta.common:
            yield f"{node.kind} '{node.id}': property '{name}' is not declared"
    for child in node.children:
        yield from _drift(child, meta)


def _knows(kind: KindDef, name: str) -> bool:
    return name in kind.required_props or name in kind.optional_props or kind.find(name) is not None
