"""Every message as a typed method. Written by ``python -m alm_workbench.notebook.generate``; do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from alm_workbench.contexts.access.messages import Explain, ExplanationDTO
from alm_workbench.contexts.apikey.messages import (
    ApiKeyDTO,
    ApiKeySecretDTO,
    CreateApiKey,
    ListApiKeys,
    RevokeApiKey,
    RotateApiKey,
)
from alm_workbench.contexts.artifact.messages import (
    ArtifactAccess,
    ArtifactDTO,
    Category,
    CreateArtifact,
    DeleteArtifact,
    FindArtifacts,
    GetArtifact,
    GetArtifactByKey,
    ImportArtifacts,
    ImportResultDTO,
    ItemAccessDTO,
    LinkArtifacts,
    LinkDTO,
    ListLinks,
    RestoreArtifact,
    UpdateArtifact,
)
from alm_workbench.contexts.audit.messages import (
    ArtifactsAt,
    AuditEntryDTO,
    CommitDetailDTO,
    CommitDTO,
    DecisionDTO,
    DiffDTO,
    DiffSnapshots,
    EntityHistory,
    EraseEntity,
    ErasureDTO,
    GetCommit,
    GetSnapshot,
    ListCommits,
    ListDecisions,
    ListSeals,
    SealAudit,
    SealDTO,
    SealingDTO,
    SnapshotDTO,
    VerificationDTO,
    VerifyAudit,
)
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
    ActivationHistory,
    ArchiveProject,
    CreateProject,
    GetProcess,
    GetProject,
    GrantProjectRole,
    ListProjectMembers,
    ListProjects,
    ProcessDTO,
    ProjectDTO,
    ProjectMemberDTO,
    ReopenProject,
    RevokeProjectRole,
    UpdateProject,
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
from alm_workbench.contexts.tenant.invitation_messages import (
    InvitationDTO,
    InvitationSecretDTO,
    InviteMember,
    ListInvitations,
    ResendInvitation,
    RevokeInvitation,
)
from alm_workbench.contexts.tenant.messages import (
    DeactivateTenant,
    GetSubscription,
    GetTenant,
    SubscriptionDTO,
    TenantDTO,
    UpdateTenant,
)
from alm_workbench.contexts.tenant.people_messages import (
    CreateRole,
    DeleteRole,
    ListMembers,
    ListPrivileges,
    ListRoles,
    MemberDTO,
    PrivilegeDTO,
    RemoveMember,
    RoleDTO,
    UpdateMember,
    UpdateRole,
)
from alm_workbench.contexts.tenant.policy_messages import (
    CreatePolicy,
    DeletePolicy,
    ListPolicies,
    PolicyDTO,
    UpdatePolicy,
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


class AccessApi:
    """Messages about access."""

    def __init__(self, mediator: Mediator) -> None:
        self._mediator = mediator

    def explain(
        self,
        *,
        action: str = "read",
        entity_type: Literal["Artifact", "Project"] | None = None,
        entity_id: UUID | None = None,
        user: str | None = None,
        type: str | None = None,
        at: datetime | None = None,
        who_can: str | None = None,
        role: str | None = None,
    ) -> ExplanationDTO:
        """Why somebody may or may not do something: membership, roles, privilege, access rules, policies, workflow.

        ``action`` is read, update, delete, restore, link, ``transition:<id>``, create (of a ``type`` in a project), or a
        privilege (``member:invite``). ``entity_type`` is Artifact or Project, and neither for a privilege. ``user`` is an
        e-mail address or id; without it, I. ``role`` asks about anybody who holds just this role. ``at`` asks about that
        moment: the process, roles and item of then, as far as the audit trail tells. ``who_can`` lists for every member
        whether he may do that action. About others, and for ``role``, ``at`` and ``who_can``, the privilege audit:read is
        needed.
        """
        message = Explain(
            action=action,
            entity_type=entity_type,
            entity_id=entity_id,
            user=user,
            type=type,
            at=at,
            who_can=who_can,
            role=role,
        )
        return self._mediator.query(message)


class ArtifactsApi:
    """Messages about artifacts."""

    def __init__(self, mediator: Mediator) -> None:
        self._mediator = mediator

    def access(self, *, artifact_id: ArtifactId) -> ItemAccessDTO:
        """What I may do with an item, what I may see and change of it, and why not the rest."""
        return self._mediator.query(ArtifactAccess(artifact_id=artifact_id))

    def at(
        self,
        *,
        project_id: ProjectId,
        at: datetime,
        type: str | None = None,
        limit: int = 200,
        cursor: str | None = None,
    ) -> Page[ArtifactDTO]:
        """The items of a project as they were at a moment, by id.

        When something happened decides, not when it was recorded. What is hidden now stays hidden in the past, and so does
        what was hidden then; versions that were erased are left out. ``type`` is a type's id.
        """
        return self._mediator.query(ArtifactsAt(project_id=project_id, at=at, type=type, limit=limit, cursor=cursor))

    def by_key(self, *, project_id: ProjectId, key: str, include: Literal["access"] | None = None) -> ArtifactDTO:
        """One item by its key, or by a key it had elsewhere."""
        return self._mediator.query(GetArtifactByKey(project_id=project_id, key=key, include=include))

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
        include: Literal["access"] | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[ArtifactDTO]:
        """Find items; ``text`` searches keys, titles and texts in Turkish and English. Newest first.

        ``include=access`` adds to each what I may do with it.
        """
        message = FindArtifacts(
            project_id=project_id,
            type=type,
            state=state,
            category=category,
            text=text,
            assignee_id=assignee_id,
            include=include,
            limit=limit,
            cursor=cursor,
        )
        return self._mediator.query(message)

    def get(self, *, artifact_id: ArtifactId, include: Literal["access"] | None = None) -> ArtifactDTO:
        """One item; ``include=access`` adds what I may do with it."""
        return self._mediator.query(GetArtifact(artifact_id=artifact_id, include=include))

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

    def commit(self, *, commit_id: UUID, limit: int = 50, cursor: str | None = None) -> CommitDetailDTO:
        """One commit with the entities it changed, a page at a time."""
        return self._mediator.query(GetCommit(commit_id=commit_id, limit=limit, cursor=cursor))

    def commits(
        self,
        *,
        actor_id: UUID | None = None,
        command: str | None = None,
        correlation_id: str | None = None,
        after: datetime | None = None,
        before: datetime | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[CommitDTO]:
        """Commits, newest first; ``after`` and ``before`` bound the time of recording."""
        message = ListCommits(
            actor_id=actor_id,
            command=command,
            correlation_id=correlation_id,
            after=after,
            before=before,
            limit=limit,
            cursor=cursor,
        )
        return self._mediator.query(message)

    def decisions(
        self,
        *,
        entity_id: UUID | None = None,
        verdict: Literal["allow", "deny"] | None = None,
        limit: int = 50,
        cursor: str | None = None,
        actor_id: UUID | None = None,
        rule_id: str | None = None,
        entity_type: str | None = None,
        command: str | None = None,
        correlation_id: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Page[DecisionDTO]:
        """Decisions, newest first: refusals, and the allowances of transitions and changes.

        ``command`` is a message's name (``TransitionArtifact``), ``rule_id`` a rule, step or privilege; the time span is
        from ``since`` up to, not including, ``until``. What I may not see of an item is not in its reasons.
        """
        message = ListDecisions(
            entity_id=entity_id,
            verdict=verdict,
            limit=limit,
            cursor=cursor,
            actor_id=actor_id,
            rule_id=rule_id,
            entity_type=entity_type,
            command=command,
            correlation_id=correlation_id,
            since=since,
            until=until,
        )
        return self._mediator.query(message)

    def diff(self, *, entity_type: str, entity_id: UUID, from_: int, to: int) -> DiffDTO:
        """What changed from one version to another; version 0 is the time before there was any."""
        return self._mediator.query(DiffSnapshots(entity_type=entity_type, entity_id=entity_id, from_=from_, to=to))

    def erase(self, *, entity_type: Literal["Artifact"], entity_id: UUID, reason: str) -> ErasureDTO:
        """Remove the values of an item's older versions for good; who, when and the digests stay.

        The newest version stays: change or delete the item first, so that it holds nothing that must go.
        """
        return self._mediator.send(EraseEntity(entity_type=entity_type, entity_id=entity_id, reason=reason))

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

    def seal(self) -> SealingDTO:
        """Seal now what was committed since the last seal; a job does so every minute."""
        return self._mediator.send(SealAudit())

    def seals(self, *, limit: int = 50, cursor: str | None = None) -> Page[SealDTO]:
        """The seals of the organisation's audit, newest first."""
        return self._mediator.query(ListSeals(limit=limit, cursor=cursor))

    def snapshot(self, *, entity_type: str, entity_id: UUID, version: int) -> SnapshotDTO:
        """An entity as it was at one version."""
        return self._mediator.query(GetSnapshot(entity_type=entity_type, entity_id=entity_id, version=version))

    def verify(self, *, live: bool = True) -> VerificationDTO:
        """Check every snapshot and commit against the seals, and with ``live`` the tables against the newest snapshots."""
        return self._mediator.query(VerifyAudit(live=live))


