"""What planning asks about items, as the caller may see them; never shown as it is."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from alm_workbench.contexts.artifact.messages import ArtifactDTO
from alm_workbench.shared.ids import ArtifactId, ProjectId
from alm_workbench.shared.messages import AUTHENTICATED, Page, Query, query


@query(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class ItemsOfTypes(Query[tuple[ArtifactDTO, ...]]):
    """The items of some types, in their order."""

    project_id: ProjectId
    types: Collection[str]


@query(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class ItemsReferring(Query[tuple[ArtifactDTO, ...]]):
    """Items that name one of some items in one of some reference fields which the caller may see."""

    project_id: ProjectId
    fields: Collection[str]
    targets: Collection[ArtifactId]


@query(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class ItemsBelow(Query[tuple[ArtifactDTO, ...]]):
    """Everything below some items, at any depth."""

    project_id: ProjectId
    roots: Collection[ArtifactId]


@query(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class UnplannedItems(Query[Page[ArtifactDTO]]):
    """Items of some types that are not done and name nothing in some reference fields, by rank."""

    project_id: ProjectId
    types: Collection[str]
    fields: Collection[str]
    done: Collection[str]
    limit: int = 50
    cursor: str | None = None


@query(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class OpenItemsOf(Query[Page[ArtifactDTO]]):
    """What is assigned to somebody and not done, in every project the caller can see, latest change first."""

    actor_id: UUID
    limit: int = 50
    cursor: str | None = None
