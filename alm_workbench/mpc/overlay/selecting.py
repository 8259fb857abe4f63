"""Which definitions an overlay is about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..ast import ASTNode, ManifestAST
from ..errors import MPCError
from ..words import did_you_mean

_KEYS = ("kind", "namespace", "id", "label", "parent")
# Overlays and imports are about other definitions; nothing reaches them by accident.
_INERT = ("Overlay", "Import")

Target = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Selector:
    """What a definition must be called; None matches any. `parent` is the id of the definition it lies in."""

    kind: str | None = None
    namespace: str | None = None
    id: str | None = None
    label: str | None = None
    parent: str | None = None

    @classmethod
    def of(cls, overlay: ASTNode) -> Selector:
        """The selector of an overlay, or its `target`; raises MPCError E_OVERLAY_UNKNOWN_SELECTOR."""
        given, target = overlay.properties.get("selector"), overlay.properties.get("target")
        if given is None and isinstance(target, str):
            return cls(id=target)
        if not isinstance(given, Mapping):
            raise _bad(f"Overlay '{overlay.id}' does not say what it is about: it needs a 'selector' or a 'target'")
        for key, value in given.items():
            if key not in _KEYS:
                raise _bad(f"A selector has no '{key}' ({did_you_mean(key, _KEYS)})")
            if not isinstance(value, str):
                raise _bad(f"'{key}' of a selector must be text")
        if not given:
            raise _bad(f"Overlay '{overlay.id}': an empty selector would match everything")
        return cls(**given)

    @property
    def wide(self) -> bool:
        """Whether it would match definitions of every kind."""
        return self.kind is None and self.id is None and self.label is None


class Index:
    """The definitions of a manifest by id, kind and label."""

    def __init__(self, ast: ManifestAST) -> None:
        self.ast = ast
        self._all: list[Target] = []
        self._by_id: dict[str, list[Target]] = {}
        self._by_kind: dict[str, list[Target]] = {}
        self._by_label: dict[str, list[Target]] = {}
        self._children: dict[str, dict[str, list[Target]]] = {}
        for number, node in enumerate(ast.defs):
            self._add(node, (number,))

    def _add(self, node: ASTNode, target: Target) -> None:
        self._all.append(target)
        self._by_id.setdefault(node.id, []).append(target)
        self._by_kind.setdefault(node.kind, []).append(target)
        for label in labels(node):
            self._by_label.setdefault(label, []).append(target)
        for number, child in enumerate(node.children):
            self._children.setdefault(node.id, {}).setdefault(child.id, []).append((*target, number))

    def node(self, target: Target) -> ASTNode:
        """The definition at a place."""
        node = self.ast.defs[target[0]]
        return node.children[target[1]] if len(target) > 1 else node

    @property
    def ids(self) -> Iterable[str]:
        """Every id of a top-level definition."""
        return self._by_id

    def matching(self, selector: Selector) -> list[Target]:
        """The definitions that a selector matches, in order."""
        if selector.namespace is not None and selector.namespace != self.ast.namespace:
            return []
        return [target for target in self._candidates(selector) if self._fits(self.node(target), selector)]

    def _candidates(self, selector: Selector) -> Iterable[Target]:
        if selector.parent is not None:
            inside = self._children.get(selector.parent, {})
            if selector.id is not None:
                return inside.get(selector.id, ())
            return [target for targets in inside.values() for target in targets]
        if selector.id is not None:
            return self._by_id.get(selector.id, ())
        if selector.label is not None:
            return self._by_label.get(selector.label, ())
        return self._all if selector.kind is None else self._by_kind.get(selector.kind, ())

    def _fits(self, node: ASTNode, selector: Selector) -> bool:
        if node.kind in _INERT and selector.kind is None:
            return False
        return (
            (selector.kind is None or node.kind == selector.kind)
            and (selector.id is None or node.id == selector.id)
            and (selector.label is None or selector.label in labels(node))
        )


def labels(node: ASTNode) -> set[str]:
    """Every display name of a definition."""
    found = {node.name} if node.name else set()
    texts = node.properties.get("labels")
    if isinstance(texts, Mapping):
        found.update(text for text in texts.values() if isinstance(text, str))
    elif isinstance(texts, str):
        found.add(texts)
    return found


def _bad(message: str) -> MPCError:
    return MPCError("E_OVERLAY_UNKNOWN_SELECTOR", message)
