"""What the three front ends share: limits, escapes, problems, and definitions from located mappings."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..ast import ASTNode, FrozenDict, Located, ManifestAST, Place, SourceMap
from ..errors import Diagnostic, Related, Source, Span
from ..words import nearest


@dataclass(frozen=True, slots=True)
class ParseLimits:
    """How large a document may be: characters, definitions, nesting, and values after aliases."""

    max_chars: int = 5_000_000
    max_defs: int = 5_000
    max_depth: int = 60
    max_values: int = 1_000_000


LIMITS = ParseLimits()


@dataclass(frozen=True, slots=True)
class Problem:
    """A parse finding with offsets relative to the text that was read."""

    code: str
    message: str
    start: int
    end: int
    hint: str | None = None
    related: tuple[tuple[str, int, int], ...] = ()

    def located(self, source: Source, base: int = 0) -> Diagnostic:
        """The diagnostic in `source`, moved by `base`."""
        related = tuple(Related(text, source.span(a + base, b + base)) for text, a, b in self.related)
        span = source.span(self.start + base, self.end + base)
        return Diagnostic(self.code, self.message, "error", span, None, self.hint, related)


@dataclass(slots=True)
class ParseResult:
    """What could be read, and everything that could not; `trace` is what the next reading takes over."""

    ast: ManifestAST
    diagnostics: list[Diagnostic] = field(default_factory=list)
    trace: object = field(default=None, repr=False, compare=False)


ESCAPES = {"\\": "\\", '"': '"', "/": "/", "n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})(?:\\u([0-9A-Fa-f]{4}))?|(.))", re.S)


def unescape(raw: str, start: int, problems: list[Problem]) -> str:
    """The text between quotes with escapes resolved and surrogate pairs joined; `start` is raw's own offset."""
    if "\\" not in raw:
        return raw
    out: list[str] = []
    at = 0
    while (match := _ESCAPE.search(raw, at)) is not None:
        out.append(raw[at : match.start()])
        text, at = _one_escape(match, start, problems)
        out.append(text)
    out.append(raw[at:])
    return "".join(out)


def _one_escape(match: re.Match[str], start: int, problems: list[Problem]) -> tuple[str, int]:
    first, second, letter = match.groups()
    here = match.start()
    if letter is not None:
        if letter not in ESCAPES:
            message = f"'\\{letter}' is not an escape; write '\\\\{letter}' for a backslash"
            problems.append(Problem("E_PARSE_SYNTAX", message, start + here, start + match.end()))
        return ESCAPES.get(letter, "\\" + letter), match.end()
    code = int(first, 16)
    if 0xD800 <= code < 0xDC00 and second and 0xDC00 <= int(second, 16) < 0xE000:
        return chr(0x10000 + ((code - 0xD800) << 10) + int(second, 16) - 0xDC00), match.end()
    if 0xD800 <= code < 0xE000:
        message = f"'\\u{first}' is half of a surrogate pair"
        problems.append(Problem("E_PARSE_SYNTAX", message, start + here, start + here + 6))
        return "\ufffd", here + 6
    return chr(code), here + 6


def decoded_offset(raw: str, offset: int) -> int | None:
    """Where character `offset` of a quoted string stands in its raw text, or None if raw is not a simple form."""
    if raw.startswith('"""'):
        return None
    if len(raw) >= 2 and raw[0] == raw[-1] == '"':
        return _double_offset(raw, offset)
    if len(raw) >= 2 and raw[0] == raw[-1] == "'":
        at = 1
        for _ in range(offset):
            at += 2 if raw.startswith("''", at) else 1
        return at if "\n" not in raw else None
    if raw[:1] in ("|", ">") or "\n" in raw:
        return None
    return offset


def _double_offset(raw: str, offset: int) -> int | None:
    if "\n" in raw:
        return None
    at = 1
    for _ in range(offset):
        match = _ESCAPE.match(raw, at)
        if match is None:
            at += 1
        else:
            at = _one_escape(match, 0, [])[1]
    return at


class Entry:
    """One property of a mapping: its key with offsets, and its located value."""

    __slots__ = ("end", "key", "start", "value")

    def __init__(self, key: str, start: int, end: int, value: Located) -> None:
        self.key = key
        self.start = start
        self.end = end
        self.value = value


def mapping(entries: Sequence[Entry], start: int, end: int, problems: list[Problem]) -> Located:
    """A located mapping; a key written twice is a problem and the first value stays."""
    values = FrozenDict({entry.key: entry.value.value for entry in entries})
    if len(values) < len(entries):
        entries = _without_repeated(entries, problems)
        values = FrozenDict({entry.key: entry.value.value for entry in entries})
    return Located(values, start, end, tuple([part for e in entries for part in (e.start, e.end, e.value)]))


def _without_repeated(entries: Sequence[Entry], problems: list[Problem]) -> list[Entry]:
    first: dict[str, Entry] = {}
    for entry in entries:
        known = first.setdefault(entry.key, entry)
        if known is not entry:
            message = f"'{entry.key}' is written twice here"
            related = (("first written here", known.start, known.end),)
            problems.append(
                Problem("E_PARSE_DUPLICATE_KEY", message, entry.start, entry.end, "remove one of them", related)
            )
    return list(first.values())


