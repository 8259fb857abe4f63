"""Running the LALR tables that Lark builds from the grammar, with nothing done for each token but what is needed.

Lark's own driver keeps what error recovery and interactive parsing need, and looks its tables up by names that compare
slowly. This loop only says whether the tokens are a sentence and what became of it; where they are not one, the
caller lets Lark parse them again and explain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain
from sys import intern
from typing import Any

from .lexer import Lexeme, Pair

Shift = int
# What a rule's parts become (None: a rule of one part that stands for it), how many parts, and the rule's name.
Reduce = tuple[Callable[[list[Any]], Any] | None, int, str]


class _EndOfText(Lexeme):
    __slots__ = ()
    type = "$END"


_END = _EndOfText("", 0, 0)


class Driver:
    """The tables of one Lark object."""

    def __init__(self, lark: Any) -> None:
        parser = lark.parser.parser.parser
        table = parser.parse_table
        numbers = {state: number for number, state in enumerate(table.states)}
        self._starts = {name: numbers[state] for name, state in table.start_states.items()}
        self._ends = {name: numbers[state] for name, state in table.end_states.items()}
        self._rows: list[dict[str, Any]] = [
            {intern(str(name)): _action(entry, numbers, parser.callbacks) for name, entry in row.items()}
            for row in table.states.values()
        ]

    def parse(self, tokens: Iterable[Lexeme | Pair], start: str) -> Any:
        """What the tokens become under the rule `start`; raises KeyError where one does not fit."""
        rows, end = self._rows, self._ends[start]
        states: list[int] = [self._starts[start]]
        values: list[Any] = []
        for token in chain(tokens, (_END,)):
            name = token.type
            while type(action := rows[states[-1]][name]) is not int:
                callback, size, origin = action
                if callback is None:
                    states[-1] = rows[states[-2]][origin]
                    continue
                if size:
                    parts = values[-size:]
                    del states[-size:], values[-size:]
                else:
                    parts = []
                values.append(callback(parts))
                states.append(rows[states[-1]][origin])
                if token is _END and states[-1] == end:
                    return values[-1]
            states.append(action)
            values.append(token)
        raise KeyError(_END.type)


def _action(entry: tuple[Any, Any], numbers: dict[Any, int], callbacks: Any) -> Shift | Reduce:
    from lark.parsers.lalr_analysis import Shift as LarkShift

    kind, target = entry
    if kind is LarkShift:
        return numbers[target]
    size = len(target.expansion)
    alone = target.options.expand1 and size == 1 and target.alias is None
    return None if alone else callbacks[target], size, intern(str(target.origin.name))
