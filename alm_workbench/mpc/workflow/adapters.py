"""Ports answered by the core itself: guards are expressions, the authority is the manifest's access rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..ast import EMPTY
from ..engines.acl import allows
from ..expr.scope import EvalContext
from ..model import CompiledManifest
from ..ports import NOBODY, Actor
from .checks import Guards, TextGuards, holds
from .facts import scope_for

ACTION = "transition"


class ExpressionGuard:
    """A GuardPort for guards written as expressions; the keys of the context are the names they see.

    What is no expression, cannot be decided or is anything but true does not hold.
    """

    def __init__(self, guards: Guards | None = None) -> None:
        self._guards = guards or TextGuards()

    def check(self, transition: str, guard: str, context: Mapping[str, Any]) -> bool:
        """Whether the expression is true of these facts; never raises."""
        try:
            return holds(guard, scope_for(context, NOBODY, transition, None), self._guards)
        except Exception:
            return False


class AclAuthority:
    """An AuthPort over the access rules of a manifest: may this actor do `transition` on items of a type.

    `actors` finds an actor by id and returns None for a stranger; `item` is what the rules see as `self`. A transition
    that the type's workflow does not have is refused to everybody.
    """

    def __init__(
        self,
        compiled: CompiledManifest,
        type_id: str,
        actors: Callable[[str], Actor | None],
        item: Mapping[str, Any] = EMPTY,
    ) -> None:
        self._compiled = compiled
        self._type = type_id
        self._actors = actors
        self._item = item
        workflow = compiled.workflow_of(type_id)
        self._steps = frozenset(step.on or step.id for step in workflow.transitions) if workflow else frozenset()

    def authorize(self, actor_id: str | None, transition: str) -> bool:
        """Whether the rules allow it; nobody and strangers may nothing."""
        actor = self._actors(actor_id) if actor_id else None
        if actor is None or transition not in self._steps:
            return False
        person = {"id": actor.id, "roles": sorted(actor.roles), "attributes": actor.attributes}
        facts = EvalContext(self._item, person, {"name": ACTION, "transition": transition})
        return allows(self._compiled, ACTION, self._type, facts)
