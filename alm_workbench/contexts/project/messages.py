"""Commands and queries of the project context."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from alm_workbench.contexts.manifest.messages import ProcessVersion
from alm_workbench.shared.ids import ProjectId, VersionId
from alm_workbench.shared.messages import AUTHENTICATED, Command, Deprecation, Page, Query, command, query


@dataclass(frozen=True, slots=True)
class ProjectDTO:
    """A project. ``active_manifest`` reads ``namespace/name version``; one in the bin has ``deleted_at``."""

    id: ProjectId
    key: str
    name: str
    description: str
    status: str
    active_version_id: VersionId | None
    active_manifest: str | None
    items: int
    created_at: datetime
    version: int
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ProjectMemberDTO:
    """A member of the organisation with roles in one project; these hold beside the tenant-wide ones."""

    membership_id: UUID
    actor_id: UUID
    email: str
    display_name: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ActivationDTO:
    """A manifest version put into force; ``moved`` counts items whose state the state map changed."""

    id: UUID
    project_id: ProjectId
    manifest_version_id: VersionId
    previous_version_id: VersionId | None
    state_map: Mapping[str, str]
    reason: str
    activated_at: datetime
    moved: int


@dataclass(frozen=True, slots=True)
class ChoiceDTO:
    """One choice of a choice field."""

    id: str
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FieldInfoDTO:
    """A field as a form or a data frame needs it."""

    id: str
    type: str
    labels: Mapping[str, str]
    required: bool
    choices: tuple[ChoiceDTO, ...]
    indexed: bool
    sensitive: bool
    unit: str | None


@dataclass(frozen=True, slots=True)
class TypeInfoDTO:
    """An artifact type of the process."""

    id: str
    labels: Mapping[str, str]
    key_prefix: str
    icon: str | None
    workflow: str
    fields: tuple[FieldInfoDTO, ...]


@dataclass(frozen=True, slots=True)
class StateInfoDTO:
    """A state of a workflow."""

    id: str
    labels: Mapping[str, str]
    category: str


@dataclass(frozen=True, slots=True)
class TransitionInfoDTO:
    """A transition of a workflow."""

    id: str
    labels: Mapping[str, str]
    sources: tuple[str, ...]
    target: str
    guard: str | None
    roles: tuple[str, ...]
    requires: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WorkflowInfoDTO:
    """A workflow of the process."""

    id: str
    labels: Mapping[str, str]
    initial: str
    states: tuple[StateInfoDTO, ...]
    transitions: tuple[TransitionInfoDTO, ...]


@dataclass(frozen=True, slots=True)
class LinkInfoDTO:
    """A link type of the process."""

    id: str
    labels: Mapping[str, str]
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    inverse: str | None


@dataclass(frozen=True, slots=True)
class ProcessDTO:
    """What the active manifest of a project declares."""

    manifest: str
    version_id: VersionId
    artifact_hash: str
    types: tuple[TypeInfoDTO, ...]
    workflows: tuple[WorkflowInfoDTO, ...]
    link_types: tuple[LinkInfoDTO, ...]


@command(route="POST /projects", privilege="project:create", facade="projects.create", idempotent=True)
@dataclass(frozen=True, slots=True)
class CreateProject(Command[ProjectDTO]):
    """Create a project. ``key`` is 2 to 10 capital letters and digits.

    ``template`` (one of ``GET /templates``) or ``manifest_version_id`` says which process rules there from the start.
    """

    key: str
    name: str
    description: str = ""
    manifest_version_id: VersionId | None = None
    template: str | None = None


@query(route="GET /projects", privilege="project:read", facade="projects.list")
@dataclass(frozen=True, slots=True)
class ListProjects(Query[Page[ProjectDTO]]):
    """The projects I can see."""

    limit: int = 100
    cursor: str | None = None


@query(route="GET /projects/{project_id}", privilege="project:read", facade="projects.get")
@dataclass(frozen=True, slots=True)
class GetProject(Query[ProjectDTO]):
    """One project."""

    project_id: ProjectId


@command(route="PATCH /projects/{project_id}", privilege="project:update", facade="projects.update", if_match=True)
@dataclass(frozen=True, slots=True)
class UpdateProject(Command[ProjectDTO]):
    """Rename a project or describe it anew; what is not named stays."""

    project_id: ProjectId
    expected_version: int
    name: str | None = None
    description: str | None = None


@command(
    route="POST /projects/{project_id}/archive",
    privilege="project:delete",
    facade="projects.archive",
    if_match=True,
    status=200,
)
@dataclass(frozen=True, slots=True)
class ArchiveProject(Command[ProjectDTO]):
    """Let a project stand still: it can be read and searched, and nothing in it changes until it is reopened."""

    project_id: ProjectId
    expected_version: int


@command(
    route="POST /projects/{project_id}/reopen",
    privilege="project:delete",
    facade="projects.reopen",
    if_match=True,
    status=200,
)
@dataclass(frozen=True, slots=True)
class ReopenProject(Command[ProjectDTO]):
    """Work on an archived project again."""

    project_id: ProjectId
    expected_version: int


@query(route="GET /projects/{project_id}/members", privilege="project:members", facade="projects.members")
@dataclass(frozen=True, slots=True)
class ListProjectMembers(Query[tuple[ProjectMemberDTO, ...]]):
    """Who holds which roles in this project, by name; tenant-wide roles are not repeated here."""

    project_id: ProjectId


@command(
    route="POST /projects/{project_id}/members", privilege="project:members", facade="projects.grant_role", status=200
)
@dataclass(frozen=True, slots=True)
class GrantProjectRole(Command[ProjectMemberDTO]):
    """Give a member a role in this project, of which I hold every privilege here; given twice it is held once."""

    project_id: ProjectId
    membership_id: UUID
    role: str


@command(
    route="DELETE /projects/{project_id}/members/{membership_id}/{role}",
    privilege="project:members",
    facade="projects.revoke_role",
)
@dataclass(frozen=True, slots=True)
class RevokeProjectRole(Command[ProjectMemberDTO]):
    """Take a role in this project from a member; one that is not held is taken already."""

    project_id: ProjectId
    membership_id: UUID
    role: str


@query(route="GET /projects/{project_id}/process", privilege="project:read", facade="projects.process")
@dataclass(frozen=True, slots=True)
class GetProcess(Query[ProcessDTO]):
    """The types, fields, workflows and link types that rule in a project."""

    project_id: ProjectId


@command(
    route="POST /projects/{project_id}/activations",
    privilege="project:activate",
    facade="projects.activate",
    idempotent=True,
)
@dataclass(frozen=True, slots=True)
class ActivateManifest(Command[ActivationDTO]):
    """Put a manifest version into force. Items in states it does not have need ``state_map`` (old to new)."""

    project_id: ProjectId
    manifest_version_id: VersionId
    state_map: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""


@query(
    route="GET /projects/{project_id}/activations",
    privilege="project:read",
    versions=(1,),
    deprecated=Deprecation(
        since=date(2026, 11, 23), sunset=date(2027, 6, 30), successor="GET /projects/{project_id}/activations"
    ),
)
@dataclass(frozen=True, slots=True)
class ListActivations(Query[tuple[ActivationDTO, ...]]):
    """Which manifest version ruled when, newest first, all at once."""

    project_id: ProjectId


@query(
    route="GET /projects/{project_id}/activations",
    privilege="project:read",
    facade="projects.activations",
    versions=(2,),
)
@dataclass(frozen=True, slots=True)
class ActivationHistory(Query[Page[ActivationDTO]]):
    """Which manifest version ruled when, newest first, in pages."""

    project_id: ProjectId
    limit: int = 50
    cursor: str | None = None


@query(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class ActiveProcess(Query[ProcessVersion]):
    """The compiled manifest that rules in a project; raises ``Conflict`` where none is active."""

    project_id: ProjectId


@query(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class ProjectRoles(Query[frozenset[str]]):
    """The roles the caller holds in one project beside the tenant-wide ones, with all they imply."""

    project_id: ProjectId


@query(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class ProjectPrivileges(Query[frozenset[str]]):
    """What the project roles of the caller grant in one project."""

    project_id: ProjectId


@query(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class ActorsWithRoles(Query[frozenset[UUID]]):
    """The active members who hold one of some roles in a project, also through a role that implies it."""

    project_id: ProjectId
    roles: frozenset[str]


@command(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class HoldProcess(Command[None]):
    """Let no other process come into force in a project until this transaction ends.

    Asked after writing what a process decided; raises ``Conflict`` where another one is in force by now.
    """

    project_id: ProjectId
    version_id: VersionId


@query(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class ProjectRoleHolders(Query[int]):
    """How many members hold a role in some project."""

    code: str


@query(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class GrantedInProjects(Query[frozenset[str]]):
    """Every privilege that a member's project roles grant, in whichever project."""

    membership_id: UUID


@query(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class AboveMeInProjects(Query[frozenset[str]]):
    """What a member's project roles grant in projects where I do not hold it: neither by ``held`` nor by roles there."""

    membership_id: UUID
    held: frozenset[str]


@command(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class LeaveProjects(Command[int]):
    """Take a member out of every project; how many roles that were."""

    membership_id: UUID


@query(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class VisibleProjects(Query[frozenset[UUID] | None]):
    """The projects the caller may read; None stands for all of the tenant."""
