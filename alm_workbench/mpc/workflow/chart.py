"""A workflow definition compiled into a statechart: states with their places in the tree, steps by state and event.

Order is the order of declaration everywhere, parents before children; nothing depends on hashing. A chart is never
changed after it is built and may be shared by any number of engines and threads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..canonical import stable_hash
from ..errors import MPCError, Span
from ..model import StateDef, TransitionDef, WorkflowDef
from .actions import Action, actions_of


class State:
    """A state in the tree. `index` counts from the top, and everything inside it has an index up to `last`."""

    __slots__ = (
        "activate",
        "children",
        "deactivate",
        "default",
        "definition",
        "enter",
        "final",
        "history",
        "id",
        "index",
        "last",
        "leave",
        "line",
        "parallel",
        "parent",
    )  # fmt: skip

    def __init__(self, definition: StateDef, parent: State | None, final: bool) -> None:
        self.definition = definition
        self.id = definition.id
        self.parent = parent
        self.final = final
        self.parallel = definition.parallel
        self.history = definition.history
        self.children: tuple[State, ...] = ()
        self.default: tuple[State, ...] = ()
        self.index = self.last = 0
        self.line: tuple[State, ...] = (self, *(parent.line if parent else ()))
        place = definition.span
        self.enter = actions_of(definition.on_enter, place)
        self.leave = actions_of(definition.on_leave, place)
        self.activate = actions_of(definition.on_activate, place)
        self.deactivate = actions_of(definition.on_deactivate, place)

    def inside(self, other: State | None) -> bool:
        """Whether it lies strictly inside another state; everything lies inside None, the whole chart."""
        return other is None or other.index < self.index <= other.last

    def __repr__(self) -> str:
        return f"<State {self.id}>"


class Step:
    """A transition from one source: a transition from several states is as many steps."""

    __slots__ = (
        "after", "before", "definition", "dynamic", "event", "guard", "internal", "number", "plain", "roles",
        "source", "target", "timeout_ms",
    )  # fmt: skip

    def __init__(self, number: int, definition: TransitionDef, source: State, target: State | None) -> None:
        self.number = number
        self.definition = definition
        self.source = source
        self.target = target
        self.event = definition.on
        self.guard = definition.guard
        self.roles = frozenset(definition.roles)
        self.dynamic = definition.rule_type == "dynamic"
        self.internal = definition.rule_type == "internal"
        self.timeout_ms = definition.timeout_ms
        self.before: tuple[Action, ...] = actions_of(definition.on_leave, definition.span)
        self.after: tuple[Action, ...] = actions_of(definition.on_enter, definition.span)
        # Nothing but roles and a guard decides on it, so the engine may take its short way.
        self.plain = not (self.dynamic or self.internal or definition.not_actor or definition.requires)

    @property
    def id(self) -> str:
        """The transition's id."""
        return self.definition.id

    def __repr__(self) -> str:
        return f"<Step {self.id}: {self.source.id} -> {self.target.id if self.target else '?'}>"


