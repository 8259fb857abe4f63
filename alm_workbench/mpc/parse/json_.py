"""The JSON front end: strict JSON with a place for every key and value."""

from __future__ import annotations

import re

from ..ast import Located, ManifestAST
from ..errors import Source
from .common import Entry, ParseLimits, ParseResult, Problem, manifest_from, mapping, unescape
from .expected import hint_about

_SPACE = re.compile(r"[ \t\r\n]*")
_TOKEN = re.compile(
    r'(?P<string>"(?:[^"\\\x00-\x1f]++|\\.)*+")'
    r"|(?P<number>-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+\-]?[0-9]+)?(?![0-9A-Za-z_.]))"
    r"|(?P<word>true|false|null)(?![A-Za-z0-9_])"
    r"|(?P<mark>[{}\[\]:,])"
)
_THING = re.compile(r"[A-Za-z0-9_.\-+]+|.", re.S)
_WORDS = {"true": True, "false": False, "null": None}


class _Stop(Exception):
    def __init__(self, problem: Problem) -> None:
        self.problem = problem


class _Reader:
    def __init__(self, text: str, limits: ParseLimits) -> None:
        self.text = text
        self.limits = limits
        self.at = 0
        self.problems: list[Problem] = []

    def skip(self) -> None:
        match = _SPACE.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def fail(self, expected: str) -> _Stop:
        if self.at >= len(self.text):
            end = len(self.text)
            return _Stop(
                Problem("E_PARSE_SYNTAX", f"The text ends too early: expected {expected}", max(end - 1, 0), end)
            )
        match = _THING.match(self.text, self.at)
        thing = match[0] if match else self.text[self.at]
        hint = None
        if thing in ("NaN", "Infinity", "-Infinity"):
            hint = "JSON has no NaN and no infinite numbers"
        elif thing == "'":
            hint = "text is written in double quotes"
        elif thing == '"':
            hint = "the text in quotes does not end on this line"
        elif thing in ("}", "]") and self.text[: self.at].rstrip(" \t\r\n").endswith(","):
            hint = f"JSON has no comma before '{thing}'"
        elif len(thing) == 1:
            hint = hint_about(thing)
        end = self.at + len(thing)
        return _Stop(Problem("E_PARSE_SYNTAX", f"Unexpected '{thing[:40]}': expected {expected}", self.at, end, hint))

    def take(self, expected: str) -> tuple[str, str, int, int]:
        self.skip()
        match = _TOKEN.match(self.text, self.at)
        if match is None:
            raise self.fail(expected)
        self.at = match.end()
        return str(match.lastgroup), match[0], match.start(), match.end()

    def value(self, depth: int) -> Located:
        kind, raw, start, end = self.take("a value")
        if kind == "string":
            return Located(unescape(raw[1:-1], start + 1, self.problems), start, end)
        if kind == "word":
            return Located(_WORDS[raw], start, end)
        if kind == "number":
            return Located(self.number(raw, start, end), start, end)
        if depth >= self.limits.max_depth and raw in "{[":
            message = f"Nested more than {self.limits.max_depth} levels deep"
            raise _Stop(Problem("E_PARSE_LIMIT", message, start, end))
        if raw == "{":
            return self.object(start, depth)
        if raw == "[":
            return self.array(start, depth)
        self.at = start
        raise self.fail("a value")

    def number(self, raw: str, start: int, end: int) -> int | float:
        if len(raw) > 40:
            raise _Stop(Problem("E_PARSE_LIMIT", "The number is too long", start, end))
        if not any(c in raw for c in ".eE"):
            return int(raw)
        value = float(raw)
        if value in (float("inf"), float("-inf")):
            raise _Stop(Problem("E_PARSE_SYNTAX", "The number is too large", start, end))
        return value

    def object(self, start: int, depth: int) -> Located:
        entries: list[Entry] = []
        expected = "a name in double quotes or '}'"
        while True:
            kind, raw, key_start, key_end = self.take(expected)
            if raw == "}" and (not entries or expected.startswith("','")):
                return mapping(entries, start, key_end, self.problems)
            if expected.startswith("','"):
                self.expect(raw == ",", key_start, expected)
                kind, raw, key_start, key_end = self.take("a name in double quotes")
            self.expect(kind == "string", key_start, "a name in double quotes")
            key = unescape(raw[1:-1], key_start + 1, self.problems)
            _, colon, colon_start, _ = self.take("':'")
            self.expect(colon == ":", colon_start, "':'")
            entries.append(Entry(key, key_start, key_end, self.value(depth + 1)))
            expected = "',' or '}'"

    def array(self, start: int, depth: int) -> Located:
        items: list[Located] = []
        self.skip()
        if self.text.startswith("]", self.at):
            self.at += 1
            return Located((), start, self.at, ())
        while True:
            items.append(self.value(depth + 1))
            _, raw, mark_start, end = self.take("',' or ']'")
            if raw == "]":
                return Located(tuple(item.value for item in items), start, end, tuple(items))
            self.expect(raw == ",", mark_start, "',' or ']'")

    def expect(self, right: bool, at: int, expected: str) -> None:
        if not right:
            self.at = at
            raise self.fail(expected)


def read_json(text: str, limits: ParseLimits) -> tuple[Located | None, list[Problem]]:
    """The located value of a JSON text, or None with the problem that stopped it."""
    reader = _Reader(text, limits)
    try:
        value = reader.value(0)
        reader.skip()
        if reader.at < len(text):
            raise reader.fail("the end of the text")
    except _Stop as stop:
        return None, [*reader.problems, stop.problem]
    return value, reader.problems


def parse_json_text(text: str, source: Source, limits: ParseLimits) -> ParseResult:
    """Read a JSON manifest."""
    root, problems = read_json(text, limits) if text.strip(" \t\r\n") else (None, [])
    ast = ManifestAST(source=source) if root is None else manifest_from(root, source, problems, limits)
    return ParseResult(ast, [problem.located(source) for problem in problems])
