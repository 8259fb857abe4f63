"""What a drawing of a workflow shows, before anything is placed: states with their marks, one arrow for each way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..model import StateDef, TransitionDef, WorkflowDef

CATEGORIES = ("todo", "in_progress", "done")
CONDITIONAL = "◇"
"""Stands before the label of a transition that has conditions, as in the workbench's own graph."""


@dataclass(frozen=True, slots=True)
class StateMark:
    """A state as it is shown."""

    id: str
    label: str
    category: str
    parent: str | None
    initial: bool
    final: bool
    parallel: bool
    composite: bool
    history: str | None


@dataclass(frozen=True, slots=True)
class Arrow:
    """Everything that leads from one state to another, a line for each transition."""

    source: str
    target: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """A workflow as it is shown; states come parents first, siblings as declared."""

    title: str
    states: tuple[StateMark, ...]
    arrows: tuple[Arrow, ...]

    def children(self, parent: str | None) -> tuple[StateMark, ...]:
        """The states that lie directly in one, or at the top."""
        return tuple(state for state in self.states if state.parent == parent)

    def home(self, arrow: Arrow) -> str | None:
        """The innermost state that both ends of an arrow lie in."""
        above = self._above(arrow.target)
        return next((place for place in self._above(arrow.source) if place in above), None)

    def backward(self) -> frozenset[Arrow]:
        """Arrows that close a circle, on a walk from the beginning in the order of declaration.

        Placed the other way round they let the drawing flow in one direction.
        """
        order = {state.id: number for number, state in enumerate(self.states)}
        leaving: dict[str, list[Arrow]] = {state.id: [] for state in self.states}
        for arrow in sorted(self.arrows, key=lambda arrow: order[arrow.target]):
            leaving[arrow.source].append(arrow)
        back: set[Arrow] = set()
        seen: set[str] = set()
        for start in sorted(self.states, key=lambda state: (not state.initial, order[state.id])):
            if start.id not in seen:
                back |= _circles(start.id, leaving, seen)
        return frozenset(back)

    def _above(self, id_: str) -> list[str]:
        parents = {state.id: state.parent for state in self.states}
        found: list[str] = []
        here = parents[id_]
        while here is not None:
            found.append(here)
            here = parents[here]
        return found


def _circles(start: str, leaving: Mapping[str, Sequence[Arrow]], seen: set[str]) -> set[Arrow]:
    """Arrows to a state that is still being walked from; an own stack, since workflows may be long."""
    back: set[Arrow] = set()
    open_ = {start}
    walk = [(start, iter(leaving[start]))]
    seen.add(start)
    while walk:
        here, arrows = walk[-1]
        arrow = next(arrows, None)
        if arrow is None:
            open_.discard(here)
            walk.pop()
        elif arrow.target in open_:
            back.add(arrow)
        elif arrow.target not in seen:
            seen.add(arrow.target)
            open_.add(arrow.target)
            walk.append((arrow.target, iter(leaving[arrow.target])))
    return back


def picture_of(definition: WorkflowDef, lang: str = "en") -> Picture:
    """The picture of a workflow in a language. A transition whose target is computed points nowhere and is left out."""
    parents = {state.parent for state in definition.states.values() if state.parent is not None}
    begins = _beginnings(definition)
    states = tuple(
        StateMark(
            state.id,
            state.label(lang),
            state.category if state.category in CATEGORIES else CATEGORIES[0],
            state.parent,
            state.id in begins,
            state.id in definition.finals,
            state.parallel,
            state.id in parents,
            state.history,
        )
        for state in _ordered(definition, None)
    )
    return Picture(definition.label(lang), states, tuple(_arrows(definition, lang)))


def _ordered(definition: WorkflowDef, parent: str | None) -> Iterator[StateDef]:
    for state in definition.states.values():
        if state.parent == parent:
            yield state
            yield from _ordered(definition, state.id)


def _beginnings(definition: WorkflowDef) -> frozenset[str]:
    """Where the workflow begins, and each composite that is not parallel."""
    found = {definition.initial}
    for state in definition.states.values():
        children = [child.id for child in definition.states.values() if child.parent == state.id]
        if children and not state.parallel:
            found.add(state.initial or children[0])
    return frozenset(found)


def _arrows(definition: WorkflowDef, lang: str) -> list[Arrow]:
    lines: dict[tuple[str, str], list[str]] = {}
    for step in definition.transitions:
        for source in step.from_:
            if source in definition.states and step.to in definition.states and step.rule_type != "dynamic":
                lines.setdefault((source, step.to), []).append(label_of(step, lang))
    return [Arrow(source, target, tuple(dict.fromkeys(found))) for (source, target), found in lines.items()]


def label_of(step: TransitionDef, lang: str = "en") -> str:
    """What stands at a transition: its name, a mark if it has conditions, and when it is taken by itself."""
    conditional = step.guard is not None or step.roles or step.not_actor or step.requires
    text = f"{CONDITIONAL} {step.label(lang)}" if conditional else step.label(lang)
    return f"{text} ({time_text(step.timeout_ms)})" if step.timeout_ms else text


_SPANS = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1_000, "s"))


def time_text(milliseconds: int) -> str:
    """A span of time as people write it, with its largest whole unit: 90 min, 2 h, 3 d."""
    for size, unit in _SPANS:
        if milliseconds % size == 0:
            return f"{milliseconds // size} {unit}"
    return f"{milliseconds} ms"


def wrapped(text: str, width: int, most: int) -> list[str]:
    """A text in lines of at most `width` characters, broken between words where that is possible, cut after `most`."""
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.extend(_pieces(word, width))
    if len(lines) > most:
        lines = [*lines[: most - 1], f"{lines[most - 1][: width - 1]}…"]
    return lines or [""]


def _pieces(word: str, width: int) -> Sequence[str]:
    return [word[at : at + width] for at in range(0, len(word), width)]
