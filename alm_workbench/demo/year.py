"""The large demo: a year of a team of forty in five projects.

Everything goes through the Mediator with the clock of the day, so guards, policies, audit and outbox see all of it. The
same seed writes the same story; only ids differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random
from uuid import UUID
from zoneinfo import ZoneInfo

from alm_workbench.contexts.auth.messages import CreateAccount, FindUser
from alm_workbench.contexts.auth.session_messages import ResolvePrincipal
from alm_workbench.contexts.manifest.messages import CompiledVersion
from alm_workbench.contexts.planning.team_messages import CreateTeam, ListTeams
from alm_workbench.contexts.project.messages import CreateProject, ListProjects, ProjectDTO
from alm_workbench.contexts.tenant.people_messages import AddMember, ListMembers
from alm_workbench.demo.cast import PLANS, Part, Plan, cast
from alm_workbench.demo.flow import workdays
from alm_workbench.demo.project_year import Clock, Person, ProjectYear
from alm_workbench.demo.words import Writer
from alm_workbench.errors import AlmError
from alm_workbench.shared.mediator import LocalMediator
from alm_workbench.shared.principal import Principal

ITEMS = 25_000
DAYS = 365
WORKERS = 2
"""Projects are independent of each other; so many live at a time."""
TEAMS = ("Chassis", "Controls", "Apps and cloud", "Test and operations")


@dataclass(frozen=True, slots=True)
class Size:
    """How much happens: items in all, over how many days that end today."""

    items: int = ITEMS
    days: int = DAYS


class YearSeeder:
    """Fills an organisation with the year; projects that are there already are left alone."""

    def __init__(
        self,
        mediator: LocalMediator,
        owner: Principal,
        domain: str,
        password: Callable[[], str],
        *,
        size: Size | None = None,
        seed: int = 4711,
        today: date | None = None,
        plans: tuple[Plan, ...] = PLANS,
    ) -> None:
        self._mediator, self._owner, self._domain, self._password = mediator, owner, domain, password
        self._size, self._seed, self._plans = size or Size(), seed, plans
        self._today = today or datetime.now(UTC).date()
        self._zone = ZoneInfo("Europe/Istanbul")

    def run(self, progress: Callable[[str], None] = lambda text: None) -> bool:
        """Write the year; False when every project was there already."""
        first = self._today - timedelta(days=self._size.days)
        begin = datetime.combine(first, datetime.min.time(), self._zone)
        owner = self._mediator.with_clock(lambda: begin).as_principal(self._owner)
        known = {project.key for project in owner.query(ListProjects(1000)).items}
        wanted = [plan for plan in self._plans if plan.key not in known]
        if not wanted:
            return False
        progress("forty people in four teams")
        people = self._people(owner)
        teams = self._teams(owner, people)
        days = list(workdays(first, self._today - timedelta(days=1)))
        effort = sum(busy for _, busy in days) * sum(plan.share for plan in self._plans)
        rate = self._size.items / effort if effort else 0.0
        made = [(plan, owner.send(CreateProject(plan.key, plan.name, template=plan.template))) for plan in wanted]

        def live(pair: tuple[Plan, ProjectDTO]) -> int:
            year = self._project(*pair, people, teams)
            for number, (day, busy) in enumerate(days, 1):
                year.day(day, self._zone, rate * pair[0].share * busy)
                if number % 20 == 0 or number == len(days):
                    progress(f"{pair[0].key}: {day}, {year.items} items")
            return year.items

        with ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(live, made))
        return True

    def _people(self, owner: LocalMediator) -> Mapping[int, tuple[Part, Principal]]:
        root = self._mediator.as_principal(None)
        members = {member.email for member in owner.query(ListMembers())}
        found = {}
        for place, part in enumerate(cast()):
            email = f"{part.login}@{self._domain}"
            user = root.query(FindUser(email)) or root.send(CreateAccount(email, part.name, self._password()))
            if email not in members:
                owner.send(AddMember(email, (part.role,)))
            principal = root.query(ResolvePrincipal(user.user_id, self._owner.tenant_id))
            if principal is None:
                raise AlmError(f"{email} has no access to the demo organisation")
            found[place] = (part, principal)
        return found

    def _teams(self, owner: LocalMediator, people: Mapping[int, tuple[Part, Principal]]) -> list[UUID]:
        known = {team.name: team.id for team in owner.query(ListTeams())}
        for number, name in enumerate(TEAMS):
            if name not in known:
                members = tuple(people[place][1].actor_id for place in range(number * 10, number * 10 + 10))
                known[name] = owner.send(CreateTeam(name, members=members)).id
        return [known[name] for name in TEAMS]

    def _project(
        self, plan: Plan, project: ProjectDTO, people: Mapping[int, tuple[Part, Principal]], teams: list[UUID]
    ) -> ProjectYear:
        random = Random(f"{self._seed} {plan.key}")  # noqa: S311 - a demo that is the same everywhere
        clock = Clock(datetime.now(UTC))
        senders = self._mediator.with_clock(clock.read)
        at_work = []
        for place in plan.people:
            part, principal = people[place]
            at_work.append(
                Person(place, part.name, principal.actor_id, principal.roles, senders.as_principal(principal))
            )
        assert project.active_version_id is not None
        compiled = senders.as_principal(self._owner).query(CompiledVersion(project.active_version_id)).compiled
        return ProjectYear(project.id, compiled, at_work, teams, Writer(plan.subject, random), random, clock)
