"""Workflows with their states and transitions, from our vocabulary and from the contract's.

The contract writes a chart flat: `states` as names, with `parents`, `parallels`, `history_modes`, `initials` and
`on_enter`/`on_leave`/`on_activate`/`on_deactivate` as maps beside them. Ours writes all that at the state. Both end in
the same `WorkflowDef`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from ..ast import EMPTY, ASTNode, FrozenDict, freeze
from ..errors import MPCError, Span
from ..model import Choice, StateDef, TransitionDef, WorkflowDef
from .context import Context, Props, as_tuple, labels_of
from .timespan import milliseconds

RULE_TYPES = ("fixed", "dynamic", "internal")
HISTORY = ("shallow", "deep")
_MAPS = ("on_enter", "on_leave", "on_activate", "on_deactivate")


class Reader(Protocol):
    """Where the words of a definition come from: places, expressions and choices."""

    def span(self, *path: str | int) -> Span | None:
        """Where a property stands."""

    def expr(self, text: str) -> str:
        """Keep an expression; raises MPCError where it is none."""

    def choices(self, value: Any) -> tuple[Choice, ...]:
        """Choices from a list."""


class _FromNode:
    def __init__(self, context: Context, node: ASTNode) -> None:
        self._context = context
        self._node = node

    def span(self, *path: str | int) -> Span | None:
        return self._context.span(self._node, *path)

    def expr(self, text: str) -> str:
        self._context.expr(text)
        return text

    def choices(self, value: Any) -> tuple[Choice, ...]:
        return self._context.choices(value)


class _FromData:
    def span(self, *path: str | int) -> Span | None:
        return None

    def expr(self, text: str) -> str:
        return text

    def choices(self, value: Any) -> tuple[Choice, ...]:
        return ()


def workflow(c: Context, node: ASTNode, props: Props) -> WorkflowDef:
    """A workflow with its states and transitions."""
    return _define(node.id, props.get, _FromNode(c, node), c.labels(node), node.span())


def workflow_from(data: Mapping[str, Any], id_: str = "workflow") -> WorkflowDef:
    """A workflow from plain data in either vocabulary; guards are kept as written. Raises MPCError on nonsense."""
    if not isinstance(data, Mapping):
        raise MPCError("E_VALID_INVALID_WORKFLOW", "A workflow must be an object")
    known = freeze(data)
    return _define(id_, known.get, _FromData(), labels_of(None, data.get("labels"), id_), None)


def _define(id_: str, get: Callable[..., Any], reader: Reader, labels: FrozenDict, span: Span | None) -> WorkflowDef:
    flat = _Flat(get, span)
    items = as_tuple(get("states"))
    states = {s.id: s for s in (_state(reader, flat, number, item) for number, item in enumerate(items))}
    flat.only_known(states)
    initial = get("initial") or flat.root_initial(states) or ""
    steps = as_tuple(get("transitions"))
    transitions = tuple(_transition(reader, number, step) for number, step in enumerate(steps))
    finals = _finals(get, states)
    ignored = as_tuple(_first(get, "ignored", "ignored_triggers", "ignore"))
    return WorkflowDef(id_, labels, initial, FrozenDict(states), transitions, finals, span, ignored)


def _finals(get: Callable[..., Any], states: Mapping[str, StateDef]) -> tuple[str, ...]:
    declared = _first(get, "finals", "final_states")
    if declared is not None:
        return tuple(str(state) for state in as_tuple(declared) if str(state) in states)
    return tuple(state.id for state in states.values() if state.category == "done")


def _first(get: Callable[..., Any], *names: str) -> Any:
    """The value of the first of several names that is given."""
    return next((value for name in names if (value := get(name)) is not None), None)


class _Flat:
    """What the contract's flat form says of states beside their list."""

    def __init__(self, get: Callable[..., Any], span: Span | None) -> None:
        self._place = span
        self._parents = self._map(get("parents"), "parents")
        self._history = self._map(get("history_modes"), "history_modes")
        self._actions = {name: self._map(get(name), name) for name in _MAPS}
        parallels = get("parallels")
        if isinstance(parallels, Mapping):
            self._parallels = tuple(state for state, on in parallels.items() if on)
        else:
            self._parallels = as_tuple(parallels)
        self._initials = as_tuple(get("initials"))

    def _map(self, value: Any, name: str) -> Mapping[str, Any]:
        if value is not None and not isinstance(value, Mapping):
            raise _invalid(f"'{name}' must map states to values", self._place)
        return value or EMPTY

    def of(self, state: str) -> dict[str, Any]:
        """The properties of one state."""
        found = {name: values[state] for name, values in self._actions.items() if state in values}
        if state in self._parents:
            found["parent"] = self._parents[state]
        if state in self._history:
            found["history"] = self._history[state]
        if state in self._parallels:
            found["parallel"] = True
        children = [name for name in self._initials if self._parents.get(name) == state]
        return {**found, "initial": children[0]} if children else found

    def root_initial(self, states: Mapping[str, StateDef]) -> str | None:
        """The first of the default states that lies in no other."""
        return next((name for name in self._initials if name in states and states[name].parent is None), None)

    def only_known(self, states: Mapping[str, StateDef]) -> None:
        """Refuse settings of states that do not exist."""
        named = [*self._parents, *self._history, *self._parallels, *self._initials]
        for name in [*named, *(state for values in self._actions.values() for state in values)]:
            if name not in states:
                raise MPCError("E_WF_UNKNOWN_STATE", f"There is no state '{name}'", span=self._place)


