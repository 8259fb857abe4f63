"""What happens on the way: names that an adapter carries out, and intents of the contract's taxonomy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ..ast import freeze
from ..codes import INTENT_KINDS
from ..errors import MPCError, Span


class Action(NamedTuple):
    """One action: either a name for the ActionPort, or an intent that is handed back with the result."""

    name: str
    intent: Mapping[str, Any] | None = None


def actions_of(values: Iterable[Any], span: Span | None = None) -> tuple[Action, ...]:
    """Actions as written; raises MPCError E_WF_INVALID_ACTION for anything but names and registered intents."""
    return tuple(_action(value, span) for value in values)


def _action(value: Any, span: Span | None) -> Action:
    if isinstance(value, str) and value:
        return Action(value)
    if isinstance(value, Mapping):
        kind = value.get("kind")
        if isinstance(kind, str) and kind in INTENT_KINDS:
            return Action(kind, freeze(value))
        raise MPCError("E_WF_INVALID_ACTION", f"There is no intent kind {kind!r}", span=span)
    raise MPCError("E_WF_INVALID_ACTION", f"An action is a name or an intent, not {value!r}", span=span)
