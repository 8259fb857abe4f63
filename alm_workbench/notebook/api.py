"""Every message as a typed method. Written by ``python -m alm_workbench.notebook.generate``; do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
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
from alm_workbench.contexts.artifact.bin_messages import BinItemDTO, ListBin, RestoreCommit, RestoredDTO
from alm_workbench.contexts.artifact.export_messages import ExportArtifacts, ExportPageDTO
from alm_workbench.contexts.artifact.finding_messages import (
    CountArtifacts,
    CountDTO,
    FacetArtifacts,
    FacetDTO,
    SearchEverywhere,
)
from alm_workbench.contexts.artifact.link_messages import ClearSuspect, UnlinkArtifacts
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
from alm_workbench.contexts.artifact.relocation_messages import MoveToProject
from alm_workbench.contexts.artifact.structure_messages import ListChildren, ListTags, MoveArtifact, ProjectTree, TagDTO
from alm_workbench.contexts.attachment.messages import (
    AttachmentDTO,
    DeleteAttachment,
    GetAttachment,
    ListAttachments,
    RestoreAttachment,
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
from alm_workbench.contexts.bulk.messages import (
    Action,
    ApplyBulk,
    BulkDTO,
    BulkQuestion,
    BulkRunDTO,
    BulkTarget,
    GetBulk,
    ListBulks,
    NewItem,
    PlanBulk,
    UndoBulk,
)
from alm_workbench.contexts.discussion.messages import (
    AddComment,
    CommentDTO,
    CommentHistory,
    CommentRevisionDTO,
    DeleteComment,
    GetComment,
    ListComments,
    ListMentionable,
    MentionDTO,
    RestoreComment,
    TextFormat,
    UpdateComment,
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
from alm_workbench.contexts.notification.messages import (
    CountNotifications,
    ListNotifications,
    ListPeople,
    ListWatchers,
    MarkRead,
    NotificationCountDTO,
    NotificationDTO,
    PersonDTO,
    ReadDTO,
    UnwatchArtifact,
    WatchArtifact,
    WatcherDTO,
)
from alm_workbench.contexts.planning.messages import (
    AreaDTO,
    CarriedOverDTO,
    CarryOver,
    CycleDTO,
    CyclePlanDTO,
    GetCyclePlan,
    ListAreas,
    ListBacklog,
    ListCycles,
    PlanItems,
    SetCapacity,
)
from alm_workbench.contexts.planning.team_messages import (
    CreateTeam,
    DeleteTeam,
    GetTeam,
    ListTeams,
    TeamDTO,
    UpdateTeam,
)
from alm_workbench.contexts.planning.work_messages import ListWork, LogWork, MyWork, TakeBackWork, WorkLogDTO
from alm_workbench.contexts.plugin.messages import GetPluginValues, PluginValueDTO, SetPluginValue
from alm_workbench.contexts.project.bin_messages import (
    DeletedProjectDTO,
    DeleteProject,
    ListDeletedProjects,
    RestoreProject,
)
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
from alm_workbench.contexts.project.settings_messages import (
    Day,
    GetProjectSettings,
    ProjectSettingsDTO,
    Told,
    Unit,
    UpdateProjectSettings,
)
from alm_workbench.contexts.project.template_messages import ListTemplates, TemplateDTO
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
from alm_workbench.contexts.savedquery.messages import (
    CreateSavedQuery,
    DeleteSavedQuery,
    GetSavedQuery,
    ListSavedQueries,
    RunSavedQuery,
    SavedQueryDTO,
    Sharing,
    UpdateSavedQuery,
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
    ApprovalDTO,
    ApprovalsOf,
    ApprovalStatus,
    ApproveStep,
    GetApproval,
    HistoryEntryDTO,
    ItemTimes,
    ItemTimesDTO,
    ListApprovals,
    PermittedTransitions,
    RejectStep,
    StateHistory,
    TransitionArtifact,
    TransitionVerdictDTO,
    WithdrawStep,
)
from alm_workbench.notebook.plugins import PluginGroup, plugin_group
from alm_workbench.shared.ids import ArtifactId, ManifestId, ProjectId, VersionId
from alm_workbench.shared.mediator import Mediator
from alm_workbench.shared.messages import UNSET, FieldValue, Json, Page


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


class ApprovalsApi:
    """Messages about approvals."""

    def __init__(self, mediator: Mediator) -> None:
        self._mediator = mediator

    def approve(self, *, approval_id: UUID, reason: str | None = None) -> ApprovalDTO:
        """Agree to a step that somebody else asked for; with the last one needed it is taken, if every rule still allows it.

        For people who hold one of the roles the process asks, never for keys or for whoever asked.
        """
        return self._mediator.send(ApproveStep(approval_id=approval_id, reason=reason))

    def get(self, *, approval_id: UUID) -> ApprovalDTO:
        """One request for approval."""
        return self._mediator.query(GetApproval(approval_id=approval_id))

    def list(
        self,
        *,
        status: ApprovalStatus | None = None,
        mine: bool = False,
        project_id: ProjectId | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[ApprovalDTO]:
        """Requests for approval that I may see, newest first; ``mine``: those that wait for me."""
        message = ListApprovals(
            status=status,
            mine=mine,
            project_id=project_id,
            limit=limit,
            cursor=cursor,
        )
        return self._mediator.query(message)

    def of(self, *, artifact_id: ArtifactId) -> tuple[ApprovalDTO, ...]:
        """Every request for approval of an item's steps, newest first."""
        return self._mediator.query(ApprovalsOf(artifact_id=artifact_id))

    def reject(self, *, approval_id: UUID, reason: str) -> ApprovalDTO:
        """Refuse a step that somebody else asked for: one refusal ends the request."""
        return self._mediator.send(RejectStep(approval_id=approval_id, reason=reason))

    def withdraw(self, *, approval_id: UUID, reason: str | None = None) -> ApprovalDTO:
        """Take back a step that I asked for."""
        return self._mediator.send(WithdrawStep(approval_id=approval_id, reason=reason))


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

    def children(self, *, artifact_id: ArtifactId, limit: int = 100, cursor: str | None = None) -> Page[ArtifactDTO]:
        """The items right below one, in the order of the project."""
        return self._mediator.query(ListChildren(artifact_id=artifact_id, limit=limit, cursor=cursor))

    def confirm_link(
        self,
        *,
        artifact_id: ArtifactId,
        link_id: UUID,
        expected_version: int,
        pinned_version: int | None = UNSET,
    ) -> LinkDTO:
        """Say that a suspect link still holds.

        ``pinned_version`` makes it speak of one version of the target from now on, null of whatever version there is.
        """
        message = ClearSuspect(
            artifact_id=artifact_id,
            link_id=link_id,
            expected_version=expected_version,
            pinned_version=pinned_version,
        )
        return self._mediator.send(message)

    def count(
        self,
        *,
        project_id: ProjectId,
        type: str | None = None,
        state: str | None = None,
        category: Category | None = None,
        text: str | None = None,
        filter: str | None = None,
        assignee_id: UUID | None = None,
        tag: str | None = None,
        parent_id: ArtifactId | None = None,
        keys: str | None = None,
        created_since: datetime | None = None,
        created_until: datetime | None = None,
        updated_since: datetime | None = None,
        updated_until: datetime | None = None,
        deleted: Literal["only", "include"] | None = None,
    ) -> CountDTO:
        """How many items ``GET /projects/{project_id}/artifacts`` finds for the same question."""
        message = CountArtifacts(
            project_id=project_id,
            type=type,
            state=state,
            category=category,
            text=text,
            filter=filter,
            assignee_id=assignee_id,
            tag=tag,
            parent_id=parent_id,
            keys=keys,
            created_since=created_since,
            created_until=created_until,
            updated_since=updated_since,
            updated_until=updated_until,
            deleted=deleted,
        )
        return self._mediator.query(message)

    def create(
        self,
        *,
        project_id: ProjectId,
        artifact_type: str,
        title: str,
        fields: Mapping[str, FieldValue] | None = None,
        parent_id: ArtifactId | None = None,
        assignee_id: UUID | None = None,
        tags: tuple[str, ...] = (),
    ) -> ArtifactDTO:
        """Create an item, last in its project's order; ``artifact_type`` is the id or a label of a type of the active manifest."""
        message = CreateArtifact(
            project_id=project_id,
            artifact_type=artifact_type,
            title=title,
            fields={} if fields is None else fields,
            parent_id=parent_id,
            assignee_id=assignee_id,
            tags=tags,
        )
        return self._mediator.send(message)

    def delete(self, *, artifact_id: ArtifactId, expected_version: int, cascade: bool = False) -> ArtifactDTO:
        """Put an item into the bin, with its links, comments and files; ``POST …/restore`` brings all of it back.

        Items below it go along if ``cascade`` says so, else they are in the way; tasks below it live on, at the top.
        """
        message = DeleteArtifact(
            artifact_id=artifact_id,
            expected_version=expected_version,
            cascade=cascade,
        )
        return self._mediator.send(message)

    def export_page(
        self,
        *,
        project_id: ProjectId,
        technical: bool = False,
        type: str | None = None,
        state: str | None = None,
        category: Category | None = None,
        text: str | None = None,
        filter: str | None = None,
        assignee_id: UUID | None = None,
        tag: str | None = None,
        parent_id: ArtifactId | None = None,
        keys: str | None = None,
        created_since: datetime | None = None,
        created_until: datetime | None = None,
        updated_since: datetime | None = None,
        updated_until: datetime | None = None,
        deleted: Literal["only", "include"] | None = None,
        sort: str | None = None,
        limit: int = 500,
        cursor: str | None = None,
    ) -> ExportPageDTO:
        """Items as rows for a file that can be imported again: in the order of the backlog, with all that I may see of them.

        Columns are ``key``, ``type``, ``title``, ``state``, ``assignee`` (an e-mail address, an id for those who may not see
        addresses), ``parent`` and ``tags``, ``created_at``, every field, and ``link:<type>`` with the keys that the item
        links to. ``technical`` adds ``id``, ``version`` and ``updated_at``. The rest asks as ``GET …/artifacts`` does.
        """
        message = ExportArtifacts(
            project_id=project_id,
            technical=technical,
            type=type,
            state=state,
            category=category,
            text=text,
            filter=filter,
            assignee_id=assignee_id,
            tag=tag,
            parent_id=parent_id,
            keys=keys,
            created_since=created_since,
            created_until=created_until,
            updated_since=updated_since,
            updated_until=updated_until,
            deleted=deleted,
            sort=sort,
            limit=limit,
            cursor=cursor,
        )
        return self._mediator.query(message)

    def facets(
        self,
        *,
        project_id: ProjectId,
        type: str | None = None,
        state: str | None = None,
        category: Category | None = None,
        text: str | None = None,
        filter: str | None = None,
        assignee_id: UUID | None = None,
        tag: str | None = None,
        parent_id: ArtifactId | None = None,
        keys: str | None = None,
        created_since: datetime | None = None,
        created_until: datetime | None = None,
        updated_since: datetime | None = None,
        updated_until: datetime | None = None,
        deleted: Literal["only", "include"] | None = None,
        by: str = "type,state",
    ) -> tuple[FacetDTO, ...]:
        """How the items found spread over the values of fields; ``by`` names them with commas between them.

        ``type``, ``state``, ``category``, ``assignee``, ``tags``, or fields that hold choices, people, teams, items or yes and no.
        """
        message = FacetArtifacts(
            project_id=project_id,
            type=type,
            state=state,
            category=category,
            text=text,
            filter=filter,
            assignee_id=assignee_id,
            tag=tag,
            parent_id=parent_id,
            keys=keys,
            created_since=created_since,
            created_until=created_until,
            updated_since=updated_since,
            updated_until=updated_until,
            deleted=deleted,
            by=by,
        )
        return self._mediator.query(message)

    def find(
        self,
        *,
        project_id: ProjectId,
        type: str | None = None,
        state: str | None = None,
        category: Category | None = None,
        text: str | None = None,
        filter: str | None = None,
        assignee_id: UUID | None = None,
        tag: str | None = None,
        parent_id: ArtifactId | None = None,
        keys: str | None = None,
        created_since: datetime | None = None,
        created_until: datetime | None = None,
        updated_since: datetime | None = None,
        updated_until: datetime | None = None,
        deleted: Literal["only", "include"] | None = None,
        sort: str | None = None,
        include: Literal["access"] | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[ArtifactDTO]:
        """Find items. Newest first, or best hit first where ``text`` is given, or as ``sort`` says.

        ``text`` searches keys, titles and texts in Turkish and English; its last word may be the beginning of one.
        ``filter`` is a condition in the language of manifests, such as ``priority in ['high', 'urgent'] and assignee == actor.id``.
        ``type``, ``state``, ``tag`` and ``keys`` take one value or several with commas between them; of several
        tags an item has all. A moment ``…_since`` counts, one ``…_until`` does not. ``sort`` names fields with commas between
        them, ``-`` before one turns it round, items without a value come last. ``deleted`` shows the bin too, or only it, to
        those who may restore. Items found by what the caller may not see of them are left out. ``include=access`` adds to each
        what I may do with it.
        """
        message = FindArtifacts(
            project_id=project_id,
            type=type,
            state=state,
            category=category,
            text=text,
            filter=filter,
            assignee_id=assignee_id,
            tag=tag,
            parent_id=parent_id,
            keys=keys,
            created_since=created_since,
            created_until=created_until,
            updated_since=updated_since,
            updated_until=updated_until,
            deleted=deleted,
            sort=sort,
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
        existing: Literal["skip", "update"] = "skip",
    ) -> ImportResultDTO:
        """Import the rows of a file as items, all or none unless ``on_error`` is ``skip``.

        ``content`` is the file in base64: CSV, an Excel workbook (its first sheet) or JSON as exports write it. ``mapping``
        says which column feeds what: ``title``, ``ref`` (the item's key in the other tool: an item imported before is not
        imported again), ``key``, ``type``, ``state``, ``assignee``, ``parent``, ``tags``, ``version``, ``created_at``,
        ``link:<type of link>``, or a field id; a column mapped to null is left out. Columns that are not mapped go by their
        own name. ``existing`` says what becomes of rows whose key or ref is known: ``skip`` leaves them alone, ``update``
        changes their items through the same checks as single changes (a blank cell clears; with a ``version`` column only
        where that is the item's version). Rows without a known key become new items, in the state they name.
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
            existing=existing,
        )
        return self._mediator.send(message)

    def link(
        self,
        *,
        artifact_id: ArtifactId,
        link_type: str,
        target_id: ArtifactId,
        pinned_version: int | None = None,
    ) -> LinkDTO:
        """Link an item to another by a link type of the process, or by its inverse (the other item is the source then).

        ``pinned_version`` makes the link speak of one version of the item at the target's end.
        """
        message = LinkArtifacts(
            artifact_id=artifact_id,
            link_type=link_type,
            target_id=target_id,
            pinned_version=pinned_version,
        )
        return self._mediator.send(message)

    def links(self, *, artifact_id: ArtifactId) -> tuple[LinkDTO, ...]:
        """The links from and to an item."""
        return self._mediator.query(ListLinks(artifact_id=artifact_id))

    def move(
        self,
        *,
        artifact_id: ArtifactId,
        expected_version: int,
        parent_id: ArtifactId | None = UNSET,
        before: ArtifactId | None = None,
        after: ArtifactId | None = None,
    ) -> ArtifactDTO:
        """Put an item below another one (null: at the top), or elsewhere in the order of its project.

        ``before`` or ``after`` is an item of the project; without them an item that gets another parent comes last. All below it
        goes along. Without any of them it comes last.
        """
        message = MoveArtifact(
            artifact_id=artifact_id,
            expected_version=expected_version,
            parent_id=parent_id,
            before=before,
            after=after,
        )
        return self._mediator.send(message)

    def move_to_project(
        self,
        *,
        artifact_id: ArtifactId,
        expected_version: int,
        project_id: ProjectId,
        types: Mapping[str, str] | None = None,
        states: Mapping[str, Mapping[str, str]] | None = None,
        parent_id: ArtifactId | None = None,
    ) -> ArtifactDTO:
        """Take an item with all below it to another project, where it gets a new key; the old key still finds it.

        ``types`` and ``states`` (by type there) say what types and states become that the other process does not have. Links,
        comments, files and history come along. Whatever would be lost is in the way, and told with its place: a value without
        a field there, a link of a type that the other process does not know.
        """
        message = MoveToProject(
            artifact_id=artifact_id,
            expected_version=expected_version,
            project_id=project_id,
            types={} if types is None else types,
            states={} if states is None else states,
            parent_id=parent_id,
        )
        return self._mediator.send(message)

    def restore(self, *, artifact_id: ArtifactId) -> ArtifactDTO:
        """Take an item out of the bin, with the links, comments and files that went with it.

        Items that were deleted with it stay there; ``RestoreCommit`` brings all back.
        """
        return self._mediator.send(RestoreArtifact(artifact_id=artifact_id))

    def tags(self, *, project_id: ProjectId) -> tuple[TagDTO, ...]:
        """The tags of a project's items, the most frequent first."""
        return self._mediator.query(ListTags(project_id=project_id))

    def times(self, *, artifact_id: ArtifactId) -> ItemTimesDTO:
        """How long an item was in each state, and how long it took in all."""
        return self._mediator.query(ItemTimes(artifact_id=artifact_id))

    def transition(
        self,
        *,
        artifact_id: ArtifactId,
        transition: str,
        expected_version: int,
        reason: str | None = None,
        fields: Mapping[str, FieldValue] | None = None,
    ) -> ArtifactDTO:
        """Take a step of the workflow; ``fields`` are set in the same step.

        ``reason`` is free, or one of those the step offers (more words may follow after a colon). Where others must agree
        first, the step is asked for: the item comes back as it was, with ``pending``.
        """
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

    def tree(
        self,
        *,
        project_id: ProjectId,
        parent_id: ArtifactId | None = None,
        depth: int = 3,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page[ArtifactDTO]:
        """Items of a project with what stands below them, each after its parent, in the order of the project.

        A page has ``limit`` items below ``parent_id`` (none: at the top), each with up to ``depth`` levels of items in all. An
        item whose parent the caller may not see is left out with it.
        """
        message = ProjectTree(
            project_id=project_id,
            parent_id=parent_id,
            depth=depth,
            limit=limit,
            cursor=cursor,
        )
        return self._mediator.query(message)

    def unlink(self, *, artifact_id: ArtifactId, link_id: UUID, expected_version: int) -> LinkDTO:
        """Take a link away, from either of its ends; gives the link as it was."""
        message = UnlinkArtifacts(
            artifact_id=artifact_id,
            link_id=link_id,
            expected_version=expected_version,
        )
        return self._mediator.send(message)

    def update(
        self,
        *,
        artifact_id: ArtifactId,
        expected_version: int,
        title: str | None = None,
        fields: Mapping[str, FieldValue] | None = None,
        assignee_id: UUID | None = UNSET,
        parent_id: ArtifactId | None = UNSET,
        tags: tuple[str, ...] | None = UNSET,
    ) -> ArtifactDTO:
        """Change an item. Only what is named is touched; a null clears a field, the assignee, the parent or the tags.

        ``tags`` are all tags that the item has afterwards. With another parent it keeps its rank.
        """
        message = UpdateArtifact(
            artifact_id=artifact_id,
            expected_version=expected_version,
            title=title,
            fields={} if fields is None else fields,
            assignee_id=assignee_id,
            parent_id=parent_id,
            tags=tags,
        )
        return self._mediator.send(message)


class AttachmentsApi:
    """Messages about attachments."""

    def __init__(self, mediator: Mediator) -> None:
        self._mediator = mediator

    def delete(self, *, artifact_id: ArtifactId, attachment_id: UUID, expected_version: int) -> AttachmentDTO:
        """Put a file of mine into the bin, or anybody's where I moderate; it can be restored."""
        message = DeleteAttachment(
            artifact_id=artifact_id,
            attachment_id=attachment_id,
            expected_version=expected_version,
        )
        return self._mediator.send(message)

    def get(self, *, artifact_id: ArtifactId, attachment_id: UUID) -> AttachmentDTO:
        """What is known of one file; its content is at ``…/content``."""
        return self._mediator.query(GetAttachment(artifact_id=artifact_id, attachment_id=attachment_id))

    def list(
        self,
        *,
        artifact_id: ArtifactId,
        name: str | None = None,
        deleted: bool | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page[AttachmentDTO]:
        """The files of an item by name, the newest revision of each.

        ``name`` lists every revision of one name, newest first; ``deleted`` those in the bin that I may restore.
        """
        message = ListAttachments(
            artifact_id=artifact_id,
            name=name,
            deleted=deleted,
            limit=limit,
            cursor=cursor,
        )
        return self._mediator.query(message)

    def restore(self, *, artifact_id: ArtifactId, attachment_id: UUID) -> AttachmentDTO:
        """Take a file of mine out of the bin, or anybody's where I moderate."""
        return self._mediator.send(RestoreAttachment(artifact_id=artifact_id, attachment_id=attachment_id))


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

    def erase(
        self,
        *,
        entity_type: Literal["Artifact", "Comment", "Attachment"],
        entity_id: UUID,
        reason: str,
    ) -> ErasureDTO:
        """Remove the values of older versions of an item, comment or file's name for good, and their copies.

        Who, when and the digests stay, and so does the newest version: change it first, so that it holds nothing that must go.
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


class BulkApi:
    """Messages about bulk."""

    def __init__(self, mediator: Mediator) -> None:
        self._mediator = mediator

    def apply(
        self,
        *,
        project_id: ProjectId,
        action: Action,
        items: tuple[BulkTarget, ...] = (),
        where: BulkQuestion | None = None,
        create: tuple[NewItem, ...] = (),
        title: str | None = None,
        fields: Mapping[str, FieldValue] | None = None,
        assignee_id: UUID | None = UNSET,
        parent_id: ArtifactId | None = UNSET,
        tags: tuple[str, ...] | None = UNSET,
        add_tags: tuple[str, ...] = (),
        remove_tags: tuple[str, ...] = (),
        transition: str | None = None,
        reason: str | None = None,
        before: ArtifactId | None = None,
        after: ArtifactId | None = None,
        link_type: str | None = None,
        target_id: ArtifactId | None = None,
        on_error: Literal["stop", "skip"] = "stop",
        plan_id: UUID | None = None,
    ) -> BulkDTO:
        """Change many items at once, each through the same guards as one by one: all or none, or all that may be.

        Takes the privileges of the single commands. With ``plan_id`` it is refused (409) where an item, the selection or
        the process changed since that plan. ``on_error=stop`` changes nothing where one item is refused.
        """
        message = ApplyBulk(
            project_id=project_id,
            action=action,
            items=items,
            where=where,
            create=create,
            title=title,
            fields={} if fields is None else fields,
            assignee_id=assignee_id,
            parent_id=parent_id,
            tags=tags,
            add_tags=add_tags,
            remove_tags=remove_tags,
            transition=transition,
            reason=reason,
            before=before,
            after=after,
            link_type=link_type,
            target_id=target_id,
            on_error=on_error,
            plan_id=plan_id,
        )
        return self._mediator.send(message)

    def get(self, *, project_id: ProjectId, run_id: UUID) -> BulkRunDTO:
        """One bulk change."""
        return self._mediator.query(GetBulk(project_id=project_id, run_id=run_id))

    def list(self, *, project_id: ProjectId, limit: int = 50, cursor: str | None = None) -> Page[BulkRunDTO]:
        """The bulk changes of a project, newest first, without plans."""
        return self._mediator.query(ListBulks(project_id=project_id, limit=limit, cursor=cursor))

    def plan(
        self,
        *,
        project_id: ProjectId,
        action: Action,
        items: tuple[BulkTarget, ...] = (),
        where: BulkQuestion | None = None,
        create: tuple[NewItem, ...] = (),
        title: str | None = None,
        fields: Mapping[str, FieldValue] | None = None,
        assignee_id: UUID | None = UNSET,
        parent_id: ArtifactId | None = UNSET,
        tags: tuple[str, ...] | None = UNSET,
        add_tags: tuple[str, ...] = (),
        remove_tags: tuple[str, ...] = (),
        transition: str | None = None,
        reason: str | None = None,
        before: ArtifactId | None = None,
        after: ArtifactId | None = None,
        link_type: str | None = None,
        target_id: ArtifactId | None = None,
    ) -> BulkDTO:
        """Say what a bulk change would do: the diff of each item and the verdict of every rule. Nothing is changed.

        It is carried out and taken back, so that it says exactly what ``apply`` does. The run's id is what ``apply`` takes
        as ``plan_id``; it holds for a day.
        """
        message = PlanBulk(
            project_id=project_id,
            action=action,
            items=items,
            where=where,
            create=create,
            title=title,
            fields={} if fields is None else fields,
            assignee_id=assignee_id,
            parent_id=parent_id,
            tags=tags,
            add_tags=add_tags,
            remove_tags=remove_tags,
            transition=transition,
            reason=reason,
            before=before,
            after=after,
            link_type=link_type,
            target_id=target_id,
        )
        return self._mediator.send(message)

    def undo(self, *, project_id: ProjectId, run_id: UUID) -> BulkDTO:
        """Take a bulk change back, once: every item as it was before, through the same guards.

        Items that somebody changed since are refused and named; the others are taken back. It is a bulk change itself.
        Whoever made the change may do it, and whoever may change the project.
        """
        return self._mediator.send(UndoBulk(project_id=project_id, run_id=run_id))


class CommentsApi:
    """Messages about comments."""

    def __init__(self, mediator: Mediator) -> None:
        self._mediator = mediator

    def add(
        self,
        *,
        artifact_id: ArtifactId,
        text: str,
        format: TextFormat = "plain",
        parent_id: UUID | None = None,
        occurred_at: datetime | None = None,
    ) -> CommentDTO:
        """Comment on an item, or answer a comment (``parent_id``; an answer to an answer stands in the same thread).

        ``@[any words](actor id)`` mentions a person, as ``@e-mail`` does where I may see addresses; who may read the item is
        told. ``occurred_at`` lies in the past and takes the right to import: it is for discussions held elsewhere.
        """
        message = AddComment(
            artifact_id=artifact_id,
            text=text,
            format=format,
            parent_id=parent_id,
            occurred_at=occurred_at,
        )
        return self._mediator.send(message)

    def delete(self, *, artifact_id: ArtifactId, comment_id: UUID, expected_version: int) -> CommentDTO:
        """Take a comment of mine away, or anybody's where I moderate; it can be restored. Answers to it stay."""
        message = DeleteComment(
            artifact_id=artifact_id,
            comment_id=comment_id,
            expected_version=expected_version,
        )
        return self._mediator.send(message)

    def get(self, *, artifact_id: ArtifactId, comment_id: UUID) -> CommentDTO:
        """One comment."""
        return self._mediator.query(GetComment(artifact_id=artifact_id, comment_id=comment_id))

    def history(self, *, artifact_id: ArtifactId, comment_id: UUID) -> tuple[CommentRevisionDTO, ...]:
        """What a comment of mine said before, oldest first; anybody's where I moderate or read the audit trail."""
        return self._mediator.query(CommentHistory(artifact_id=artifact_id, comment_id=comment_id))

    def list(
        self,
        *,
        artifact_id: ArtifactId,
        order: Literal["oldest", "newest"] = "oldest",
        deleted: bool | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[CommentDTO]:
        """The comments on an item, oldest first unless ``order`` is newest.

        ``deleted`` lists those in the bin that I may restore: my own, or everybody's where I moderate.
        """
        message = ListComments(
            artifact_id=artifact_id,
            order=order,
            deleted=deleted,
            limit=limit,
            cursor=cursor,
        )
        return self._mediator.query(message)

    def mentionable(self, *, artifact_id: ArtifactId, text: str = "") -> tuple[MentionDTO, ...]:
        """Members who may read an item, by name, at most twenty; ``text`` is how some part of the name begins."""
        return self._mediator.query(ListMentionable(artifact_id=artifact_id, text=text))

    def restore(self, *, artifact_id: ArtifactId, comment_id: UUID) -> CommentDTO:
        """Bring back a comment of mine, or anybody's where I moderate."""
        return self._mediator.send(RestoreComment(artifact_id=artifact_id, comment_id=comment_id))

    def update(
        self,
        *,
        artifact_id: ArtifactId,
        comment_id: UUID,
        expected_version: int,
        text: str,
        format: TextFormat | None = None,
    ) -> CommentDTO:
        """Change a comment of mine, or anybody's where I moderate; who is mentioned anew is told."""
        message = UpdateComment(
            artifact_id=artifact_id,
            comment_id=comment_id,
            expected_version=expected_version,
            text=text,
            format=format,
        )
        return self._mediator.send(message)


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


class NotificationsApi:
    """Messages about notifications."""

    def __init__(self, mediator: Mediator) -> None:
        self._mediator = mediator

    def count(self) -> NotificationCountDTO:
        """How many of my notifications are unread."""
        return self._mediator.query(CountNotifications())

    def list(
        self,
        *,
        unread: bool | None = None,
        kind: str | None = None,
        project_id: ProjectId | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[NotificationDTO]:
        """What happened that concerns me, newest first; without what I may not see any more."""
        message = ListNotifications(
            unread=unread,
            kind=kind,
            project_id=project_id,
            limit=limit,
            cursor=cursor,
        )
        return self._mediator.query(message)

    def read(self, *, ids: tuple[UUID, ...] | None = None, read: bool = True) -> ReadDTO:
        """Mark notifications of mine as read, or as unread again; no ``ids`` means all of them."""
        return self._mediator.send(MarkRead(ids=ids, read=read))


class PlanningApi:
    """Messages about planning."""

    def __init__(self, mediator: Mediator) -> None:
        self._mediator = mediator

    def areas(self, *, project_id: ProjectId) -> tuple[AreaDTO, ...]:
        """The areas of a project in their order, each with the effort of everything below it."""
        return self._mediator.query(ListAreas(project_id=project_id))

    def backlog(self, *, project_id: ProjectId, limit: int = 50, cursor: str | None = None) -> Page[ArtifactDTO]:
        """What could be planned, is in no cycle and not done, in the order of its ranks."""
        return self._mediator.query(ListBacklog(project_id=project_id, limit=limit, cursor=cursor))

    def carry_over(self, *, cycle_id: ArtifactId, to: ArtifactId | None = None) -> CarriedOverDTO:
        """Move what is not done in a cycle to another one, or back into the backlog (None)."""
        return self._mediator.send(CarryOver(cycle_id=cycle_id, to=to))

    def cycle(self, *, cycle_id: ArtifactId) -> CyclePlanDTO:
        """A cycle, and what everybody has on the plate in it against what they can take."""
        return self._mediator.query(GetCyclePlan(cycle_id=cycle_id))

    def cycles(self, *, project_id: ProjectId, include_done: bool = False) -> tuple[CycleDTO, ...]:
        """The cycles of a project by day, the part before the whole; those that are done only with ``include_done``."""
        return self._mediator.query(ListCycles(project_id=project_id, include_done=include_done))

    def plan(
        self,
        *,
        project_id: ProjectId,
        artifact_ids: tuple[ArtifactId, ...],
        cycle_id: ArtifactId | None,
    ) -> tuple[ArtifactDTO, ...]:
        """Put items into a cycle that is not done, or back into the backlog (None): all of them or none."""
        return self._mediator.send(PlanItems(project_id=project_id, artifact_ids=artifact_ids, cycle_id=cycle_id))

    def set_capacity(
        self,
        *,
        cycle_id: ArtifactId,
        amount: float | None,
        actor_id: UUID | None = None,
        team_id: UUID | None = None,
        note: str = "",
    ) -> CyclePlanDTO:
        """Say what somebody, or a team as a whole, can take on in a cycle; None takes the entry away."""
        message = SetCapacity(
            cycle_id=cycle_id,
            amount=amount,
            actor_id=actor_id,
            team_id=team_id,
            note=note,
        )
        return self._mediator.send(message)


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

    def bin(self, *, project_id: ProjectId, limit: int = 50, cursor: str | None = None) -> Page[BinItemDTO]:
        """The items in the bin of a project that I may read, newest deletion first."""
        return self._mediator.query(ListBin(project_id=project_id, limit=limit, cursor=cursor))

    def create(
        self,
        *,
        key: str,
        name: str,
        description: str = "",
        manifest_version_id: VersionId | None = None,
        template: str | None = None,
    ) -> ProjectDTO:
        """Create a project. ``key`` is 2 to 10 capital letters and digits.

        ``template`` (one of ``GET /templates``) or ``manifest_version_id`` says which process rules there from the start.
        """
        message = CreateProject(
            key=key,
            name=name,
            description=description,
            manifest_version_id=manifest_version_id,
            template=template,
        )
        return self._mediator.send(message)

    def delete(self, *, project_id: ProjectId, expected_version: int) -> ProjectDTO:
        """Put a project into the bin with all its items, links, comments and files. Its key stays taken."""
        return self._mediator.send(DeleteProject(project_id=project_id, expected_version=expected_version))

    def deleted(self, *, limit: int = 50, cursor: str | None = None) -> Page[DeletedProjectDTO]:
        """The projects in the bin, newest deletion first."""
        return self._mediator.query(ListDeletedProjects(limit=limit, cursor=cursor))

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

    def people(self, *, project_id: ProjectId, text: str = "") -> tuple[PersonDTO, ...]:
        """Active members who may read items of a project, by name, at most fifty: whom work may be given to.

        ``text`` is how some part of the name begins.
        """
        return self._mediator.query(ListPeople(project_id=project_id, text=text))

    def process(self, *, project_id: ProjectId) -> ProcessDTO:
        """The types, fields, workflows and link types that rule in a project."""
        return self._mediator.query(GetProcess(project_id=project_id))

    def reopen(self, *, project_id: ProjectId, expected_version: int) -> ProjectDTO:
        """Work on an archived project again."""
        return self._mediator.send(ReopenProject(project_id=project_id, expected_version=expected_version))

    def restore(self, *, project_id: ProjectId) -> ProjectDTO:
        """Take a project out of the bin with exactly what went there with it; what was deleted before stays deleted."""
        return self._mediator.send(RestoreProject(project_id=project_id))

    def restore_commit(self, *, project_id: ProjectId, commit_id: UUID) -> RestoredDTO:
        """Bring back exactly what one commit deleted, all of it or nothing: items, links, comments, files."""
        return self._mediator.send(RestoreCommit(project_id=project_id, commit_id=commit_id))

    def revoke_role(self, *, project_id: ProjectId, membership_id: UUID, role: str) -> ProjectMemberDTO:
        """Take a role in this project from a member; one that is not held is taken already."""
        return self._mediator.send(RevokeProjectRole(project_id=project_id, membership_id=membership_id, role=role))

    def settings(self, *, project_id: ProjectId) -> ProjectSettingsDTO:
        """How a project is set."""
        return self._mediator.query(GetProjectSettings(project_id=project_id))

    def templates(self) -> tuple[TemplateDTO, ...]:
        """The processes that a new project may begin with, the simplest first."""
        return self._mediator.query(ListTemplates())

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

    def update_settings(
        self,
        *,
        project_id: ProjectId,
        expected_version: int,
        default_type: str | None = UNSET,
        language: Literal["en", "tr"] | None = UNSET,
        week_start: Day | None = UNSET,
        working_days: tuple[Day, ...] | None = UNSET,
        estimation_unit: Unit | None = UNSET,
        auto_watch: bool | None = UNSET,
        notify: tuple[Told, ...] | None = UNSET,
    ) -> ProjectSettingsDTO:
        """Set a project otherwise; what is not named stays, null takes a setting back to what holds by itself."""
        message = UpdateProjectSettings(
            project_id=project_id,
            expected_version=expected_version,
            default_type=default_type,
            language=language,
            week_start=week_start,
            working_days=working_days,
            estimation_unit=estimation_unit,
            auto_watch=auto_watch,
            notify=notify,
        )
        return self._mediator.send(message)


class QueriesApi:
    """Messages about queries."""

    def __init__(self, mediator: Mediator) -> None:
        self._mediator = mediator

    def create(
        self,
        *,
        project_id: ProjectId,
        name: str,
        text: str | None = None,
        filter: str | None = None,
        sort: str | None = None,
        columns: tuple[str, ...] = (),
        sharing: Sharing = "private",
        roles: tuple[str, ...] = (),
    ) -> SavedQueryDTO:
        """Keep a question; ``text``, ``filter`` and ``sort`` are those of ``GET /projects/{project_id}/artifacts``."""
        message = CreateSavedQuery(
            project_id=project_id,
            name=name,
            text=text,
            filter=filter,
            sort=sort,
            columns=columns,
            sharing=sharing,
            roles=roles,
        )
        return self._mediator.send(message)

    def delete(self, *, project_id: ProjectId, query_id: UUID, expected_version: int) -> SavedQueryDTO:
        """Put a saved query away."""
        message = DeleteSavedQuery(
            project_id=project_id,
            query_id=query_id,
            expected_version=expected_version,
        )
        return self._mediator.send(message)

    def get(self, *, project_id: ProjectId, query_id: UUID) -> SavedQueryDTO:
        """One saved query."""
        return self._mediator.query(GetSavedQuery(project_id=project_id, query_id=query_id))

    def list(self, *, project_id: ProjectId) -> tuple[SavedQueryDTO, ...]:
        """The saved queries of a project that I may use, by name."""
        return self._mediator.query(ListSavedQueries(project_id=project_id))

    def run(
        self,
        *,
        project_id: ProjectId,
        query_id: UUID,
        include: Literal["access"] | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[ArtifactDTO]:
        """The items that a saved query finds for me."""
        message = RunSavedQuery(
            project_id=project_id,
            query_id=query_id,
            include=include,
            limit=limit,
            cursor=cursor,
        )
        return self._mediator.query(message)

    def update(
        self,
        *,
        project_id: ProjectId,
        query_id: UUID,
        expected_version: int,
        name: str | None = None,
        text: str | None = UNSET,
        filter: str | None = UNSET,
        sort: str | None = UNSET,
        columns: tuple[str, ...] | None = None,
        sharing: Sharing | None = None,
        roles: tuple[str, ...] | None = None,
    ) -> SavedQueryDTO:
        """Change a saved query of mine, or one that is shared where I may change the project; a null clears."""
        message = UpdateSavedQuery(
            project_id=project_id,
            query_id=query_id,
            expected_version=expected_version,
            name=name,
            text=text,
            filter=filter,
            sort=sort,
            columns=columns,
            sharing=sharing,
            roles=roles,
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


class TeamsApi:
    """Messages about teams."""

    def __init__(self, mediator: Mediator) -> None:
        self._mediator = mediator

    def create(self, *, name: str, description: str = "", members: tuple[UUID, ...] = ()) -> TeamDTO:
        """Make a team of members of the organisation; no other team has its name."""
        return self._mediator.send(CreateTeam(name=name, description=description, members=members))

    def delete(self, *, team_id: UUID, expected_version: int) -> TeamDTO:
        """Dissolve a team; items and capacities that name it keep the name."""
        return self._mediator.send(DeleteTeam(team_id=team_id, expected_version=expected_version))

    def get(self, *, team_id: UUID) -> TeamDTO:
        """One team."""
        return self._mediator.query(GetTeam(team_id=team_id))

    def list(self) -> tuple[TeamDTO, ...]:
        """The teams of the organisation, by name."""
        return self._mediator.query(ListTeams())

    def update(
        self,
        *,
        team_id: UUID,
        expected_version: int,
        name: str | None = None,
        description: str | None = None,
        members: tuple[UUID, ...] | None = None,
    ) -> TeamDTO:
        """Rename a team, describe it anew, or say who is in it; what is not named stays."""
        message = UpdateTeam(
            team_id=team_id,
            expected_version=expected_version,
            name=name,
            description=description,
            members=members,
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


class WatchersApi:
    """Messages about watchers."""

    def __init__(self, mediator: Mediator) -> None:
        self._mediator = mediator

    def list(self, *, artifact_id: ArtifactId) -> tuple[WatcherDTO, ...]:
        """Who watches an item, by name."""
        return self._mediator.query(ListWatchers(artifact_id=artifact_id))

    def unwatch(self, *, artifact_id: ArtifactId) -> tuple[WatcherDTO, ...]:
        """Be told no more, also where I am author, assignee or commenter; gives who still watches."""
        return self._mediator.send(UnwatchArtifact(artifact_id=artifact_id))

    def watch(self, *, artifact_id: ArtifactId) -> WatcherDTO:
        """Be told what happens to an item from now on."""
        return self._mediator.send(WatchArtifact(artifact_id=artifact_id))


class WorkApi:
    """Messages about work."""

    def __init__(self, mediator: Mediator) -> None:
        self._mediator = mediator

    def log(
        self,
        *,
        artifact_id: ArtifactId,
        hours: float,
        worked_on: date | None = None,
        note: str = "",
        remaining: float | None = None,
    ) -> WorkLogDTO:
        """Note work on an item: up to 24 hours on a day that is not to come, today unless said otherwise.

        ``remaining`` sets what is left, where the process has a field for it.
        """
        message = LogWork(
            artifact_id=artifact_id,
            hours=hours,
            worked_on=worked_on,
            note=note,
            remaining=remaining,
        )
        return self._mediator.send(message)

    def mine(self, *, limit: int = 50, cursor: str | None = None) -> Page[ArtifactDTO]:
        """What is assigned to me and not done, in every project I can see, latest change first."""
        return self._mediator.query(MyWork(limit=limit, cursor=cursor))

    def of_item(self, *, artifact_id: ArtifactId, limit: int = 100, cursor: str | None = None) -> Page[WorkLogDTO]:
        """The work noted on an item, latest day first."""
        return self._mediator.query(ListWork(artifact_id=artifact_id, limit=limit, cursor=cursor))

    def take_back(self, *, artifact_id: ArtifactId, work_id: UUID) -> WorkLogDTO:
        """Take back what I noted; that of others takes ``planning:manage``."""
        return self._mediator.send(TakeBackWork(artifact_id=artifact_id, work_id=work_id))


class Api:
    """All messages by group; plugins' messages are found at run time."""

    def __init__(self, mediator: Mediator) -> None:
        self._mediator = mediator
        self.access = AccessApi(mediator)
        self.approvals = ApprovalsApi(mediator)
        self.artifacts = ArtifactsApi(mediator)
        self.attachments = AttachmentsApi(mediator)
        self.audit = AuditApi(mediator)
        self.bulk = BulkApi(mediator)
        self.comments = CommentsApi(mediator)
        self.keys = KeysApi(mediator)
        self.manifests = ManifestsApi(mediator)
        self.members = MembersApi(mediator)
        self.mirror = MirrorApi(mediator)
        self.notifications = NotificationsApi(mediator)
        self.planning = PlanningApi(mediator)
        self.plugins = PluginsApi(mediator)
        self.policies = PoliciesApi(mediator)
        self.projects = ProjectsApi(mediator)
        self.queries = QueriesApi(mediator)
        self.reports = ReportsApi(mediator)
        self.roles = RolesApi(mediator)
        self.teams = TeamsApi(mediator)
        self.tenant = TenantApi(mediator)
        self.watchers = WatchersApi(mediator)
        self.work = WorkApi(mediator)

    def __getattr__(self, name: str) -> PluginGroup:
        if name.startswith("_"):
            raise AttributeError(name)
        return plugin_group(self._mediator, name)

    def search(
        self,
        *,
        text: str,
        type: str | None = None,
        limit: int = 20,
        cursor: str | None = None,
    ) -> Page[ArtifactDTO]:
        """Search the items of all projects that I may see, best hit first, with the places that were hit.

        ``text`` is read as in a project's list: words, ``"a phrase"``, ``or``, ``-without``; the last word may be a beginning.
        """
        return self._mediator.query(SearchEverywhere(text=text, type=type, limit=limit, cursor=cursor))

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
