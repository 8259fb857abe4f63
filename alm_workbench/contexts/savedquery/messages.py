"""Commands and queries about saved queries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from alm_workbench.contexts.artifact.messages import ArtifactDTO
from alm_workbench.shared.ids import ProjectId
from alm_workbench.shared.messages import UNSET, Command, Page, Query, command, query

Sharing = Literal["private", "project", "roles"]


@dataclass(frozen=True, slots=True)
class SavedQueryDTO:
    """A question about a project's items under a name.

    ``sharing`` says who may use it: its owner only, everybody who sees the project, or people in some of its ``roles``.
    ``problem`` says why it does not fit the process that is in force now. ``columns`` are what its owner wants to see.
    """

    id: UUID
    project_id: ProjectId
    name: str
    text: str | None
    filter: str | None
    sort: str | None
    columns: tuple[str, ...]
    owner_id: UUID
    sharing: Sharing
    roles: tuple[str, ...]
    updated_at: datetime
    version: int
    problem: str | None = None


@query(route="GET /projects/{project_id}/queries", privilege="artifact:read", facade="queries.list")
@dataclass(frozen=True, slots=True)
class ListSavedQueries(Query[tuple[SavedQueryDTO, ...]]):
    """The saved queries of a project that I may use, by name."""

    project_id: ProjectId


@query(route="GET /projects/{project_id}/queries/{query_id}", privilege="artifact:read", facade="queries.get")
@dataclass(frozen=True, slots=True)
class GetSavedQuery(Query[SavedQueryDTO]):
    """One saved query."""

    project_id: ProjectId
    query_id: UUID


@command(
    route="POST /projects/{project_id}/queries", privilege="artifact:read", facade="queries.create", idempotent=True
)
@dataclass(frozen=True, slots=True)
class CreateSavedQuery(Command[SavedQueryDTO]):
    """Keep a question; ``text``, ``filter`` and ``sort`` are those of ``GET /projects/{project_id}/artifacts``."""

    project_id: ProjectId
    name: str
    text: str | None = None
    filter: str | None = None
    sort: str | None = None
    columns: tuple[str, ...] = ()
    sharing: Sharing = "private"
    roles: tuple[str, ...] = ()


@command(
    route="PATCH /projects/{project_id}/queries/{query_id}",
    privilege="artifact:read",
    facade="queries.update",
    if_match=True,
)
@dataclass(frozen=True, slots=True)
class UpdateSavedQuery(Command[SavedQueryDTO]):
    """Change a saved query of mine, or one that is shared where I may change the project; a null clears."""

    project_id: ProjectId
    query_id: UUID
    expected_version: int
    name: str | None = None
    text: str | None = UNSET
    filter: str | None = UNSET
    sort: str | None = UNSET
    columns: tuple[str, ...] | None = None
    sharing: Sharing | None = None
    roles: tuple[str, ...] | None = None


@command(
    route="DELETE /projects/{project_id}/queries/{query_id}",
    privilege="artifact:read",
    facade="queries.delete",
    if_match=True,
)
@dataclass(frozen=True, slots=True)
class DeleteSavedQuery(Command[SavedQueryDTO]):
    """Put a saved query away."""

    project_id: ProjectId
    query_id: UUID
    expected_version: int


@query(route="GET /projects/{project_id}/queries/{query_id}/artifacts", privilege="artifact:read", facade="queries.run")
@dataclass(frozen=True, slots=True)
class RunSavedQuery(Query[Page[ArtifactDTO]]):
    """The items that a saved query finds for me."""

    project_id: ProjectId
    query_id: UUID
    include: Literal["access"] | None = None
    limit: int = 50
    cursor: str | None = None
