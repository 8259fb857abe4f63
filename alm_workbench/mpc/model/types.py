"""Types of items, their fields, enumerations and relations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ..ast import EMPTY
from ..errors import Span
from ..words import fold
from .labels import Labelled, Labels


@dataclass(frozen=True)
class Choice(Labelled):
    """One choice of an enumeration."""

    id: str
    labels: Labels = EMPTY
    color: str | None = None
    order: int = 0


@dataclass(frozen=True)
class EnumDef(Labelled):
    """A shared list of choices."""

    id: str
    labels: Labels = EMPTY
    values: tuple[Choice, ...] = ()
    span: Span | None = None


@dataclass(frozen=True)
class FieldDef(Labelled):
    """A typed field; expressions are kept as text. `columns` are fields of the rows of a table."""

    id: str
    type: str
    labels: Labels = EMPTY
    description: Labels = EMPTY
    required: bool = False
    required_when: str | None = None
    visible_when: str | None = None
    readonly_when: str | None = None
    default: Any = None
    min: Any = None
    max: Any = None
    pattern: str | None = None
    max_length: int | None = None
    choices: tuple[Choice, ...] = ()
    enum: str | None = None
    target: tuple[str, ...] = ()
    columns: tuple[FieldDef, ...] = ()
    computed: str | None = None
    indexed: bool = False
    sensitive: bool = False
    unit: str | None = None
    placeholder: Labels = EMPTY
    aliases: tuple[str, ...] = ()
    span: Span | None = None

    @cached_property
    def choice_ids(self) -> Mapping[str, str]:
        """Choice id by folded id or label, for lenient input."""
        found: dict[str, str] = {}
        for choice in self.choices:
            for word in (*choice.labels.values(), choice.id):
                found[fold(word)] = choice.id
        return found


@dataclass(frozen=True)
class ArtifactTypeDef(Labelled):
    """A kind of item."""

    id: str
    labels: Labels = EMPTY
    description: Labels = EMPTY
    workflow: str = ""
    key_prefix: str = ""
    icon: str | None = None
    parents: tuple[str, ...] = ()
    children: tuple[str, ...] = ()
    root: bool = True
    max_depth: int | None = None
    title_labels: Labels = EMPTY
    aggregate: str = "Artifact"
    fields: Mapping[str, FieldDef] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    span: Span | None = None

    @cached_property
    def field_ids(self) -> Mapping[str, str]:
        """Field id by id or alias."""
        found = {alias: f.id for f in self.fields.values() for alias in f.aliases}
        found.update({f.id: f.id for f in self.fields.values()})
        return found


@dataclass(frozen=True)
class LinkTypeDef(Labelled):
    """A typed relation."""

    id: str
    labels: Labels = EMPTY
    from_: tuple[str, ...] = ()
    to: tuple[str, ...] = ()
    inverse: str | None = None
    inverse_labels: Labels = EMPTY
    symmetric: bool = False
    cardinality: str = "many_to_many"
    acyclic: bool = False
    suspect_on: tuple[str, ...] = ()
    coverage: bool = False
    span: Span | None = None
