"""What an expression sees: self, actor, event, project, now, and the functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
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


class Scope(dict[str, Any]):
    """An EvalContext made ready: roles closed, the names at hand as items.

    One is made for every decision, so it holds references only; what costs something (the moment as text, the sorted
    roles, the actor with them) is worked out when an expression asks for it.
    """

    __slots__ = ("_ctx", "functions", "roles")

    def __init__(self, ctx: EvalContext, roles: frozenset[str]) -> None:
        self._ctx = ctx
        self.roles = roles
        self.functions = ctx.functions
        self["self"] = ctx.self_
        self["actor"] = ctx.actor
        self["event"] = ctx.event
        self["project"] = ctx.project

    def __missing__(self, name: str) -> Any:
        if name == "now":
            self["now"] = text = iso(self._ctx.now)
            return text
        if name == "actor.roles":
            self["actor.roles"] = names = _in_order(self.roles)
            return names
        raise KeyError(name)

    @property
    def now_text(self) -> str:
        """The moment of the decision as ISO text in UTC."""
        text: str = self["now"]
        return text

    @property
    def changes(self) -> frozenset[str]:
        """Names of the fields the event changes."""
        event = self._ctx.event
        return frozenset((event.get("changes") if isinstance(event, Mapping) else None) or ())

    def lookup(self, path: str) -> Any:
        """The value at a dotted path; nothing where a step is missing. `actor.roles` are the closed roles."""
        if path == "actor":
            return {**self._ctx.actor, "roles": self["actor.roles"]}
        root, _, rest = path.partition(".")
        if root == "actor" and (rest == "roles" or rest.startswith("roles.")):
            return self["actor.roles"] if rest == "roles" else None
        try:
            here = self[root]
        except KeyError:
            return None
        return steps(here, rest) if rest else here


@lru_cache(maxsize=1_024)
def _in_order(roles: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted(roles))


def iso(moment: datetime) -> str:
    """A moment as ISO text in UTC with a Z; one without a zone is taken as UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat().replace("+00:00", "Z")


class PlainScope:
    """A plain mapping as a scope: every key is a name, `roles` and `changes` come from `actor` and `event` if there are any."""

    __slots__ = ("functions", "names", "now_text")

    def __init__(
        self, names: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]] = EMPTY, now_text: str = ""
    ) -> None:
        self.names, self.functions, self.now_text = names, functions, now_text

    @property
    def roles(self) -> frozenset[str]:
        """The actor's roles as given."""
        return frozenset(steps(self.names, "actor.roles") or ())

    @property
    def changes(self) -> frozenset[str]:
        """Names of the fields the event changes."""
        return frozenset(steps(self.names, "event.changes") or ())

    def lookup(self, path: str) -> Any:
        """The value at a dotted path; nothing where a step is missing."""
        return steps(self.names, path) if "." in path else self.names.get(path)


def steps(here: Any, path: str) -> Any:
    """A dotted path followed through nested mappings; nothing if a step is missing."""
    for step in path.split("."):
        here = here.get(step) if isinstance(here, Mapping) else None
        if here is None:
            return None
    return here


def resolve(names: Mapping[str, Any], path: str) -> Any:
    """A path as the contract has it: a key that is the whole path first, then step by step; nothing if missing."""
    return names[path] if path in names else steps(names, path)