class KeysApi:
    """Messages about keys."""

    def __init__(self, mediator: Mediator) -> None:
        self._mediator = mediator

    def create(
        self,
        *,
        name: str,
        scopes: tuple[str, ...],
        expires_at: datetime | None = None,
        roles: tuple[str, ...] | None = None,
        project_ids: tuple[UUID, ...] | None = None,
    ) -> ApiKeySecretDTO:
        """Make a key for a program; its rights are the scopes, as far as I hold them at the moment of each request.

        ``scopes`` are privilege codes or ``resource:*``; ``roles`` narrows it to some of my roles, ``project_ids`` to some
        projects. Without ``expires_at`` it lives 90 days; at most it lives a year.
        """
        message = CreateApiKey(
            name=name,
            scopes=scopes,
            expires_at=expires_at,
            roles=roles,
            project_ids=project_ids,
        )
        return self._mediator.send(message)

    def list(self, *, everybody: bool = False) -> tuple[ApiKeyDTO, ...]:
        """My keys, newest first; with ``everybody`` those of the whole organisation (needs ``key:manage``)."""
        return self._mediator.query(ListApiKeys(everybody=everybody))

    def revoke(self, *, key_id: UUID) -> ApiKeyDTO:
        """Revoke a key of mine, or anybody's with ``key:manage``; it stops to work within seconds, for good."""
        return self._mediator.send(RevokeApiKey(key_id=key_id))

    def rotate(self, *, key_id: UUID, grace_hours: int = 24) -> ApiKeySecretDTO:
        """Give a key of mine a new secret; the old one works for ``grace_hours`` more (0 to 168)."""
        return self._mediator.send(RotateApiKey(key_id=key_id, grace_hours=grace_hours))


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

    def invitations(self) -> tuple[InvitationDTO, ...]:
        """The invitations of the organisation, newest first."""
        return self._mediator.query(ListInvitations())

    def invite(self, *, email: str, roles: tuple[str, ...] = ("viewer",)) -> InvitationSecretDTO:
        """Invite an address with roles that I hold myself; only an account of this address can accept."""
        return self._mediator.send(InviteMember(email=email, roles=roles))

    def list(self) -> tuple[MemberDTO, ...]:
        """The people of the organisation, by name."""
        return self._mediator.query(ListMembers())

    def remove(self, *, membership_id: UUID, expected_version: int) -> MemberDTO:
        """Take a person out of the organisation, with all roles and open invitations; what was written stays."""
        return self._mediator.send(RemoveMember(membership_id=membership_id, expected_version=expected_version))

    def resend_invitation(self, *, invitation_id: UUID) -> InvitationSecretDTO:
        """Give an open or expired invitation a new token and new time; the token before is dead."""
        return self._mediator.send(ResendInvitation(invitation_id=invitation_id))

    def revoke_invitation(self, *, invitation_id: UUID) -> InvitationDTO:
        """Take an open invitation back; its token is dead."""
        return self._mediator.send(RevokeInvitation(invitation_id=invitation_id))

    def update(
        self,
        *,
        membership_id: UUID,
        expected_version: int,
        roles: tuple[str, ...] | None = None,
        status: Literal["active", "suspended"] | None = None,
    ) -> MemberDTO:
        """Give a member other roles, suspend or reinstate. Nobody gives or takes more than he holds; one owner stays."""
        message = UpdateMember(
            membership_id=membership_id,
            expected_version=expected_version,
            roles=roles,
            status=status,
        )
        return self._mediator.send(message)


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


