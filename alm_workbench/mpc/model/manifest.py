"""The whole compiled manifest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..ast import EMPTY
from ..words import fold
from .composition import ImportPin, RedactDef
from .forms import FormDef
from .rules import AclDef, AutomationDef, PolicyDef, RoleDef, RuleIndex
from .types import ArtifactTypeDef, EnumDef, LinkTypeDef
from .views import ViewDef
from .workflow import WorkflowDef

if TYPE_CHECKING:
    from ..redaction import RedactionConfig


# Where the definitions of each kind are kept.
_HOMES = {
    "EnumDef": "enums", "ArtifactType": "types", "LinkType": "link_types", "Workflow": "workflows", "Role": "roles",
    "ACL": "acl", "Policy": "policies", "Automation": "automations", "View": "views", "FormDef": "forms",
    "Redact": "redactions",
}  # fmt: skip


@dataclass(frozen=True, repr=False)
class CompiledManifest:
    """A manifest ready to decide with; equal content gives equal hashes and decisions.

    Types, fields, states and views keep the order in which they are written, which is the order people see; rules are
    ordered by id, so that nothing depends on where they stand. `depends_on` names for each definition (`Kind/id`) the
    definitions it refers to.
    """

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
    depends_on: Mapping[str, tuple[str, ...]] = EMPTY

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, CompiledManifest):
            return NotImplemented
        return self is other or all(getattr(self, f.name) == getattr(other, f.name) for f in fields(CompiledManifest))

    def __hash__(self) -> int:
        return hash(self.artifact_hash)

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

    def resolve(self, reference: str) -> Any:
        """The definition a reference names, or None: `Kind/id`, or `ArtifactType/id/field` for a field."""
        kind, _, rest = reference.partition("/")
        home = _HOMES.get(kind)
        if home is None:
            return None
        id_, _, part = rest.partition("/")
        known = getattr(self, home)
        found = known.get(id_) if isinstance(known, Mapping) else next((d for d in known if d.id == id_), None)
        return found.fields.get(part) if part and isinstance(found, ArtifactTypeDef) else None if part else found

    def close_roles(self, roles: Any) -> frozenset[str]:
        """Roles with everything they imply; what is no collection of texts gives none."""
        closed: set[str] = set()
        given = roles if isinstance(roles, (list, tuple, set, frozenset)) else ()
        todo = [role for role in given if isinstance(role, str)]
        while todo:
            role = todo.pop()
            if role not in closed:
                closed.add(role)
                todo.extend(self.roles[role].implies if role in self.roles else ())
        return frozenset(closed)

    @cached_property
    def redaction(self) -> RedactionConfig:
        """What its `Redact` definitions and sensitive fields keep out of logs, beside the common words."""
        from ..redaction import LOG_DENY_KEYS, RedactionConfig

        found = RedactionConfig.of(self.redactions, base=LOG_DENY_KEYS)
        fields = sorted({f.id for t in self.types.values() for f in t.fields.values() if f.sensitive})
        patterns = (pattern for id_ in fields for pattern in (id_, f"*.{id_}"))
        return replace(found, deny_patterns=(*found.deny_patterns, *patterns))

    @cached_property
    def _type_names(self) -> Mapping[str, ArtifactTypeDef]:
        found: dict[str, ArtifactTypeDef] = {}
        for words in (lambda t: t.labels.values(), lambda t: t.aliases, lambda t: (t.id,)):
            for _, kind in sorted(self.types.items()):
                found.update({fold(word): kind for word in words(kind)})
        return found

    def to_data(self) -> dict[str, Any]:
        """Plain JSON data; `from_data` gives an equal manifest back."""
        from ..codec import encode

        data: dict[str, Any] = encode(self)
        return data

    def to_bytes(self) -> bytes:
        """The stored form that `from_bytes` opens in a fraction of the time that `from_data` takes."""
        from ..artifact import to_bytes

        return to_bytes(self)

    @classmethod
    def from_bytes(cls, data: bytes, *, expected: str | None = None) -> CompiledManifest:
        """A manifest from `to_bytes`' output, its parts read as they are used; `expected` is its artefact hash.

        Raises MPCError E_ARTIFACT_INVALID if it is damaged or another.
        """
        from ..artifact import from_bytes

        return from_bytes(data, expected=expected)

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> CompiledManifest:
        """A manifest from `to_data`'s output; raises MPCError if it is not, or if its hashes do not fit together."""
        from ..artifact import check_hashes
        from ..codec import decode

        made = decode(cls, data)
        check_hashes(made)
        return made
