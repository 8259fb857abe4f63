"""The compiled manifest: immutable, typed, resolved, and storable as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from .ast import EMPTY, FrozenDict
from .errors import Span
from .words import fold

Labels = Mapping[str, str]


def pick_label(labels: Labels, fallback: str, lang: str = "en") -> str:
    """The display name in a language, else English, else the fallback."""
    return labels.get(lang) or labels.get(lang.split("-")[0]) or labels.get("en") or fallback


class _Labelled:
    """Things with an id and labels."""

    __slots__ = ()
    id: str
    labels: Labels

    def label(self, lang: str = "en") -> str:
        """Display name in a language."""
        return pick_label(self.labels, self.id, lang)


@dataclass(frozen=True)
class Choice(_Labelled):
    """One choice of an enumeration."""

    id: str
    labels: Labels = EMPTY
    color: str | None = None
    order: int = 0


@dataclass(frozen=True)
class EnumDef(_Labelled):
    """A shared list of choices."""

    id: str
    labels: Labels = EMPTY
    values: tuple[Choice, ...] = ()
    span: Span | None = None


@dataclass(frozen=True)
class FieldDef(_Labelled):
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
class ArtifactTypeDef(_Labelled):
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
class LinkTypeDef(_Labelled):
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


@dataclass(frozen=True)
class StateDef(_Labelled):
    """A state of a workflow; category is todo, in_progress or done."""

    id: str
    labels: Labels = EMPTY
    category: str = "todo"
    wip_limit: int | None = None
    color: str | None = None
    parent: str | None = None
    history: str | None = None
    on_enter: tuple[Any, ...] = ()
    on_leave: tuple[Any, ...] = ()
    span: Span | None = None


@dataclass(frozen=True)
class TransitionDef(_Labelled):
    """A step of a workflow; `guard` is expression text, `reason` the offered reasons."""

    id: str
    from_: tuple[str, ...]
    to: str
    on: str = ""
    labels: Labels = EMPTY
    guard: str | None = None
    roles: tuple[str, ...] = ()
    not_actor: str | None = None
    requires: tuple[str, ...] = ()
    reason: tuple[Choice, ...] = ()
    on_enter: tuple[Any, ...] = ()
    timeout: Any = None
    span: Span | None = None
    guard_span: Span | None = None


@dataclass(frozen=True)
class WorkflowDef(_Labelled):
    """The life of an item."""

    id: str
    labels: Labels = EMPTY
    initial: str = ""
    states: Mapping[str, StateDef] = field(default_factory=dict)
    transitions: tuple[TransitionDef, ...] = ()
    finals: tuple[str, ...] = ()
    span: Span | None = None

    @cached_property
    def by_state(self) -> Mapping[str, tuple[TransitionDef, ...]]:
        """Transitions that leave each state, those of its parents after its own."""
        found: dict[str, tuple[TransitionDef, ...]] = {}
        for state in self.states:
            line: list[str] = []
            here: str | None = state
            while here is not None and here not in line:
                line.append(here)
                above = self.states.get(here)
                here = above.parent if above else None
            found[state] = tuple(t for step in line for t in self.transitions if step in t.from_)
        return found


@dataclass(frozen=True)
class RoleDef(_Labelled):
    """A role and what it implies."""

    id: str
    labels: Labels = EMPTY
    implies: tuple[str, ...] = ()
    privileges: tuple[str, ...] = ()
    span: Span | None = None


@dataclass(frozen=True)
class AclDef(_Labelled):
    """An access rule; resources are `*`, `type` or `type.field`."""

    id: str
    labels: Labels = EMPTY
    actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    condition: str | None = None
    effect: str = "allow"
    priority: int = 0
    mask: tuple[str, ...] = ()
    span: Span | None = None
    condition_span: Span | None = None


@dataclass(frozen=True)
class PolicyDef(_Labelled):
    """A rule about what may happen."""

    id: str
    labels: Labels = EMPTY
    events: tuple[str, ...] = ()
    applies_to: tuple[str, ...] = ()
    when: str | None = None
    effect: str = "deny"
    priority: int = 0
    message: Labels = EMPTY
    intents: tuple[Mapping[str, Any], ...] = ()
    span: Span | None = None
    when_span: Span | None = None


@dataclass(frozen=True)
class AutomationDef(_Labelled):
    """What follows an event."""

    id: str
    labels: Labels = EMPTY
    events: tuple[str, ...] = ()
    applies_to: tuple[str, ...] = ()
    when: str | None = None
    intents: tuple[Mapping[str, Any], ...] = ()
    span: Span | None = None


@dataclass(frozen=True)
class ViewDef(_Labelled):
    """How items are shown."""

    id: str
    labels: Labels = EMPTY
    layout: str = "list"
    types: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    group_by: str | None = None
    swimlane: str | None = None
    filter: str | None = None
    sort: tuple[str, ...] = ()
    card_fields: tuple[str, ...] = ()
    hide_states: tuple[str, ...] = ()
    span: Span | None = None


@dataclass(frozen=True, repr=False)
class CompiledManifest:
    """A manifest ready to decide with; equal content gives equal hashes."""

    namespace: str
    name: str
    version: str
    schema_version: int
    ast_hash: str
    meta_hash: str
    artifact_hash: str
    engine_version: str
    enums: Mapping[str, EnumDef] = field(default_factory=dict)
    types: Mapping[str, ArtifactTypeDef] = field(default_factory=dict)
    link_types: Mapping[str, LinkTypeDef] = field(default_factory=dict)
    workflows: Mapping[str, WorkflowDef] = field(default_factory=dict)
    roles: Mapping[str, RoleDef] = field(default_factory=dict)
    acl: tuple[AclDef, ...] = ()
    policies: tuple[PolicyDef, ...] = ()
    automations: tuple[AutomationDef, ...] = ()
    views: Mapping[str, ViewDef] = field(default_factory=dict)
    planning: Mapping[str, Any] = EMPTY
    expressions: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<CompiledManifest {self.namespace}/{self.name} {self.version} {self.artifact_hash[:12]}>"

    def find_type(self, name: str) -> ArtifactTypeDef | None:
        """A type by id, alias, English or Turkish label, whatever the case."""
        found = self.types.get(name)
        return found if found is not None else self._type_names.get(fold(name))

    def workflow_of(self, type_id: str) -> WorkflowDef | None:
        """The workflow of a type."""
        kind = self.types.get(type_id)
        return self.workflows.get(kind.workflow) if kind else None

    def close_roles(self, roles: Any) -> frozenset[str]:
        """Roles with everything they imply."""
        closed: set[str] = set()
        todo = [role for role in roles or () if isinstance(role, str)]
        while todo:
            role = todo.pop()
            if role not in closed:
                closed.add(role)
                todo.extend(self.roles[role].implies if role in self.roles else ())
        return frozenset(closed)

    @cached_property
    def _type_names(self) -> Mapping[str, ArtifactTypeDef]:
        found: dict[str, ArtifactTypeDef] = {}
        for words in (lambda t: t.labels.values(), lambda t: t.aliases, lambda t: (t.id,)):
            for kind in self.types.values():
                found.update({fold(word): kind for word in words(kind)})
        return found

    def to_data(self) -> dict[str, Any]:
        """Plain JSON data; `from_data` gives an equal manifest back."""
        from .codec import encode

        data: dict[str, Any] = encode(self)
        return data

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> CompiledManifest:
        """A manifest from `to_data`'s output; raises MPCError if it is not."""
        from .codec import decode

        return decode(cls, data)


def frozen_map(items: Mapping[str, Any]) -> FrozenDict:
    """An immutable mapping that keeps order."""
    return FrozenDict(items)
