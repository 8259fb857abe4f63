"""Planning in a notebook: cycles with their load, the backlog, areas, teams, and the work that people note."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from alm_workbench.contexts.artifact.messages import ArtifactDTO
from alm_workbench.contexts.planning.messages import (
    AreaDTO,
    CarryOver,
    CycleDTO,
    CyclePlanDTO,
    GetCyclePlan,
    ListAreas,
    ListBacklog,
    ListCycles,
    LoadDTO,
    PlanItems,
    SetCapacity,
)
from alm_workbench.contexts.planning.team_messages import CreateTeam, DeleteTeam, ListTeams, TeamDTO, UpdateTeam
from alm_workbench.contexts.planning.work_messages import ListWork, LogWork, MyWork, TakeBackWork, WorkLogDTO
from alm_workbench.errors import InvalidInput
from alm_workbench.i18n import _
from alm_workbench.notebook.actions import action, told_html
from alm_workbench.notebook.people import one_of
from alm_workbench.notebook.show import Column, Listing, card
from alm_workbench.shared.ids import ArtifactId

if TYPE_CHECKING:
    from alm_workbench.notebook.artifact import Artifact
    from alm_workbench.notebook.projects import Project
    from alm_workbench.notebook.workbench import Workbench

PAGE = 200


class Cycle:
    """A sprint, iteration or release: what it is for, what is in it, and who has how much of it on the plate."""

    def __init__(self, project: Project, dto: CycleDTO) -> None:
        self._project, self.dto = project, dto

    @property
    def key(self) -> str:
        """Its key."""
        return self.dto.key

    @property
    def title(self) -> str:
        """Its title."""
        return self.dto.title

    @property
    def item(self) -> Artifact:
        """The item it is, for changing its fields or taking a step."""
        return self._project.artifacts.by_id(self.dto.id)

    @property
    def load(self) -> Listing[LoadDTO]:
        """The work of each person and team against what they can take on."""
        plan = self._project.workbench.mediator.query(GetCyclePlan(self.dto.id))
        return load_listing(plan)

    @action
    def set_capacity(self, who: Any, amount: float | None, note: str = "") -> Cycle:
        """Say what a member or a team (``wb.teams["Brakes"]``) can take on; None takes it away."""
        team = who.id if isinstance(who, TeamDTO) else None
        actor = None if team else self._project.workbench.actor_id(who, self._project)
        return self._plan(SetCapacity(self.dto.id, amount, actor, team, note))

    @action
    def add(self, *items: Artifact | str) -> Cycle:
        """Put items (or their keys) into it."""
        self._project.planning.plan(items, self)
        return self.refresh()

    @action
    def carry_over(self, to: Cycle | str | None = None) -> tuple[str, ...]:
        """Move what is not done to another cycle, or to the backlog; the keys of what moved."""
        target = None if to is None else self._project.planning.cycle(to).dto.id
        keys = self._project.workbench.mediator.send(CarryOver(self.dto.id, target)).keys
        self.refresh()
        return keys

    @action
    def refresh(self) -> Cycle:
        """Load the present state."""
        self.dto = self._project.workbench.mediator.query(GetCyclePlan(self.dto.id)).cycle
        return self

    def _plan(self, message: SetCapacity) -> Cycle:
        self.dto = self._project.workbench.mediator.send(message).cycle
        return self

    def __repr__(self) -> str:
        effort = self.dto.effort
        return f"<{self.key} {self.title!r} {effort.done}/{effort.items}, {effort.done_estimate:g}/{effort.estimate:g}>"

    @told_html
    def _repr_html_(self) -> str:
        effort = self.dto.effort
        rows: list[tuple[str, Any]] = [
            (_("Goal"), self.dto.goal),
            (_("Days"), f"{self.dto.starts or '…'} – {self.dto.ends or '…'}"),
            (_("Items done"), _("{done} of {all}").format(done=effort.done, all=effort.items)),
            (
                _("Estimate done"),
                _("{done} of {all}").format(done=f"{effort.done_estimate:g}", all=f"{effort.estimate:g}"),
            ),
            (_("Remaining"), effort.remaining),
            (_("Capacity"), self.dto.capacity),
        ]
        note = _("{number} without an estimate").format(number=effort.unestimated) if effort.unestimated else ""
        return card(f"{self.key}  {self.title}", [row for row in rows if row[1] not in (None, "")], note)


class Cycles(Listing[CycleDTO]):
    """The cycles of a project by day; ``["SPR-1"]`` or ``["Sprint 1"]`` is one of them."""

    def __init__(self, project: Project, *, include_done: bool = False) -> None:
        self._project = project
        columns: list[Column[CycleDTO]] = [
            Column("key", _("Key"), lambda c: c.key),
            Column("title", _("Title"), lambda c: c.title),
            Column("starts", _("Starts"), lambda c: c.starts, "date"),
            Column("ends", _("Ends"), lambda c: c.ends, "date"),
            Column("state", _("State"), lambda c: c.state, "category"),
            Column("items", _("Items"), lambda c: c.effort.items, "integer"),
            Column("done", _("Done"), lambda c: c.effort.done, "integer"),
            Column("estimate", _("Estimate"), lambda c: c.effort.estimate, "number"),
            Column("remaining", _("Remaining"), lambda c: c.effort.remaining, "number"),
            Column("capacity", _("Capacity"), lambda c: c.capacity, "number"),
        ]
        found = project.workbench.mediator.query(ListCycles(project.id, include_done))
        super().__init__(found, columns, _("Cycles"))

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, str):
            missing = _("There is no cycle {name!r}. {help}")
            return Cycle(self._project, one_of(self, index, lambda c: (c.key, c.title), missing))
        return super().__getitem__(index)


class Planning:
    """What is planned in a project: ``cycles``, ``backlog()``, ``areas``, ``plan(items, cycle)``."""

    def __init__(self, project: Project) -> None:
        self._project = project

    @property
    def cycles(self) -> Cycles:
        """Cycles that are not done, by day."""
        return Cycles(self._project)

    @property
    def all_cycles(self) -> Cycles:
        """Every cycle, by day."""
        return Cycles(self._project, include_done=True)

    @action
    def cycle(self, which: Cycle | str) -> Cycle:
        """A cycle by its key or title."""
        return which if isinstance(which, Cycle) else self.all_cycles[which]

    @action
    def backlog(self, limit: int = 100) -> list[Artifact]:
        """What could be planned, is in no cycle and not done, in the order of ranks; at most ``limit``."""
        from alm_workbench.notebook.artifact import Artifact

        return [Artifact(self._project, dto) for dto in self._backlog(limit)]

    @action
    def plan(self, items: Iterable[Artifact | str], cycle: Cycle | str | None) -> None:
        """Put items (or their keys) into a cycle, or back into the backlog (None): all of them or none."""
        ids = tuple(ArtifactId(self._project.artifacts.one(item).id) for item in items)
        target = None if cycle is None else self.cycle(cycle).dto.id
        self._project.workbench.mediator.send(PlanItems(self._project.id, ids, target))

    @property
    def areas(self) -> Listing[AreaDTO]:
        """Areas of work with the effort of all that is below them."""
        found = self._project.workbench.mediator.query(ListAreas(self._project.id))
        keys = {area.id: area.key for area in found}
        columns: list[Column[AreaDTO]] = [
            Column("key", _("Key"), lambda a: a.key),
            Column("title", _("Title"), lambda a: a.title),
            Column("parent", _("Part of"), lambda a: keys.get(a.parent_id) if a.parent_id else None),
            Column("items", _("Items"), lambda a: a.effort.items, "integer"),
            Column("done", _("Done"), lambda a: a.effort.done, "integer"),
            Column("estimate", _("Estimate"), lambda a: a.effort.estimate, "number"),
            Column("remaining", _("Remaining"), lambda a: a.effort.remaining, "number"),
        ]
        return Listing(found, columns, _("Areas"))

    def _backlog(self, limit: int) -> Iterator[ArtifactDTO]:
        cursor: str | None = None
        left = limit
        while left > 0:
            page = self._project.workbench.mediator.query(ListBacklog(self._project.id, min(left, PAGE), cursor))
            yield from page.items
            cursor, left = page.next_cursor, left - len(page.items)
            if cursor is None:
                return

    def __repr__(self) -> str:
        return f"<Planning of {self._project.key}: .cycles, .backlog(), .areas, .plan(items, cycle)>"


class Teams(Listing[TeamDTO]):
    """The teams of the organisation; ``["Brakes"]`` is one of them."""

    def __init__(self, workbench: Workbench) -> None:
        self._workbench = workbench
        columns: list[Column[TeamDTO]] = [
            Column("name", _("Team"), lambda t: t.name),
            Column("description", _("Description"), lambda t: t.description),
            Column("members", _("Members"), lambda t: ", ".join(m.display_name for m in t.members)),
        ]
        super().__init__(workbench.mediator.query(ListTeams()), columns, _("Teams"))

    def __getitem__(self, index: Any) -> Any:
        return self.find(index) if isinstance(index, str) else super().__getitem__(index)

    @action
    def create(self, name: str, *members: Any, description: str = "") -> TeamDTO:
        """Make a team of members (names, e-mail addresses or members)."""
        actors = tuple(self._workbench.actor_id(who) for who in members)
        return self._workbench.mediator.send(CreateTeam(name, description, actors))

    @action
    def set_members(self, team: TeamDTO | str, *members: Any) -> TeamDTO:
        """Let a team consist of exactly these members."""
        found = self.find(team)
        actors = tuple(self._workbench.actor_id(who) for who in members)
        return self._workbench.mediator.send(UpdateTeam(found.id, found.version, members=actors))

    @action
    def rename(self, team: TeamDTO | str, name: str) -> TeamDTO:
        """Give a team another name."""
        found = self.find(team)
        return self._workbench.mediator.send(UpdateTeam(found.id, found.version, name=name))

    @action
    def delete(self, team: TeamDTO | str) -> TeamDTO:
        """Dissolve a team."""
        found = self.find(team)
        return self._workbench.mediator.send(DeleteTeam(found.id, found.version))

    def find(self, team: TeamDTO | str) -> TeamDTO:
        """The team with a name, as of now; raises ``NotFound``."""
        name = team.name if isinstance(team, TeamDTO) else str(team)
        now = self._workbench.mediator.query(ListTeams())
        return one_of(now, name, lambda t: (t.name,), _("There is no team {name!r}. {help}"))


def load_listing(plan: CyclePlanDTO) -> Listing[LoadDTO]:
    """Who has how much on the plate."""
    columns: list[Column[LoadDTO]] = [
        Column("name", _("Who"), lambda one: one.name or _("nobody")),
        Column("team", _("Team"), lambda one: one.team_id is not None, "boolean"),
        Column("capacity", _("Capacity"), lambda one: one.capacity, "number"),
        Column("estimate", _("Estimate"), lambda one: one.effort.estimate, "number"),
        Column("remaining", _("Remaining"), lambda one: one.effort.remaining, "number"),
        Column("items", _("Items"), lambda one: one.effort.items, "integer"),
        Column("done", _("Done"), lambda one: one.effort.done, "integer"),
        Column("overloaded", _("Too much"), lambda one: one.overloaded, "boolean"),
    ]
    return Listing(plan.load, columns, f"{plan.cycle.key}  {plan.cycle.title}")


def log_work(item: Artifact, hours: float, on: date | str | None, note: str, remaining: float | None) -> WorkLogDTO:
    """Note work on an item."""
    try:
        day = date.fromisoformat(on) if isinstance(on, str) else on
    except ValueError:
        raise InvalidInput(_("{text!r} is no day such as 2026-11-23").format(text=on)) from None
    return item.project.workbench.mediator.send(LogWork(ArtifactId(item.id), hours, day, note, remaining))


def work_of(item: Artifact, limit: int = 100) -> Listing[WorkLogDTO]:
    """The work noted on an item, latest day first."""
    workbench = item.project.workbench
    page = workbench.mediator.query(ListWork(ArtifactId(item.id), limit))
    columns: list[Column[WorkLogDTO]] = [
        Column("worked_on", _("Day"), lambda w: w.worked_on, "date"),
        Column("who", _("Who"), lambda w: w.actor),
        Column("hours", _("Hours"), lambda w: w.hours, "number"),
        Column("note", _("Note"), lambda w: w.note),
    ]
    return Listing(page.items, columns, item.key)


def take_back(item: Artifact, work: WorkLogDTO | UUID) -> WorkLogDTO:
    """Take noted work back."""
    work_id = work.id if isinstance(work, WorkLogDTO) else work
    return item.project.workbench.mediator.send(TakeBackWork(ArtifactId(item.id), work_id))


def my_work(workbench: Workbench, limit: int = 100) -> Listing[ArtifactDTO]:
    """What is assigned to you and not done, in every project, latest change first."""
    found = workbench.mediator.query(MyWork(limit)).items
    projects = {project.id: project.key for project in workbench.projects}
    columns: list[Column[ArtifactDTO]] = [
        Column("project", _("Project"), lambda a: projects.get(a.project_id, "")),
        Column("key", _("Key"), lambda a: a.key),
        Column("title", _("Title"), lambda a: a.title),
        Column("state", _("State"), lambda a: a.state, "category"),
        Column("updated_at", _("Updated"), lambda a: a.updated_at, "timestamp"),
    ]
    return Listing(found, columns, _("My work"))
