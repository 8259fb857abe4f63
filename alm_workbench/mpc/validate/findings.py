"""What the checks share: a sink for diagnostics, and the typed places that later checks look at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ..ast import ASTNode, ManifestAST, Path
from ..errors import Diagnostic, Related, Severity, Span
from ..meta import DomainMeta, PropDef
from ..parse.common import string_span
from ..words import did_you_mean


@dataclass(frozen=True, slots=True)
class Place:
    """A value of a known property type inside a definition."""

    node: ASTNode
    parent: ASTNode | None
    path: Path
    prop: PropDef
    value: Any

    @property
    def owner(self) -> ASTNode:
        """The top-level definition it belongs to."""
        return self.parent or self.node


@dataclass(slots=True)
class Findings:
    """Diagnostics gathered while checking one manifest, and typed places by type word."""

    ast: ManifestAST
    meta: DomainMeta
    diagnostics: list[Diagnostic] = field(default_factory=list)
    places: dict[str, list[Place]] = field(default_factory=dict)
    hints_left: int = 100

    def add(
        self,
        code: str,
        message: str,
        node: ASTNode | None = None,
        path: Path = (),
        *,
        severity: Severity = "error",
        hint: str | None = None,
        on_key: bool = False,
        span: Span | None = None,
        related: tuple[Related, ...] = (),
    ) -> None:
        """Report a finding at a property path of a definition, or at its id."""
        if span is None and node is not None and node.source is not None:
            source = node.source
            span = source.key_span(path) if path and on_key else source.value_span(path) if path else source.id_span()
        where = node_path(node, path) if node is not None else None
        self.diagnostics.append(Diagnostic(code, message, severity, span, where, hint, related))

    def hint(self, word: str, known: Iterable[str]) -> str | None:
        """A suggestion for a word; after a hundred findings nobody reads them, and they cost time."""
        self.hints_left -= 1
        return did_you_mean(word, known) if self.hints_left > 0 else None

    def found(self, place: Place) -> None:
        """Remember a typed place for the checks that follow."""
        self.places.setdefault(place.prop.type, []).append(place)

    def of(self, type_word: str) -> list[Place]:
        """Every place of a type word, in order."""
        return self.places.get(type_word, [])

    def inside(self, place: Place, start: int, end: int) -> Span | None:
        """The span of part of a string value; the whole value where the text is written in several lines."""
        if place.node.source is None:
            return None
        whole = place.node.source.value_span(place.path)
        return string_span(place.node.source.source, whole, start, max(end - start, 0))


def node_path(node: ASTNode, path: Path = ()) -> str:
    """The address of a definition or property: `defs/<id>/<prop>/…`."""
    return "/".join(["defs", node.id, *map(str, path)])
