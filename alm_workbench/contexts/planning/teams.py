"""What the planning context does with teams."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from alm_workbench.contexts.planning.domain import People
from alm_workbench.contexts.planning.repository import PlanningRepository
from alm_workbench.contexts.planning.team_messages import (
    CreateTeam,
    DeleteTeam,
    GetTeam,
    KnownTeams,
    ListTeams,
    TeamDTO,
    TeamMemberDTO,
    UpdateTeam,
)
from alm_workbench.contexts.tenant.people_messages import ListMembers
from alm_workbench.errors import ErrorItem, InvalidInput, NotFound, StaleVersion, plain
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.messages import Event

MAX_NAME = 100
MAX_DESCRIPTION = 5_000
MAX_MEMBERS = 500


class Teams:
    """What the handlers below share."""

    def __init__(self, repo: PlanningRepository) -> None:
        self.repo = repo

    def names(self, ctx: MessageContext) -> dict[UUID, str]:
        """The members of the organisation by actor."""
        return {m.actor_id: m.display_name for m in ctx.ask(ListMembers())}

    def found(self, ctx: MessageContext, team_id: UUID | None = None) -> list[TeamDTO]:
        """Teams by name, or the one with an id."""
        rows = self.repo.teams(ctx.conn, team_id)
        members = self.repo.members(ctx.conn, [row.id for row in rows])
        names = self.names(ctx) if members else {}
        return [
            TeamDTO(row.id, row.name, row.description, in_team(members.get(row.id, ()), names), row.version)
            for row in rows
        ]

    def one(self, ctx: MessageContext, team_id: UUID) -> TeamDTO:
        """A team; raises ``NotFound``."""
        found = self.found(ctx, team_id)
        if not found:
            raise NotFound(f"there is no team {team_id}")
        return found[0]

    def people(self, ctx: MessageContext) -> People:
        """Names and teams, for counting load."""
        teams = {t.id: (t.name, frozenset(m.actor_id for m in t.members)) for t in self.found(ctx)}
        return People(self.names(ctx), teams)

    def checked(self, ctx: MessageContext, actors: Iterable[UUID]) -> list[UUID]:
        """Actors that are members of the organisation; raises ``InvalidInput`` naming the first that is not."""
        wanted, known = list(dict.fromkeys(actors)), self.names(ctx)
        for number, actor in enumerate(wanted):
            if actor not in known:
                item = ErrorItem(f"/members/{number}", "unknown", "nobody of the organisation has this id")
                raise InvalidInput("A team consists of members of the organisation", errors=[item])
        if len(wanted) > MAX_MEMBERS:
            item = ErrorItem("/members", "length", f"at most {MAX_MEMBERS} members")
            raise InvalidInput("The team is too large", errors=[item])
        return wanted


class ListTeamsHandler:
    """Lists teams."""

    def __init__(self, teams: Teams) -> None:
        self._teams = teams

    def __call__(self, ctx: MessageContext, message: ListTeams) -> tuple[TeamDTO, ...]:
        return tuple(self._teams.found(ctx))


class GetTeamHandler:
    """Reads one team."""

    def __init__(self, teams: Teams) -> None:
        self._teams = teams

    def __call__(self, ctx: MessageContext, message: GetTeam) -> TeamDTO:
        return self._teams.one(ctx, message.team_id)


class CreateTeamHandler:
    """Makes a team."""

    def __init__(self, teams: Teams) -> None:
        self._teams = teams

    def __call__(self, ctx: MessageContext, message: CreateTeam) -> TeamDTO:
        name, description = checked_name(message.name), checked_description(message.description)
        members, tenant_id = self._teams.checked(ctx, message.members), ctx.principal.tenant_id
        team_id = self._teams.repo.add_team(ctx.conn, tenant_id, name, description)
        self._teams.repo.set_members(ctx.conn, tenant_id, team_id, members)
        ctx.emit(Event("TeamCreated", "Team", team_id, {"name": name}))
        return self._teams.one(ctx, team_id)


class UpdateTeamHandler:
    """Changes a team and who is in it."""

    def __init__(self, teams: Teams) -> None:
        self._teams = teams

    def __call__(self, ctx: MessageContext, message: UpdateTeam) -> TeamDTO:
        current = self._teams.one(ctx, message.team_id)
        values: dict[str, Any] = {"name": current.name}  # written in any case: the team's version says it changed
        if message.name is not None:
            values["name"] = checked_name(message.name)
        if message.description is not None:
            values["description"] = checked_description(message.description)
        members = None if message.members is None else self._teams.checked(ctx, message.members)
        if not self._teams.repo.change_team(ctx.conn, current.id, message.expected_version, values):
            raise stale(self._teams.one(ctx, current.id), message.expected_version)
        if members is not None:
            self._teams.repo.set_members(ctx.conn, ctx.principal.tenant_id, current.id, members)
        changes = sorted([*values, *(["members"] if members is not None else [])])
        ctx.emit(Event("TeamUpdated", "Team", current.id, {"changes": changes}))
        return self._teams.one(ctx, current.id)


class DeleteTeamHandler:
    """Dissolves a team."""

    def __init__(self, teams: Teams) -> None:
        self._teams = teams

    def __call__(self, ctx: MessageContext, message: DeleteTeam) -> TeamDTO:
        current = self._teams.one(ctx, message.team_id)
        values = {"deleted_at": ctx.now, "deleted_by": ctx.principal.actor_id}
        if not self._teams.repo.delete_team(ctx.conn, current.id, message.expected_version, values):
            raise stale(self._teams.one(ctx, current.id), message.expected_version)
        ctx.emit(Event("EntitySoftDeleted", "Team", current.id, {"name": current.name}))
        return current


class KnownTeamsHandler:
    """Says which ids are teams."""

    def __init__(self, teams: Teams) -> None:
        self._teams = teams

    def __call__(self, ctx: MessageContext, message: KnownTeams) -> frozenset[UUID]:
        return self._teams.repo.known(ctx.conn, message.ids)


def in_team(actors: Iterable[UUID], names: dict[UUID, str]) -> tuple[TeamMemberDTO, ...]:
    """Members by name; who left the organisation is in no team."""
    here = [TeamMemberDTO(actor, names[actor]) for actor in actors if actor in names]
    return tuple(sorted(here, key=lambda member: (member.display_name, member.actor_id)))


def checked_name(name: str) -> str:
    """A name: one line of 1 to 100 characters; raises ``InvalidInput``."""
    text = " ".join(name.split())
    if not 0 < len(text) <= MAX_NAME:
        item = ErrorItem("/name", "length", f"a name has 1 to {MAX_NAME} characters")
        raise InvalidInput(item.message, errors=[item])
    return text


def checked_description(text: str) -> str:
    """A description of at most 5,000 characters; raises ``InvalidInput``."""
    if len(text) > MAX_DESCRIPTION:
        item = ErrorItem("/description", "too-long", f"at most {MAX_DESCRIPTION} characters")
        raise InvalidInput(item.message, errors=[item])
    return text


def stale(current: TeamDTO, expected: int) -> StaleVersion:
    """The refusal of a change against another version."""
    return StaleVersion(
        f"{current.name} has version {current.version} by now, you changed version {expected}", current=plain(current)
    )
