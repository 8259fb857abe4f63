"""Commands and queries about teams: people who work together, across projects."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from alm_workbench.shared.messages import AUTHENTICATED, Command, Query, command, query


@dataclass(frozen=True, slots=True)
class TeamMemberDTO:
    """Somebody in a team."""

    actor_id: UUID
    display_name: str


@dataclass(frozen=True, slots=True)
class TeamDTO:
    """A team and who is in it, by name."""

    id: UUID
    name: str
    description: str
    members: tuple[TeamMemberDTO, ...]
    version: int


@query(route="GET /teams", privilege="project:read", facade="teams.list")
@dataclass(frozen=True, slots=True)
class ListTeams(Query[tuple[TeamDTO, ...]]):
    """The teams of the organisation, by name."""


@query(route="GET /teams/{team_id}", privilege="project:read", facade="teams.get")
@dataclass(frozen=True, slots=True)
class GetTeam(Query[TeamDTO]):
    """One team."""

    team_id: UUID


@command(route="POST /teams", privilege="planning:manage", facade="teams.create", idempotent=True)
@dataclass(frozen=True, slots=True)
class CreateTeam(Command[TeamDTO]):
    """Make a team of members of the organisation; no other team has its name."""

    name: str
    description: str = ""
    members: tuple[UUID, ...] = ()
    """Actor ids."""


@command(route="PATCH /teams/{team_id}", privilege="planning:manage", facade="teams.update", if_match=True)
@dataclass(frozen=True, slots=True)
class UpdateTeam(Command[TeamDTO]):
    """Rename a team, describe it anew, or say who is in it; what is not named stays."""

    team_id: UUID
    expected_version: int
    name: str | None = None
    description: str | None = None
    members: tuple[UUID, ...] | None = None


@command(route="DELETE /teams/{team_id}", privilege="planning:manage", facade="teams.delete", if_match=True)
@dataclass(frozen=True, slots=True)
class DeleteTeam(Command[TeamDTO]):
    """Dissolve a team; items and capacities that name it keep the name."""

    team_id: UUID
    expected_version: int


@query(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class KnownTeams(Query[frozenset[UUID]]):
    """Those of some ids that are teams of this organisation."""

    ids: Collection[UUID]
