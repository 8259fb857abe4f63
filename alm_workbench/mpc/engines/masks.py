"""Which fields stay hidden: decided once for a set of roles, an action and a type, then applied to any number of items.

The rules about an item and those about its fields are mostly the same ones. So a plan asks each condition at most once
for an item, whoever needs it, and remembers in a tree what follows from the outcomes so far.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..expr.codegen import Program
from ..expr.scope import Scope
from .common import ItemScope, about

if TYPE_CHECKING:
    from .authorizer import Requester

# A condition, whether its rule speaks when it is undecided, and what the rule answers.
Ask = tuple[Program, bool, bool]
# Rules in their order, and the answer where none of them speaks.
Asked = tuple[tuple[Ask, ...], bool]
_Outcomes = Mapping[Program, bool | None]
_MAX_NODES = 2_000


class _Node:
    """What to ask next once some outcomes are known, and where each answer leads; or what is hidden, with no program."""

    __slots__ = ("failed", "held", "hidden", "known", "program", "undecided")

    def __init__(self, known: _Outcomes, program: Program | None, hidden: frozenset[str] | None) -> None:
        self.known = known
        self.program = program
        self.hidden = hidden
        self.held: _Node | None = None
        self.failed: _Node | None = None
        self.undecided: _Node | None = None


def _answer(asked: Asked, known: _Outcomes) -> bool | Program:
    """What the rules say, or the condition on which that still depends."""
    steps, otherwise = asked
    for program, undecided, answer in steps:
        if program not in known:
            return program
        outcome = known[program]
        if outcome or (outcome is None and undecided):
            return answer
    return otherwise


class MaskPlan:
    """What a set of roles sees of items of a type: fields `always` hidden, and groups of them hidden by some items only."""

    __slots__ = ("_fields", "_item", "_nodes", "_root", "always", "constant", "maybe")

    def __init__(self, item: Asked, fields: tuple[tuple[Asked, frozenset[str]], ...]) -> None:
        self._item = item
        allowed = bool(item[0]) or item[1]
        self.always = frozenset[str]().union(*(names for asked, names in fields if asked == ((), False) and allowed))
        self._fields = tuple(group for group in fields if group[0][0] and allowed)
        self.maybe = tuple(names for _, names in self._fields)
        self.constant = not item[0] and not self.maybe
        self._nodes = 0
        self._root = self._node({})

    def hidden(self, actor: Requester, item: Mapping[str, Any] | None = None) -> frozenset[str] | None:
        """Fields of this item that stay hidden from the actor; None where the whole item does."""
        if self.constant:
            return self._root.hidden
        return self.hidden_in(actor.scope if item is None else about(actor.scope, item))

    def hidden_in(self, scope: Scope) -> frozenset[str] | None:
        """The same for facts that are ready."""
        here = self._root
        while (program := here.program) is not None:
            try:
                after = here.held if program(scope) else here.failed
            except Exception:
                after = here.undecided
            if after is None:
                return self._explored(here, scope)
            here = after
        return here.hidden

    def _explored(self, here: _Node, scope: Scope) -> frozenset[str] | None:
        """The rest of a way that was not gone before."""
        while here.program is not None:
            try:
                outcome: bool | None = bool(here.program(scope))
            except Exception:
                outcome = None
            here = self._after(here, here.program, outcome)
        return here.hidden

    def _after(self, here: _Node, program: Program, outcome: bool | None) -> _Node:
        way = "undecided" if outcome is None else "held" if outcome else "failed"
        found: _Node | None = getattr(here, way)
        if found is None:
            found = self._node({**here.known, program: outcome})
            if self._nodes < _MAX_NODES:
                self._nodes += 1
                setattr(here, way, found)
        return found

    def _node(self, known: _Outcomes) -> _Node:
        seen = _answer(self._item, known)
        if seen is False:
            return _Node(known, None, None)
        if seen is not True:
            return _Node(known, seen, None)
        hidden = self.always
        for asked, names in self._fields:
            visible = _answer(asked, known)
            if visible is False:
                hidden |= names
            elif visible is not True:
                return _Node(known, visible, None)
        return _Node(known, None, hidden)

    def apply(
        self, actor: Requester, fields: Mapping[str, Any], item: Mapping[str, Any] | None = None
    ) -> Mapping[str, Any] | None:
        """The fields that may be seen: the very mapping where nothing is hidden, None where the item is."""
        if self.constant:
            hidden = self._root.hidden
        else:
            scope = actor.scope
            if item is not None:  # as `about` does it; this is done for every item of a list
                base, scope = scope, ItemScope(scope)
                scope.base = base
                scope["self"] = item
            hidden = self.hidden_in(scope)
        if not hidden:
            return fields if hidden is not None else None
        seen = dict(fields)
        for field in hidden:
            seen.pop(field, None)
        return seen
