"""What the artifact context does with many items at once, inside the transactions of other contexts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from alm_workbench.contexts.artifact.messages import (
    ArtifactDTO,
    CreateArtifact,
    LinkDTO,
    SetState,
    Situation,
    UpdateArtifact,
)
from alm_workbench.errors import AlmError
from alm_workbench.shared.context import DecisionRecord
from alm_workbench.shared.ids import ArtifactId
from alm_workbench.shared.messages import AUTHENTICATED, Command, Query, command, query


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one change among many: the item before and after, unmasked, or why it was refused.

    ``record`` is the decision that allowed it. Without ``before`` the item was created; with neither ``error`` nor
    ``after`` nothing was to be done.
    """

    artifact_id: ArtifactId | None
    before: ArtifactDTO | None = None
    after: ArtifactDTO | None = None
    error: AlmError | None = None
    record: DecisionRecord | None = None
    link_id: UUID | None = None
    link: LinkDTO | None = None
    """The link that was made, or taken away where it is ``unlinked``, as the caller may see it."""
    unlinked: bool = False


@command(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class UpdateMany(Command[tuple[Outcome, ...]]):
    """Change items, each through the checks of a single change; refusals are in the outcomes, the others are written.

    No item stands in it twice. Raises what only writing finds (nothing is to be kept then).
    """

    updates: tuple[UpdateArtifact, ...]


@command(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class CreateMany(Command[tuple[Outcome, ...]]):
    """Create items of one project, each through the checks of a single creation."""

    items: tuple[CreateArtifact, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """An item that goes back to where it stood: its parent and its rank."""

    artifact_id: ArtifactId
    expected_version: int
    parent_id: ArtifactId | None
    rank: str | None


@command(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class PutBack(Command[ArtifactDTO]):
    """Put an item back to where it stood, through the checks of a move; gives it as it is then, unmasked."""

    place: Place

    @property
    def artifact_id(self) -> ArtifactId:
        """The item."""
        return self.place.artifact_id


@query(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class SituationsOf(Query[Mapping[ArtifactId, Situation]]):
    """Items ready for decisions about ``event``, locked; those that are not there are left out. Never shown."""

    ids: tuple[ArtifactId, ...]
    event: str


@query(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class ItemsOf(Query[Mapping[ArtifactId, ArtifactDTO]]):
    """Items as they are stored, unmasked; ``deleted`` ones too when asked for. Never shown."""

    ids: tuple[ArtifactId, ...]
    deleted: bool = False
    lock: bool = False


@query(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class LinksOf(Query[Mapping[ArtifactId, tuple[LinkDTO, ...]]]):
    """Links that start at items; those that were taken away too when asked for. Never shown."""

    ids: tuple[ArtifactId, ...]
    deleted: bool = False


@query(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class HiddenOf(Query[Mapping[ArtifactId, frozenset[str] | None]]):
    """What of items the caller may not see; None for those of which he may see nothing."""

    items: tuple[ArtifactDTO, ...]


@command(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class SetStates(Command[Mapping[ArtifactId, ArtifactDTO]]):
    """Move items to states the workflow allowed; gives them as they are then, unmasked.

    Raises ``StaleVersion`` where one has another version by now, and ``AccessDenied`` where the caller may not read one.
    """

    moves: tuple[SetState, ...]
