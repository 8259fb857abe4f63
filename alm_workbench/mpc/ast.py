"""The canonical AST: one deep-frozen form for the three languages, with a place for every key and value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

from .errors import Source, Span

Path = tuple[str | int, ...]


class FrozenDict(dict[str, Any]):
    """A dict that refuses change, can be hashed, copied and pickled, and equals any equal dict."""

    __slots__ = ("_hash",)

    def _refuse(self, *_args: object, **_kwargs: object) -> NoReturn:
        raise TypeError("a manifest value cannot be changed")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __hash__(self) -> int:  # type: ignore[override]
        try:
            return self._hash  # type: ignore[has-type,no-any-return]
        except AttributeError:
            self._hash = hash(frozenset(self.items()))
            return self._hash

    def __copy__(self) -> FrozenDict:
        return self

    def __deepcopy__(self, _memo: object) -> FrozenDict:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return (FrozenDict, (dict(self),))


EMPTY = FrozenDict()


_PLAIN = frozenset((str, int, float, bool, type(None)))


def freeze(value: Any) -> Any:
    """A deep-frozen copy: mappings to FrozenDict, lists and tuples to tuple."""
    if type(value) in _PLAIN or isinstance(value, FrozenDict):
        return value
    if isinstance(value, Mapping):
        return FrozenDict({key: freeze(item) for key, item in value.items()})
    if isinstance(value, (list, tuple)):
        return tuple(freeze(item) for item in value)
    return value


def thaw(value: Any) -> Any:
    """Plain dicts and lists again, for JSON."""
    if isinstance(value, Mapping):
        return {key: thaw(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [thaw(item) for item in value]
    return value


class Located:
    """A frozen value with its offsets and the places inside it.

    `inside` is None for a scalar, one Located for each item of a list, and for a mapping, in the order of its keys,
    the start and end of each key and the Located value: (start, end, value, start, end, value, …).
    """

    __slots__ = ("_numbers", "end", "inside", "start", "value")

    def __init__(self, value: Any, start: int, end: int, inside: tuple[Any, ...] | None = None) -> None:
        self.value = value
        self.start = start
        self.end = end
        self.inside = inside

    @property
    def entries(self) -> Iterator[tuple[str, int, int, Located]]:
        """Key, start and end of the key, and value of each entry; nothing unless this is a mapping."""
        if isinstance(self.value, Mapping):
            places = iter(self.inside or ())
            yield from zip(self.value, places, places, places, strict=True)

    def entry(self, key: str) -> tuple[int, int, Located] | None:
        """The start and end of a key and its value, or None."""
        if self.inside is None or not isinstance(self.value, Mapping) or key not in self.value:
            return None
        try:
            numbers: dict[str, int] = self._numbers  # type: ignore[has-type]
        except AttributeError:
            numbers = self._numbers = {key: 3 * number for number, key in enumerate(self.value)}
        at = numbers[key]
        start, end, value = self.inside[at : at + 3]
        return start, end, value

    def at(self, path: Path) -> Located | None:
        """The value at a path below this one, or None."""
        here: Located | None = self
        for step in path:
            here = here.step(step) if here is not None else None
        return here

    def step(self, step: str | int) -> Located | None:
        """The value one step below, or None."""
        if isinstance(step, str):
            entry = self.entry(step)
            return entry[2] if entry else None
        if self.inside is None or not isinstance(self.value, tuple):
            return None
        found: Located | None = self.inside[step] if 0 <= step < len(self.inside) else None
        return found


class Place:
    """Where the parts of one definition stand, counted from the start of the text it was read from.

    Every reading of an unchanged block of a document gives the same Place, wherever the block has moved to.
    """

    __slots__ = ("end", "id", "kind", "name", "properties", "start")

    def __init__(
        self,
        start: int,
        end: int,
        kind: tuple[int, int],
        id: tuple[int, int],
        name: tuple[int, int] | None,
        properties: Located,
    ) -> None:
        self.start = start
        self.end = end
        self.kind = kind
        self.id = id
        self.name = name
        self.properties = properties


class SourceMap:
    """Where one definition and everything in it stands: its Place, moved by `base` in `source`."""

    __slots__ = ("base", "place", "source")

    def __init__(self, source: Source, base: int, place: Place) -> None:
        self.source = source
        self.base = base
        self.place = place

    @property
    def start(self) -> int:
        """Where the definition begins, counted from `base`."""
        return self.place.start

    def _span(self, pair: tuple[int, int]) -> Span:
        return self.source.span(pair[0] + self.base, pair[1] + self.base)

    def span(self) -> Span:
        """The whole definition."""
        return self._span((self.place.start, self.place.end))

    def kind_span(self) -> Span:
        """The word that names the kind."""
        return self._span(self.place.kind)

    def id_span(self) -> Span:
        """The id."""
        return self._span(self.place.id)

    def name_span(self) -> Span:
        """The display name, or the id where there is none."""
        return self._span(self.place.name or self.place.id)

    def key_span(self, path: Path) -> Span:
        """The key at a property path; for a list item its value; the id if the path is unknown."""
        parent = self.place.properties.at(path[:-1])
        if path and parent is not None and isinstance(path[-1], str):
            entry = parent.entry(path[-1])
            if entry is not None:
                return self._span(entry[:2])
        return self.value_span(path)

    def value_span(self, path: Path) -> Span:
        """The value at a property path, or of the nearest known part of it."""
        for cut in range(len(path), 0, -1):
            found = self.place.properties.at(path[:cut])
            if found is not None:
                return self._span((found.start, found.end))
        return self.id_span()

    def anew(self) -> SourceMap:
        """The same places for a definition that says something else than its text, so that nobody takes it for that."""
        old = self.place
        place = Place(old.start, old.end, old.kind, old.id, old.name, old.properties)
        return SourceMap(self.source, self.base, place)

    def raw(self, path: Path) -> tuple[str, int] | None:
        """The text of a value as written, and its offset in the source."""
        found = self.place.properties.at(path)
        if found is None:
            return None
        return self.source.text[found.start + self.base : found.end + self.base], found.start + self.base


@dataclass(frozen=True, slots=True)
class ASTNode:
    """One definition."""

    kind: str
    id: str
    name: str | None = None
    properties: FrozenDict = EMPTY
    children: tuple[ASTNode, ...] = ()
    source: SourceMap | None = field(default=None, compare=False, repr=False)

    def walk(self) -> Iterator[ASTNode]:
        """This node and everything below it, depth first."""
        yield self
        for child in self.children:
            yield from child.walk()

    def span(self) -> Span | None:
        """The whole definition's place, where known."""
        return self.source.span() if self.source else None

    def __reduce__(self) -> tuple[Any, ...]:
        return (ASTNode, (self.kind, self.id, self.name, self.properties, self.children))


