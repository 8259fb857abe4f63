"""Saying in words what a parser expected; terminal names never reach a reader."""

from __future__ import annotations

import re
from typing import Any

from ..words import nearest
from .common import Problem
from .lexical import SKIP, STRING, first_long_text, is_word

WORDS = {
    "COLON": "':'",
    "WORD": "a name",
    "STRING": "text in double quotes",
    "NUMBER": "a number",
    "INT": "a whole number",
    "LITERAL": "true, false or null",
    "LSQB": "'['",
    "LBRACE": "'{'",
    "RSQB": "']'",
    "RBRACE": "'}'",
    "COMMA": "','",
    "DEF": "'def'",
    "SCHEMA": "'@schema'",
    "NAMESPACE": "'@namespace'",
    "NAME": "'@name'",
    "VERSION": "'@version'",
    "$END": "the end of the text",
}
ORDER = tuple(WORDS)
# Sets of terminals that have one name together, larger sets first; PAIR and FLAT are only how a property or value may be read.
TOGETHER = (
    (frozenset({"STRING", "NUMBER", "INT", "WORD", "LITERAL", "LSQB", "LBRACE"}), "a value"),
    (frozenset({"WORD", "STRING", "LITERAL", "DEF"}), "a property, a nested definition"),
    (frozenset({"WORD", "LITERAL", "DEF"}), "a name"),
    (frozenset({"WORD", "STRING", "LITERAL"}), "a property"),
)
VALUE = TOGETHER[0][0]
DIRECTIVES = ("@schema", "@namespace", "@name", "@version")
_THING = re.compile(rf"@?[A-Za-z0-9_.\-]+|{STRING}|.", re.S)


def in_words(names: set[str]) -> str:
    """The expected terminals as a phrase, in a fixed order."""
    names = set(names) - {"PAIR", "FLAT"}
    phrases: list[str] = []
    for together, phrase in TOGETHER:
        if names >= together:
            names -= together
            phrases.append(phrase)
    phrases += [WORDS[name] for name in ORDER if name in names]
    if not phrases:
        return "something else"
    return phrases[0] if len(phrases) == 1 else ", ".join(phrases[:-1]) + " or " + phrases[-1]


def explain(error: Any, text: str) -> Problem:
    """A syntax error of Lark's as a problem with a sentence and a place."""
    names = _accepted(error)
    token = getattr(error, "token", None)
    at = getattr(token, "start", None)
    if at is None:
        end = len(text.rstrip())
        return Problem(
            "E_PARSE_SYNTAX", f"The definition ends too early: expected {in_words(names)}", max(end - 1, 0), end
        )
    match = _THING.match(text, at)
    thing = match[0] if match else text[at]
    shown = thing if len(thing) <= 40 else thing[:37] + "…"
    return Problem(
        "E_PARSE_SYNTAX", f"Unexpected '{shown}': expected {in_words(names)}", at, at + len(thing), _hint(thing, names)
    )


def _accepted(error: Any) -> set[str]:
    # What the parser state really takes; `expected` also lists what only an outer rule could take.
    state = getattr(error, "interactive_parser", None)
    if state is not None:
        return set(state.accepts())
    return set(getattr(error, "expected", None) or getattr(error, "allowed", None) or ())


_CURLY = "\u201c\u201d\u201e\u201f\u00ab\u00bb\u2018\u2019\u201a\u201b\u2039\u203a"


def hint_about(character: str) -> str | None:
    """What to write instead of a character that comes from a word processor or another alphabet."""
    if character in _CURLY:
        return 'quotes are written straight, as " and not as \u201c \u201d'
    if character.isalpha() and not character.isascii():
        return "ids are written with letters a-z and A-Z, digits, '_', '-' and '.'; other letters belong into labels"
    return None


def _hint(thing: str, names: set[str]) -> str | None:
    word = is_word(thing)
    if len(thing) == 1 and (other := hint_about(thing)):
        return other
    if thing == "'":
        return "text is written in double quotes"
    if thing == "def" and names >= VALUE:
        return 'the word def is written in quotes: "def"'
    if word and "COLON" in names:
        return "a property is written as  name: value  or  name { … }"
    if thing == "[" and "COLON" in names:
        return "write ':' between a name and its value"
    if "COMMA" in names and "RSQB" in names:
        return "items of a list are separated by commas"
    return None


def explain_multi_line(text: str, problem: Problem) -> Problem:
    """The problem itself, or the quote before it whose text runs over lines and may swallow what follows."""
    match = first_long_text(text, 0, len(text))
    if match is None or match.start() > problem.end:
        return problem
    end = text.find("\n", match.start())
    lines = match[0].count("\n") + 1
    message = f"The text in quotes that begins here runs over {lines} lines; it may not be closed where it should be"
    related = ((problem.message, problem.start, problem.end),)
    hint = f"what follows does not fit: {problem.message}"
    return Problem("E_PARSE_SYNTAX", message, match.start(), end, hint, related)


def junk(text: str) -> Problem | None:
    """What is wrong with text between definitions, or None if it is only comments."""
    match = SKIP.match(text)
    at = match.end() if match else 0
    if at >= len(text):
        return None
    thing = _THING.match(text, at)
    word = thing[0] if thing else text[at]
    hint = None
    if word in DIRECTIVES:
        message = f"'{word}' must stand before the first definition"
    elif word in ("}", "]"):
        message = f"Unexpected '{word}': nothing is open here"
    else:
        message = f"Unexpected '{word[:40]}': expected 'def' or the end of the text"
        near = nearest(word, ["def"])
        hint = "a definition begins with 'def'" if near or word.startswith("def") else hint_about(word[0])
    return Problem("E_PARSE_SYNTAX", message, at, at + len(word), hint)
