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
from .common import Entry, Problem, unescape
from .lexical import COMMENT, NAME_END, NUMBER, ONE_LINE, SPACE, STRING, WORD

_NOT_DEF = rf"(?!def{NAME_END})"
_PAIR = rf'({_NOT_DEF}{WORD}){SPACE}*+:{SPACE}*+(?:({ONE_LINE})"|({NUMBER})|({_NOT_DEF}{WORD}))'
_TOKEN = rf"({WORD})|({STRING})|({NUMBER})|([{{}}\[\]:,])|(@[A-Za-z0-9_.\-]*+)|({COMMENT})|(.)|(\Z)"
# The same groups in both, so that one loop serves them: without pairs the first four never match.
_FUSED = re.compile(rf"{SPACE}*+(?:{_PAIR}|{_TOKEN})", re.S)
_PLAIN = re.compile(rf"{SPACE}*+(?:(?!)()()()()|{_TOKEN})", re.S)
_KEY, _PAIR_TEXT, _PAIR_NUMBER, _PAIR_WORD, _WORD, _STRING, _NUMBER, _MARK, _DIRECTIVE, _COMMENT, _OTHER, _END = range(
    1, 13
)

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
        return _SPELLING[self.value] if self.type == "LITERAL" else self.value  # type: ignore[no-any-return]


class Pair(_Lark, Entry):
    """A token of a whole property."""

    __slots__ = ()
    type: ClassVar[str] = "PAIR"


def _lexeme_class(name: str) -> type[Lexeme]:
    return type(name.title(), (Lexeme,), {"__slots__": (), "type": name})


_CLASSES = {
    name: _lexeme_class(name)
    for name in ("DEF", "WORD", "LITERAL", "STRING", "NUMBER", "INT", "UNKNOWN", *_MARKS.values(), *_DIRECTIVES.values())
}
_Word, _Literal, _String, _Number = (_CLASSES[name] for name in ("WORD", "LITERAL", "STRING", "NUMBER"))


def lexemes(text: str, problems: list[Problem], *, fused: bool) -> Iterator[Lexeme]:
    """The tokens of a text; with `fused`, a name and a scalar value on either side of a colon are one token."""
    for match in (_FUSED if fused else _PLAIN).finditer(text):
        kind = match.lastindex
        if kind == _PAIR_TEXT:
            start, end = match.span(2)
            raw = match[2][1:]
            value = unescape(raw, start + 1, problems) if "\\" in raw else raw
            yield Pair(intern(match[1]), *match.span(1), _String(value, start, end + 1))
        elif kind == _MARK:
            mark = match[_MARK]
            yield _CLASSES[_MARKS[mark]](mark, *match.span(_MARK))
        elif kind == _PAIR_WORD:
            yield Pair(intern(match[1]), *match.span(1), _word(match, _PAIR_WORD))
        elif kind == _PAIR_NUMBER:
            yield Pair(intern(match[1]), *match.span(1), _number(match, _PAIR_NUMBER, problems))
        elif kind == _WORD:
            yield _word(match, _WORD)
        elif kind == _STRING:
            yield _string(match, problems)
        elif kind == _NUMBER:
            yield _number(match, _NUMBER, problems)
        elif kind == _DIRECTIVE:
            yield _CLASSES[_DIRECTIVES.get(match[kind], "UNKNOWN")](match[kind], *match.span(kind))
        elif kind == _OTHER:
            yield _CLASSES["UNKNOWN"](match[kind], *match.span(kind))


def _word(match: re.Match[str], group: int) -> Lexeme:
    word = intern(match[group])
    start, end = match.span(group)
    if word in _LITERALS:
        return _Literal(_LITERALS[word], start, end)
    return (_CLASSES["DEF"] if word == "def" else _Word)(word, start, end)


def _string(match: re.Match[str], problems: list[Problem]) -> Lexeme:
    raw, (start, end) = match[_STRING], match.span(_STRING)
    if raw.startswith('"""'):
        unescape(raw[3:-3], start + 3, problems)
        return _String(unescape(unindented(raw[3:-3]), 0, []), start, end)
    return _String(unescape(_unix(raw[1:-1]) if "\n" in raw else raw[1:-1], start + 1, problems), start, end)


def unindented(raw: str) -> str:
    """What a triple-quoted text holds before escapes: no first line break, no common indentation."""
    return dedent(_unix(raw).removeprefix("\n"))


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n")


def _number(match: re.Match[str], group: int, problems: list[Problem]) -> Lexeme:
    digits, (start, end) = match[group], match.span(group)
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
