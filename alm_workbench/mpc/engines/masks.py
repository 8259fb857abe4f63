"""Which fields stay hidden: decided once for a set of roles, an action and a type, then applied to any number of items."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..expr.scope import Scope
from .common import about

if TYPE_CHECKING:
    from .authorizer import Actor

Run = Callable[[Scope], bool]
NOTHING: frozenset[str] = frozenset()


class MaskPlan:
    """What a set of roles sees of items of a type: `always` hidden, and `maybe` hidden where that depends on the item."""

    __slots__ = ("allowed", "always", "maybe")

    def __init__(self, allowed: bool | Run, always: frozenset[str], maybe: tuple[tuple[str, Run], ...]) -> None:
        self.allowed = allowed
        self.always = always if allowed is not False else NOTHING
        self.maybe = maybe if allowed is not False else ()

    @property
    def constant(self) -> bool:
        """Whether the plan is the same for every item."""
        return isinstance(self.allowed, bool) and not self.maybe

    def hidden(self, actor: Actor, item: Mapping[str, Any] | None = None) -> frozenset[str] | None:
        """Fields of this item that stay hidden from the actor; None where the whole item does."""
        if self.constant:
            return self.always if self.allowed else None
        return self.hidden_in(actor.scope if item is None else about(actor.scope, item))

    def hidden_in(self, scope: Scope) -> frozenset[str] | None:
        """The same for facts that are ready."""
        if not (self.allowed if isinstance(self.allowed, bool) else self.allowed(scope)):
            return None
        found = [field for field, visible in self.maybe if not visible(scope)]
        return self.always.union(found) if found else self.always

    def apply(
        self, actor: Actor, fields: Mapping[str, Any], item: Mapping[str, Any] | None = None
    ) -> Mapping[str, Any] | None:
        """The fields that may be seen: the very mapping where nothing is hidden, None where the item is."""
        hidden = self.hidden(actor, item)
        if not hidden:
            return fields if hidden is not None else None
        seen = dict(fields)
        for field in hidden:
            seen.pop(field, None)
        return seen
