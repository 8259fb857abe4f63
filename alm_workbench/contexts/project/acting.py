"""Who somebody is within a project: the tenant-wide roles and those held there, with what they imply."""

from __future__ import annotations

from dataclasses import replace

from alm_workbench.contexts.project.messages import ProjectRoles
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.ids import ProjectId
from alm_workbench.shared.principal import Principal


def acting(ctx: MessageContext, project_id: ProjectId) -> Principal:
    """The caller with the roles that hold in a project; rules of its process look at these."""
    held = ctx.ask(ProjectRoles(project_id))
    return replace(ctx.principal, roles=ctx.principal.roles | held) if held else ctx.principal
