"""Registers the tenant context."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alm_workbench.contexts.tenant import handlers as h
from alm_workbench.contexts.tenant import invitation_messages as im
from alm_workbench.contexts.tenant import invitations as i
from alm_workbench.contexts.tenant import messages as m
from alm_workbench.contexts.tenant import onboarding as o
from alm_workbench.contexts.tenant import onboarding_messages as om
from alm_workbench.contexts.tenant import people_messages as pe
from alm_workbench.contexts.tenant import policies as p
from alm_workbench.contexts.tenant import policy_messages as pm
from alm_workbench.contexts.tenant import quotas as q
from alm_workbench.contexts.tenant import roles as r
from alm_workbench.contexts.tenant import saga_messages as s
from alm_workbench.contexts.tenant.domain import Seed
from alm_workbench.contexts.tenant.repository import TenantRepository
from alm_workbench.contexts.tenant.repository.invitations import InvitationRepository
from alm_workbench.contexts.tenant.repository.policies import PolicyRepository
from alm_workbench.contexts.tenant.repository.sagas import SagaRepository
from alm_workbench.mpc import DomainMeta
from alm_workbench.shared.context import Handler, Services
from alm_workbench.shared.plugins import hookimpl
from alm_workbench.shared.tiers import Tiers


@hookimpl
def alm_handlers(services: Services) -> Mapping[type[Any], Handler]:
    """Handlers of this context."""
    repo, invited, tiers = TenantRepository(), InvitationRepository(), services.port(Tiers)
    quotas = q.Quotas(repo, tiers)
    return {
        m.GetTenant: h.GetTenantHandler(repo),
        m.UpdateTenant: h.UpdateTenantHandler(repo),
        m.DeactivateTenant: h.DeactivateTenantHandler(repo),
        m.SetTenantStatus: h.SetTenantStatusHandler(repo),
        m.SetTier: h.SetTierHandler(repo, tiers),
        m.TenantById: h.TenantByIdHandler(repo),
        m.TenantBySlug: h.TenantBySlugHandler(repo),
        m.GetSubscription: q.GetSubscriptionHandler(repo, tiers),
        m.RequireQuota: q.RequireQuotaHandler(quotas),
        pe.RightsNow: h.RightsNowHandler(repo),
        pe.IsActor: h.IsActorHandler(repo),
        pe.ListMembers: h.ListMembersHandler(repo),
        pe.AddMember: h.AddMemberHandler(repo, quotas),
        pe.UpdateMember: h.UpdateMemberHandler(repo),
        pe.RemoveMember: h.RemoveMemberHandler(repo, invited),
        **_roles(repo, invited, services.port(Seed)),
        **_invitations(i.Invitations(repo, invited, quotas)),
        **_policies(p.Policies(PolicyRepository(), services.port(DomainMeta), services.port(Seed))),
        **_onboarding(repo, services),
    }


def _roles(repo: TenantRepository, invited: InvitationRepository, seed: Seed) -> dict[type[Any], Handler]:
    writer = r.RoleWriter(repo, seed)
    return {
        pe.ListRoles: r.ListRolesHandler(repo),
        pe.ListPrivileges: r.ListPrivilegesHandler(seed),
        pe.CreateRole: r.CreateRoleHandler(writer),
        pe.UpdateRole: r.UpdateRoleHandler(writer),
        pe.DeleteRole: r.DeleteRoleHandler(writer, invited),
    }


def _invitations(invitations: i.Invitations) -> dict[type[Any], Handler]:
    return {
        im.InviteMember: i.InviteHandler(invitations),
        im.ListInvitations: i.ListInvitationsHandler(invitations),
        im.RevokeInvitation: i.RevokeInvitationHandler(invitations),
        im.ResendInvitation: i.ResendInvitationHandler(invitations),
        im.InvitationByToken: i.InvitationByTokenHandler(invitations),
        im.AcceptInvitation: i.AcceptInvitationHandler(),
        im.AcceptInvitationAs: i.AcceptInvitationAsHandler(invitations),
    }


def _policies(policies: p.Policies) -> dict[type[Any], Handler]:
    return {
        pm.ListPolicies: p.ListPoliciesHandler(policies),
        pm.CreatePolicy: p.CreatePolicyHandler(policies),
        pm.UpdatePolicy: p.UpdatePolicyHandler(policies),
        pm.DeletePolicy: p.DeletePolicyHandler(policies),
        pm.PoliciesInForce: p.PoliciesInForceHandler(policies),
        pm.PoliciesThen: p.PoliciesThenHandler(policies),
    }


def _onboarding(repo: TenantRepository, services: Services) -> dict[type[Any], Handler]:
    sagas, steps = SagaRepository(), o.Steps(repo, services.port(Seed))
    onboarding = o.Onboarding(sagas, services.port(o.Apart))  # type: ignore[type-abstract]
    return {
        om.OnboardTenant: o.OnboardTenantHandler(repo, onboarding, services.port(Tiers)),
        om.ResumeOnboarding: o.ResumeOnboardingHandler(sagas, onboarding),
        om.UnfinishedOnboardings: o.UnfinishedOnboardingsHandler(sagas),
        s.BeginOnboarding: o.BeginOnboardingHandler(sagas),
        s.OnboardingStep: o.OnboardingStepHandler(sagas, steps),
        s.BeginCompensation: o.BeginCompensationHandler(sagas),
        s.CompensationStep: o.CompensationStepHandler(sagas, steps),
    }
