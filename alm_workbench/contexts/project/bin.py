"""Projects go into the bin with all they hold, and come back as they went."""

from __future__ import annotations

from alm_workbench.contexts.project.bin_messages import (
    DeletedProjectDTO,
    DeleteProject,
    ListDeletedProjects,
    RestoreProject,
)
from alm_workbench.contexts.project.messages import GetProject, ProjectDTO
from alm_workbench.contexts.project.repository import ProjectRepository
from alm_workbench.contexts.tenant.messages import RequireQuota
from alm_workbench.errors import Conflict, NotFound, StaleVersion, plain
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.messages import Event, Page
from alm_workbench.shared.paging import decode, page_of


class DeleteProjectHandler:
    """Puts a project into the bin."""

    def __init__(self, projects: ProjectRepository) -> None:
        self._projects = projects

    def __call__(self, ctx: MessageContext, message: DeleteProject) -> ProjectDTO:
        ctx.ask(GetProject(message.project_id))  # whoever may not see it is not told that it is there
        self._projects.lock(ctx.conn, message.project_id)
        current = self._projects.get(ctx.conn, message.project_id)
        if current.version != message.expected_version:
            raise StaleVersion(
                f"{current.key} has version {current.version} by now, you changed version {message.expected_version}",
                current=plain(current),
            )
        rows = self._projects.put_into_bin(ctx.conn, ctx.commit_id, current.id, ctx.now)
        payload = {"key": current.key, "name": current.name, "rows": rows}
        ctx.emit(Event("EntitySoftDeleted", "Project", current.id, payload))
        return self._projects.in_bin(ctx.conn, current.id)


class RestoreProjectHandler:
    """Takes a project out of the bin."""

    def __init__(self, projects: ProjectRepository) -> None:
        self._projects = projects

    def __call__(self, ctx: MessageContext, message: RestoreProject) -> ProjectDTO:
        current = self._projects.in_bin(ctx.conn, message.project_id, lock=True)
        limits = ctx.principal.limits
        if limits is not None and not limits.opens(current.id):
            raise NotFound(f"there is no project {message.project_id}")
        if current.deleted_at is None:
            return ctx.ask(GetProject(current.id))
        commit_id = self._projects.bin_commit(ctx.conn, current.id)
        if commit_id is None:
            raise Conflict(
                f"{current.key} was not deleted by a command of the workbench; nobody knows what went with it"
            )
        ctx.ask(RequireQuota("projects"))
        ctx.ask(RequireQuota("artifacts", self._projects.binned_rows(ctx.conn, commit_id).get("artifacts", 0)))
        rows = self._projects.take_out_of_bin(ctx.conn, commit_id, current.id)
        payload = {"key": current.key, "name": current.name, "rows": rows}
        ctx.emit(Event("EntityRestored", "Project", current.id, payload))
        return self._projects.get(ctx.conn, current.id)


class ListDeletedProjectsHandler:
    """Lists projects in the bin."""

    def __init__(self, projects: ProjectRepository) -> None:
        self._projects = projects

    def __call__(self, ctx: MessageContext, message: ListDeletedProjects) -> Page[DeletedProjectDTO]:
        limit = max(1, min(message.limit, 200))
        limits = ctx.principal.limits
        only = None if limits is None else limits.projects
        rows = self._projects.bin_page(ctx.conn, limit + 1, decode(message.cursor), only)
        return page_of(rows, limit, lambda row: [str(row.deleted_at), str(row.id)])
