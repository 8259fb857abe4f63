"""What the tenant context does with its messages about the organisation and its members."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from alm_workbench.contexts.auth.messages import FindUser
from alm_workbench.contexts.project.messages import LeaveProjects
from alm_workbench.contexts.tenant import domain
from alm_workbench.contexts.tenant.authority import Authority
from alm_workbench.contexts.tenant.messages import (
    DeactivateTenant,
    GetTenant,
    SetTenantStatus,
    SetTier,
    TenantById,
    TenantBySlug,
    TenantDTO,
    UpdateTenant,
)
from alm_workbench.contexts.tenant.people_messages import (
    AddMember,
    IsActor,
    ListMembers,
    MemberDTO,
    RemoveMember,
    RightsNow,
    UpdateMember,
)
from alm_workbench.contexts.tenant.quotas import Quotas
from alm_workbench.contexts.tenant.repository import TenantRepository
from alm_workbench.contexts.tenant.repository.invitations import InvitationRepository
from alm_workbench.errors import NotFound, StaleVersion
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.messages import Event
from alm_workbench.shared.tiers import Tiers

MANAGE = "member:manage"
CHECKS: Mapping[str, Callable[[Any], Any]] = {
    "name": domain.check_name,
    "timezone": domain.check_timezone,
    "week_start": domain.check_week_start,
    "working_calendar": domain.check_calendar,
}


class GetTenantHandler:
    """Reads the organisation of the caller."""

    def __init__(self, tenants: TenantRepository) -> None:
        self._tenants = tenants

    def __call__(self, ctx: MessageContext, message: GetTenant) -> TenantDTO:
        return present(self._tenants, ctx)


class UpdateTenantHandler:
    """Changes what an organisation says of itself."""

    def __init__(self, tenants: TenantRepository) -> None:
        self._tenants = tenants

    def __call__(self, ctx: MessageContext, message: UpdateTenant) -> TenantDTO:
        self._tenants.lock_people(ctx.conn)
        old = present(self._tenants, ctx)
        if old.version != message.expected_version:
            raise stale("organisation", old, old.version, message.expected_version)
        values: dict[str, Any] = {}
        for name, check in CHECKS.items():
            if (given := getattr(message, name)) is not None:
                values[name] = check(given)
        if message.locale is not None:
            values["locale"] = message.locale
        if message.settings is not None:
            values["settings"] = domain.merged_settings(old.settings, message.settings)
        if values:
            self._tenants.change(ctx.conn, values)
            ctx.emit(Event("TenantUpdated", "Tenant", old.tenant_id, {"changed": sorted(values)}))
        return present(self._tenants, ctx)


class DeactivateTenantHandler:
    """Closes the organisation of the caller."""

    def __init__(self, tenants: TenantRepository) -> None:
        self._tenants = tenants

    def __call__(self, ctx: MessageContext, message: DeactivateTenant) -> TenantDTO:
        Authority(ctx, self._tenants, "tenant:deactivate")
        if message.slug != ctx.principal.tenant_slug:
            raise domain.refuse("/slug", "mismatch", "to confirm, give the slug of your organisation")
        return switch(self._tenants, ctx, active=False)


class SetTenantStatusHandler:
    """Closes or opens any organisation, for who runs the installation."""

    def __init__(self, tenants: TenantRepository) -> None:
        self._tenants = tenants

    def __call__(self, ctx: MessageContext, message: SetTenantStatus) -> TenantDTO:
        enter(self._tenants, ctx, message.slug)
        return switch(self._tenants, ctx, active=message.active)


class SetTierHandler:
    """Gives any organisation another subscription, for who runs the installation."""

    def __init__(self, tenants: TenantRepository, tiers: Tiers) -> None:
        self._tenants, self._tiers = tenants, tiers

    def __call__(self, ctx: MessageContext, message: SetTier) -> TenantDTO:
        if message.tier not in self._tiers.codes:
            raise domain.refuse("/tier", "unknown", f"{message.tier!r} is none of {', '.join(self._tiers.codes)}")
        enter(self._tenants, ctx, message.slug)
        old = present(self._tenants, ctx)
        if old.tier != message.tier:
            self._tenants.change(ctx.conn, {"tier": message.tier})
            payload = {"from": old.tier, "to": message.tier}
            ctx.emit(Event("SubscriptionChanged", "Tenant", old.tenant_id, payload))
        return present(self._tenants, ctx)


class TenantBySlugHandler:
    """Finds a tenant by its slug."""

    def __init__(self, tenants: TenantRepository) -> None:
        self._tenants = tenants

    def __call__(self, ctx: MessageContext, message: TenantBySlug) -> UUID | None:
        return self._tenants.by_slug(ctx.conn, message.slug)


class TenantByIdHandler:
    """Reads any organisation."""

    def __init__(self, tenants: TenantRepository) -> None:
        self._tenants = tenants

    def __call__(self, ctx: MessageContext, message: TenantById) -> TenantDTO | None:
        self._tenants.enter(ctx.conn, message.tenant_id, None)
        return self._tenants.get(ctx.conn)


class IsActorHandler:
    """Says whether an id is somebody's here."""

    def __init__(self, tenants: TenantRepository) -> None:
        self._tenants = tenants

    def __call__(self, ctx: MessageContext, message: IsActor) -> bool:
        return self._tenants.is_actor(ctx.conn, message.actor_id)


class ListMembersHandler:
    """Lists people."""

    def __init__(self, tenants: TenantRepository) -> None:
        self._tenants = tenants

    def __call__(self, ctx: MessageContext, message: ListMembers) -> tuple[MemberDTO, ...]:
        return self._tenants.members(ctx.conn)


