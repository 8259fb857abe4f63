"""Lark's callbacks: tokens of one block into definitions that do not know yet where the block stands."""

from __future__ import annotations

from threading import local
from typing import Any

from ..ast import ASTNode, Located, Place, SourceMap, node_at
from ..errors import Source
from .common import Entry, Problem, mapping
from .lexer import Lexeme


class Template:
    """A parsed definition before it is bound to a document."""

    __slots__ = ("children", "id", "kind", "name", "place")

    def __init__(self, kind: str, id: str, name: str | None, place: Place, children: tuple[Template, ...]) -> None:
        self.kind = kind
        self.id = id
        self.name = name
        self.place = place
        self.children = children

    def bind(self, source: Source, base: int) -> ASTNode:
        """The AST node at offset `base` of a document."""
        children = tuple([child.bind(source, base) for child in self.children]) if self.children else ()
        place = self.place
        located = SourceMap(source, base, place)
        return node_at(located, self.kind, self.id, self.name, place.properties.value, children)


Directive = tuple[str, Any, tuple[int, int], tuple[int, int]]


class Builder:
    """Called for each rule of dsl.lark by its alias with what the rule's parts became.

    Lark binds one instance for all parses, so problems are kept per thread.
    """

    def __init__(self) -> None:
        self._local = local()

    def begin(self) -> list[Problem]:
        """A fresh list of problems for the parse that follows in this thread."""
        problems: list[Problem] = []
        self._local.problems = problems
        return problems

    def nothing(self, _parts: list[Any]) -> list[Any]:
        return []

    def first(self, parts: list[Any]) -> list[Any]:
        return parts

    def add(self, parts: list[Any]) -> Any:
        parts[0].append(parts[1])
        return parts[0]

    def append(self, parts: list[Any]) -> Any:
        parts[0].append(parts[2])
        return parts[0]

    def property(self, parts: list[Any]) -> Entry:
        key, _, value = parts
        return Entry(key.word, key.start, key.end, value)

    def block_property(self, parts: list[Any]) -> Entry:
        key, opening, entries, closing = parts
        value = mapping(entries, opening.start, closing.end, self._local.problems)
        return Entry(key.word, key.start, key.end, value)

    def array(self, parts: list[Any]) -> Located:
        items = tuple(parts[1]) if len(parts) > 2 else ()
        return Located(tuple([item.value for item in items]), parts[0].start, parts[-1].end, items)

    def object(self, parts: list[Any]) -> Located:
        entries = parts[1] if len(parts) > 2 else []
        return mapping(entries, parts[0].start, parts[-1].end, self._local.problems)

    def definition(self, parts: list[Any]) -> Template:
        word, kind, id_, _, members, closing = parts
        return self._template(word, kind, id_, None, members, closing)

    def titled_definition(self, parts: list[Any]) -> Template:
        word, kind, id_, name, _, members, closing = parts
        return self._template(word, kind, id_, name, members, closing)

    def _template(
        self, word: Lexeme, kind: Lexeme, id_: Lexeme, name: Lexeme | None, members: list[Any], closing: Lexeme
    ) -> Template:
        children = tuple([member for member in members if isinstance(member, Template)])
        entries = [member for member in members if not isinstance(member, Template)] if children else members
        properties = mapping(entries, word.start, closing.end, self._local.problems)
        named = (name.start, name.end) if name is not None else None
        place = Place(word.start, closing.end, (kind.start, kind.end), (id_.start, id_.end), named, properties)
        return Template(kind.word, id_.word, name.value if name is not None else None, place, children)

    def schema(self, parts: list[Any]) -> Directive:
        return self._directive("schema", parts)

    def namespace(self, parts: list[Any]) -> Directive:
        return self._directive("namespace", parts)

    def title(self, parts: list[Any]) -> Directive:
        return self._directive("name", parts)

    def version(self, parts: list[Any]) -> Directive:
        return self._directive("version", parts)

    def _directive(self, key: str, parts: list[Any]) -> Directive:
        word, value = parts
        return key, value.value, (value.start, value.end), (word.start, word.end)
