"""Commands and queries about how items stand to each other: order, parents, projects, tags."""

from __future__ import annotations

from dataclasses import dataclass

from alm_workbench.contexts.artifact.messages import ArtifactDTO
from alm_workbench.shared.ids import ArtifactId, ProjectId
from alm_workbench.shared.messages import UNSET, Command, Page, Query, command, query


@dataclass(frozen=True, slots=True)
class TagDTO:
    """A tag and how many items have it that the caller may see."""

    tag: str
    items: int


@command(
    route="POST /artifacts/{artifact_id}/move",
    privilege="artifact:update",
    facade="artifacts.move",
    if_match=True,
    status=200,
)
@dataclass(frozen=True, slots=True)
class MoveArtifact(Command[ArtifactDTO]):
    """Put an item below another one (null: at the top), or elsewhere in the order of its project.

    ``before`` or ``after`` is an item of the project; without them an item that gets another parent comes last. All below it
    goes along. Without any of them it comes last.
    """

    artifact_id: ArtifactId
    expected_version: int
    parent_id: ArtifactId | None = UNSET
    before: ArtifactId | None = None
    after: ArtifactId | None = None


@query(route="GET /artifacts/{artifact_id}/children", privilege="artifact:read", facade="artifacts.children")
@dataclass(frozen=True, slots=True)
class ListChildren(Query[Page[ArtifactDTO]]):
    """The items right below one, in the order of the project."""

    artifact_id: ArtifactId
    limit: int = 100
    cursor: str | None = None


@query(route="GET /projects/{project_id}/tree", privilege="artifact:read", facade="artifacts.tree")
@dataclass(frozen=True, slots=True)
class ProjectTree(Query[Page[ArtifactDTO]]):
    """Items of a project with what stands below them, each after its parent, in the order of the project.

    A page has ``limit`` items below ``parent_id`` (none: at the top), each with up to ``depth`` levels of items in all. An
    item whose parent the caller may not see is left out with it.
    """

    project_id: ProjectId
    parent_id: ArtifactId | None = None
    depth: int = 3
    limit: int = 100
    cursor: str | None = None


@query(route="GET /projects/{project_id}/tags", privilege="artifact:read", facade="artifacts.tags")
@dataclass(frozen=True, slots=True)
class ListTags(Query[tuple[TagDTO, ...]]):
    """The tags of a project's items, the most frequent first."""

    project_id: ProjectId