class Chart:
    """A compiled workflow. `version` is the hash of everything that decides on its behaviour."""

    def __init__(self, definition: WorkflowDef) -> None:
        self.definition = definition
        self.id = definition.id
        self.states = _tree(definition)
        self.roots = tuple(state for state in self.states.values() if state.parent is None)
        self.steps = tuple(self._steps(definition.transitions))
        self.answers = {state.id: self._answers(state) for state in self.states.values()}
        self.ignored = frozenset(definition.ignored)
        self.events = tuple(dict.fromkeys(step.event for step in self.steps))
        self.flat = all(state.parent is None for state in self.states.values())
        self.timed = tuple(step for step in self.steps if step.timeout_ms > 0)
        self.version = stable_hash(_content(definition))

    def state(self, id_: str) -> State:
        """A state by its id; raises MPCError E_WF_UNKNOWN_STATE."""
        found = self.states.get(id_)
        if found is None:
            raise MPCError("E_WF_UNKNOWN_STATE", f"Workflow '{self.id}' has no state '{id_}'")
        return found

    def initial(self) -> State:
        """Where it begins; raises MPCError E_WF_NO_INITIAL or E_WF_INVALID_INITIAL."""
        name = self.definition.initial
        if not name:
            raise MPCError("E_WF_NO_INITIAL", "Workflow definition must declare an initial state")
        if name not in self.states:
            raise MPCError("E_WF_INVALID_INITIAL", f"The initial state '{name}' is no state of '{self.id}'")
        return self.states[name]

    def _steps(self, transitions: Iterable[TransitionDef]) -> Iterable[Step]:
        for number, definition in enumerate(transitions):
            fixed = definition.rule_type != "dynamic"
            target = self._named(definition.to, definition) if fixed else None
            for name in dict.fromkeys(definition.from_):
                step = Step(number, definition, self._named(name, definition), target)
                if step.internal and target is not step.source and not (target and target.inside(step.source)):
                    message = (
                        f"The internal transition '{step.id}' cannot leave '{step.source.id}' for '{definition.to}'"
                    )
                    raise _unsound(message, definition.span)
                yield step

    def _named(self, name: str, definition: TransitionDef) -> State:
        found = self.states.get(name)
        if found is None:
            message = f"Transition '{definition.id}' names the unknown state '{name}'"
            raise MPCError("E_WF_UNKNOWN_STATE", message, span=definition.span)
        return found

    def _answers(self, state: State) -> Mapping[str, tuple[Step, ...]]:
        """For each event the steps that may answer it in a state: its own first, then those of what it lies in."""
        found: dict[str, tuple[Step, ...]] = {}
        for place in state.line:
            for step in self.steps:
                if step.source is place:
                    found[step.event] = (*found.get(step.event, ()), step)
        return found

    def __repr__(self) -> str:
        return f"<Chart {self.id} {self.version[:12]}: {len(self.states)} states, {len(self.steps)} steps>"


def _unsound(message: str, span: Span | None) -> MPCError:
    return MPCError("E_VALID_INVALID_WORKFLOW", message, span=span)


def _tree(definition: WorkflowDef) -> dict[str, State]:
    """The states by id, parents before children, siblings as declared."""
    if not definition.states:
        raise _unsound(f"Workflow '{definition.id}' has no states", definition.span)
    children: dict[str | None, list[StateDef]] = {}
    for declared in definition.states.values():
        if declared.parent is not None and declared.parent not in definition.states:
            message = f"State '{declared.id}' lies in the unknown state '{declared.parent}'"
            raise MPCError("E_WF_UNKNOWN_STATE", message, span=declared.span)
        children.setdefault(declared.parent, []).append(declared)
    found: dict[str, State] = {}
    todo: list[tuple[StateDef, State | None]] = [(declared, None) for declared in reversed(children.get(None, []))]
    while todo:
        declared, parent = todo.pop()
        state = found[declared.id] = State(declared, parent, declared.id in definition.finals)
        state.index = len(found)
        todo.extend((child, state) for child in reversed(children.get(declared.id, [])))
    if len(found) < len(definition.states):
        lost = next(declared for declared in definition.states.values() if declared.id not in found)
        raise MPCError("E_VALID_CYCLE_DETECTED", f"State '{lost.id}' lies inside itself", span=lost.span)
    for state in reversed(found.values()):
        _nest(state, tuple(found[child.id] for child in children.get(state.id, [])))
    return found


def _nest(state: State, children: tuple[State, ...]) -> None:
    state.children = children
    state.last = children[-1].last if children else state.index
    wanted = state.definition.initial
    if wanted is not None and wanted not in {child.id for child in children}:
        message = f"State '{state.id}' begins with '{wanted}', which does not lie in it"
        raise MPCError("E_WF_INVALID_INITIAL", message, span=state.definition.span)
    if state.parallel and not children:
        raise _unsound(f"The parallel state '{state.id}' has no regions", state.definition.span)
    if state.parallel:
        state.default = children
    elif children:
        state.default = (next((child for child in children if child.id == wanted), children[0]),)


def _content(definition: WorkflowDef) -> dict[str, object]:
    from ..codec import encode

    data: dict[str, object] = encode(definition)
    return _without_places(data)


def _without_places(value: object) -> dict[str, object]:
    """The definition without labels, colours and places: they do not decide on anything."""
    shown = ("labels", "span", "guard_span", "color")

    def clean(item: object) -> object:
        if isinstance(item, Mapping):
            return {key: clean(inner) for key, inner in item.items() if key not in shown}
        return [clean(inner) for inner in item] if isinstance(item, list) else item

    cleaned = clean(value)
    assert isinstance(cleaned, dict)
    return cleaned