def _invalid(message: str, span: Span | None) -> MPCError:
    return MPCError("E_VALID_INVALID_WORKFLOW", message, span=span)


def _state(reader: Reader, flat: _Flat, number: int, value: Any) -> StateDef:
    span = reader.span("states", number)
    given: Mapping[str, Any] = value if isinstance(value, Mapping) else FrozenDict({"id": value})
    id_ = given.get("id") or given.get("name")
    if not isinstance(id_, str):
        raise _invalid(f"State {number + 1} has no id", span)
    get = {**flat.of(id_), **given}.get
    history = _first(get, "history", "history_mode")
    if history is not None and history not in HISTORY:
        raise _invalid(f"History of state '{id_}' must be shallow or deep, not {history!r}", span)
    return StateDef(
        id_,
        labels_of(None, get("labels"), id_),
        get("category", "todo"),
        get("wip_limit"),
        get("color"),
        get("parent"),
        history,
        as_tuple(get("on_enter")),
        as_tuple(get("on_leave")),
        span,
        bool(_first(get, "parallel", "is_parallel")),
        get("initial"),
        as_tuple(get("on_activate")),
        as_tuple(get("on_deactivate")),
    )


def _transition(reader: Reader, number: int, step: Any) -> TransitionDef:
    span = reader.span("transitions", number)
    if not isinstance(step, Mapping):
        raise _invalid(f"Transition {number + 1} must be an object", span)
    get: Callable[..., Any] = step.get
    rule_type = get("rule_type") or get("ruleType") or "fixed"
    if rule_type not in RULE_TYPES:
        raise _invalid(f"Transition {number + 1} has the unknown rule type {rule_type!r}", span)
    sources = as_tuple(get("from"))
    to = get("to") or (sources[0] if rule_type == "internal" and sources else None)
    id_ = get("id") or get("on") or to
    if not sources or not isinstance(to, str) or not isinstance(id_, str):
        raise _invalid(f"Transition {number + 1} must say from which state it leads to which", span)
    timeout = _first(get, "timeout_ms", "timeout")
    return TransitionDef(
        id_,
        sources,
        reader.expr(to) if rule_type == "dynamic" else to,
        get("on") or id_,
        labels_of(None, get("labels"), id_),
        _guard(reader, get("guard"), number),
        _roles(_first(get, "roles", "auth_roles", "authRoles"), number, span),
        get("not_actor"),
        as_tuple(get("requires")),
        reader.choices(get("reason")),
        as_tuple(_first(get, "on_enter", "onEnter")),
        timeout,
        span,
        reader.span("transitions", number, "guard") if "guard" in step else None,
        as_tuple(_first(get, "on_leave", "onLeave")),
        rule_type,
        milliseconds(timeout, span),
    )


def _roles(value: Any, number: int, span: Span | None) -> tuple[str, ...]:
    """One role or a list of them: a text is a role, not a list of letters."""
    roles = as_tuple(value)
    if not all(isinstance(role, str) and role for role in roles):
        raise _invalid(f"The roles of transition {number + 1} must be names", span)
    return roles


def _guard(reader: Reader, value: Any, number: int) -> str | None:
    """A guard as text; one that is written as a tree or as a plain truth value must not be lost."""
    if value is None:
        return None
    if isinstance(value, bool):
        value = "true" if value else "false"
    elif isinstance(value, Mapping):
        from ..expr.ir import from_json, show

        value = show(from_json(value))
    if not isinstance(value, str):
        raise _invalid(f"The guard of transition {number + 1} is no expression", reader.span("transitions", number))
    return reader.expr(value)
