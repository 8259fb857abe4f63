"""Registers the tenant context."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alm_workbench.contexts.tenant import handlers as h
from alm_workbench.contexts.tenant import messages as m
from alm_workbench.contexts.tenant.domain import Seed
from alm_workbench.contexts.tenant.repository import TenantRepository
from alm_workbench.shared.context import Handler, Services
from alm_workbench.shared.plugins import hookimpl


@hookimpl
def alm_handlers(services: Services) -> Mapping[type[Any], Handler]:
    """Handlers of this context."""
    repo = TenantRepository()
    return {
        m.OnboardTenant: h.OnboardTenantHandler(repo, services.port(Seed)),
        m.GetTenant: h.GetTenantHandler(repo),
        m.ListMembers: h.ListMembersHandler(repo),
        m.ListRoles: h.ListRolesHandler(repo),
        m.AddMember: h.AddMemberHandler(repo),
        m.TenantBySlug: h.TenantBySlugHandler(repo),
    }
