"""What the project context does with its messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from uuid import UUID

from alm_workbench.contexts.artifact.messages import FindArtifacts, ReindexTexts, StateCounts
from alm_workbench.contexts.auth.domain import closure
from alm_workbench.contexts.manifest.messages import CompiledVersion, ProcessVersion
from alm_workbench.contexts.project.acting import FACTS
from alm_workbench.contexts.project.domain import (
    Stranded,
    check_key,
    index_kinds,
    link_info,
    stranded,
    type_info,
    workflow_info,
)
from alm_workbench.contexts.project.messages import (
    ActivateManifest,
    ActivationDTO,
    ActivationHistory,
    ActiveProcess,
    CreateProject,
    GetProcess,
    GetProject,
    GrantedInProjects,
    HoldProcess,
    LeaveProjects,
    ListActivations,
    ListProjects,
    ProcessDTO,
    ProjectDTO,
    ProjectPrivileges,
    ProjectRoleHolders,
    ProjectRoles,
    VisibleProjects,
)
from alm_workbench.contexts.project.repository import ProjectRepository
from alm_workbench.contexts.project.templates import Templates
from alm_workbench.contexts.tenant.messages import RequireQuota
from alm_workbench.contexts.tenant.people_messages import ListRoles
from alm_workbench.contexts.tenant.policy_messages import PoliciesInForce
from alm_workbench.contexts.workflow.intents import require_able
from alm_workbench.contexts.workflow.messages import ArmTimers, MoveStates
from alm_workbench.errors import AccessDenied, Conflict, ErrorItem, InvalidInput, NotFound, StrandedItems
from alm_workbench.mpc import CompiledManifest
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.ids import ProjectId, new_id
from alm_workbench.shared.messages import Event, Page
from alm_workbench.shared.paging import decode, page_of
from alm_workbench.shared.principal import grants, meet

APPROVE = "manifest:activate"
SHOWN_KEYS = 20
"""So many keys of stranded items are named for each state."""


class CreateProjectHandler:
    """Creates a project, with a process in force if a version or template is named."""

    def __init__(self, projects: ProjectRepository, templates: Templates) -> None:
        self._projects, self._templates = projects, templates

    def __call__(self, ctx: MessageContext, message: CreateProject) -> ProjectDTO:
        if message.template is not None and message.manifest_version_id is not None:
            problem = ErrorItem(
                "/template", "both", "a project begins with a template or with a version, not with both"
            )
            raise InvalidInput(problem.message, errors=[problem])
        template = self._templates.named(message.template) if message.template is not None else None
        ctx.ask(RequireQuota("projects"))
        project_id = ProjectId(new_id())
        values = {
            "tenant_id": ctx.principal.tenant_id,
            "id": project_id,
            "key": check_key(message.key),
            "name": message.name.strip() or message.key,
            "description": message.description,
            "status": "active",
            "settings": {},
        }
        self._projects.add(ctx.conn, values)
        ctx.emit(Event("ProjectCreated", "Project", project_id, {"key": message.key, "name": message.name}))
        version = message.manifest_version_id
        if template is not None:
            version = self._templates.version(ctx, template.id)
        if version is not None:
            ctx.ask(ActivateManifest(project_id, version))
        return self._projects.get(ctx.conn, project_id)


class ListProjectsHandler:
    """Lists the projects the caller may read."""

    def __init__(self, projects: ProjectRepository) -> None:
        self._projects = projects

    def __call__(self, ctx: MessageContext, message: ListProjects) -> Page[ProjectDTO]:
        limit = max(1, min(message.limit, 200))
        rows = self._projects.page(ctx.conn, limit + 1, decode(message.cursor), ctx.ask(VisibleProjects()))
        return page_of(rows, limit, lambda row: row.key)


class GetProjectHandler:
    """Reads one project."""

    def __init__(self, projects: ProjectRepository) -> None:
        self._projects = projects

    def __call__(self, ctx: MessageContext, message: GetProject) -> ProjectDTO:
        visible = ctx.ask(VisibleProjects())
        if visible is not None and message.project_id not in visible:
            raise NotFound(f"there is no project {message.project_id}")
        return self._projects.get(ctx.conn, message.project_id)


class GetProcessHandler:
    """Shows the process that rules in a project."""

    def __call__(self, ctx: MessageContext, message: GetProcess) -> ProcessDTO:
        process = ctx.ask(ActiveProcess(message.project_id))
        compiled = process.compiled
        return ProcessDTO(
            f"{compiled.namespace}/{compiled.name} {compiled.version}",
            process.version_id,
            compiled.artifact_hash,
            tuple(type_info(kind) for kind in compiled.types.values()),
            tuple(workflow_info(flow) for flow in compiled.workflows.values()),
            tuple(link_info(link) for link in compiled.link_types.values()),
        )


class ActivateHandler:
    """Puts a manifest version into force, and never strands an item."""

    def __init__(self, projects: ProjectRepository) -> None:
        self._projects = projects

    def __call__(self, ctx: MessageContext, message: ActivateManifest) -> ActivationDTO:
        previous = self._projects.lock(ctx.conn, message.project_id)
        self._approved(ctx, message)
        process = ctx.ask(CompiledVersion(message.manifest_version_id))
        require_able(process.compiled)
        counts = ctx.ask(StateCounts(message.project_id))
        left, moves = stranded(process.compiled, counts, message.state_map)
        if left:
            raise stranding(ctx, message.project_id, process.compiled, left)
        moved = ctx.ask(MoveStates(message.project_id, process.version_id, moves)) if moves else 0
        ctx.ask(ArmTimers(message.project_id, process.version_id))
        activation = ActivationDTO(
            new_id(),
            message.project_id,
            process.version_id,
            previous,
            dict(message.state_map),
            message.reason,
            ctx.now,
            moved,
        )
        self._projects.activate(ctx.conn, ctx.principal.tenant_id, activation, ctx.principal.actor_id)
        kinds = index_kinds(process.compiled)
        self._projects.index_fields(ctx.conn, ctx.principal.tenant_id, message.project_id, kinds)
        if previous is not None and previous != process.version_id:
            ctx.ask(ReindexTexts(message.project_id, process.version_id, previous))
        payload = {"manifest_version_id": str(process.version_id), "artifact_hash": process.compiled.artifact_hash}
        ctx.emit(Event("ManifestActivated", "Project", message.project_id, payload))
        return activation

    def _approved(self, ctx: MessageContext, message: ActivateManifest) -> None:
        """A version that was never in force anywhere is approved by its first activation, and that takes a privilege."""
        if ctx.principal.may(APPROVE) or self._projects.was_activated(ctx.conn, message.manifest_version_id):
            return
        reason = {"code": "R_PRIVILEGE_MISSING", "message": f"privilege {APPROVE} is needed", "rule_id": APPROVE}
        detail = f"This version was in force nowhere yet; to approve it for use needs the privilege {APPROVE}"
        raise AccessDenied(detail, reasons=[reason])


def stranding(
    ctx: MessageContext, project_id: ProjectId, compiled: CompiledManifest, left: Sequence[Stranded]
) -> StrandedItems:
    """The refusal of a process that has no place for items: types, states and the first keys that the caller may see."""
    total = sum(item.items for item in left)
    found = [(item, keys_in(ctx, project_id, item)) for item in left]
    return StrandedItems(
        f"{total} item{'s' if total != 1 else ''} would have no state in {compiled.name} {compiled.version}",
        errors=[
            ErrorItem(
                f"/state_map/{s.state}",
                "stranded",
                f"{s.items} of type {s.type_id} in state {s.state}" + (f": {', '.join(keys)}" if keys else ""),
            )
            for s, keys in found
        ],
        states=[{**asdict(item), "keys": list(keys)} for item, keys in found],
    )


def keys_in(ctx: MessageContext, project_id: ProjectId, item: Stranded) -> tuple[str, ...]:
    """Keys of the newest items of a type in a state, as far as the caller may see them there."""
    try:
        page = ctx.ask(FindArtifacts(project_id, type=item.type_id, state=item.state, limit=SHOWN_KEYS))
    except (AccessDenied, Conflict, InvalidInput, NotFound):  # of a type that only the bin holds, for one
        return ()
    return tuple(found.key for found in page.items)


class ListActivationsHandler:
    """Lists what ruled when."""

    def __init__(self, projects: ProjectRepository) -> None:
        self._projects = projects

    def __call__(self, ctx: MessageContext, message: ListActivations) -> tuple[ActivationDTO, ...]:
        ctx.ask(GetProject(message.project_id))
        return self._projects.activations(ctx.conn, message.project_id)


class ActivationHistoryHandler:
    """Lists what ruled when, in pages."""

    def __init__(self, projects: ProjectRepository) -> None:
        self._projects = projects

    def __call__(self, ctx: MessageContext, message: ActivationHistory) -> Page[ActivationDTO]:
        ctx.ask(GetProject(message.project_id))
        limit = max(1, min(message.limit, 500))
        rows = self._projects.activations(ctx.conn, message.project_id, limit + 1, decode(message.cursor))
        return page_of(rows, limit, lambda row: [row.activated_at.isoformat(), str(row.id)])


class ActiveProcessHandler:
    """Finds the process in force, once a transaction."""

    def __init__(self, projects: ProjectRepository) -> None:
        self._projects = projects

    def __call__(self, ctx: MessageContext, message: ActiveProcess) -> ProcessVersion:
        found: ProcessVersion | None = ctx.memo.get(message)
        if found is None:
            version_id, facts, stamp = self._projects.in_force(ctx.conn, message.project_id)
            ctx.memo[FACTS, message.project_id] = facts
            if version_id is None:
                raise Conflict("no manifest is active in this project; activate one first")
            policies = ctx.ask(PoliciesInForce(stamp))
            found = ctx.memo[message] = replace(ctx.ask(CompiledVersion(version_id)), policies=policies)
        return found


class ProjectRolesHandler:
    """Which roles a member holds in one project, closed over what they imply; looked up once a transaction."""

    def __init__(self, projects: ProjectRepository) -> None:
        self._projects = projects

    def __call__(self, ctx: MessageContext, message: ProjectRoles) -> frozenset[str]:
        found: frozenset[str] | None = ctx.memo.get(message)
        if found is None:
            found = ctx.memo[message] = self._held(ctx, message.project_id)
        return found

    def _held(self, ctx: MessageContext, project_id: ProjectId) -> frozenset[str]:
        member = ctx.principal.membership_id
        limits = ctx.principal.limits
        if limits is not None and not limits.opens(project_id):
            return frozenset()
        codes = self._projects.role_codes(ctx.conn, project_id, member) if member else []
        if not codes:
            return frozenset()
        held = closure(codes, {role.code: role.implies for role in ctx.ask(ListRoles())})
        return held if limits is None else limits.of_roles(held)


class ProjectPrivilegesHandler:
    """What the roles a member holds in one project grant."""

    def __init__(self, projects: ProjectRepository) -> None:
        self._projects = projects

    def __call__(self, ctx: MessageContext, message: ProjectPrivileges) -> frozenset[str]:
        held = ctx.ask(ProjectRoles(message.project_id))
        if not held:
            return frozenset()
        granted = frozenset(p for role in ctx.ask(ListRoles()) if role.code in held for p in role.privileges)
        limits = ctx.principal.limits
        return granted if limits is None else meet(granted, limits.scopes)


class HoldProcessHandler:
    """Keeps the process that decided in force until the transaction ends."""

    def __init__(self, projects: ProjectRepository) -> None:
        self._projects = projects

    def __call__(self, ctx: MessageContext, message: HoldProcess) -> None:
        if ctx.memo.get(message):
            return
        if self._projects.hold(ctx.conn, message.project_id) != message.version_id:
            raise Conflict("another process came into force a moment ago; look again and repeat what you did")
        ctx.memo[message] = True


class ProjectRoleHoldersHandler:
    """Counts who holds a role in a project."""

    def __init__(self, projects: ProjectRepository) -> None:
        self._projects = projects

    def __call__(self, ctx: MessageContext, message: ProjectRoleHolders) -> int:
        return self._projects.holders(ctx.conn, message.code)


class GrantedInProjectsHandler:
    """What a member may do in one project or another."""

    def __init__(self, projects: ProjectRepository) -> None:
        self._projects = projects

    def __call__(self, ctx: MessageContext, message: GrantedInProjects) -> frozenset[str]:
        codes = self._projects.codes_of(ctx.conn, message.membership_id)
        if not codes:
            return frozenset()
        roles = ctx.ask(ListRoles())
        held = closure(codes, {role.code: role.implies for role in roles})
        return frozenset(p for role in roles if role.code in held for p in role.privileges)


class LeaveProjectsHandler:
    """Ends what a member was in projects."""

    def __init__(self, projects: ProjectRepository) -> None:
        self._projects = projects

    def __call__(self, ctx: MessageContext, message: LeaveProjects) -> int:
        return self._projects.leave(ctx.conn, message.membership_id)


class VisibleProjectsHandler:
    """Which projects a member may read: all with a tenant-wide role that reads, else those of the project roles."""

    def __init__(self, projects: ProjectRepository) -> None:
        self._projects = projects

    def __call__(self, ctx: MessageContext, message: VisibleProjects) -> frozenset[UUID] | None:
        limits = ctx.principal.limits
        if ctx.principal.may("project:read"):
            return None if limits is None else limits.projects
        if ctx.principal.membership_id is None or (limits and not grants(limits.scopes, "project:read")):
            return frozenset()
        mine = self._projects.projects_of(ctx.conn, ctx.principal.membership_id)
        return mine if limits is None else frozenset(filter(limits.opens, mine))
