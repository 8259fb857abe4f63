"""Saying in words what a parser expected; terminal names never reach a reader."""

from __future__ import annotations

import re
from typing import Any

from ..words import nearest
from .common import Problem

WORDS = {
    "IDENT": "a name",
    "STRING": "text in double quotes",
    "NUMBER": "a number",
    "INT": "a whole number",
    "TRUE": "true",
    "FALSE": "false",
    "NULL": "null",
    "LSQB": "'['",
    "RSQB": "']'",
    "LBRACE": "'{'",
    "RBRACE": "'}'",
    "COLON": "':'",
    "COMMA": "','",
    "DEF": "'def'",
    "SCHEMA": "'@schema'",
    "NAMESPACE": "'@namespace'",
    "NAME": "'@name'",
    "VERSION": "'@version'",
    "$END": "the end of the text",
}
ORDER = tuple(WORDS)
VALUE = {"STRING", "NUMBER", "TRUE", "FALSE", "NULL", "LSQB", "LBRACE"}
BODY = {"IDENT", "STRING", "DEF", "RBRACE"}
DIRECTIVES = ("@schema", "@namespace", "@name", "@version")
_SKIP = re.compile(r"(?:\s+|//[^\n]*|#[^\n]*|/\*(?:[^*]|\*(?!/))*\*/)*")
_THING = re.compile(r'@?[A-Za-z0-9_.\-]+|"(?:[^"\\\n]|\\[^\n])*"|.', re.S)


def in_words(names: set[str]) -> str:
    """The expected terminals as a phrase, in a fixed order."""
    names = set(names)
    phrases: list[str] = []
    if names >= VALUE:
        names -= VALUE
        phrases.append("a value")
    if names >= BODY:
        names -= BODY - {"RBRACE"}
        phrases.append("a property, a nested definition")
    phrases += [WORDS[name] for name in ORDER if name in names]
    if not phrases:
        return "something else"
    return phrases[0] if len(phrases) == 1 else ", ".join(phrases[:-1]) + " or " + phrases[-1]


def explain(error: Any, text: str) -> Problem:
    """A syntax error of Lark's as a problem with a sentence and a place."""
    names = _accepted(error)
    at = error.pos_in_stream
    ended = getattr(getattr(error, "token", None), "type", None) == "$END"
    if ended or at is None or at < 0 or at >= len(text) or not text[at:].strip():
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


def _hint(thing: str, names: set[str]) -> str | None:
    word = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.\-]*", thing) is not None
    if word and names >= VALUE:
        return f'words are written in quotes: "{thing}"'
    if thing == "'":
        return "text is written in double quotes"
    if word and "COLON" in names:
        return "a property is written as  name: value"
    if thing in ("{", "[") and "COLON" in names:
        return "write ':' between a name and its value"
    if "COMMA" in names and "RSQB" in names:
        return "items of a list are separated by commas"
    return None


def junk(text: str) -> Problem | None:
    """What is wrong with text between definitions, or None if it is only comments."""
    match = _SKIP.match(text)
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
        hint = "a definition begins with 'def'" if near or word.startswith("def") else None
    return Problem("E_PARSE_SYNTAX", message, at, at + len(word), hint)
