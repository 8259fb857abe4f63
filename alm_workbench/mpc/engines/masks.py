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
    """What a set of roles sees of items of a type: fields `always` hidden, and groups of them hidden by some items only."""

    __slots__ = ("allowed", "always", "constant", "maybe")

    def __init__(
        self, allowed: bool | Run, always: frozenset[str], maybe: tuple[tuple[Run, frozenset[str]], ...]
    ) -> None:
        self.allowed = allowed
        self.always = always if allowed is not False else NOTHING
        self.maybe = maybe if allowed is not False else ()
        self.constant = isinstance(allowed, bool) and not self.maybe

    def hidden(self, actor: Actor, item: Mapping[str, Any] | None = None) -> frozenset[str] | None:
        """Fields of this item that stay hidden from the actor; None where the whole item does."""
        if self.constant:
            return self.always if self.allowed else None
        return self.hidden_in(actor.scope if item is None else about(actor.scope, item))

    def hidden_in(self, scope: Scope) -> frozenset[str] | None:
        """The same for facts that are ready."""
        allowed = self.allowed
        if not (allowed if isinstance(allowed, bool) else allowed(scope)):
            return None
        found = self.always
        for visible, fields in self.maybe:
            if not visible(scope):
                found = found | fields if found else fields
        return found

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
