"""Every message as a typed method. Written by ``python -m alm_workbench.notebook.generate``; do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal
from uuid import UUID

from alm_workbench.contexts.artifact.messages import (
    ArtifactDTO,
    Category,
    CreateArtifact,
    DeleteArtifact,
    FindArtifacts,
    GetArtifact,
    GetArtifactByKey,
    ImportArtifacts,
    ImportResultDTO,
    LinkArtifacts,
    LinkDTO,
    ListLinks,
    RestoreArtifact,
    UpdateArtifact,
)
from alm_workbench.contexts.audit.messages import AuditEntryDTO, DecisionDTO, EntityHistory, ListDecisions
from alm_workbench.contexts.manifest.messages import (
    CheckDTO,
    CheckManifest,
    Format,
    GetVersion,
    GraphDTO,
    GraphManifest,
    ListManifests,
    ListVersions,
    ManifestDTO,
    SavedVersionDTO,
    SaveManifest,
    VersionDTO,
)
from alm_workbench.contexts.plugin.messages import GetPluginValues, PluginValueDTO, SetPluginValue
from alm_workbench.contexts.project.messages import (
    ActivateManifest,
    ActivationDTO,
    CreateProject,
    GetProcess,
    GetProject,
    ListActivations,
    ListProjects,
    ProcessDTO,
    ProjectDTO,
)
from alm_workbench.contexts.reporting.messages import (
    ListReports,
    MirrorStatus,
    MirrorStatusDTO,
    RefreshMirror,
    ReportDTO,
    ReportList,
    RunReport,
    RunSql,
    SqlResult,
)
from alm_workbench.contexts.tenant.messages import (
    AddMember,
    GetTenant,
    ListMembers,
    ListRoles,
    MemberDTO,
    RoleDTO,
    TenantDTO,
)
from alm_workbench.contexts.workflow.messages import (
    HistoryEntryDTO,
    PermittedTransitions,
    StateHistory,
    TransitionArtifact,
    TransitionVerdictDTO,
)
from alm_workbench.notebook.plugins import PluginGroup, plugin_group
from alm_workbench.shared.ids import ArtifactId, ManifestId, ProjectId, VersionId
from alm_workbench.shared.mediator import Mediator
from alm_workbench.shared.messages import FieldValue, Json, Page


class ArtifactsApi:
    """Messages about artifacts."""

    def __init__(self, mediator: Mediator) -> None:
        self._mediator = mediator

    def by_key(self, *, project_id: ProjectId, key: str) -> ArtifactDTO:
        """One item by its key, or by a key it had elsewhere."""
        return self._mediator.query(GetArtifactByKey(project_id=project_id, key=key))

    def create(
        self,
        *,
        project_id: ProjectId,
        artifact_type: str,
        title: str,
        fields: Mapping[str, FieldValue] | None = None,
        parent_id: ArtifactId | None = None,
        assignee_id: UUID | None = None,
    ) -> ArtifactDTO:
        """Create an item. ``artifact_type`` is the id or a label of a type of the active manifest."""
        message = CreateArtifact(
            project_id=project_id,
            artifact_type=artifact_type,
            title=title,
            fields={} if fields is None else fields,
            parent_id=parent_id,
            assignee_id=assignee_id,
        )
        return self._mediator.send(message)

    def delete(self, *, artifact_id: ArtifactId, expected_version: int) -> ArtifactDTO:
        """Put an item into the bin; it can be restored."""
        return self._mediator.send(DeleteArtifact(artifact_id=artifact_id, expected_version=expected_version))

    def find(
        self,
        *,
        project_id: ProjectId,
        type: str | None = None,
        state: str | None = None,
        category: Category | None = None,
        text: str | None = None,
        assignee_id: UUID | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[ArtifactDTO]:
        """Find items; ``text`` searches keys, titles and texts in Turkish and English. Newest first."""
        message = FindArtifacts(
            project_id=project_id,
            type=type,
            state=state,
            category=category,
            text=text,
            assignee_id=assignee_id,
            limit=limit,
            cursor=cursor,
        )
        return self._mediator.query(message)

    def get(self, *, artifact_id: ArtifactId) -> ArtifactDTO:
        """One item."""
        return self._mediator.query(GetArtifact(artifact_id=artifact_id))

    def history(self, *, artifact_id: ArtifactId) -> tuple[HistoryEntryDTO, ...]:
        """The steps an item took, oldest first."""
        return self._mediator.query(StateHistory(artifact_id=artifact_id))

    def import_csv(
        self,
        *,
        project_id: ProjectId,
        source_name: str,
        content: str,
        artifact_type: str,
        mapping: Mapping[str, str | None] | None = None,
        on_error: Literal["stop", "skip"] = "stop",
        encoding: str = "utf-8",
        delimiter: str | None = None,
        dry_run: bool = False,
    ) -> ImportResultDTO:
        """Import the rows of a CSV file as items of one type, all or none unless ``on_error`` is ``skip``.

        ``content`` is the file in base64. ``mapping`` says which column feeds what: ``title``, ``ref`` (the item's
        key in the other tool: an item imported before is not imported again), ``created_at``, or a field id;
        a column mapped to null is left out. Columns that are not mapped go by their own name.
        """
        message = ImportArtifacts(
            project_id=project_id,
            source_name=source_name,
            content=content,
            artifact_type=artifact_type,
            mapping={} if mapping is None else mapping,
            on_error=on_error,
            encoding=encoding,
            delimiter=delimiter,
            dry_run=dry_run,
        )
        return self._mediator.send(message)

    def link(self, *, artifact_id: ArtifactId, link_type: str, target_id: ArtifactId) -> LinkDTO:
        """Link an item to another by a link type of the process."""
        return self._mediator.send(LinkArtifacts(artifact_id=artifact_id, link_type=link_type, target_id=target_id))

    def links(self, *, artifact_id: ArtifactId) -> tuple[LinkDTO, ...]:
        """The links from and to an item."""
        return self._mediator.query(ListLinks(artifact_id=artifact_id))

    def restore(self, *, artifact_id: ArtifactId) -> ArtifactDTO:
        """Take an item out of the bin."""
        return self._mediator.send(RestoreArtifact(artifact_id=artifact_id))

    def transition(
        self,
        *,
        artifact_id: ArtifactId,
        transition: str,
        expected_version: int,
        reason: str | None = None,
        fields: Mapping[str, FieldValue] | None = None,
    ) -> ArtifactDTO:
        """Take a step of the workflow; ``fields`` are set in the same step (a reason that is required, for one)."""
        message = TransitionArtifact(
            artifact_id=artifact_id,
            transition=transition,
            expected_version=expected_version,
            reason=reason,
            fields={} if fields is None else fields,
        )
        return self._mediator.send(message)

    def transitions(self, *, artifact_id: ArtifactId) -> tuple[TransitionVerdictDTO, ...]:
        """The steps out of the present state: which are possible, and why the others are not."""
        return self._mediator.query(PermittedTransitions(artifact_id=artifact_id))

    def update(
        self,
        *,
        artifact_id: ArtifactId,
        expected_version: int,
        title: str | None = None,
        fields: Mapping[str, FieldValue] | None = None,
        assignee_id: UUID | None = None,
    ) -> ArtifactDTO:
        """Change an item. Only the fields named are touched; a null clears one."""
        message = UpdateArtifact(
            artifact_id=artifact_id,
            expected_version=expected_version,
            title=title,
            fields={} if fields is None else fields,
            assignee_id=assignee_id,
        )
        return self._mediator.send(message)


class AuditApi:
    """Messages about audit."""

    def __init__(self, mediator: Mediator) -> None:
        self._mediator = mediator

    def decisions(
        self,
        *,
        entity_id: UUID | None = None,
        verdict: Literal["allow", "deny"] | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[DecisionDTO]:
        """Decisions, newest first: refusals, and the allowances of transitions and changes."""
        return self._mediator.query(ListDecisions(entity_id=entity_id, verdict=verdict, limit=limit, cursor=cursor))

    def history(
        self,
        *,
        entity_type: str,
        entity_id: UUID,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[AuditEntryDTO]:
        """The versions of an entity, newest first, each with what it changed."""
        message = EntityHistory(
            entity_type=entity_type,
            entity_id=entity_id,
            limit=limit,
            cursor=cursor,
        )
        return self._mediator.query(message)


class ManifestsApi:
    """Messages about manifests."""

    def __init__(self, mediator: Mediator) -> None:
        self._mediator = mediator

    def check(self, *, text: str, format: Format | None = None) -> CheckDTO:
        """Check a manifest text: every complaint with its place. Nothing is kept."""
        return self._mediator.query(CheckManifest(text=text, format=format))

    def graph(self, *, text: str, format: Format | None = None) -> GraphDTO:
        """The workflows of a manifest text as graphs whose nodes and edges know their place in it."""
        return self._mediator.query(GraphManifest(text=text, format=format))

    def list(self, *, limit: int = 100, cursor: str | None = None) -> Page[ManifestDTO]:
        """The manifests of the organisation."""
        return self._mediator.query(ListManifests(limit=limit, cursor=cursor))

    def save(self, *, text: str, format: Format | None = None, message: str = "") -> SavedVersionDTO:
        """Keep a manifest text as a new immutable version; the same text gives the same version back."""
        return self._mediator.send(SaveManifest(text=text, format=format, message=message))

    def version(self, *, version_id: VersionId) -> VersionDTO:
        """One version with its source text."""
        return self._mediator.query(GetVersion(version_id=version_id))

    def versions(self, *, manifest_id: ManifestId) -> tuple[VersionDTO, ...]:
        """The versions of a manifest, newest first."""
        return self._mediator.query(ListVersions(manifest_id=manifest_id))


class MembersApi:
    """Messages about members."""

    def __init__(self, mediator: Mediator) -> None:
        self._mediator = mediator

    def add(self, *, email: str, roles: tuple[str, ...] = ("viewer",)) -> MemberDTO:
        """Add a person who already has an account, with roles."""
        return self._mediator.send(AddMember(email=email, roles=roles))

    def list(self) -> tuple[MemberDTO, ...]:
        """The people of the organisation, by name."""
        return self._mediator.query(ListMembers())


class MirrorApi:
    """Messages about mirror."""

    def __init__(self, mediator: Mediator) -> None:
        self._mediator = mediator

    def refresh(self) -> MirrorStatusDTO:
        """Publish everything committed so far, and wait for it."""
        return self._mediator.send(RefreshMirror())

    def status(self) -> MirrorStatusDTO:
        """Say which version of the mirror is published and how old it is."""
        return self._mediator.query(MirrorStatus())


class PluginsApi:
    """Messages about plugins."""

    def __init__(self, mediator: Mediator) -> None:
        self._mediator = mediator

    def set_value(self, *, plugin: str, key: str, value: Json) -> PluginValueDTO:
        """Keep a JSON value of at most 64 KiB for a plugin; refused for a plugin that is not installed."""
        return self._mediator.send(SetPluginValue(plugin=plugin, key=key, value=value))

    def values(self, *, plugin: str, prefix: str = "") -> tuple[PluginValueDTO, ...]:
        """What a plugin keeps, by key; also of a plugin that is not installed any more. ``prefix`` narrows the keys."""
        return self._mediator.query(GetPluginValues(plugin=plugin, prefix=prefix))


class ProjectsApi:
    """Messages about projects."""

    def __init__(self, mediator: Mediator) -> None:
        self._mediator = mediator

    def activate(
        self,
        *,
        project_id: ProjectId,
        manifest_version_id: VersionId,
        state_map: Mapping[str, str] | None = None,
        reason: str = "",
    ) -> ActivationDTO:
        """Put a manifest version into force. Items in states it does not have need ``state_map`` (old to new)."""
        message = ActivateManifest(
            project_id=project_id,
            manifest_version_id=manifest_version_id,
            state_map={} if state_map is None else state_map,
            reason=reason,
        )
        return self._mediator.send(message)

    def activations(self, *, project_id: ProjectId) -> tuple[ActivationDTO, ...]:
        """Which manifest version ruled when, newest first."""
        return self._mediator.query(ListActivations(project_id=project_id))

    def create(
        self,
        *,
        key: str,
        name: str,
        description: str = "",
        manifest_version_id: VersionId | None = None,
    ) -> ProjectDTO:
        """Create a project. ``key`` is 2 to 10 capital letters and digits."""
        message = CreateProject(
            key=key,
            name=name,
            description=description,
            manifest_version_id=manifest_version_id,
        )
        return self._mediator.send(message)

    def get(self, *, project_id: ProjectId) -> ProjectDTO:
        """One project."""
        return self._mediator.query(GetProject(project_id=project_id))

    def list(self, *, limit: int = 100, cursor: str | None = None) -> Page[ProjectDTO]:
        """The projects I can see."""
        return self._mediator.query(ListProjects(limit=limit, cursor=cursor))

    def process(self, *, project_id: ProjectId) -> ProcessDTO:
        """The types, fields, workflows and link types that rule in a project."""
        return self._mediator.query(GetProcess(project_id=project_id))


class ReportsApi:
    """Messages about reports."""

    def __init__(self, mediator: Mediator) -> None:
        self._mediator = mediator

    def list(self, *, lang: str | None = None) -> ReportList:
        """List the reports there are, with their parameters."""
        return self._mediator.query(ListReports(lang=lang))

    def run(
        self,
        *,
        project_id: UUID,
        name: str,
        days: int | None = None,
        limit: int | None = None,
        by: str | None = None,
        lang: str | None = None,
        max_age: float | None = None,
    ) -> ReportDTO:
        """Run a report over one project. ``max_age`` (seconds) refreshes the mirror first when it is older."""
        message = RunReport(
            project_id=project_id,
            name=name,
            days=days,
            limit=limit,
            by=by,
            lang=lang,
            max_age=max_age,
        )
        return self._mediator.query(message)


class RolesApi:
    """Messages about roles."""

    def __init__(self, mediator: Mediator) -> None:
        self._mediator = mediator

    def list(self) -> tuple[RoleDTO, ...]:
        """The roles of the organisation."""
        return self._mediator.query(ListRoles())


class TenantApi:
    """Messages about tenant."""

    def __init__(self, mediator: Mediator) -> None:
        self._mediator = mediator

    def get(self) -> TenantDTO:
        """The organisation I work in."""
        return self._mediator.query(GetTenant())


class Api:
    """All messages by group; plugins' messages are found at run time."""

    def __init__(self, mediator: Mediator) -> None:
        self._mediator = mediator
        self.artifacts = ArtifactsApi(mediator)
        self.audit = AuditApi(mediator)
        self.manifests = ManifestsApi(mediator)
        self.members = MembersApi(mediator)
        self.mirror = MirrorApi(mediator)
        self.plugins = PluginsApi(mediator)
        self.projects = ProjectsApi(mediator)
        self.reports = ReportsApi(mediator)
        self.roles = RolesApi(mediator)
        self.tenant = TenantApi(mediator)

    def __getattr__(self, name: str) -> PluginGroup:
        if name.startswith("_"):
            raise AttributeError(name)
        return plugin_group(self._mediator, name)

    def sql(
        self,
        *,
        sql: str,
        params: Mapping[str, str | int | float | bool | None] | None = None,
        limit: int | None = None,
        timeout: float | None = None,
        max_age: float | None = None,
    ) -> SqlResult:
        """Run one read-only SELECT over what you may see of the mirror (DuckDB SQL; parameters as ``$name``)."""
        message = RunSql(
            sql=sql,
            params={} if params is None else params,
            limit=limit,
            timeout=timeout,
            max_age=max_age,
        )
        return self._mediator.query(message)
