"""The lexer that Lark reads from: one regular expression, and tokens that already are located values.

A token is a Located with a `type`, so scalars and keys need no further object on their way into the AST.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import isinf
from sys import intern
from textwrap import dedent
from typing import Any, ClassVar

from ..ast import Located
from .common import Entry, Problem, mapping, unescape
from .lexical import COMMENT, NAME_END, NUMBER, ONE_LINE, SPACE, STRING, WORD

_NOT_DEF = rf"(?!def{NAME_END})"
_SCALAR = rf"(?:{ONE_LINE}|{NUMBER}|{_NOT_DEF}{WORD})"
_PAIR = rf"{_NOT_DEF}{WORD}{SPACE}*+:{SPACE}*+{_SCALAR}"
_NEXT = rf"{SPACE}*+,{SPACE}*+"
_LIST = rf"\[{SPACE}*+{_SCALAR}(?:{_NEXT}{_SCALAR})*+{SPACE}*+,?{SPACE}*+\]"
_OBJECT = rf"\{{{SPACE}*+{_PAIR}(?:{_NEXT}{_PAIR})*+{SPACE}*+,?{SPACE}*+\}}"

# One scalar in three groups, and the same behind a name: the parts of a value in one token.
_PARTS = rf"({ONE_LINE})|({NUMBER})|({_NOT_DEF}{WORD})"
_ITEMS = re.compile(rf"{SPACE}*+(?:{_PARTS}){SPACE}*+,?")
_PAIRS = re.compile(rf"{SPACE}*+({_NOT_DEF}{WORD}){SPACE}*+:{SPACE}*+(?:{_PARTS}){SPACE}*+,?")
_TOKEN = rf"({WORD})|({STRING})|({NUMBER})|([{{}}\[\]:,])|(@[A-Za-z0-9_.\-]*+)|({COMMENT})|(.)|(\Z)"
# The same groups in both, so that one loop serves them: without fusing the first five never match.
_FUSED = re.compile(
    rf"(?<=[:,\[]){SPACE}*+({_LIST}|{_OBJECT})"
    rf"|{SPACE}*+(?:({_NOT_DEF}{WORD}){SPACE}*+:{SPACE}*+(?:{_PARTS})|{_TOKEN})",
    re.S,
)
_SINGLE = re.compile(rf"{SPACE}*+(?:(?!)()()()()()|{_TOKEN})", re.S)
_FLAT, _KEY, _TEXT, _NUMERAL, _NAME, _WORD, _STRING, _NUMBER, _MARK, _DIRECTIVE, _COMMENT, _OTHER = range(1, 13)

_MARKS = {"{": "LBRACE", "}": "RBRACE", "[": "LSQB", "]": "RSQB", ":": "COLON", ",": "COMMA"}
_DIRECTIVES = {"@schema": "SCHEMA", "@namespace": "NAMESPACE", "@name": "NAME", "@version": "VERSION"}
_LITERALS: dict[str, bool | None] = {"true": True, "false": False, "null": None}
_SPELLING = {value: word for word, value in _LITERALS.items()}
_WHOLE = re.compile(r"[0-9]+\Z")
LONGEST_NUMBER = 40


class _Lark:
    """What Lark asks of a token: its type, and these where the text ends too early."""

    __slots__ = ()
    type: ClassVar[str] = ""
    start_pos: ClassVar[int] = 0
    end_pos: ClassVar[int] = 0
    line: ClassVar[int] = 0
    column: ClassVar[int] = 0
    end_line: ClassVar[int] = 0
    end_column: ClassVar[int] = 0


class Lexeme(_Lark, Located):
    """A token of one word, text, number or mark."""

    __slots__ = ()

    @property
    def word(self) -> str:
        """The token as a name: `true`, `false` and `null` are names where no value is expected."""
        return _SPELLING[self.value] if self.type == "LITERAL" else self.value


class Pair(_Lark, Entry):
    """A token of a whole property."""

    __slots__ = ()
    type: ClassVar[str] = "PAIR"


def _lexeme_class(name: str) -> type[Lexeme]:
    return type(name.title(), (Lexeme,), {"__slots__": (), "type": name})


_CLASSES = {
    name: _lexeme_class(name)
    for name in (
        "DEF",
        "WORD",
        "LITERAL",
        "STRING",
        "NUMBER",
        "INT",
        "FLAT",
        "UNKNOWN",
        *_MARKS.values(),
        *_DIRECTIVES.values(),
    )
}
# Nobody asks where these stand, unless to explain an error.
_SEPARATORS = {":": _CLASSES["COLON"](":", 0, 0), ",": _CLASSES["COMMA"](",", 0, 0)}
_Word, _Literal, _String, _Number, _Flat = (_CLASSES[name] for name in ("WORD", "LITERAL", "STRING", "NUMBER", "FLAT"))


def lexemes(text: str, problems: list[Problem], *, fused: bool) -> Iterator[Lexeme | Pair]:
    """The tokens of a text; with `fused`, a property with a scalar value and a flat list or object are one token."""
    for match in (_FUSED if fused else _SINGLE).finditer(text):
        kind = match.lastindex or 0
        if _TEXT <= kind <= _NAME:
            yield Pair(intern(match[_KEY]), *match.span(_KEY), _scalar(match, kind, _TEXT, problems))
        elif kind == _MARK:
            mark = match[_MARK]
            yield (fused and _SEPARATORS.get(mark)) or _CLASSES[_MARKS[mark]](mark, *match.span(_MARK))
        elif kind == _FLAT:
            yield _flat(text, *match.span(_FLAT), problems)
        elif kind == _WORD:
            yield _word(match[_WORD], *match.span(_WORD))
        elif kind == _STRING:
            yield _string(match[_STRING], *match.span(_STRING), problems)
        elif kind == _NUMBER:
            yield _number(match[_NUMBER], *match.span(_NUMBER), problems)
        elif kind == _DIRECTIVE:
            yield _CLASSES[_DIRECTIVES.get(match[kind], "UNKNOWN")](match[kind], *match.span(kind))
        elif kind == _OTHER:
            yield _CLASSES["UNKNOWN"](match[kind], *match.span(kind))


def _scalar(match: re.Match[str], kind: int, first: int, problems: list[Problem]) -> Lexeme:
    raw, (start, end) = match[kind], match.span(kind)
    if kind == first:
        return _String(unescape(raw[1:-1], start + 1, problems), start, end)
    if kind == first + 1:
        return _number(raw, start, end, problems)
    return _word(raw, start, end)


def _flat(text: str, start: int, end: int, problems: list[Problem]) -> Lexeme:
    if text[start] == "[":
        found = _ITEMS.finditer(text, start + 1, end - 1)
        items = tuple([_scalar(match, match.lastindex or 0, 1, problems) for match in found])
        return _Flat(tuple([item.value for item in items]), start, end, items)
    entries = [
        Entry(intern(match[1]), *match.span(1), _scalar(match, match.lastindex or 0, 2, problems))
        for match in _PAIRS.finditer(text, start + 1, end - 1)
    ]
    whole = mapping(entries, start, end, problems)
    return _Flat(whole.value, start, end, whole.inside)


def _word(raw: str, start: int, end: int) -> Lexeme:
    word = intern(raw)
    if word in _LITERALS:
        return _Literal(_LITERALS[word], start, end)
    return (_CLASSES["DEF"] if word == "def" else _Word)(word, start, end)


def _string(raw: str, start: int, end: int, problems: list[Problem]) -> Lexeme:
    if raw.startswith('"""'):
        unescape(raw[3:-3], start + 3, problems)
        return _String(unescape(unindented(raw[3:-3]), 0, []), start, end)
    return _String(unescape(_unix(raw[1:-1]) if "\n" in raw else raw[1:-1], start + 1, problems), start, end)


def unindented(raw: str) -> str:
    """What a triple-quoted text holds before escapes: no first line break, no common indentation."""
    return dedent(_unix(raw).removeprefix("\n"))


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n")


def _number(digits: str, start: int, end: int, problems: list[Problem]) -> Lexeme:
    value: int | float = 0
    if any(letter in digits for letter in ".eE"):
        value = float(digits)
        if isinf(value):
            problems.append(Problem("E_PARSE_SYNTAX", "The number is too large", start, end))
            value = 0
    elif len(digits) > LONGEST_NUMBER:
        problems.append(Problem("E_PARSE_LIMIT", "The number is too long", start, end))
    else:
        value = int(digits)
    return (_CLASSES["INT"] if _WHOLE.match(digits) else _Number)(value, start, end)


class TokenSource:
    """The lexer as Lark sees it: tokens are made by `lexemes` and handed in."""

    def __init__(self, _conf: Any) -> None:
        """Lark's configuration of terminals is not needed: the grammar only declares them."""

    def lex(self, tokens: Iterator[Lexeme]) -> Iterator[Lexeme]:
        """The tokens given."""
        return tokens
