"""Commands and queries of the manifest context."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from alm_workbench.contexts.tenant.policy_messages import TenantPolicies
from alm_workbench.mpc import CompiledManifest
from alm_workbench.shared.ids import ManifestId, VersionId
from alm_workbench.shared.messages import AUTHENTICATED, Command, Page, Query, command, dto, query

Format = Literal["dsl", "yaml", "json"]


@dto
@dataclass(frozen=True, slots=True)
class DiagnosticDTO:
    """A complaint at a place: ``from``/``to`` are UTF-16 code units, lines and columns start at 1."""

    code: str
    message: str
    severity: str
    from_: int
    to: int
    line: int
    col: int
    end_line: int
    end_col: int
    hint: str | None
    path: str | None


@dataclass(frozen=True, slots=True)
class CheckDTO:
    """What the core says of a text."""

    ok: bool
    namespace: str | None
    name: str | None
    version: str | None
    artifact_hash: str | None
    diagnostics: tuple[DiagnosticDTO, ...]


@dto
@dataclass(frozen=True, slots=True)
class StateNodeDTO:
    """A state as a node, with its place in the text."""

    id: str
    label: str
    labels: Mapping[str, str]
    category: str
    initial: bool
    final: bool
    wip_limit: int | None
    from_: int
    to: int


@dto
@dataclass(frozen=True, slots=True)
class TransitionEdgeDTO:
    """A transition as an edge, with its place in the text."""

    id: str
    label: str
    labels: Mapping[str, str]
    source: str
    target: str
    guard: str | None
    roles: tuple[str, ...]
    requires: tuple[str, ...]
    from_: int
    to: int


@dto
@dataclass(frozen=True, slots=True)
class WorkflowGraphDTO:
    """A workflow as a graph."""

    id: str
    label: str
    labels: Mapping[str, str]
    from_: int
    to: int
    states: tuple[StateNodeDTO, ...]
    transitions: tuple[TransitionEdgeDTO, ...]


@dto
@dataclass(frozen=True, slots=True)
class TypeNodeDTO:
    """An artifact type and where it stands; ``fields`` counts its fields."""

    id: str
    label: str
    workflow: str | None
    from_: int
    to: int
    fields: int


@dataclass(frozen=True, slots=True)
class GraphDTO:
    """The workflows and types of a text, as far as it can be read."""

    workflows: tuple[WorkflowGraphDTO, ...]
    types: tuple[TypeNodeDTO, ...]
    diagnostics: tuple[DiagnosticDTO, ...]


@dataclass(frozen=True, slots=True)
class SavedVersionDTO:
    """The version a text was saved as; ``unchanged`` when it was there already."""

    manifest_id: ManifestId
    version_id: VersionId
    namespace: str
    name: str
    number: int
    label: str
    artifact_hash: str
    unchanged: bool


@dataclass(frozen=True, slots=True)
class ManifestDTO:
    """A manifest document with its newest version."""

    id: ManifestId
    namespace: str
    name: str
    title: str
    latest_version_id: VersionId | None
    latest_number: int | None
    latest_label: str | None
    created_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class VersionDTO:
    """One immutable version; ``source`` only where one version is asked for."""

    id: VersionId
    manifest_id: ManifestId
    number: int
    label: str
    format: str
    ast_hash: str
    meta_hash: str
    artifact_hash: str
    message: str
    created_at: datetime
    created_by: UUID | None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class ProcessVersion:
    """A compiled version, for the contexts that decide by it."""

    version_id: VersionId
    manifest_id: ManifestId
    title: str
    compiled: CompiledManifest
    policies: TenantPolicies | None = None
    """What the organisation forbids beside the process, where it decides about items."""


@query(route="POST /manifests/check", privilege=AUTHENTICATED, facade="manifests.check")
@dataclass(frozen=True, slots=True)
class CheckManifest(Query[CheckDTO]):
    """Check a manifest text: every complaint with its place. Nothing is kept."""

    text: str
    format: Format | None = None


@query(route="POST /manifests/graph", privilege=AUTHENTICATED, facade="manifests.graph")
@dataclass(frozen=True, slots=True)
class GraphManifest(Query[GraphDTO]):
    """The workflows of a manifest text as graphs whose nodes and edges know their place in it."""

    text: str
    format: Format | None = None


@command(route="POST /manifests", privilege="manifest:create", facade="manifests.save", idempotent=True)
@dataclass(frozen=True, slots=True)
class SaveManifest(Command[SavedVersionDTO]):
    """Keep a manifest text as a new immutable version; the same text gives the same version back."""

    text: str
    format: Format | None = None
    message: str = ""


@query(route="GET /manifests", privilege="manifest:read", facade="manifests.list")
@dataclass(frozen=True, slots=True)
class ListManifests(Query[Page[ManifestDTO]]):
    """The manifests of the organisation."""

    limit: int = 100
    cursor: str | None = None


@query(route="GET /manifests/{manifest_id}/versions", privilege="manifest:read", facade="manifests.versions")
@dataclass(frozen=True, slots=True)
class ListVersions(Query[tuple[VersionDTO, ...]]):
    """The versions of a manifest, newest first."""

    manifest_id: ManifestId


@query(route="GET /manifest-versions/{version_id}", privilege="manifest:read", facade="manifests.version")
@dataclass(frozen=True, slots=True)
class GetVersion(Query[VersionDTO]):
    """One version with its source text."""

    version_id: VersionId


@query(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class CompiledVersion(Query[ProcessVersion]):
    """The compiled form of a version."""

    version_id: VersionId


@query(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class FindVersion(Query[VersionId | None]):
    """The newest version of a manifest that compiled to this, if the organisation has one."""

    namespace: str
    name: str
    artifact_hash: str