class PoliciesApi:
    """Messages about policies."""

    def __init__(self, mediator: Mediator) -> None:
        self._mediator = mediator

    def create(self, *, code: str, definition: Mapping[str, Any], enabled: bool = True) -> PolicyDTO:
        """Make a policy that holds in every project at once.

        ``definition``: ``events`` (create, update, soft_delete, restore, transition, assign, link …), and if wanted
        ``when``, ``effect`` (deny unless it says allow), ``applies_to``, ``priority``, ``labels`` and ``message``.
        """
        return self._mediator.send(CreatePolicy(code=code, definition=definition, enabled=enabled))

    def delete(self, *, code: str, expected_version: int) -> PolicyDTO:
        """Delete a policy of our own; the built-in ones can be switched off."""
        return self._mediator.send(DeletePolicy(code=code, expected_version=expected_version))

    def list(self) -> tuple[PolicyDTO, ...]:
        """The policies of the organisation, by code."""
        return self._mediator.query(ListPolicies())

    def update(
        self,
        *,
        code: str,
        expected_version: int,
        enabled: bool | None = None,
        definition: Mapping[str, Any] | None = None,
    ) -> PolicyDTO:
        """Switch a policy on or off, or give it another definition (all of it); what is not named stays."""
        message = UpdatePolicy(
            code=code,
            expected_version=expected_version,
            enabled=enabled,
            definition=definition,
        )
        return self._mediator.send(message)


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

    def activations(self, *, project_id: ProjectId, limit: int = 50, cursor: str | None = None) -> Page[ActivationDTO]:
        """Which manifest version ruled when, newest first, in pages."""
        return self._mediator.query(ActivationHistory(project_id=project_id, limit=limit, cursor=cursor))

    def archive(self, *, project_id: ProjectId, expected_version: int) -> ProjectDTO:
        """Let a project stand still: it can be read and searched, and nothing in it changes until it is reopened."""
        return self._mediator.send(ArchiveProject(project_id=project_id, expected_version=expected_version))

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

    def grant_role(self, *, project_id: ProjectId, membership_id: UUID, role: str) -> ProjectMemberDTO:
        """Give a member a role in this project, of which I hold every privilege here; given twice it is held once."""
        return self._mediator.send(GrantProjectRole(project_id=project_id, membership_id=membership_id, role=role))

    def list(self, *, limit: int = 100, cursor: str | None = None) -> Page[ProjectDTO]:
        """The projects I can see."""
        return self._mediator.query(ListProjects(limit=limit, cursor=cursor))

    def members(self, *, project_id: ProjectId) -> tuple[ProjectMemberDTO, ...]:
        """Who holds which roles in this project, by name; tenant-wide roles are not repeated here."""
        return self._mediator.query(ListProjectMembers(project_id=project_id))

    def process(self, *, project_id: ProjectId) -> ProcessDTO:
        """The types, fields, workflows and link types that rule in a project."""
        return self._mediator.query(GetProcess(project_id=project_id))

    def reopen(self, *, project_id: ProjectId, expected_version: int) -> ProjectDTO:
        """Work on an archived project again."""
        return self._mediator.send(ReopenProject(project_id=project_id, expected_version=expected_version))

    def revoke_role(self, *, project_id: ProjectId, membership_id: UUID, role: str) -> ProjectMemberDTO:
        """Take a role in this project from a member; one that is not held is taken already."""
        return self._mediator.send(RevokeProjectRole(project_id=project_id, membership_id=membership_id, role=role))

    def update(
        self,
        *,
        project_id: ProjectId,
        expected_version: int,
        name: str | None = None,
        description: str | None = None,
    ) -> ProjectDTO:
        """Rename a project or describe it anew; what is not named stays."""
        message = UpdateProject(
            project_id=project_id,
            expected_version=expected_version,
            name=name,
            description=description,
        )
        return self._mediator.send(message)


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

    def create(
        self,
        *,
        code: str,
        labels: Mapping[str, str],
        privileges: tuple[str, ...] = (),
        implies: tuple[str, ...] = (),
        description: Mapping[str, str] | None = None,
    ) -> RoleDTO:
        """Make a role out of privileges that I hold. ``labels`` and ``description`` by language."""
        message = CreateRole(
            code=code,
            labels=labels,
            privileges=privileges,
            implies=implies,
            description=description,
        )
        return self._mediator.send(message)

    def delete(self, *, code: str, expected_version: int) -> RoleDTO:
        """Delete a role of our own that nobody holds, no role implies and no open invitation promises."""
        return self._mediator.send(DeleteRole(code=code, expected_version=expected_version))

    def list(self) -> tuple[RoleDTO, ...]:
        """The roles of the organisation."""
        return self._mediator.query(ListRoles())

    def privileges(self) -> tuple[PrivilegeDTO, ...]:
        """Every privilege that a role may grant."""
        return self._mediator.query(ListPrivileges())

    def update(
        self,
        *,
        code: str,
        expected_version: int,
        labels: Mapping[str, str] | None = None,
        privileges: tuple[str, ...] | None = None,
        implies: tuple[str, ...] | None = None,
        description: Mapping[str, str] | None = None,
    ) -> RoleDTO:
        """Change a role of our own; what is not named stays. The built-in ones are fixed."""
        message = UpdateRole(
            code=code,
            expected_version=expected_version,
            labels=labels,
            privileges=privileges,
            implies=implies,
            description=description,
        )
        return self._mediator.send(message)