class RightsNowHandler:
    """Says what the caller holds, behind the lock that changes of people share."""

    def __init__(self, tenants: TenantRepository) -> None:
        self._tenants = tenants

    def __call__(self, ctx: MessageContext, message: RightsNow) -> frozenset[str]:
        return Authority(ctx, self._tenants, None).held


class AddMemberHandler:
    """Adds a person who has an account."""

    def __init__(self, tenants: TenantRepository, quotas: Quotas) -> None:
        self._tenants, self._quotas = tenants, quotas

    def __call__(self, ctx: MessageContext, message: AddMember) -> MemberDTO:
        authority = Authority(ctx, self._tenants, MANAGE)
        codes = authority.check_known(message.roles)
        authority.must_rule(codes)
        user = ctx.ask(FindUser(message.email))
        if user is None:
            raise NotFound(f"{message.email} has no account")
        self._quotas.require(ctx, "members", 1)
        tenant_id, repo = ctx.principal.tenant_id, self._tenants
        actor = repo.actor_of(ctx.conn, tenant_id, user.user_id, user.display_name, user.email)
        member = repo.join(ctx.conn, tenant_id, user.user_id, actor, codes)
        ctx.emit(Event("MemberAdded", "Membership", member, {"roles": list(codes)}))
        return find(repo.members(ctx.conn), member)


class UpdateMemberHandler:
    """Changes roles and status of a member."""

    def __init__(self, tenants: TenantRepository) -> None:
        self._tenants = tenants

    def __call__(self, ctx: MessageContext, message: UpdateMember) -> MemberDTO:
        authority = Authority(ctx, self._tenants, MANAGE)
        old = current(ctx, authority, message.membership_id, message.expected_version)
        codes = old.roles if message.roles is None else authority.check_known(message.roles)
        status = message.status or old.status
        authority.must_rule(old.roles)
        authority.must_rule(codes)
        if status != old.status:
            authority.must_rule_in_projects(ctx, old)
        authority.must_leave_an_owner(old, codes, active=status == "active")
        if (set(codes), status) == (set(old.roles), old.status):
            return shown(ctx, old)
        self._tenants.set_roles(ctx.conn, ctx.principal.tenant_id, old.membership_id, codes)
        self._tenants.set_status(ctx.conn, old.membership_id, status)
        payload = {"roles": list(codes), "status": status}
        ctx.emit(Event("MemberUpdated", "Membership", old.membership_id, payload))
        return shown(ctx, find(self._tenants.members(ctx.conn), old.membership_id))


class RemoveMemberHandler:
    """Takes a member out of the organisation."""

    def __init__(self, tenants: TenantRepository, invitations: InvitationRepository) -> None:
        self._tenants, self._invitations = tenants, invitations

    def __call__(self, ctx: MessageContext, message: RemoveMember) -> MemberDTO:
        authority = Authority(ctx, self._tenants, MANAGE)
        old = current(ctx, authority, message.membership_id, message.expected_version)
        authority.must_rule(old.roles)
        authority.must_rule_in_projects(ctx, old)
        authority.must_leave_an_owner(old, (), active=False)
        ctx.ask(LeaveProjects(old.membership_id))
        self._invitations.revoke_of(ctx.conn, "invited_by", old.membership_id, ctx.now)
        self._tenants.set_roles(ctx.conn, ctx.principal.tenant_id, old.membership_id, ())
        self._tenants.remove(ctx.conn, old.membership_id)
        ctx.emit(Event("MemberRemoved", "Membership", old.membership_id, {"roles": list(old.roles)}))
        return shown(ctx, old)


def present(tenants: TenantRepository, ctx: MessageContext) -> TenantDTO:
    """The organisation of this transaction; raises ``NotFound``."""
    found = tenants.get(ctx.conn)
    if found is None:
        raise NotFound("there is no such organisation")
    return found


def enter(tenants: TenantRepository, ctx: MessageContext, slug: str) -> None:
    """Let this transaction stand in the organisation with a slug; raises ``NotFound``."""
    tenant_id = tenants.by_slug(ctx.conn, slug)
    if tenant_id is None:
        raise NotFound(f"there is no organisation {slug!r}")
    tenants.enter(ctx.conn, tenant_id, None)


def switch(tenants: TenantRepository, ctx: MessageContext, *, active: bool) -> TenantDTO:
    """Close or open the organisation of this transaction; doing it twice changes nothing."""
    old, status = present(tenants, ctx), "active" if active else "inactive"
    if old.status != status:
        tenants.change(ctx.conn, {"status": status})
        name = "TenantReactivated" if active else "TenantDeactivated"
        ctx.emit(Event(name, "Tenant", old.tenant_id, {"slug": old.slug}))
    return present(tenants, ctx)


def find(members: tuple[MemberDTO, ...], membership_id: UUID) -> MemberDTO:
    """One of the members; raises ``NotFound``."""
    for member in members:
        if member.membership_id == membership_id:
            return member
    raise NotFound(f"there is no member {membership_id}")


def shown(ctx: MessageContext, member: MemberDTO) -> MemberDTO:
    """A member with the address only where the caller may see it."""
    return replace(member, email=ctx.principal.sees_address(member.email))


def current(ctx: MessageContext, authority: Authority, membership_id: UUID, expected: int) -> MemberDTO:
    """A member as the caller knows him; raises ``NotFound`` or ``StaleVersion``."""
    found = find(authority.members, membership_id)
    if found.version != expected:
        raise stale("member", shown(ctx, found), found.version, expected)
    return found


def stale(what: str, now: object, version: int, expected: int) -> StaleVersion:
    """Somebody else changed it first; the problem carries the present state."""
    return StaleVersion(f"this {what} is at version {version}, not {expected}", current=now)
