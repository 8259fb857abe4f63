"""The DSL in shape: two spaces a level, one property a line, lists and objects on one line where they fit.

A body written on one line stays on it if it fits: short fields and roles read best that way.
"""

from __future__ import annotations

from collections.abc import Iterator

from .tree import Comment, Group, Member, read_tree

_WIDTH = 120
_INDENT = "  "
_CLOSING = {"{": "}", "[": "]"}


def format_dsl(text: str) -> str:
    """A DSL text without syntax errors in shape."""
    return "".join(line + "\n" for line in _lines(read_tree(text), ""))


def _lines(group: Group, pad: str) -> Iterator[str]:
    """The members and comments of a group, each line with its indentation."""
    first = True
    for member in group.members:
        for comment in member.lead:
            yield from _comment(comment, pad, first)
            first = False
        if member.blank and not first:
            yield ""
        first = False
        yield from _member(member, pad, "" if group.style == "body" else ",")
    for comment in group.tail:
        yield from _comment(comment, pad, first)
        first = False


def _comment(comment: Comment, pad: str, first: bool) -> Iterator[str]:
    if comment.blank and not first:
        yield ""
    yield pad + comment.text


def _member(member: Member, pad: str, separator: str) -> Iterator[str]:
    tail = separator + "".join(" " + comment for comment in member.beside)
    flat = _flat(member)
    if flat is not None and (member.group is None or _fits(pad + flat + separator)):
        yield pad + flat + tail
        return
    group = member.group
    if group is None:
        yield pad + member.text + tail
        return
    opening = f"{member.text} {group.opening}".lstrip()
    yield pad + opening + "".join(" " + comment for comment in group.beside)
    yield from _lines(group, pad + _INDENT)
    yield pad + _CLOSING[group.opening] + tail


def _fits(line: str) -> bool:
    return len(line) <= _WIDTH


def _flat(member: Member) -> str | None:
    """A member on one line, or None if something in it needs lines of its own."""
    if member.group is None:
        return member.text
    inside = _flat_group(member.group)
    return None if inside is None else f"{member.text} {inside}".lstrip()


def _flat_group(group: Group) -> str | None:
    if group.beside or group.tail or (group.style == "body" and group.broken):
        return None
    parts: list[str] = []
    for number, member in enumerate(group.members):
        flat = _flat(member)
        if flat is None or "\n" in flat or member.lead or member.beside or (number and member.blank):
            return None
        if group.style == "body" and flat.startswith("def "):
            return None
        parts.append(flat)
    if group.style == "body" and parts:
        return f"{{ {' '.join(parts)} }}"
    return group.opening + ", ".join(parts) + _CLOSING[group.opening]
