"""What every part of the compiler needs: inherited properties, labels, choices, and the trees of expressions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..ast import ASTNode, FrozenDict, ManifestAST, freeze
from ..errors import Span
from ..meta import DomainMeta
from ..model import Choice, EnumDef


def labels_of(node_name: str | None, labels: Any, id_: str = "") -> FrozenDict:
    """Labels by language; a display name or plain text is the English one."""
    found: dict[str, str] = {"en": node_name} if node_name else {}
    if isinstance(labels, str):
        found["en"] = labels
    elif isinstance(labels, Mapping):
        found.update(labels)
    if "en" not in found and id_:
        found["en"] = humanise(id_)
    return FrozenDict(found)


def humanise(id_: str) -> str:
    """A readable name from an id: test_case → Test case."""
    words = id_.replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:]


def as_tuple(value: Any) -> tuple[Any, ...]:
    """A value as a tuple: nothing is empty, one value stands for a list."""
    if value is None:
        return ()
    return value if isinstance(value, tuple) else (value,)


class Props:
    """A definition's properties with those it inherits, read by any accepted name."""

    def __init__(self, values: Mapping[str, Any], aka: Mapping[str, tuple[str, ...]]) -> None:
        self.values = values
        self.aka = aka

    def get(self, name: str, default: Any = None) -> Any:
        for key in (name, *self.aka.get(name, ())):
            if key in self.values:
                return self.values[key]
        return default


class Context:
    """One compilation."""

    def __init__(self, ast: ManifestAST, meta: DomainMeta) -> None:
        self.ast = ast
        self.meta = meta
        self.by_key = {(node.kind, node.id): node for node in reversed(ast.defs)}
        self.expressions: dict[str, Any] = {}
        self.enums: Mapping[str, EnumDef] = {}

    def props(self, node: ASTNode) -> Props:
        """A definition's properties with those it inherits."""
        values: dict[str, Any] = {}
        for ancestor in reversed(self.line(node)):
            values.update(ancestor.properties)
        kind = self.meta.get_kind(node.kind)
        return Props(values, {p.name: p.aka for p in kind.properties.values()} if kind else {})

    def line(self, node: ASTNode) -> list[ASTNode]:
        """The definition and what it extends, nearest first."""
        line = {node.id: node}
        here = node
        while isinstance(up := here.properties.get("extends"), str):
            above = self.by_key.get((node.kind, up))
            if above is None or above.id in line:
                break
            line[above.id] = here = above
        return list(line.values())

    def expr(self, text: Any) -> str | None:
        """Keep the tree of an expression beside its text."""
        if not isinstance(text, str):
            return None
        if text not in self.expressions:
            from ..expr.ir import to_json
            from ..expr.parse import parse_expr

            self.expressions[text] = freeze(to_json(parse_expr(text)))
        return text

    def labels(self, node: ASTNode) -> FrozenDict:
        """Its display names by language."""
        return labels_of(node.name, node.properties.get("labels"), node.id)

    def choices(self, value: Any) -> tuple[Choice, ...]:
        """Choices from a list, or those of an EnumDef."""
        if isinstance(value, str):
            enum = self.enums.get(value)
            return enum.values if enum else ()
        found = [
            Choice(c["id"], labels_of(None, c.get("labels"), c["id"]), c.get("color"), c.get("order", number))
            if isinstance(c, Mapping)
            else Choice(str(c), labels_of(None, None, str(c)), None, number)
            for number, c in enumerate(as_tuple(value), 1)
        ]
        return tuple(sorted(found, key=lambda choice: choice.order))

    def span(self, node: ASTNode, *path: str | int) -> Span | None:
        """Where a property stands."""
        return node.source.value_span(path) if node.source else None
