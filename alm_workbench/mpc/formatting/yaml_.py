"""YAML in shape. Only the white space at both ends of lines and blank lines change, so no comment can be lost.

The scanner says which lines begin a key, an item or a value and how deep they are. Lines inside a text or a flow
collection move with the line it begins on, comments with the level they stand at.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import Any, Literal

from ..parse.common import LIMITS
from ..parse.yaml_ import read_yaml

_STEP = 2
# Line breaks of YAML 1.1 that editors do not show as such: lines could not be told apart.
_ODD_BREAKS = ("\x85", "\u2028", "\u2029")

Line = tuple[str, bool]


def format_yaml(text: str) -> str:
    """A YAML text without syntax errors in shape; where indentation carries meaning of its own it is left alone."""
    text = text.replace("\r", "\n")  # one break is as good as the other, to YAML too
    if any(mark in text for mark in _ODD_BREAKS):
        return text if text.endswith("\n") else text + "\n"
    layout = _Layout(text)
    if layout.movable:
        shaped = _joined(layout.lines())
        if _same_values(shaped, text):
            return shaped
    return _joined(layout.unmoved())


def _same_values(one: str, other: str) -> bool:
    (first, problems), (second, _) = read_yaml(one, LIMITS), read_yaml(other, LIMITS)
    return not problems and first is not None and second is not None and first.value == second.value


def _joined(lines: list[Line]) -> str:
    """The lines with at most one blank in a row, none at either end."""
    out: list[str] = []
    blank = False
    for line, droppable in lines:
        if droppable:
            blank = bool(out)
            continue
        if blank:
            out.append("")
            blank = False
        out.append(line)
    return "".join(line + "\n" for line in out)


def _width(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))


@dataclass(slots=True)
class _Level:
    """An open block collection: its column as written and as it will be."""

    column: int
    target: int


@dataclass(slots=True)
class _Inside:
    """A line within a value: of a block text (its column now and later), or of one that moves with another line."""

    kind: Literal["block", "text", "flow"]
    begin: int
    width: int = 0
    target: int = 0


class _Layout:
    def __init__(self, text: str) -> None:
        self.text = text
        self.source = text.split("\n")
        self.movable = True
        self.columns: dict[int, int] = {}
        self.levels: dict[int, list[tuple[int, int]]] = {}
        self.inside: dict[int, _Inside] = {}
        self.stack: list[_Level] = []
        self.flow: list[Any] = []
        self._scan()

    # ------------------------------------------------------------ what stands where

    def _scan(self) -> None:
        import yaml

        steps = {
            yaml.BlockMappingStartToken: self._on_open,
            yaml.BlockSequenceStartToken: self._on_open,
            yaml.BlockEndToken: lambda _: self.stack.pop(),
            yaml.BlockEntryToken: self._on_member,
            yaml.KeyToken: self._on_key,
            yaml.DocumentStartToken: self._on_mark,
            yaml.DocumentEndToken: self._on_mark,
            yaml.DirectiveToken: self._on_mark,
            yaml.ScalarToken: self._on_scalar,
            yaml.AnchorToken: self._on_value,
            yaml.AliasToken: self._on_value,
            yaml.FlowSequenceStartToken: self._on_flow,
            yaml.FlowMappingStartToken: self._on_flow,
            yaml.FlowSequenceEndToken: self._on_flow_end,
            yaml.FlowMappingEndToken: self._on_flow_end,
        }
        for token in yaml.scan(self.text, Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader)):
            step = steps.get(type(token))
            if step is not None:
                step(token)

    def _on_open(self, token: Any) -> None:
        mark = token.start_mark
        if self._begins_line(mark):
            target = self.stack[-1].target + _STEP if self.stack else 0
        else:
            # Behind a dash: as far from it as written.
            target = mark.column + self._shift(mark.line)
        self.stack.append(_Level(mark.column, target))
        if mark.line in self.columns:
            self.levels[mark.line] = self._open_levels()

    def _on_member(self, token: Any) -> None:
        if not self.flow and self.stack:
            self._line(token.start_mark, self.stack[-1].target)

    def _on_key(self, token: Any) -> None:
        if self.text[token.start_mark.index : token.start_mark.index + 1] == "?":
            self.movable = False
        self._on_member(token)

    def _on_mark(self, token: Any) -> None:
        self._line(token.start_mark, 0)

    def _on_value(self, token: Any) -> None:
        # A value on a line of its own, below its key.
        if not self.flow:
            self._line(token.start_mark, self.stack[-1].target + _STEP if self.stack else 0)

    def _on_flow(self, token: Any) -> None:
        self._on_value(token)
        self.flow.append(token.start_mark)

    def _on_flow_end(self, token: Any) -> None:
        start = self.flow.pop()
        for line in range(start.line + 1, token.end_mark.line + 1):
            self.inside.setdefault(line, _Inside("flow", start.line))

    def _on_scalar(self, token: Any) -> None:
        self._on_value(token)
        start, end = token.start_mark, token.end_mark
        if token.style in ("|", ">"):
            self._block_text(start.line, end.line + 1 if end.column else end.line, self.text[start.index :])
        else:
            for line in range(start.line + 1, end.line + 1):
                self.inside[line] = _Inside("text", start.line)

    def _block_text(self, begin: int, end: int, rest: str) -> None:
        header = rest.split("\n", 1)[0].split(" #")[0]
        if any(letter.isdigit() for letter in header):
            self.movable = False
        lines = range(begin + 1, end)
        width = next((_width(self.source[line]) for line in lines if self.source[line].strip()), 0)
        target = self.stack[-1].target + _STEP if self.stack else 0
        for line in lines:
            # Comments that follow with less indentation are not part of the text.
            if self.source[line].strip() and _width(self.source[line]) < width:
                break
            self.inside[line] = _Inside("block", begin, width, target)

    def _line(self, mark: Any, target: int) -> None:
        if self._begins_line(mark) and mark.line not in self.inside and mark.line not in self.columns:
            self.columns[mark.line] = target
            self.levels[mark.line] = self._open_levels()

    def _open_levels(self) -> list[tuple[int, int]]:
        return [(level.column, level.target) for level in self.stack]

    def _begins_line(self, mark: Any) -> bool:
        return not self.source[mark.line][: mark.column].strip()

    def _shift(self, line: int) -> int:
        while line not in self.columns and line in self.inside:
            line = self.inside[line].begin
        return self.columns[line] - _width(self.source[line]) if line in self.columns else 0

    # ------------------------------------------------------------ writing

    def unmoved(self) -> list[Line]:
        """The lines with the indentation they have, and whether each is a blank that may go."""
        return [
            (line, False) if number in self.inside else (line.rstrip(), not line.strip())
            for number, line in enumerate(self.source)
        ]

    def lines(self) -> list[Line]:
        """The lines with new indentation, and whether each is a blank that may go."""
        structural = sorted(self.columns)
        out: list[Line] = []
        for number, line in enumerate(self.source):
            if number in self.inside:
                out.append(self._continued(self.inside[number], line))
            elif not line.strip():
                out.append(("", True))
            else:
                column = self.columns.get(number)
                if column is None:
                    column = self._comment_column(number, line, structural)
                text = line.strip() if number + 1 not in self.inside else line.lstrip()
                out.append((" " * column + text, False))
        return out

    def _continued(self, inside: _Inside, line: str) -> Line:
        if inside.kind == "block":
            whole = bool(line.strip()) or len(line) > inside.width > 0
            return (" " * inside.target + line[inside.width :] if whole else "", False)
        if not line.strip():
            return "", inside.kind == "flow"
        moved = max(_width(line) + self._shift(inside.begin), 1)
        return " " * moved + (line.lstrip() if inside.kind == "text" else line.strip()), False

    def _comment_column(self, number: int, line: str, structural: list[int]) -> int:
        """A comment belongs to what follows, unless that is less deep and the comment stands at a level that ends."""
        at = bisect_right(structural, number)
        levels = self.levels[structural[at - 1]] if at else []
        least = 0
        if at < len(structural):
            following = structural[at]
            least = self.columns[following]
            if _width(line) <= _width(self.source[following]) or not levels or least >= levels[-1][1]:
                return least
        return max([least, *(target for column, target in levels if column <= _width(line))])
