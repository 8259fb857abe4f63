"""Projects in the bin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from alm_workbench.contexts.project.messages import ProjectDTO
from alm_workbench.shared.ids import ProjectId
from alm_workbench.shared.messages import Command, Page, Query, command, query


@dataclass(frozen=True, slots=True)
class DeletedProjectDTO:
    """A project in the bin; ``rows`` says what went there with it and would come back, by kind."""

    id: ProjectId
    key: str
    name: str
    deleted_at: datetime
    deleted_by: UUID | None
    deleter: str | None
    commit_id: UUID | None
    rows: Mapping[str, int]
    version: int


@command(
    route="DELETE /projects/{project_id}",
    privilege="project:delete",
    facade="projects.delete",
    if_match=True,
    status=200,
)
@dataclass(frozen=True, slots=True)
class DeleteProject(Command[ProjectDTO]):
    """Put a project into the bin with all its items, links, comments and files. Its key stays taken."""

    project_id: ProjectId
    expected_version: int


@command(route="POST /projects/{project_id}/restore", privilege="project:delete", facade="projects.restore", status=200)
@dataclass(frozen=True, slots=True)
class RestoreProject(Command[ProjectDTO]):
    """Take a project out of the bin with exactly what went there with it; what was deleted before stays deleted."""

    project_id: ProjectId


@query(route="GET /deleted-projects", privilege="project:delete", facade="projects.deleted")
@dataclass(frozen=True, slots=True)
class ListDeletedProjects(Query[Page[DeletedProjectDTO]]):
    """The projects in the bin, newest deletion first."""

    limit: int = 50
    cursor: str | None = None
