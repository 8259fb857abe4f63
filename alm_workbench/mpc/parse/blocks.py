"""Cutting a manifest text into its head and top-level definitions, strings and comments respected.

A cut of an edited text begins from the cut of the text before: what the edit did not touch is not read again.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from .common import ParseLimits, Problem
from .lexical import COMMENT, LINE_COMMENT, NAME_END, ONE_LINE, STRING, TRIPLE_LINE, first_long_text

_DEF = re.compile(rf"(?<![A-Za-z0-9_.\-@])def{NAME_END}")
# A quote that never closes is looked for until the next definition; so many searches are allowed in one text.
_MOST_UNCLOSED = 3


@dataclass(frozen=True, slots=True)
class _Patterns:
    """What the scan looks for: space, definitions elsewhere, and runs up to the next bracket, in recovery also up to a
    line that begins with `def`.

    A text or comment that never closes is looked for a long way. So after too many of them a text must close on its
    line, and after one such comment, behind which no other can close, there are none over lines.
    """

    skip: re.Pattern[str]
    elsewhere: re.Pattern[str]
    run: re.Pattern[str]
    recovery: re.Pattern[str]


@lru_cache(maxsize=4)
def _patterns(long_texts: bool, long_comments: bool) -> _Patterns:
    text = STRING if long_texts else rf"(?:{TRIPLE_LINE}|{ONE_LINE})"
    comment = COMMENT if long_comments else LINE_COMMENT
    slash = "/(?![/*])" if long_comments else "/(?!/)"
    run = rf'(?:[^{{}}\[\]"/#\n]++|\n%s|{text}|{comment}|{slash})*+'
    return _Patterns(
        re.compile(rf"(?:[\s\ufeff]++|{comment})*+"),
        re.compile(
            rf"(?P<skip>{text}|{comment})|(?P<def>{_DEF.pattern})|[A-Za-z0-9_@.\-]++"
            r"|(?P<quote>\"\"\"|\")|(?P<comment>/\*)"
        ),
        re.compile(run % ""),
        re.compile(run % f"(?!def{NAME_END})"),
    )


@dataclass(slots=True)
class Block:
    """A stretch of text, with problems counted from its start, and how much in it never closes; never changed."""

    kind: Literal["head", "def", "junk"]
    start: int
    end: int
    problems: tuple[Problem, ...] = ()
    unclosed: int = 0

    def moved(self, by: int) -> Block:
        """The same block further on."""
        return Block(self.kind, self.start + by, self.end + by, self.problems, self.unclosed)


@dataclass(slots=True)
class Cut:
    """Blocks in order, from where on braces did not close, and whether they are all: what is too much is left out.

    The first `kept_before` blocks are those of the previous cut, the last `kept_after` its last ones, moved.
    """

    text: str
    blocks: list[Block] = field(default_factory=list)
    recovered_at: int | None = None
    kept_before: int = 0
    kept_after: int = 0
    complete: bool = True


def cut(text: str, limits: ParseLimits, previous: Cut | None = None) -> Cut:
    """Blocks of a text; when braces do not close, a `def` at the start of a line begins a new block from there on."""
    return _Cutter(text, limits, previous).run()


def _shared_start(one: str, other: str) -> int:
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _shared_end(one: str, other: str, most: int) -> int:
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if one[len(one) - middle : len(one) - low] == other[len(other) - middle : len(other) - low]:
            low = middle
        else:
            high = middle - 1
    return low


class _Cutter:
    def __init__(self, text: str, limits: ParseLimits, previous: Cut | None) -> None:
        self.text = text
        self.limits = limits
        self.result = Cut(text)
        self.at = 0
        self.unclosed = self.unclosed_before = 0
        self.definitions = 0
        self.long_comments = True
        self.patterns = _patterns(True, True)
        self.previous = previous
        self.problems: list[tuple[str, str, int, int, str]] = []
        # Blocks of the previous cut that may follow again: their ends, from where in this text, and the move.
        self.ends: list[int] = []
        self.same_from = len(text) + 1
        self.move = 0
        if previous is not None and previous.complete:
            self._keep_start(previous)

    def run(self) -> Cut:
        result = self.result
        while (start := self._next_definition()) is not None:
            self.definitions += 1
            if self.definitions > self.limits.max_defs + 1:
                result.complete = False
                break
            state = self.unclosed, self.long_comments, self.patterns
            found = self._definition(start, recover=result.recovered_at is not None)
            if found is None:
                result.recovered_at = start
                self.unclosed, self.long_comments, self.patterns = state
                found = self._definition(start, recover=True) or len(self.text)
            self._block("def", start, found)
            if found >= self.same_from and self._keep_end(found):
                break
        return result

    # ------------------------------------------------------------ what an edit leaves

    def _keep_start(self, previous: Cut) -> None:
        same = _shared_start(previous.text, self.text)
        most = min(len(previous.text), len(self.text)) - same
        tail = _shared_end(previous.text, self.text, most)
        limit = same if previous.recovered_at is None else min(same, previous.recovered_at)
        # Whether something closes may be decided behind its block, so such blocks are cut again.
        limit = next((min(limit, block.start) for block in previous.blocks if block.unclosed), limit)
        ends = [block.end for block in previous.blocks]
        kept = bisect_right(ends, limit)
        while kept and previous.blocks[kept - 1].kind != "def":
            kept -= 1
        if kept:
            self.result.blocks = previous.blocks[:kept]
            self.result.kept_before = kept
            self.at = ends[kept - 1]
        if previous.recovered_at is None and _few(previous.blocks):
            self.ends, self.same_from = ends, len(self.text) - tail
            self.move = len(self.text) - len(previous.text)

    def _keep_end(self, end: int) -> bool:
        assert self.previous is not None
        if self.result.recovered_at is not None:
            return False
        old = end - self.move
        at = bisect_left(self.ends, old)
        if at == len(self.ends) or self.ends[at] != old or self.previous.blocks[at].kind != "def":
            return False
        rest = self.previous.blocks[at + 1 :]
        if not _few([*self.result.blocks, *rest]):
            return False
        self.result.blocks += [block.moved(self.move) for block in rest] if self.move else rest
        self.result.kept_after = len(rest)
        return True

    # ------------------------------------------------------------ scanning

    def _block(self, kind: Literal["head", "def", "junk"], start: int, end: int) -> None:
        found = tuple(Problem(code, text, a - start, b - start, hint) for code, text, a, b, hint in self.problems)
        self.problems = []
        self.result.blocks.append(Block(kind, start, end, found, self.unclosed - self.unclosed_before))
        self.unclosed_before = self.unclosed
        self.at = end

    def _next_definition(self) -> int | None:
        begin = self.at
        gap = self.patterns.skip.match(self.text, begin).end()  # type: ignore[union-attr]
        first = not self.result.blocks
        if _DEF.match(self.text, gap):
            if first:
                self._block("head", 0, gap)
            return gap
        if not first and gap == len(self.text):
            return None
        found = self._search_definition(gap)
        self._block("head" if first else "junk", begin, len(self.text) if found is None else found)
        return found

    def _search_definition(self, at: int) -> int | None:
        while (match := self.patterns.elsewhere.search(self.text, at)) is not None:
            at = match.end()
            if match.lastgroup == "def":
                return match.start()
            if match.lastgroup == "quote":
                at = self._unclosed_text(match.start(), self.at)
            elif match.lastgroup == "comment":
                at = self._unclosed_comment(match.start())
        return None

    def _definition(self, start: int, *, recover: bool) -> int | None:
        """Where the definition that begins at `start` ends; None if it never does and `recover` is not set."""
        text, size = self.text, len(self.text)
        stack: list[str] = []
        opened = {"{": 0, "[": 0}
        too_deep = False
        self.problems = []
        at = start
        while True:
            run = self.patterns.recovery if recover else self.patterns.run
            if (at := run.match(text, at).end()) == size:  # type: ignore[union-attr]
                return size if recover else None
            mark = text[at]
            if mark in opened:
                stack.append(mark)
                opened[mark] += 1
                if len(stack) > self.limits.max_depth and not too_deep:
                    too_deep = True
                    message = f"Nested more than {self.limits.max_depth} levels deep"
                    self.problems.append(("E_PARSE_LIMIT", message, at, at + 1, "move the inner parts out"))
            elif mark in "]}":
                if _close(stack, opened, "{" if mark == "}" else "["):
                    return at + 1
            elif mark == '"':
                at = self._unclosed_text(at, start)
                continue
            elif mark == "/":
                at = self._unclosed_comment(at)
                continue
            elif mark == "\n":
                return at + 1
            at += 1

    def _unclosed_text(self, at: int, begin: int) -> int:
        self.unclosed += 1
        if self.unclosed >= _MOST_UNCLOSED:
            self.patterns = _patterns(False, self.long_comments)
        message = "The text in quotes that begins here is never closed"
        if not any(problem[1] == message for problem in self.problems):
            suspect = first_long_text(self.text, begin, at)
            place = suspect.start() if suspect else at
            hint = "a text ends at '\"'; it cannot hold a line that begins with 'def' or '@'"
            self.problems.append(("E_PARSE_SYNTAX", message, place, self._line_end(place), hint))
        return self._line_end(at)

    def _unclosed_comment(self, at: int) -> int:
        if not self.long_comments:
            return self._line_end(at)
        self.long_comments = False
        self.unclosed += _MOST_UNCLOSED
        self.patterns = _patterns(False, False)
        self.problems.append(("E_PARSE_SYNTAX", "The comment is never closed", at, at + 2, "expected '*/'"))
        return self._line_end(at)

    def _line_end(self, at: int) -> int:
        end = self.text.find("\n", at)
        return len(self.text) if end < 0 else end


def _few(blocks: list[Block]) -> bool:
    """Whether so little never closes that it changed nothing elsewhere."""
    return sum([block.unclosed for block in blocks]) < _MOST_UNCLOSED


def _close(stack: list[str], opened: dict[str, int], pair: str) -> bool:
    """Whether a closing bracket ends the block; one that does not fit is left to the grammar to explain."""
    if opened[pair]:
        while stack[-1] != pair:
            opened[stack.pop()] -= 1
        opened[stack.pop()] -= 1
    return not stack
