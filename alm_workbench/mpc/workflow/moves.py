"""Which states a set of steps leaves and enters. The rules follow W3C SCXML where the contract is silent.

A step leaves what is active strictly inside the nearest state that holds both its source and its target (so a
composite is not left by a step to itself from within, or to one of its children); a step from a state to itself
leaves and enters that state; an internal step that ends where it began leaves nothing. States are left children
first, and entered parents first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from .chart import State, Step

Target = tuple[Step, State]


class Move(NamedTuple):
    """States to leave and to enter in order, the states active afterwards, and the memories kept."""

    exits: tuple[State, ...]
    entries: tuple[State, ...]
    active: tuple[State, ...]
    history: Mapping[str, tuple[str, ...]]


def exit_set(step: Step, target: State, active: Iterable[State]) -> frozenset[State]:
    """What a step would leave."""
    if step.internal and target is step.source:
        return frozenset()
    domain = target.parent if target is step.source else _common(step.source, target)
    return frozenset(state for state in active if state.inside(domain))


def _common(source: State, target: State) -> State | None:
    above = set(target.line)
    return next((state for state in source.line if state in above), None)


def without_conflicts(chosen: Sequence[Target], active: Sequence[State]) -> list[Target]:
    """Steps that can be taken together: of two that leave the same state the one from further inside, else the first."""
    if len(chosen) < 2:
        return list(chosen)
    kept: list[tuple[Target, frozenset[State]]] = []
    for candidate in chosen:
        leaves = exit_set(*candidate, active)
        rivals = [pair for pair in kept if pair[1] & leaves]
        if all(candidate[0].source.inside(rival[0].source) for (rival, _) in rivals):
            kept = [pair for pair in kept if pair not in rivals]
            kept.append((candidate, leaves))
    return [target for target, _ in kept]


def plan(chosen: Sequence[Target], active: Sequence[State], history: Mapping[str, tuple[str, ...]]) -> Move:
    """The move that steps without conflicts make together."""
    leaving = frozenset[State]().union(*(exit_set(step, target, active) for step, target in chosen))
    remembered = _remember(leaving, active, history)
    stay = [state for state in active if state not in leaving]
    goals = [target for step, target in chosen if not (step.internal and target is step.source)]
    after = complete(stay, goals, remembered)
    before = set(stay)
    exits = tuple(sorted(leaving, key=_index, reverse=True))
    return Move(exits, tuple(state for state in after if state not in before), after, remembered)


def _index(state: State) -> int:
    return state.index


def _remember(
    leaving: frozenset[State], active: Sequence[State], history: Mapping[str, tuple[str, ...]]
) -> Mapping[str, tuple[str, ...]]:
    kept: dict[str, tuple[str, ...]] | None = None
    for state in active:
        if state.history is not None and state.children and state in leaving:
            deep = state.history == "deep"
            inner = tuple(s.id for s in active if (s.inside(state) if deep else s.parent is state))
            kept = {**(kept if kept is not None else history), state.id: inner}
    return history if kept is None else kept


def complete(
    stay: Iterable[State], goals: Iterable[State], history: Mapping[str, tuple[str, ...]]
) -> tuple[State, ...]:
    """A consistent configuration from the states that stay and those aimed at.

    Every composite gets exactly one active child and every parallel state all of them: what is aimed at, else what
    is remembered, else the default. A memory counts only where the state itself is entered anew.
    """
    before = frozenset(stay)
    present = set(before)
    for goal in goals:
        present.update(goal.line)
    todo = sorted(present, key=_index)
    for state in todo:  # grows while it is walked
        inside = [child for child in state.children if child in present]
        if not state.children or (inside and not state.parallel):
            continue
        added = _resumed(state, history) if not inside and state not in before else []
        if not added:
            added = [child for child in state.default if child not in present]
        present.update(added)
        todo.extend(added)
    return tuple(sorted(present, key=_index))


def _resumed(state: State, history: Mapping[str, tuple[str, ...]]) -> list[State]:
    ids = history.get(state.id, ())
    if not ids:
        return []
    wanted = frozenset(ids)
    return [below for below in _below(state) if below.id in wanted]


def _below(state: State) -> Iterable[State]:
    for child in state.children:
        yield child
        yield from _below(child)


def is_done(state: State, active: frozenset[State]) -> bool:
    """Whether a composite has come to its end: its active child is final, or all regions have ended."""
    if state.parallel:
        return all(is_done(region, active) for region in state.children)
    return any(child in active and child.final for child in state.children)


def endings(move: Move) -> list[State]:
    """Composites that have come to their end by a move, inner ones first."""
    active = frozenset(move.active)
    found: dict[State, None] = {}
    for state in move.entries:
        parent = state.parent
        if state.final and parent is not None and is_done(parent, active):
            found[parent] = None
            above = parent.parent
            while above is not None and above.parallel and is_done(above, active):
                found[above] = None
                above = above.parent
    return list(found)
