"""Registers the project context."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alm_workbench.contexts.project import bin, lifecycle, people, settings, templates
from alm_workbench.contexts.project import bin_messages as bm
from alm_workbench.contexts.project import handlers as h
from alm_workbench.contexts.project import messages as m
from alm_workbench.contexts.project import settings_messages as sm
from alm_workbench.contexts.project import template_messages as tm
from alm_workbench.contexts.project.repository import ProjectRepository
from alm_workbench.mpc import DomainMeta
from alm_workbench.shared.context import Handler, Services
from alm_workbench.shared.plugins import hookimpl


@hookimpl
def alm_handlers(services: Services) -> Mapping[type[Any], Handler]:
    """Handlers of this context."""
    repo, processes = ProjectRepository(), templates.Templates(services.port(DomainMeta))
    return {
        m.CreateProject: h.CreateProjectHandler(repo, processes),
        m.ListProjects: h.ListProjectsHandler(repo),
        m.GetProject: h.GetProjectHandler(repo),
        m.GetProcess: h.GetProcessHandler(),
        m.ActivateManifest: h.ActivateHandler(repo),
        m.ListActivations: h.ListActivationsHandler(repo),
        m.ActivationHistory: h.ActivationHistoryHandler(repo),
        m.ActiveProcess: h.ActiveProcessHandler(repo),
        m.ProjectRoles: h.ProjectRolesHandler(repo),
        m.ProjectPrivileges: h.ProjectPrivilegesHandler(repo),
        m.ActorsWithRoles: people.ActorsWithRolesHandler(repo),
        m.HoldProcess: h.HoldProcessHandler(repo),
        m.ProjectRoleHolders: h.ProjectRoleHoldersHandler(repo),
        m.GrantedInProjects: h.GrantedInProjectsHandler(repo),
        m.AboveMeInProjects: people.AboveMeInProjectsHandler(repo),
        m.LeaveProjects: h.LeaveProjectsHandler(repo),
        m.ListProjectMembers: people.ListProjectMembersHandler(repo),
        m.GrantProjectRole: people.GrantProjectRoleHandler(repo),
        m.RevokeProjectRole: people.RevokeProjectRoleHandler(repo),
        m.UpdateProject: lifecycle.UpdateProjectHandler(repo),
        m.ArchiveProject: lifecycle.ArchiveProjectHandler(repo),
        tm.ListTemplates: templates.ListTemplatesHandler(processes),
        bm.DeleteProject: bin.DeleteProjectHandler(repo),
        bm.RestoreProject: bin.RestoreProjectHandler(repo),
        bm.ListDeletedProjects: bin.ListDeletedProjectsHandler(repo),
        sm.GetProjectSettings: settings.GetProjectSettingsHandler(repo),
        sm.SettingsOf: settings.SettingsOfHandler(repo),
        sm.UpdateProjectSettings: settings.UpdateProjectSettingsHandler(repo),
        m.ReopenProject: lifecycle.ReopenProjectHandler(repo),
        m.VisibleProjects: h.VisibleProjectsHandler(repo),
    }
