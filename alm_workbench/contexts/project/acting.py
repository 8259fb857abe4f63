"""Who somebody is within a project: the tenant-wide roles and those held there, with what they imply."""

from __future__ import annotations

from dataclasses import replace

from alm_workbench.contexts.project.messages import ProjectRoles
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.ids import ProjectId
from alm_workbench.shared.principal import Principal

FACTS = "project-facts"
"""Where a transaction keeps what rules may look at of a project, once its process was asked for."""


def project_facts(ctx: MessageContext, project_id: ProjectId) -> dict[str, str]:
    """``project`` as expressions see it: id, key, and status (active or archived)."""
    return ctx.memo.get((FACTS, project_id)) or {"id": str(project_id)}


def acting(ctx: MessageContext, project_id: ProjectId) -> Principal:
    """The caller with the roles that hold in a project; rules of its process look at these."""
    held = ctx.ask(ProjectRoles(project_id))
    return replace(ctx.principal, roles=ctx.principal.roles | held) if held else ctx.principal
