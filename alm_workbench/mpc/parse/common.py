"""What the three front ends share: limits, escapes, problems, and definitions from located mappings."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from ..ast import ASTNode, FrozenDict, Located, ManifestAST, SourceMap
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
    """What could be read, and everything that could not."""

    ast: ManifestAST
    diagnostics: list[Diagnostic] = field(default_factory=list)


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


def mapping(entries: list[tuple[str, int, int, Located]], start: int, end: int, problems: list[Problem]) -> Located:
    """A located mapping; a key written twice is a problem and the first value stays."""
    places: dict[str, tuple[int, int, Located]] = {}
    for key, key_start, key_end, value in entries:
        if key in places:
            first = places[key]
            problems.append(
                Problem(
                    "E_PARSE_DUPLICATE_KEY",
                    f"'{key}' is written twice here",
                    key_start,
                    key_end,
                    "remove one of them",
                    (("first written here", first[0], first[1]),),
                )
            )
            continue
        places[key] = (key_start, key_end, value)
    return Located(FrozenDict({k: v[2].value for k, v in places.items()}), start, end, places)


ROOT_KEYS = {"schemaVersion": int, "namespace": str, "name": str, "manifestVersion": str, "defs": tuple}
RESERVED = ("kind", "id", "name", "children", "source")


def manifest_from(root: Located, source: Source, problems: list[Problem], limits: ParseLimits) -> ManifestAST:
    """The AST of a located root mapping (JSON and YAML); shapes are checked, nothing is dropped silently."""
    if root.entries is None:
        problems.append(Problem("E_PARSE_SYNTAX", "A manifest is a mapping with 'defs'", root.start, root.end))
        return ManifestAST(source=source)
    values: dict[str, Any] = {"schemaVersion": 1, "namespace": "", "name": "", "manifestVersion": "0.0.0"}
    header: dict[str, tuple[int, int]] = {}
    for key, (start, end, item) in root.entries.items():
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
    nodes = _nodes(defs.items if defs and defs.items else (), source, problems, limits)
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
    entries = item.entries
    if entries is None:
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
    if children is not None and children.items is None and children.value is not None:
        problems.append(
            Problem("E_PARSE_SYNTAX", "'children' must be a list of definitions", children.start, children.end)
        )
    own = {k: v for k, v in entries.items() if k not in RESERVED or (k == "source" and v[2].entries is None)}
    properties = Located(FrozenDict({k: v[2].value for k, v in own.items()}), item.start, item.end, own)
    kind_at, id_at = item.step("kind"), item.step("id")
    assert kind_at is not None
    assert id_at is not None
    places = SourceMap(
        source,
        0,
        item.start,
        item.end,
        (kind_at.start, kind_at.end),
        (id_at.start, id_at.end),
        (name.start, name.end) if name is not None and name.value is not None else None,
        properties,
    )
    below = _nodes(children.items if children and children.items else (), source, problems, limits)
    text = name.value if name is not None else None
    return ASTNode(heads["kind"], heads["id"], text, properties.value, below, places)


def string_span(source: Source, span: Span, offset: int, length: int) -> Span:
    """The place of part of a decoded string value whose raw text is at `span`; the whole value if unclear."""
    raw = source.text[span.start : span.end]
    start = decoded_offset(raw, offset)
    end = decoded_offset(raw, offset + length)
    if start is None or end is None:
        return span
    limit = span.end - span.start
    return source.span(span.start + min(start, limit), span.start + min(max(end, start), limit))
