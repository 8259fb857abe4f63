"""Forms: which fields of a type are asked for, in which order and groups."""

from __future__ import annotations

from dataclasses import dataclass

from ..ast import EMPTY
from ..errors import Span
from .labels import Labelled, Labels


@dataclass(frozen=True)
class FormSection(Labelled):
    """A group of fields under a heading; `visible_when` shows or hides the whole group."""

    id: str
    labels: Labels = EMPTY
    fields: tuple[str, ...] = ()
    visible_when: str | None = None


@dataclass(frozen=True)
class FormDef(Labelled):
    """A form of a type. `action`, `state` and `transition` say when it is the one to use; empty means always."""

    id: str
    labels: Labels = EMPTY
    type: str = ""
    action: str | None = None
    state: str | None = None
    transition: str | None = None
    sections: tuple[FormSection, ...] = ()
    span: Span | None = None

    @property
    def field_ids(self) -> tuple[str, ...]:
        """Every field it asks for, in order."""
        return tuple(id_ for section in self.sections for id_ in section.fields)
