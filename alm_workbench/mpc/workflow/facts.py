"""What the guards of a chart see."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..ast import EMPTY
from ..expr.scope import EvalContext, Scope
from ..ports import Actor

Context = EvalContext | Scope | Mapping[str, Any] | None


class Facts(Scope):
    """Plain facts as a scope: every key is a name, beside `actor`, `event` and `now`; anything else is null.

    What is known of the actor is not theirs to say: facts may add to it, and stand for it only where nobody is known.
    """

    __slots__ = ()

    def __missing__(self, name: str) -> Any:
        try:
            return super().__missing__(name)
        except KeyError:
            return None


def scope_for(context: Context, actor: Actor, event: str, now: datetime | None) -> Scope:
    """A scope from whatever the caller knows; one that is ready is used as it is."""
    if isinstance(context, Scope):
        return context
    if isinstance(context, EvalContext):
        return Scope(context, actor.roles)
    return _facts(context or EMPTY, actor, event, now)


def _facts(context: Mapping[str, Any], actor: Actor, event: str, now: datetime | None) -> Facts:
    person = {**actor.attributes, "id": actor.id, "attributes": actor.attributes}
    happening = {"name": event}
    base = EvalContext(EMPTY, person, happening) if now is None else EvalContext(EMPTY, person, happening, now=now)
    found = Facts(base, actor.roles)
    if now is None:
        found["now"] = None
    found.update(context)
    found.pop("actor.roles", None)  # where a scope keeps the closed roles
    if actor.id is not None and "actor" in context:
        told = context["actor"]
        found["actor"] = {**told, **person} if isinstance(told, Mapping) else person
    return found


def plain(context: Context) -> Mapping[str, Any]:
    """The facts as adapters see them: a mapping of names."""
    if context is None:
        return EMPTY
    if isinstance(context, EvalContext):
        return {"self": context.self_, "actor": context.actor, "event": context.event, "project": context.project}
    return context
