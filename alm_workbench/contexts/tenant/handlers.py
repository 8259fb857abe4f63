"""What the tenant context does with its messages."""

from __future__ import annotations

from alm_workbench.contexts.auth.messages import FindUser
from alm_workbench.contexts.tenant.domain import Seed, check_slug
from alm_workbench.contexts.tenant.messages import (
    AddMember,
    GetTenant,
    ListMembers,
    ListRoles,
    MemberDTO,
    OnboardTenant,
    RoleDTO,
    TenantBySlug,
    TenantDTO,
)
from alm_workbench.contexts.tenant.repository import TenantRepository
from alm_workbench.errors import ErrorItem, InvalidInput, NotFound
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.ids import new_id
from alm_workbench.shared.messages import Event


class OnboardTenantHandler:
    """Sets up a new organisation in one transaction."""

    def __init__(self, tenants: TenantRepository, seed: Seed) -> None:
        self._tenants, self._seed = tenants, seed

    def __call__(self, ctx: MessageContext, message: OnboardTenant) -> TenantDTO:
        tenant_id, conn, repo = new_id(), ctx.conn, self._tenants
        slug = check_slug(message.slug)
        repo.create(conn, tenant_id, slug, message.name, message.tier, message.timezone, message.locale)
        actor = repo.add_actor(conn, tenant_id, "user", message.owner_user_id, message.owner_name, message.owner_email)
        repo.become(conn, actor)
        repo.add_roles(conn, tenant_id, self._seed.roles)
        repo.add_policies(conn, tenant_id, self._seed.policies)
        repo.add_member(conn, tenant_id, message.owner_user_id, actor, ["owner"])
        ctx.emit(Event("TenantOnboarded", "Tenant", tenant_id, {"slug": slug, "name": message.name}))
        found = repo.get(conn)
        if found is None:
            raise NotFound("the new organisation cannot be read back")
        return found


class GetTenantHandler:
    """Reads the organisation of the caller."""

    def __init__(self, tenants: TenantRepository) -> None:
        self._tenants = tenants

    def __call__(self, ctx: MessageContext, message: GetTenant) -> TenantDTO:
        found = self._tenants.get(ctx.conn)
        if found is None:
            raise NotFound("there is no such organisation")
        return found


class ListMembersHandler:
    """Lists people."""

    def __init__(self, tenants: TenantRepository) -> None:
        self._tenants = tenants

    def __call__(self, ctx: MessageContext, message: ListMembers) -> tuple[MemberDTO, ...]:
        return self._tenants.members(ctx.conn)


class ListRolesHandler:
    """Lists roles."""

    def __init__(self, tenants: TenantRepository) -> None:
        self._tenants = tenants

    def __call__(self, ctx: MessageContext, message: ListRoles) -> tuple[RoleDTO, ...]:
        return self._tenants.roles(ctx.conn)


class AddMemberHandler:
    """Adds a person who has an account."""

    def __init__(self, tenants: TenantRepository) -> None:
        self._tenants = tenants

    def __call__(self, ctx: MessageContext, message: AddMember) -> MemberDTO:
        user = ctx.ask(FindUser(message.email))
        if user is None:
            raise NotFound(f"{message.email} has no account")
        known = {role.code for role in self._tenants.roles(ctx.conn)}
        unknown = [code for code in message.roles if code not in known]
        if unknown:
            raise InvalidInput(
                f"There is no role {unknown[0]!r}",
                errors=[
                    ErrorItem("/roles", "unknown-role", f"{c!r} is none of {', '.join(sorted(known))}") for c in unknown
                ],
            )
        tenant_id = ctx.principal.tenant_id
        actor = self._tenants.add_actor(ctx.conn, tenant_id, "user", user.user_id, user.display_name, user.email)
        member = self._tenants.add_member(ctx.conn, tenant_id, user.user_id, actor, message.roles)
        ctx.emit(Event("MemberAdded", "Membership", member, {"roles": list(message.roles)}))
        return next(found for found in self._tenants.members(ctx.conn) if found.membership_id == member)


class TenantBySlugHandler:
    """Finds a tenant by its slug."""

    def __init__(self, tenants: TenantRepository) -> None:
        self._tenants = tenants

    def __call__(self, ctx: MessageContext, message: TenantBySlug) -> object:
        return self._tenants.by_slug(ctx.conn, message.slug)
