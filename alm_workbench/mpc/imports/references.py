"""Giving definitions other ids, and with them every reference that leads to them.

Where references stand is known from the vocabulary: properties of the types `ref` and `resource`, and the texts under
`extends`, `imports` and `aliases`. Expressions name fields, states and functions, never definitions, and stay as they
are; a text inside one that happens to equal an id is a value, and is checked as such where the checker knows its type.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from ..ast import ASTNode, FrozenDict
from ..meta import DomainMeta, PropDef
from ..validate.structural import fits

_ALWAYS = ("extends", "imports")


@dataclass(frozen=True, slots=True)
class Renaming:
    """A prefix for the ids a manifest knows; names it does not know are those of whoever imports it."""

    prefix: str
    ids: Collection[str]
    meta: DomainMeta | None = None

    def definition(self, node: ASTNode) -> ASTNode:
        """A top-level definition under its new id."""
        changed = self._with_properties(node)
        aliases = changed.properties.get("aliases")
        if isinstance(aliases, tuple):
            former = tuple(self.prefix + alias if isinstance(alias, str) else alias for alias in aliases)
            changed = replace(changed, properties=FrozenDict({**changed.properties, "aliases": former}))
        source = node.source.anew() if node.source else None
        return replace(changed, id=self.prefix + node.id, source=source)

    def _with_properties(self, node: ASTNode) -> ASTNode:
        kind = self.meta.get_kind(node.kind) if self.meta else None
        properties = {}
        for key, value in node.properties.items():
            prop = (kind.find(key) if kind else None) or (self.meta.common.get(key) if self.meta else None)
            properties[key] = self._plain(value) if key in _ALWAYS else self._value(prop, value)
        children = tuple(self._with_properties(child) for child in node.children)
        return replace(node, properties=FrozenDict(properties), children=children)

    def _id(self, value: str) -> str:
        return self.prefix + value if value in self.ids else value

    def _plain(self, value: Any) -> Any:
        """A text, or texts, that are ids whatever the vocabulary says."""
        if isinstance(value, str):
            return self._id(value)
        return tuple(self._plain(item) for item in value) if isinstance(value, tuple) else value

    def _value(self, prop: PropDef | None, value: Any) -> Any:
        if prop is None:
            return value
        if prop.type == "oneof":
            return self._value(next((option for option in prop.options if fits(option, value)), None), value)
        if isinstance(value, str):
            return self._text(prop, value)
        if isinstance(value, tuple) and prop.items is not None:
            return tuple(self._value(prop.items, item) for item in value)
        if isinstance(value, FrozenDict) and prop.props:
            return FrozenDict({key: self._value(prop.find(key), item) for key, item in value.items()})
        return value

    def _text(self, prop: PropDef, value: str) -> str:
        if prop.type == "ref":
            return self._id(value)
        if prop.type == "resource":
            return self._resource(value)
        if prop.type == "list" and prop.single and prop.items is not None:
            return self._text(prop.items, value)
        return value

    def _resource(self, value: str) -> str:
        """`type` or `type.field`; a type's id may hold dots, so the longest known one counts."""
        head = value
        while head not in self.ids and "." in head:
            head = head.rpartition(".")[0]
        return self.prefix + value if head in self.ids else value
