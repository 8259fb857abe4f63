"""Workflows as Mermaid state diagrams (`stateDiagram-v2`), which GitHub, JupyterLab and most wikis draw."""

from __future__ import annotations

from collections.abc import Iterator

from ..model import WorkflowDef
from .picture import Picture, StateMark, picture_of

COLOURS = {"todo": "#757575", "in_progress": "#1976d2", "done": "#388e3c"}
"""The categories' colours on a light page: those of the workbench's graph."""


def to_mermaid(definition: WorkflowDef, lang: str = "en") -> str:
    """The diagram as text; states are numbered, so that no id or label can break the syntax."""
    picture = picture_of(definition, lang)
    names = {state.id: f"s{number}" for number, state in enumerate(picture.states)}
    lines = ["---", f'title: "{_escaped(picture.title)}"', "---", "stateDiagram-v2"]
    lines += [f"  {line}" for line in _level(picture, None, names)]
    lines += [f"  classDef {name} stroke:{colour},stroke-width:2px" for name, colour in COLOURS.items()]
    for name in COLOURS:
        members = ",".join(
            names[state.id] for state in picture.states if state.category == name and not state.composite
        )
        if members:
            lines.append(f"  class {members} {name}")
    return "\n".join(lines) + "\n"


def _level(picture: Picture, parent: str | None, names: dict[str, str]) -> Iterator[str]:
    """The states of one level, each composite with what lies in it, then the arrows that run on this level."""
    inside = picture.children(parent)
    regions = parent is not None and next(s for s in picture.states if s.id == parent).parallel
    for number, state in enumerate(inside):
        if regions and number:
            yield "--"
        yield from _state(picture, state, names)
        if state.initial and not regions:
            yield f"[*] --> {names[state.id]}"
    for arrow in picture.arrows:
        if picture.home(arrow) == parent:  # where Mermaid wants an arrow to be written
            text = " / ".join(_escaped(line) for line in arrow.lines)
            yield f"{names[arrow.source]} --> {names[arrow.target]} : {text}"
    for state in inside:
        if state.final:
            yield f"{names[state.id]} --> [*]"


def _state(picture: Picture, state: StateMark, names: dict[str, str]) -> Iterator[str]:
    yield f'state "{_escaped(state.label)}" as {names[state.id]}'
    if state.composite:
        yield f"state {names[state.id]} {{"
        yield from (f"  {line}" for line in _level(picture, state.id, names))
        yield "}"


_SPECIAL = {'"': "#quot;", "#": "#35;", ";": "#59;", ":": "#58;", "<": "#lt;", ">": "#gt;", "{": "#123;", "}": "#125;"}


def _escaped(text: str) -> str:
    """A label with Mermaid's own entities for what means something to it; line breaks become spaces."""
    return "".join(_SPECIAL.get(char, char) for char in " ".join(text.split())).replace("%%", "#37;#37;")
