"""What an expression sees: self, actor, event, project, now, and the functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ..ast import EMPTY

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class EvalContext:
    """One decision's facts. `self_` is the item, `actor` has id, roles and attributes, `event` has name, from, to, changes."""

    self_: Mapping[str, Any] = EMPTY
    actor: Mapping[str, Any] = EMPTY
    event: Mapping[str, Any] = EMPTY
    project: Mapping[str, Any] = EMPTY
    now: datetime = _NEVER
    functions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)


class Scope:
    """An EvalContext made ready: roles closed, now as text."""

    __slots__ = ("changes", "functions", "names", "now_text", "roles")

    def __init__(self, ctx: EvalContext, roles: frozenset[str]) -> None:
        now = ctx.now if ctx.now.tzinfo else ctx.now.replace(tzinfo=UTC)
        self.now_text = now.astimezone(UTC).isoformat().replace("+00:00", "Z")
        self.roles = roles
        changes = ctx.event.get("changes") if isinstance(ctx.event, Mapping) else None
        self.changes: frozenset[str] = frozenset(changes or ())
        self.functions = ctx.functions
        actor = dict(ctx.actor)
        actor["roles"] = sorted(roles)
        self.names: dict[str, Any] = {
            "self": ctx.self_,
            "actor": actor,
            "event": ctx.event,
            "project": ctx.project,
            "now": self.now_text,
        }

    def lookup(self, path: str) -> Any:
        """The value at a dotted path; nothing where a step is missing."""
        return resolve(self.names, path)


def resolve(names: Mapping[str, Any], path: str) -> Any:
    """A dotted path in nested mappings: the whole key first, then step by step; nothing if missing."""
    if path in names:
        return names[path]
    here: Any = names
    for step in path.split("."):
        here = here.get(step) if isinstance(here, Mapping) else None
        if here is None:
            return None
    return here
