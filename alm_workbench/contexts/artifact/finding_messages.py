"""Queries that look for items beside the list itself: numbers, facets, search across projects, choosing for a change."""

from __future__ import annotations

from dataclasses import dataclass

from alm_workbench.contexts.artifact.messages import ArtifactDTO, FindArtifacts, ProjectQuestion
from alm_workbench.shared.ids import ArtifactId
from alm_workbench.shared.messages import AUTHENTICATED, Page, Query, query


@dataclass(frozen=True, slots=True)
class CountDTO:
    """How many items were found; where ``exact`` is false there are more than that."""

    count: int
    exact: bool = True


@dataclass(frozen=True, slots=True)
class FacetValueDTO:
    """A value and how many of the items have it; None stands for those without one."""

    value: str | None
    count: int


@dataclass(frozen=True, slots=True)
class FacetDTO:
    """How the items that were found spread over the values of a field, the most frequent first.

    ``more`` says that rarer values were left out; where ``exact`` is false not all items were counted.
    """

    field: str
    values: tuple[FacetValueDTO, ...]
    more: bool = False
    exact: bool = True


@dataclass(frozen=True, slots=True)
class SelectedItem:
    """An item that was chosen, and the version it had."""

    id: ArtifactId
    version: int


@query(route="GET /projects/{project_id}/artifacts/count", privilege="artifact:read", facade="artifacts.count")
@dataclass(frozen=True, slots=True)
class CountArtifacts(Query[CountDTO], ProjectQuestion):
    """How many items ``GET /projects/{project_id}/artifacts`` finds for the same question."""


@query(route="GET /projects/{project_id}/artifacts/facets", privilege="artifact:read", facade="artifacts.facets")
@dataclass(frozen=True, slots=True)
class FacetArtifacts(Query[tuple[FacetDTO, ...]], ProjectQuestion):
    """How the items found spread over the values of fields; ``by`` names them with commas between them.

    ``type``, ``state``, ``category``, ``assignee``, ``tags``, or fields that hold choices, people, teams, items or yes and no.
    """

    by: str = "type,state"


@query(route="GET /search", privilege="artifact:read", facade="search")
@dataclass(frozen=True, slots=True)
class SearchEverywhere(Query[Page[ArtifactDTO]]):
    """Search the items of all projects that I may see, best hit first, with the places that were hit.

    ``text`` is read as in a project's list: words, ``"a phrase"``, ``or``, ``-without``; the last word may be a beginning.
    """

    text: str
    type: str | None = None
    limit: int = 20
    cursor: str | None = None


@query(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class SelectArtifacts(Query[tuple[SelectedItem, ...]]):
    """All items that a question finds and the caller may see, in its order, with their versions; its page does not count.

    Raises ``InvalidInput`` where they are more than ``most``.
    """

    question: FindArtifacts
    most: int = 10_000


@query(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class CheckQuestion(Query[str | None]):
    """Why a question does not fit the process that is in force now; None where it does. Nothing is looked for."""

    question: FindArtifacts
