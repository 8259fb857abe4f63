"""Registers the project context."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alm_workbench.contexts.project import handlers as h
from alm_workbench.contexts.project import lifecycle, people
from alm_workbench.contexts.project import messages as m
from alm_workbench.contexts.project.repository import ProjectRepository
from alm_workbench.shared.context import Handler, Services
from alm_workbench.shared.plugins import hookimpl


@hookimpl
def alm_handlers(services: Services) -> Mapping[type[Any], Handler]:
    """Handlers of this context."""
    repo = ProjectRepository()
    return {
        m.CreateProject: h.CreateProjectHandler(repo),
        m.ListProjects: h.ListProjectsHandler(repo),
        m.GetProject: h.GetProjectHandler(repo),
        m.GetProcess: h.GetProcessHandler(),
        m.ActivateManifest: h.ActivateHandler(repo),
        m.ListActivations: h.ListActivationsHandler(repo),
        m.ActivationHistory: h.ActivationHistoryHandler(repo),
        m.ActiveProcess: h.ActiveProcessHandler(repo),
        m.ProjectRoles: h.ProjectRolesHandler(repo),
        m.ProjectPrivileges: h.ProjectPrivilegesHandler(repo),
        m.ProjectRoleHolders: h.ProjectRoleHoldersHandler(repo),
        m.GrantedInProjects: h.GrantedInProjectsHandler(repo),
        m.AboveMeInProjects: people.AboveMeInProjectsHandler(repo),
        m.LeaveProjects: h.LeaveProjectsHandler(repo),
        m.ListProjectMembers: people.ListProjectMembersHandler(repo),
        m.GrantProjectRole: people.GrantProjectRoleHandler(repo),
        m.RevokeProjectRole: people.RevokeProjectRoleHandler(repo),
        m.UpdateProject: lifecycle.UpdateProjectHandler(repo),
        m.ArchiveProject: lifecycle.ArchiveProjectHandler(repo),
        m.ReopenProject: lifecycle.ReopenProjectHandler(repo),
        m.VisibleProjects: h.VisibleProjectsHandler(repo),
    }
