"""The process of a project as a notebook looks at it: types, fields, workflows, and what a name means in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol, TypeVar

from alm_workbench.contexts.project.messages import (
    FieldInfoDTO,
    LinkInfoDTO,
    ProcessDTO,
    StateInfoDTO,
    TransitionInfoDTO,
    TypeInfoDTO,
    WorkflowInfoDTO,
)
from alm_workbench.i18n import _, label
from alm_workbench.notebook.show import Column, Listing, html_table, text_table


class Named(Protocol):
    """Something with an id and labels by language."""

    @property
    def id(self) -> str: ...
    @property
    def labels(self) -> Mapping[str, str]: ...


N = TypeVar("N", bound=Named)


class Process:
    """What the active manifest declares. ``types``, ``workflows`` and ``link_types`` are by id."""

    def __init__(self, dto: ProcessDTO) -> None:
        self.dto = dto
        self.types: Mapping[str, TypeInfoDTO] = {item.id: item for item in dto.types}
        self.workflows: Mapping[str, WorkflowInfoDTO] = {item.id: item for item in dto.workflows}
        self.link_types: Mapping[str, LinkInfoDTO] = {item.id: item for item in dto.link_types}

    @property
    def manifest(self) -> str:
        """``namespace/name version``."""
        return self.dto.manifest

    def type(self, name: str) -> TypeInfoDTO | None:
        """The type with this id or label."""
        return named(self.dto.types, name)

    def fields(self, type_id: str) -> Mapping[str, FieldInfoDTO]:
        """The fields of a type by id."""
        kind = self.types.get(type_id)
        return {f.id: f for f in kind.fields} if kind else {}

    def field_table(self, type_name: str) -> Listing[FieldInfoDTO]:
        """The fields of a type as a table."""
        kind = self.type(type_name)
        columns: list[Column[FieldInfoDTO]] = [
            Column("id", _("Field"), lambda f: f.id),
            Column("type", _("Type"), lambda f: f.type),
            Column("label", _("Label"), lambda f: label(f.labels, f.id)),
            Column("required", _("Required"), lambda f: f.required, "boolean"),
            Column("choices", _("Choices"), lambda f: [c.id for c in f.choices], "json"),
            Column("unit", _("Unit"), lambda f: f.unit),
        ]
        return Listing(kind.fields if kind else (), columns, label(kind.labels, kind.id) if kind else type_name)

    def workflow_of(self, type_id: str) -> WorkflowInfoDTO | None:
        """The workflow of a type."""
        kind = self.types.get(type_id)
        return self.workflows.get(kind.workflow) if kind else None

    def states(self, type_id: str | None = None) -> Iterator[StateInfoDTO]:
        """The states of one type, or of all."""
        flow = self.workflow_of(type_id) if type_id else None
        for one in [flow] if flow else self.dto.workflows:
            yield from one.states

    def transitions(self, type_id: str) -> tuple[TransitionInfoDTO, ...]:
        """The transitions of a type's workflow."""
        flow = self.workflow_of(type_id)
        return flow.transitions if flow else ()

    def _rows(self) -> list[list[Any]]:
        return [
            [
                kind.id,
                label(kind.labels, kind.id),
                ", ".join(f.id for f in kind.fields),
                kind.workflow,
                " → ".join(state.id for state in self.states(kind.id)),
            ]
            for kind in self.dto.types
        ]

    def _labels(self) -> list[str]:
        return [_("Type"), _("Label"), _("Fields"), _("Workflow"), _("States")]

    def __repr__(self) -> str:
        return text_table(self._labels(), self._rows(), len(self.dto.types), self.manifest)

    def _repr_html_(self) -> str:
        links = ", ".join(item.id for item in self.dto.link_types)
        note = _("links: {names}").format(names=links) if links else ""
        return html_table(self._labels(), self._rows(), len(self.dto.types), self.manifest, note)


def named(items: Iterable[N], name: str) -> N | None:
    """The item whose id, or else one of whose labels, is ``name``; labels in any case."""
    word, found = name.strip().casefold(), None
    for item in items:
        if item.id == name:
            return item
        if found is None and (item.id.casefold() == word or word in {text.casefold() for text in item.labels.values()}):
            found = item
    return found


def names(items: Iterable[Named]) -> list[str]:
    """The ids."""
    return [item.id for item in items]
