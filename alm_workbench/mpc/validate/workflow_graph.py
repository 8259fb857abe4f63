"""A workflow as written, read leniently into a graph: what is malformed is left out, not refused."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ..ast import EMPTY, ASTNode, Path


class Edge(NamedTuple):
    """A transition as written."""

    id: str
    path: Path
    sources: tuple[str, ...]
    target: str | None
    event: str
    guard: str | None  # evenly spaced
    roles: tuple[str, ...]
    not_actor: str | None
    requires: tuple[str, ...]
    rule: str
    timeout: Any

    def always_before(self, later: Edge) -> bool:
        """Whether it may be taken whenever a later one may, which therefore never is."""
        return (
            (self.guard is None or self.guard == later.guard)
            and (not self.roles or (bool(later.roles) and set(later.roles) <= set(self.roles)))
            and (self.not_actor is None or self.not_actor == later.not_actor)
            and set(self.requires) <= set(later.requires)
        )


_PIECE = re.compile(r"'[^']*+'?|\"[^\"]*+\"?|\w++|[^\w\s]")


def _evenly(condition: str) -> str:
    """A condition with one space between its words and marks, so that those that say the same are the same."""
    return " ".join(_PIECE.findall(condition))


def _tuple(value: Any) -> tuple[Any, ...]:
    if value is None:
        return ()
    return value if isinstance(value, tuple) else (value,)


def _texts(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    return tuple([item for item in _tuple(value) if isinstance(item, str)])


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else EMPTY


class Flow:
    """States by id with their places, the tree they form, and the transitions between them."""

    def __init__(self, node: ASTNode) -> None:
        self.node = node
        self.states: dict[str, Path] = {}
        self.parents: dict[str, str] = {}
        self.children: dict[str, list[str]] = {}
        self.begins: dict[str, str] = {}
        self.history: dict[str, Any] = {}
        self.parallel: dict[str, None] = {}
        self.named: list[tuple[str, Path]] = []
        self.state_doubles: list[tuple[str, Path]] = []
        self.step_doubles: list[tuple[str, Path]] = []
        self._done: list[str] = []
        self._keys: dict[str, Mapping[str, Any]] = {}
        self._read_states(node.properties)
        self.steps = tuple(self._read_steps(node.properties))
        self._read_rest(node.properties)

    # Reading

    def _read_states(self, properties: Mapping[str, Any]) -> None:
        for number, item in enumerate(_tuple(properties.get("states"))):
            given = item if isinstance(item, Mapping) else None
            id_ = item if given is None else given.get("id", given.get("name"))
            if not isinstance(id_, str):
                continue
            path: Path = ("states", number)
            if given is not None:
                path = ("states", number, "id" if "id" in given else "name")
            if id_ in self.states:
                self.state_doubles.append((id_, path if path[-1] == "id" else path[:2]))
                continue
            self.states[id_] = path
            if given is not None:
                self._read_state(id_, given)
        parents = properties.get("parents")
        if parents is not None or "history_modes" in properties or "parallels" in properties:
            self._read_flat(properties)
        for state, parent in self.parents.items():
            self.children.setdefault(parent, []).append(state)

    def _read_state(self, id_: str, given: Mapping[str, Any]) -> None:
        self._keys[id_] = given
        get = given.get
        if get("category") == "done":
            self._done.append(id_)
        if isinstance(get("parent"), str):
            self.parents[id_] = given["parent"]
        history = get("history", get("history_mode"))
        if history is not None:
            self.history[id_] = history
        if get("parallel", get("is_parallel")) is True:
            self.parallel[id_] = None
        if isinstance(get("initial"), str):
            self.begins[id_] = given["initial"]

    def _read_flat(self, properties: Mapping[str, Any]) -> None:
        for child, parent in _map(properties.get("parents")).items():
            self.named += [(child, ("parents",)), (str(parent), ("parents", child))]
            self.parents.setdefault(child, str(parent))
        for state, history in _map(properties.get("history_modes")).items():
            self.named.append((state, ("history_modes",)))
            self.history.setdefault(state, history)
        parallels = properties.get("parallels")
        marked = [s for s, on in parallels.items() if on] if isinstance(parallels, Mapping) else _texts(parallels)
        self.named += [(state, ("parallels",)) for state in marked]
        self.parallel.update(dict.fromkeys(marked))

    def _read_steps(self, properties: Mapping[str, Any]) -> Iterable[Edge]:
        seen: set[str] = set()
        for number, step in enumerate(_tuple(properties.get("transitions"))):
            if not isinstance(step, Mapping):
                continue
            get = step.get
            path: Path = ("transitions", number)
            own, to = get("id"), get("to")
            if isinstance(own, str):
                if own in seen:
                    self.step_doubles.append((own, (*path, "id")))
                seen.add(own)
            id_ = str(own or get("on") or to)
            event, guard = get("on"), get("guard")
            yield Edge(
                id_,
                path,
                _texts(get("from")),
                to if isinstance(to, str) else None,
                event if isinstance(event, str) else id_,
                None if guard is None else _evenly(str(guard)),
                _texts(get("roles", get("auth_roles", get("authRoles")))),
                get("not_actor"),
                _texts(get("requires")),
                get("rule_type", "fixed"),
                get("timeout", get("timeout_ms")),
            )

    def _read_rest(self, properties: Mapping[str, Any]) -> None:
        initials = _texts(properties.get("initials"))
        for name in initials:
            parent = self.parents.get(name)
            if parent is not None:
                self.begins.setdefault(parent, name)
        self.named += [(name, ("initials",)) for name in initials]
        initial = properties.get("initial")
        if initial is None:
            initial = next((name for name in initials if name not in self.parents), None)
        self.initial: str | None = initial if isinstance(initial, str) else None
        declared = properties.get("finals", properties.get("final_states"))
        self.contract_finals = "final_states" in properties and "finals" not in properties
        self.declared_finals = dict.fromkeys(str(state) for state in _tuple(declared))
        self.finals = self.declared_finals if declared is not None else dict.fromkeys(self._done)

    # Asking

    @property
    def sound(self) -> bool:
        """Whether it has a beginning and its states form a tree, so that ways through it can be followed."""
        return self.initial in self.states and not self.inside_themselves()

    @property
    def dynamic(self) -> bool:
        """Whether some transition may lead anywhere."""
        return any(step.rule == "dynamic" for step in self.steps)

    @property
    def mentioned(self) -> frozenset[str]:
        """States that some transition names."""
        ends = {name for step in self.steps for name in step.sources}
        return frozenset(ends | {step.target for step in self.steps if step.target is not None})

    def place(self, state: str, key: str | None = None) -> Path:
        """Where a state is written, or one of its properties where that is given."""
        path = self.states.get(state, ("states",))
        return (*path[:2], key) if key is not None and key in self._keys.get(state, EMPTY) else path

    def inside_themselves(self) -> list[str]:
        """States whose line of parents leads back to them."""
        found = []
        for state in self.parents:
            line, here = {state}, self.parents[state]
            while here in self.parents and here not in line:
                line.add(here)
                here = self.parents[here]
            if here == state:
                found.append(state)
        return found

    def reached(self) -> frozenset[str]:
        """Every state that can become active."""
        leaving: dict[str, list[str]] = {}
        for step in self.steps:
            if step.target in self.states:
                for source in step.sources:
                    leaving.setdefault(source, []).append(step.target)
        found: set[str] = set()
        todo = [self.initial] if self.initial else []
        entered: set[str] = set()
        while todo:
            target = todo.pop()
            if target in entered:
                continue
            entered.add(target)
            for state in self._entering(target):
                if state not in found:
                    found.add(state)
                    todo += leaving.get(state, ())
        return frozenset(found)

    def _entering(self, target: str) -> list[str]:
        """What becomes active with a target: what it lies in, the other regions there, and its own defaults."""
        if target not in self.parents and target not in self.children:
            return [target]
        found = [target]
        todo = self._defaults(target)
        child, parent = target, self.parents.get(target)
        while parent is not None:
            found.append(parent)
            if parent in self.parallel:
                todo += [region for region in self.children[parent] if region != child]
            child, parent = parent, self.parents.get(parent)
        while todo:
            found.append(todo[-1])
            todo += self._defaults(todo.pop())
        return found

    def _defaults(self, state: str) -> list[str]:
        inside = self.children.get(state)
        if not inside:
            return []
        return list(inside) if state in self.parallel else [self.begins.get(state, inside[0])]

    def leaving(self) -> set[str]:
        """States that some transition leads out of: their own, or one of what they lie in."""
        found = {source for step in self.steps if step.rule != "internal" for source in step.sources}
        if self.parents:
            found |= {state for state in self.states if any(above in found for above in self._above(state))}
        return found

    def _above(self, state: str) -> Iterable[str]:
        parent = self.parents.get(state)
        while parent is not None:
            yield parent
            parent = self.parents.get(parent)

    def ending(self) -> set[str]:
        """States from which a final state can be reached."""
        arriving: dict[str, list[str]] = {}
        for step in self.steps:
            if step.target is not None:
                arriving.setdefault(step.target, []).extend(step.sources)
        found = set(self.finals)
        todo = list(found)
        while todo:
            state = todo.pop()
            # What is inside a state leads where the state leads; a state leads where one inside it does.
            near = (
                [*arriving.get(state, ()), *self.children.get(state, ())]
                if state not in self.finals
                else [*arriving.get(state, ())]
            )
            if state in self.parents:
                near += self._arriving_above(state, arriving)
            for other in near:
                if other not in found:
                    found.add(other)
                    todo.append(other)
        return found

    def _arriving_above(self, state: str, arriving: Mapping[str, list[str]]) -> list[str]:
        return [source for above in self._above(state) for source in arriving.get(above, ())]


def flow_of(node: ASTNode) -> Flow:
    """The graph of a workflow as written."""
    return Flow(node)
