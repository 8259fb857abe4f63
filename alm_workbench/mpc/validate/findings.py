"""What the checks share: a sink for findings, and the typed places that later checks look at.

Findings are kept relative to the definition they are about, so that they stay right while other parts of the text
grow and shrink; `located` turns them into diagnostics of the text as it is now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..ast import ASTNode, ManifestAST, Path
from ..errors import Diagnostic, Related, Severity, Source, Span
from ..meta import DomainMeta, PropDef
from ..parse.common import string_span
from ..words import did_you_mean

MOST_HINTS = 100


@dataclass(slots=True)
class Place:
    """A value of a known property type inside a definition. One is made for every value, so it is as cheap as can be."""

    node: ASTNode
    parent: ASTNode | None
    path: Path
    prop: PropDef
    value: Any

    @property
    def owner(self) -> ASTNode:
        """The top-level definition it belongs to."""
        return self.parent or self.node


class Suggestion:
    """A hint that is worked out when somebody reads it: comparing a word with a thousand names takes its time."""

    __slots__ = ("_text", "_work")

    def __init__(self, work: Callable[[], str | None]) -> None:
        self._work: Callable[[], str | None] | None = work
        self._text: str | None = None

    @property
    def text(self) -> str | None:
        """The sentence, or None where nothing is near."""
        if self._work is not None:
            self._text, self._work = self._work(), None
        return self._text


Hint = str | Suggestion | None


@dataclass(frozen=True, slots=True)
class Finding:
    """A diagnostic whose places are counted from the start of its definition; those elsewhere are whole spans."""

    code: str
    message: str
    severity: Severity
    place: tuple[int, int] | None
    path: str | None
    hint: Hint
    related: tuple[tuple[str, tuple[int, int] | Span], ...] = ()


def origin_of(node: ASTNode) -> int:
    """The offset in its text at which a definition begins; 0 where it has no text."""
    return node.source.base + node.source.start if node.source is not None else 0


@dataclass(frozen=True, slots=True)
class Situated:
    """Findings of one definition, and where that definition begins in which text."""

    findings: Sequence[Finding]
    source: Source | None = None
    origin: int = 0


@dataclass(slots=True)
class Findings:
    """Findings gathered while checking one definition, and its typed places by type word.

    `ast` holds the definition alone, `origin` is where it begins; for findings about a manifest as a whole it is None.
    """

    ast: ManifestAST
    meta: DomainMeta
    origin: int | None = None
    gathered: list[Finding] = field(default_factory=list)
    places: dict[str, list[Place]] = field(default_factory=dict)

    def add(
        self,
        code: str,
        message: str,
        node: ASTNode | None = None,
        path: Path = (),
        *,
        severity: Severity = "error",
        hint: Hint = None,
        on_key: bool = False,
        span: Span | None = None,
        related: tuple[Related, ...] = (),
    ) -> None:
        """Report a finding at a property path of a definition, or at its id."""
        if span is None and node is not None and node.source is not None:
            source = node.source
            span = source.key_span(path) if path and on_key else source.value_span(path) if path else source.id_span()
        at = self.origin or 0
        place = (span.start - at, span.end - at) if span is not None else None
        where = node_path(node, path) if node is not None else None
        others = tuple((r.message, self._moved(r.span)) for r in related)
        self.keep(Finding(code, message, severity, place, where, hint, others), node)

    def keep(self, finding: Finding, node: ASTNode | None) -> None:
        """Gather a finding about a definition."""
        self.gathered.append(finding)

    def _moved(self, span: Span) -> tuple[int, int] | Span:
        return span if self.origin is None else (span.start - self.origin, span.end - self.origin)

    def hint(self, word: str, known: Iterable[str], otherwise: str | None = None) -> Suggestion:
        """A suggestion for a word, worked out only if it is among the first hundred."""
        return Suggestion(lambda: did_you_mean(word, known) or otherwise)

    def found(self, place: Place) -> None:
        """Remember a typed place for the checks that follow."""
        places = self.places.get(place.prop.type)
        if places is None:
            places = self.places[place.prop.type] = []
        places.append(place)

    def of(self, type_word: str) -> list[Place]:
        """Every place of a type word, in order."""
        return self.places.get(type_word, [])

    def closed(self, node: ASTNode) -> bool:
        """Whether the vocabulary says what a definition's properties mean; in an open kind they may mean anything."""
        kind = self.meta.get_kind(node.kind)
        return kind is not None and bool(kind.properties)

    def inside(self, place: Place, start: int, end: int) -> Span | None:
        """The span of part of a string value; the whole value where the text is written in several lines."""
        if place.node.source is None:
            return None
        whole = place.node.source.value_span(place.path)
        return string_span(place.node.source.source, whole, start, max(end - start, 0))


def located(groups: Iterable[Situated]) -> list[Diagnostic]:
    """Diagnostics in the order of the text, each finding moved to where its definition begins now."""
    drafts = [(_draft(finding, group), finding.hint) for group in groups for finding in group.findings]
    drafts.sort(key=lambda pair: pair[0].sort_key())
    result: list[Diagnostic] = []
    hints = MOST_HINTS
    for diagnostic, hint in drafts:
        if isinstance(hint, Suggestion):
            hints -= 1
            if hints >= 0 and hint.text is not None:
                diagnostic = _with_hint(diagnostic, hint.text)
        result.append(diagnostic)
    return result


def _draft(finding: Finding, group: Situated) -> Diagnostic:
    source, at = group.source, group.origin
    span = source.span(finding.place[0] + at, finding.place[1] + at) if finding.place and source is not None else None
    hint = finding.hint if isinstance(finding.hint, str) else None
    related: tuple[Related, ...] = ()
    if finding.related and source is not None:
        related = tuple(
            Related(message, place if isinstance(place, Span) else source.span(place[0] + at, place[1] + at))
            for message, place in finding.related
        )
    return Diagnostic(finding.code, finding.message, finding.severity, span, finding.path, hint, related)


def _with_hint(found: Diagnostic, hint: str) -> Diagnostic:
    return Diagnostic(found.code, found.message, found.severity, found.span, found.path, hint, found.related)


def node_path(node: ASTNode, path: Path = ()) -> str:
    """The address of a definition or property: `defs/<id>/<prop>/…`."""
    return "/".join(["defs", node.id, *map(str, path)])
