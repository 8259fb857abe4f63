"""Roles that hold in one project: giving them, taking them, and who has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from alm_workbench.contexts.auth.domain import closure
from alm_workbench.contexts.project.messages import (
    AboveMeInProjects,
    ActorsWithRoles,
    GetProject,
    GrantProjectRole,
    ListProjectMembers,
    ProjectMemberDTO,
    ProjectPrivileges,
    RevokeProjectRole,
)
from alm_workbench.contexts.project.repository import ProjectRepository
from alm_workbench.contexts.tenant.people_messages import ListMembers, ListRoles, MemberDTO, RightsNow, RoleDTO
from alm_workbench.errors import AccessDenied, ErrorItem, InvalidInput, NotFound
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.ids import ProjectId
from alm_workbench.shared.messages import Event
from alm_workbench.shared.principal import grants


class ListProjectMembersHandler:
    """Lists who holds roles in a project."""

    def __init__(self, projects: ProjectRepository) -> None:
        self._projects = projects

    def __call__(self, ctx: MessageContext, message: ListProjectMembers) -> tuple[ProjectMemberDTO, ...]:
        ctx.ask(GetProject(message.project_id))
        given = self._projects.given(ctx.conn, message.project_id)
        return tuple(shown(ctx, m, given[m.membership_id]) for m in ctx.ask(ListMembers()) if m.membership_id in given)


class GrantProjectRoleHandler:
    """Gives a role, but never more than the giver has."""

    def __init__(self, projects: ProjectRepository) -> None:
        self._projects = projects

    def __call__(self, ctx: MessageContext, message: GrantProjectRole) -> ProjectMemberDTO:
        ctx.ask(GetProject(message.project_id))
        mine = ctx.ask(RightsNow())
        member = member_of(ctx, message.membership_id)
        require_own(ctx, message.project_id, message.role, mine)
        codes = self._projects.role_codes(ctx.conn, message.project_id, member.membership_id)
        if message.role not in codes:
            tenant_id = ctx.principal.tenant_id
            self._projects.add_member(ctx.conn, tenant_id, message.project_id, member.membership_id, message.role)
            payload = {"membership_id": str(member.membership_id), "role": message.role}
            ctx.emit(Event("ProjectRoleGranted", "Project", message.project_id, payload))
            codes = [*codes, message.role]
        return shown(ctx, member, codes)


class RevokeProjectRoleHandler:
    """Takes a role."""

    def __init__(self, projects: ProjectRepository) -> None:
        self._projects = projects

    def __call__(self, ctx: MessageContext, message: RevokeProjectRole) -> ProjectMemberDTO:
        ctx.ask(GetProject(message.project_id))
        mine = ctx.ask(RightsNow())
        member = member_of(ctx, message.membership_id)
        codes = self._projects.role_codes(ctx.conn, message.project_id, member.membership_id)
        if message.role in codes:
            require_own(ctx, message.project_id, message.role, mine)
            self._projects.drop_role(ctx.conn, message.project_id, member.membership_id, message.role)
            payload = {"membership_id": str(member.membership_id), "role": message.role}
            ctx.emit(Event("ProjectRoleRevoked", "Project", message.project_id, payload))
        return shown(ctx, member, [code for code in codes if code != message.role])


class ActorsWithRolesHandler:
    """Finds who holds roles in a project, tenant-wide or there."""

    def __init__(self, projects: ProjectRepository) -> None:
        self._projects = projects

    def __call__(self, ctx: MessageContext, message: ActorsWithRoles) -> frozenset[UUID]:
        roles = {role.code: role.implies for role in ctx.ask(ListRoles())}
        given = self._projects.given(ctx.conn, message.project_id)
        return frozenset(
            m.actor_id
            for m in ctx.ask(ListMembers())
            if m.status == "active" and message.roles & closure([*m.roles, *given.get(m.membership_id, ())], roles)
        )


class AboveMeInProjectsHandler:
    """Measures the project roles of a member by what the caller holds in the same projects."""

    def __init__(self, projects: ProjectRepository) -> None:
        self._projects = projects

    def __call__(self, ctx: MessageContext, message: AboveMeInProjects) -> frozenset[str]:
        theirs = self._projects.held_by(ctx.conn, message.membership_id)
        above: set[str] = set()
        if theirs:
            roles = {role.code: role for role in ctx.ask(ListRoles())}
            for project_id, codes in theirs.items():
                mine = message.held | ctx.ask(ProjectPrivileges(ProjectId(project_id)))
                above |= {code for code in granted_by(codes, roles) if not grants(mine, code)}
        return frozenset(above)


def granted_by(codes: Iterable[str], roles: Mapping[str, RoleDTO]) -> frozenset[str]:
    """Every privilege that roles grant, those they imply included."""
    reached = closure(codes, {code: role.implies for code, role in roles.items()})
    return frozenset(p for code in reached if code in roles for p in roles[code].privileges)


def member_of(ctx: MessageContext, membership_id: UUID) -> MemberDTO:
    """A member of the organisation; raises ``NotFound``."""
    for member in ctx.ask(ListMembers()):
        if member.membership_id == membership_id:
            return member
    raise NotFound(f"there is no member {membership_id}")


def require_own(ctx: MessageContext, project_id: ProjectId, code: str, mine: frozenset[str]) -> None:
    """Refuse a role that grants what the caller does not hold in the project; raises ``InvalidInput`` on no role."""
    roles = {role.code: role for role in ctx.ask(ListRoles())}
    if code not in roles:
        message = f"{code!r} is none of {', '.join(sorted(roles))}"
        raise InvalidInput(f"There is no role {code!r}", errors=[ErrorItem("/role", "unknown-role", message)])
    held = mine | ctx.ask(ProjectPrivileges(project_id))
    missing = sorted(p for p in granted_by([code], roles) if not grants(held, p))
    if missing:
        reason = {"code": "R_PRIVILEGE_MISSING", "message": f"privilege {missing[0]} is needed", "rule_id": missing[0]}
        raise AccessDenied(f"You cannot give or take {code!r}: you do not hold {', '.join(missing)}", reasons=[reason])


def shown(ctx: MessageContext, member: MemberDTO, codes: list[str]) -> ProjectMemberDTO:
    """A member with the roles held in a project."""
    email = ctx.principal.sees_address(member.email)
    return ProjectMemberDTO(member.membership_id, member.actor_id, email, member.display_name, tuple(sorted(codes)))