class TenantApi:
    """Messages about tenant."""

    def __init__(self, mediator: Mediator) -> None:
        self._mediator = mediator

    def deactivate(self, *, slug: str) -> TenantDTO:
        """Close the organisation for everybody, at once; nothing is deleted. ``slug`` must name it, against accidents.

        Only who runs the installation can open it again (``alm tenant reactivate``).
        """
        return self._mediator.send(DeactivateTenant(slug=slug))

    def get(self) -> TenantDTO:
        """The organisation I work in."""
        return self._mediator.query(GetTenant())

    def subscription(self) -> SubscriptionDTO:
        """The subscription of the organisation, and what is used of it."""
        return self._mediator.query(GetSubscription())

    def update(
        self,
        *,
        expected_version: int,
        name: str | None = None,
        timezone: str | None = None,
        week_start: int | None = None,
        locale: Literal["en", "tr"] | None = None,
        working_calendar: Mapping[str, Any] | None = None,
        settings: Mapping[str, int | None] | None = None,
    ) -> TenantDTO:
        """Change the organisation; what is not named stays.

        ``settings``: ``invitation_days`` (1 to 30, default 7), ``audit_retention_months`` (null: for ever); a null
        removes one. ``working_calendar`` replaces the whole calendar.
        """
        message = UpdateTenant(
            expected_version=expected_version,
            name=name,
            timezone=timezone,
            week_start=week_start,
            locale=locale,
            working_calendar=working_calendar,
            settings=settings,
        )
        return self._mediator.send(message)


class Api:
    """All messages by group; plugins' messages are found at run time."""

    def __init__(self, mediator: Mediator) -> None:
        self._mediator = mediator
        self.access = AccessApi(mediator)
        self.artifacts = ArtifactsApi(mediator)
        self.audit = AuditApi(mediator)
        self.keys = KeysApi(mediator)
        self.manifests = ManifestsApi(mediator)
        self.members = MembersApi(mediator)
        self.mirror = MirrorApi(mediator)
        self.plugins = PluginsApi(mediator)
        self.policies = PoliciesApi(mediator)
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