ROOT_KEYS = {"schemaVersion": int, "namespace": str, "name": str, "manifestVersion": str, "defs": tuple}
RESERVED = ("kind", "id", "name", "children", "source")


def manifest_from(root: Located, source: Source, problems: list[Problem], limits: ParseLimits) -> ManifestAST:
    """The AST of a located root mapping (JSON and YAML); shapes are checked, nothing is dropped silently."""
    if not isinstance(root.value, Mapping):
        problems.append(Problem("E_PARSE_SYNTAX", "A manifest is a mapping with 'defs'", root.start, root.end))
        return ManifestAST(source=source)
    values: dict[str, Any] = {"schemaVersion": 1, "namespace": "", "name": "", "manifestVersion": "0.0.0"}
    header: dict[str, tuple[int, int]] = {}
    for key, start, end, item in root.entries:
        kind = ROOT_KEYS.get(key)
        if kind is None:
            hint = nearest(key, ROOT_KEYS)
            message = f"Unknown root key '{key}'"
            problems.append(Problem("E_PARSE_SYNTAX", message, start, end, f"did you mean '{hint}'?" if hint else None))
        elif not isinstance(item.value, kind) or isinstance(item.value, bool):
            words = {int: "a whole number", str: "text in quotes", tuple: "a list of definitions"}[kind]
            problems.append(Problem("E_PARSE_SYNTAX", f"'{key}' must be {words}", item.start, item.end))
        else:
            values[key] = item.value
            header[_header_name(key)] = (item.start, item.end)
    defs = root.step("defs")
    nodes = _nodes(_items(defs), source, problems, limits)
    return ManifestAST(
        values["schemaVersion"], values["namespace"], values["name"], values["manifestVersion"], nodes, source, header
    )


def _header_name(key: str) -> str:
    return {"schemaVersion": "schema", "manifestVersion": "version"}.get(key, key)


def _nodes(
    items: tuple[Located, ...], source: Source, problems: list[Problem], limits: ParseLimits
) -> tuple[ASTNode, ...]:
    if len(items) > limits.max_defs:
        extra = items[limits.max_defs]
        message = f"A manifest may hold at most {limits.max_defs} definitions"
        problems.append(Problem("E_PARSE_LIMIT", message, extra.start, extra.end))
        items = items[: limits.max_defs]
    found = (_node(item, source, problems, limits) for item in items)
    return tuple(node for node in found if node is not None)


def _node(item: Located, source: Source, problems: list[Problem], limits: ParseLimits) -> ASTNode | None:
    if not isinstance(item.value, Mapping):
        problems.append(
            Problem("E_PARSE_SYNTAX", "A definition is a mapping with 'kind' and 'id'", item.start, item.end)
        )
        return None
    heads: dict[str, str] = {}
    for key in ("kind", "id"):
        value = item.step(key)
        if value is None or not isinstance(value.value, str) or not value.value:
            place = value or item
            message = f"A definition needs '{key}' (a word)"
            problems.append(Problem("E_PARSE_MISSING_REQUIRED", message, place.start, min(place.end, place.start + 80)))
            return None
        heads[key] = value.value
    name = item.step("name")
    if name is not None and not isinstance(name.value, (str, type(None))):
        problems.append(Problem("E_PARSE_SYNTAX", "'name' must be text", name.start, name.end))
        name = None
    children = item.step("children")
    if children is not None and not isinstance(children.value, (tuple, type(None))):
        problems.append(
            Problem("E_PARSE_SYNTAX", "'children' must be a list of definitions", children.start, children.end)
        )
    properties = _properties(item)
    below = _nodes(_items(children), source, problems, limits)
    text = name.value if name is not None else None
    return ASTNode(
        heads["kind"], heads["id"], text, properties.value, below, SourceMap(source, 0, _place(item, name, properties))
    )


def _items(located: Located | None) -> tuple[Located, ...]:
    return (located.inside or ()) if located is not None and isinstance(located.value, tuple) else ()


def _properties(item: Located) -> Located:
    own = [
        Entry(key, start, end, value)
        for key, start, end, value in item.entries
        if key not in RESERVED or (key == "source" and not isinstance(value.value, Mapping))
    ]
    return mapping(own, item.start, item.end, [])


def _place(item: Located, name: Located | None, properties: Located) -> Place:
    kind, id_ = item.step("kind") or item, item.step("id") or item
    named = (name.start, name.end) if name is not None and name.value is not None else None
    return Place(item.start, item.end, (kind.start, kind.end), (id_.start, id_.end), named, properties)


def string_span(source: Source, span: Span, offset: int, length: int) -> Span:
    """The place of part of a decoded string value whose raw text is at `span`; the whole value if unclear."""
    raw = source.text[span.start : span.end]
    start = decoded_offset(raw, offset)
    end = decoded_offset(raw, offset + length)
    if start is None or end is None:
        return span
    limit = span.end - span.start
    return source.span(span.start + min(start, limit), span.start + min(max(end, start), limit))
