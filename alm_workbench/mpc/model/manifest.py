"""The whole compiled manifest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ..ast import EMPTY
from ..words import fold
from .composition import ImportPin, RedactDef
from .forms import FormDef
from .rules import AclDef, AutomationDef, PolicyDef, RoleDef, RuleIndex
from .types import ArtifactTypeDef, EnumDef, LinkTypeDef
from .views import ViewDef
from .workflow import WorkflowDef


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
    forms: Mapping[str, FormDef] = field(default_factory=dict)
    planning: Mapping[str, Any] = EMPTY
    expressions: Mapping[str, Any] = field(default_factory=dict)
    rules: RuleIndex | None = None
    imports: tuple[ImportPin, ...] = ()
    redactions: tuple[RedactDef, ...] = ()

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
        from ..codec import encode

        data: dict[str, Any] = encode(self)
        return data

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> CompiledManifest:
        """A manifest from `to_data`'s output; raises MPCError if it is not."""
        from ..codec import decode

        return decode(cls, data)
