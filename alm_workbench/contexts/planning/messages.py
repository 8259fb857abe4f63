"""Commands and queries about planning: cycles, what fits into them, the backlog and areas.

Cycles, releases and areas are items of the types that the process's ``Planning`` names. An item is in a cycle when its
reference field to cycles says so; the day, goal and capacity of a cycle are its fields.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from alm_workbench.contexts.artifact.messages import ArtifactDTO
from alm_workbench.shared.ids import ArtifactId, ProjectId
from alm_workbench.shared.messages import Command, Page, Query, command, query


@dataclass(frozen=True, slots=True)
class EffortDTO:
    """How much work some items are, in the unit of the process's estimates; of those the caller may see.

    ``remaining`` is what is left of items that are not done: what they say, else their estimate.
    """

    items: int = 0
    done: int = 0
    estimate: float = 0.0
    done_estimate: float = 0.0
    remaining: float = 0.0
    unestimated: int = 0


@dataclass(frozen=True, slots=True)
class CycleDTO:
    """A stretch of time (sprint, iteration, release) with what was planned into it.

    ``parent_id`` is the cycle it is part of; ``capacity`` its own field's, else the sum of what people and teams have.
    """

    id: ArtifactId
    project_id: ProjectId
    key: str
    type: str
    title: str
    goal: str
    starts: date | None
    ends: date | None
    state: str
    state_category: str
    parent_id: ArtifactId | None
    capacity: float | None
    effort: EffortDTO
    version: int


@dataclass(frozen=True, slots=True)
class LoadDTO:
    """What somebody or a team has on the plate in a cycle against what they can take; one of the ids is given.

    Neither id: what is assigned to nobody. A team's load is that of its members.
    """

    actor_id: UUID | None
    team_id: UUID | None
    name: str
    capacity: float | None
    effort: EffortDTO
    overloaded: bool


@dataclass(frozen=True, slots=True)
class CyclePlanDTO:
    """A cycle with the load of each person and team."""

    cycle: CycleDTO
    load: tuple[LoadDTO, ...]


@dataclass(frozen=True, slots=True)
class AreaDTO:
    """An area of work with the effort of everything below it."""

    id: ArtifactId
    key: str
    type: str
    title: str
    parent_id: ArtifactId | None
    state: str
    effort: EffortDTO


@dataclass(frozen=True, slots=True)
class CarriedOverDTO:
    """What was not done in a cycle and where it went; None stands for the backlog."""

    cycle_id: ArtifactId
    to: ArtifactId | None
    keys: tuple[str, ...]


@query(route="GET /projects/{project_id}/cycles", privilege="artifact:read", facade="planning.cycles")
@dataclass(frozen=True, slots=True)
class ListCycles(Query[tuple[CycleDTO, ...]]):
    """The cycles of a project by day, the part before the whole; those that are done only with ``include_done``."""

    project_id: ProjectId
    include_done: bool = False


@query(route="GET /cycles/{cycle_id}", privilege="artifact:read", facade="planning.cycle")
@dataclass(frozen=True, slots=True)
class GetCyclePlan(Query[CyclePlanDTO]):
    """A cycle, and what everybody has on the plate in it against what they can take."""

    cycle_id: ArtifactId


@command(
    route="POST /cycles/{cycle_id}/capacity", privilege="planning:manage", facade="planning.set_capacity", status=200
)
@dataclass(frozen=True, slots=True)
class SetCapacity(Command[CyclePlanDTO]):
    """Say what somebody, or a team as a whole, can take on in a cycle; None takes the entry away."""

    cycle_id: ArtifactId
    amount: float | None
    actor_id: UUID | None = None
    team_id: UUID | None = None
    note: str = ""


@command(
    route="POST /projects/{project_id}/planning",
    privilege="artifact:update",
    facade="planning.plan",
    status=200,
    idempotent=True,
)
@dataclass(frozen=True, slots=True)
class PlanItems(Command[tuple[ArtifactDTO, ...]]):
    """Put items into a cycle that is not done, or back into the backlog (None): all of them or none."""

    project_id: ProjectId
    artifact_ids: tuple[ArtifactId, ...]
    cycle_id: ArtifactId | None


@command(
    route="POST /cycles/{cycle_id}/carry-over",
    privilege="artifact:update",
    facade="planning.carry_over",
    status=200,
    idempotent=True,
)
@dataclass(frozen=True, slots=True)
class CarryOver(Command[CarriedOverDTO]):
    """Move what is not done in a cycle to another one, or back into the backlog (None)."""

    cycle_id: ArtifactId
    to: ArtifactId | None = None


@query(route="GET /projects/{project_id}/backlog", privilege="artifact:read", facade="planning.backlog")
@dataclass(frozen=True, slots=True)
class ListBacklog(Query[Page[ArtifactDTO]]):
    """What could be planned, is in no cycle and not done, in the order of its ranks."""

    project_id: ProjectId
    limit: int = 50
    cursor: str | None = None


@query(route="GET /projects/{project_id}/areas", privilege="artifact:read", facade="planning.areas")
@dataclass(frozen=True, slots=True)
class ListAreas(Query[tuple[AreaDTO, ...]]):
    """The areas of a project in their order, each with the effort of everything below it."""

    project_id: ProjectId