_blank = object.__new__
_set_kind, _set_id, _set_name, _set_properties, _set_children, _set_source = (
    ASTNode.__dict__[name].__set__ for name in ("kind", "id", "name", "properties", "children", "source")
)


def node_at(
    source: SourceMap, kind: str, id: str, name: str | None, properties: FrozenDict, children: tuple[ASTNode, ...]
) -> ASTNode:
    """An ASTNode at half the cost of calling the class: after an edit all that follow are made anew."""
    node = _blank(ASTNode)
    _set_kind(node, kind)
    _set_id(node, id)
    _set_name(node, name)
    _set_properties(node, properties)
    _set_children(node, children)
    _set_source(node, source)
    return node


@dataclass(frozen=True, slots=True)
class ManifestAST:
    """A whole manifest in canonical form."""

    schema_version: int = 1
    namespace: str = ""
    name: str = ""
    manifest_version: str = "0.0.0"
    defs: tuple[ASTNode, ...] = ()
    source: Source | None = field(default=None, compare=False, repr=False)
    header: Mapping[str, tuple[int, int]] = field(default_factory=dict, compare=False, repr=False)

    def of_kind(self, kind: str) -> tuple[ASTNode, ...]:
        """Top-level definitions of one kind, in order."""
        return tuple(node for node in self.defs if node.kind == kind)

    def without_source(self) -> ManifestAST:
        """The same content with no places, for storing and comparing."""
        return replace(self, defs=tuple(_strip(node) for node in self.defs), source=None, header={})

    def header_span(self, key: str) -> Span | None:
        """Where a root field is written, or the start of the text."""
        if self.source is None:
            return None
        start, end = self.header.get(key, (0, 0))
        return self.source.span(start, end)

    def to_dsl(self) -> str:
        """The manifest as DSL text."""
        from .printing import to_dsl

        return to_dsl(self)

    def to_yaml(self) -> str:
        """The manifest as YAML text."""
        from .printing import to_yaml

        return to_yaml(self)

    def to_json(self) -> str:
        """The manifest as JSON text."""
        from .printing import to_json

        return to_json(self)

    def __reduce__(self) -> tuple[Any, ...]:
        args = (self.schema_version, self.namespace, self.name, self.manifest_version, self.defs)
        return (ManifestAST, args)


def _strip(node: ASTNode) -> ASTNode:
    return replace(node, source=None, children=tuple(_strip(child) for child in node.children))
