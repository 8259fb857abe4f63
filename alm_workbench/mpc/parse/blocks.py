"""Cutting a manifest text into its head and top-level definitions, strings and comments respected."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .common import ParseLimits, Problem

_TOKEN = re.compile(
    r"""
    (?P<string>"(?:[^"\\\n]|\\[^\n])*(?P<closed>")?)
  | (?P<comment>//[^\n]*|\#[^\n]*|/\*(?:[^*]|\*(?!/))*(?P<ended>\*/)?)
  | (?P<open>[{\[])
  | (?P<close>[}\]])
  | (?P<def>(?<![A-Za-z0-9_.\-@])def(?![A-Za-z0-9_.\-]))
  | (?P<word>[A-Za-z0-9_@.\-]+)
    """,
    re.X,
)


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of text: the head, one definition, or something that belongs to neither."""

    kind: str  # "head", "def" or "junk"
    start: int
    end: int


def split(text: str, limits: ParseLimits) -> tuple[list[Block], list[Problem]]:
    """Blocks in order; when braces do not close, a `def` at the start of a line begins a new block."""
    blocks, problems, unclosed = _scan(text, limits, recover=False)
    if unclosed:
        blocks, problems, _ = _scan(text, limits, recover=True)
    return blocks, problems


class _Scan:
    def __init__(self, limits: ParseLimits) -> None:
        self.limits = limits
        self.blocks: list[Block] = []
        self.problems: list[Problem] = []
        self.start: int | None = None
        self.stack: list[tuple[str, int]] = []
        self.outside = 0
        self.too_deep = False

    def open_block(self, at: int) -> None:
        self._outside(at)
        self.start = at

    def close_block(self, at: int) -> None:
        if self.start is not None:
            self.blocks.append(Block("def", self.start, at))
        self.start, self.stack, self.outside, self.too_deep = None, [], at, False

    def _outside(self, at: int) -> None:
        kind = "head" if not self.blocks else "junk"
        if at > self.outside or kind == "head":
            self.blocks.append(Block(kind, self.outside, at))


def _scan(text: str, limits: ParseLimits, *, recover: bool) -> tuple[list[Block], list[Problem], bool]:
    scan = _Scan(limits)
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup
        if kind in ("string", "closed"):
            if match["closed"] is None:
                message = "The text in quotes does not end on this line"
                scan.problems.append(Problem("E_PARSE_SYNTAX", message, match.start(), match.end(), "expected '\"'"))
        elif kind in ("comment", "ended"):
            if match["comment"].startswith("/*") and match["ended"] is None:
                message = "The comment is never closed"
                scan.problems.append(
                    Problem("E_PARSE_SYNTAX", message, match.start(), match.start() + 2, "expected '*/'")
                )
        elif kind == "def":
            _on_def(scan, text, match.start(), recover)
        elif kind == "open" and scan.start is not None:
            _on_open(scan, match)
        elif kind == "close" and scan.start is not None:
            _on_close(scan, match)
    unclosed = scan.start is not None
    if scan.start is not None:
        scan.close_block(len(text))
    else:
        scan._outside(len(text))
    return scan.blocks, scan.problems, unclosed


def _on_def(scan: _Scan, text: str, at: int, recover: bool) -> None:
    if scan.start is None:
        scan.open_block(at)
    elif recover and (at == 0 or text[at - 1] == "\n"):
        scan.close_block(at)
        scan.open_block(at)


def _on_open(scan: _Scan, match: re.Match[str]) -> None:
    scan.stack.append((match[0], match.start()))
    if len(scan.stack) > scan.limits.max_depth and not scan.too_deep:
        scan.too_deep = True
        message = f"Nested more than {scan.limits.max_depth} levels deep"
        scan.problems.append(Problem("E_PARSE_LIMIT", message, match.start(), match.end()))


def _on_close(scan: _Scan, match: re.Match[str]) -> None:
    # A bracket that does not fit is left to the grammar, which says what was expected there.
    pair = {"}": "{", "]": "["}[match[0]]
    while scan.stack and scan.stack[-1][0] != pair and any(opened == pair for opened, _ in scan.stack):
        scan.stack.pop()
    if scan.stack and scan.stack[-1][0] == pair:
        scan.stack.pop()
        if not scan.stack:
            scan.close_block(match.end())
    elif not scan.stack:
        scan.close_block(match.end())
