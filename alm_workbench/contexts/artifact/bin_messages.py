"""Commands and queries of the bin of a project."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from alm_workbench.shared.ids import ArtifactId, ProjectId
from alm_workbench.shared.messages import AUTHENTICATED, Command, Page, Query, command, query


@dataclass(frozen=True, slots=True)
class BinItemDTO:
    """An item in the bin as the caller may see it; ``commit_id`` brings back what was deleted with it.

    ``masked`` names what was withheld.
    """

    id: ArtifactId
    key: str
    type: str
    title: str
    state: str
    deleted_at: datetime
    deleted_by: UUID | None
    deleter: str | None
    commit_id: UUID | None
    version: int
    masked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RestoredDTO:
    """What came back: the items, and how many rows of which table in all."""

    commit_id: UUID
    items: tuple[ArtifactId, ...]
    rows: Mapping[str, int]


@query(route="GET /projects/{project_id}/bin", privilege="artifact:delete", facade="projects.bin")
@dataclass(frozen=True, slots=True)
class ListBin(Query[Page[BinItemDTO]]):
    """The items in the bin of a project that I may read, newest deletion first."""

    project_id: ProjectId
    limit: int = 50
    cursor: str | None = None


@command(
    route="POST /projects/{project_id}/commits/{commit_id}/restore",
    privilege="artifact:delete",
    facade="projects.restore_commit",
    status=200,
)
@dataclass(frozen=True, slots=True)
class RestoreCommit(Command[RestoredDTO]):
    """Bring back exactly what one commit deleted, all of it or nothing: items, links, comments, files."""

    project_id: ProjectId
    commit_id: UUID


@command(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class RestoreOfCommit(Command[RestoredDTO]):
    """``RestoreCommit`` of some of its items only, for other contexts; all of them where none are named."""

    project_id: ProjectId
    commit_id: UUID
    items: tuple[ArtifactId, ...] = ()
