"""A DSL text as members with their comments and blank lines, every token as it was written."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ..parse.lexical import COMMENT, SPACE, STRING

_TOKEN = re.compile(
    rf"(?P<gap>{SPACE}*+)(?:(?P<comment>{COMMENT})|{STRING}|[{{}}\[\]:,]|[A-Za-z0-9_@.+\-]++|(?P<end>\Z))"
)
_CLOSING = {"{": "}", "[": "]"}


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of text and how many line breaks stand before it."""

    text: str
    breaks: int
    comment: bool


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment on lines of its own, and whether a blank line stands before it."""

    text: str
    blank: bool


@dataclass(slots=True)
class Group:
    """What stands between two brackets; `style` is body (no commas), object or list; `broken` if over several lines."""

    opening: str
    style: str
    members: list[Member] = field(default_factory=list)
    beside: list[str] = field(default_factory=list)  # comments behind the opening bracket
    tail: list[Comment] = field(default_factory=list)
    broken: bool = False


@dataclass(slots=True)
class Member:
    """A directive, a definition, a property or an item: words, then possibly a group."""

    blank: bool
    lead: list[Comment] = field(default_factory=list)
    text: str = ""
    group: Group | None = None
    beside: list[str] = field(default_factory=list)  # comments behind it on its line


def read_tree(text: str) -> Group:
    """The members of a whole DSL text without syntax errors."""
    return _Reader(text).group("", "body")


def _tokens(text: str) -> list[Token]:
    found = []
    for match in _TOKEN.finditer(text):
        if match["end"] is not None:
            break
        breaks = match["gap"].count("\n")
        comment = match["comment"] is not None
        found.append(Token(match[0][len(match["gap"]) :].rstrip() if comment else match[0].lstrip(), breaks, comment))
    return found


class _Reader:
    def __init__(self, text: str) -> None:
        self.tokens = _tokens(text)
        self.at = 0

    def group(self, opening: str, style: str) -> Group:
        """Members up to the closing bracket, which is consumed."""
        group = Group(opening, style)
        lead: list[Comment] = []
        closing = _CLOSING.get(opening)
        new_line = False
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            group.broken = group.broken or token.breaks > 0
            # A comma is dropped: what stands behind one on a new line stands on a new line.
            new_line = token.breaks > 0 or (new_line and self.tokens[self.at - 1].text == ",")
            self.at += 1
            if token.text == closing:
                break
            if token.comment:
                self.place(token, group, lead, new_line)
            elif token.text != ",":
                self.at -= 1
                group.members.append(self.member(style, lead))
                lead, new_line = [], False
        group.tail = lead
        return group

    def place(self, token: Token, group: Group, lead: list[Comment], new_line: bool) -> None:
        """A comment behind what stands on its line, or else above what follows."""
        same_line = not new_line and not lead
        if same_line and group.members:
            group.members[-1].beside.append(token.text)
        elif same_line and group.opening:
            group.beside.append(token.text)
        else:
            lead.append(Comment(token.text, token.breaks > 1))

    def member(self, style: str, lead: list[Comment]) -> Member:
        """One member; comments between its words move above it."""
        member = Member(self.tokens[self.at].breaks > 1, lead)
        words: list[str] = []
        first = self.word(member)
        if style == "list":
            self.value(first, words, member)
        elif first == "def":
            words = ["def", self.word(member), self.word(member)]
            following = self.word(member)
            if following != "{":
                words.append(following)
                self.word(member)
            member.group = self.group("{", "body")
        elif first.startswith("@"):
            words = [first, self.word(member)]
        else:
            self.property(first, words, member)
        member.text = " ".join(words)
        return member

    def property(self, key: str, words: list[str], member: Member) -> None:
        following = self.word(member)
        if following == "{":
            words.append(key)
            member.group = self.group("{", "body")
        else:
            words.append(key + ":")
            self.value(self.word(member), words, member)

    def value(self, first: str, words: list[str], member: Member) -> None:
        if first in _CLOSING:
            member.group = self.group(first, "object" if first == "{" else "list")
        else:
            words.append(first)

    def word(self, member: Member) -> str:
        """The next token that is no comment."""
        while (token := self.tokens[self.at]).comment:
            member.lead.append(Comment(token.text, False))
            self.at += 1
        self.at += 1
        return token.text
