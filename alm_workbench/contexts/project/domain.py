"""Rules of projects: keys, what an activation strands, what of a process is shown and indexed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from alm_workbench.contexts.project.messages import (
    ChoiceDTO,
    FieldInfoDTO,
    LinkInfoDTO,
    StateInfoDTO,
    TransitionInfoDTO,
    TypeInfoDTO,
    WorkflowInfoDTO,
)
from alm_workbench.errors import ErrorItem, InvalidInput
from alm_workbench.mpc import ArtifactTypeDef, CompiledManifest, FieldDef, LinkTypeDef, WorkflowDef

KEY = re.compile(r"[A-Z][A-Z0-9]{1,9}")

VALUE_KINDS: Mapping[str, str] = {
    "string": "text",
    "url": "text",
    "choice": "text",
    "multichoice": "text",
    "team": "text",
    "int": "int8",
    "bool": "int8",
    "number": "float8",
    "date": "ts",
    "datetime": "ts",
    "user": "uuid",
    "reference": "uuid",
}
"""Column of the typed field index by field type; types that are not here are filtered through the mirror."""

MAX_INDEXED = 20


@dataclass(frozen=True, slots=True)
class Stranded:
    """Items of one type and state that the new process has no place for."""

    type_id: str
    state: str
    items: int
    known_states: tuple[str, ...]


def check_key(key: str) -> str:
    """A project key; raises ``InvalidInput``."""
    if not KEY.fullmatch(key):
        rule = "2 to 10 capital letters and digits, a letter first"
        raise InvalidInput(f"{key!r} is no project key: {rule}", errors=[ErrorItem("/key", "pattern", rule)])
    return key


def stranded(
    compiled: CompiledManifest, counts: Iterable[tuple[str, str, int]], state_map: Mapping[str, str]
) -> tuple[list[Stranded], dict[tuple[str, str], str]]:
    """What stays without a place, and the moves (type, old state) to new state that the map gives."""
    left: list[Stranded] = []
    moves: dict[tuple[str, str], str] = {}
    for type_id, state, items in counts:
        kind = compiled.types.get(type_id)
        states = tuple(compiled.workflows[kind.workflow].states) if kind else ()
        target = state_map.get(state, state)
        if target not in states:
            left.append(Stranded(type_id, state, items, states))
        elif target != state:
            moves[type_id, state] = target
    return left, moves


def index_kinds(compiled: CompiledManifest) -> dict[tuple[str, str], str]:
    """(type, field) to value kind for the fields that the typed index keeps."""
    kinds: dict[tuple[str, str], str] = {}
    for kind in compiled.types.values():
        wanted = [f for f in kind.fields.values() if f.type in VALUE_KINDS and f.indexed is not False]
        wanted.sort(key=lambda f: f.indexed is not True)
        kinds.update({(kind.id, f.id): VALUE_KINDS[f.type] for f in wanted[:MAX_INDEXED]})
    return kinds


def type_info(kind: ArtifactTypeDef) -> TypeInfoDTO:
    """A type as faces show it."""
    fields = tuple(field_info(f) for f in kind.fields.values())
    return TypeInfoDTO(kind.id, kind.labels, kind.key_prefix, kind.icon, kind.workflow, fields)


def field_info(f: FieldDef) -> FieldInfoDTO:
    """A field as faces show it."""
    choices = tuple(ChoiceDTO(c.id, c.labels) for c in f.choices)
    return FieldInfoDTO(
        f.id, f.type, f.labels, bool(f.required), choices, f.indexed is not False, bool(f.sensitive), f.unit
    )


def workflow_info(flow: WorkflowDef) -> WorkflowInfoDTO:
    """A workflow as faces show it."""
    states = tuple(StateInfoDTO(s.id, s.labels, s.category) for s in flow.states.values())
    transitions = tuple(
        TransitionInfoDTO(t.id, t.labels, tuple(t.from_), t.to, t.guard, tuple(t.roles), tuple(t.requires))
        for t in flow.transitions
    )
    return WorkflowInfoDTO(flow.id, flow.labels, flow.initial, states, transitions)


def link_info(link: LinkTypeDef) -> LinkInfoDTO:
    """A link type as faces show it."""
    return LinkInfoDTO(link.id, link.labels, tuple(link.from_), tuple(link.to), link.inverse)
