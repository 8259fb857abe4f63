"""What the planning context does with cycles, the backlog and areas."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from alm_workbench.contexts.artifact.messages import ArtifactDTO, GetArtifact, UpdateArtifact
from alm_workbench.contexts.artifact.planned_messages import ItemsBelow, ItemsOfTypes, ItemsReferring, UnplannedItems
from alm_workbench.contexts.planning.domain import (
    PlanRules,
    cycle_dto,
    cycle_of,
    effort_of,
    given_capacity,
    in_order,
    loads,
    rules_of,
)
from alm_workbench.contexts.planning.messages import (
    AreaDTO,
    CarriedOverDTO,
    CarryOver,
    CycleDTO,
    CyclePlanDTO,
    GetCyclePlan,
    ListAreas,
    ListBacklog,
    ListCycles,
    PlanItems,
    SetCapacity,
)
from alm_workbench.contexts.planning.teams import Teams
from alm_workbench.contexts.project.messages import ActiveProcess, GetProject
from alm_workbench.errors import ErrorItem, InvalidInput, NotFound
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.ids import ArtifactId, ProjectId
from alm_workbench.shared.messages import Event, Page

MAX_ITEMS = 500
"""So many items are planned at once; bulk changes take more."""
MAX_NOTE = 2_000


class Plans:
    """What the handlers below share."""

    def __init__(self, teams: Teams) -> None:
        self.teams, self.repo = teams, teams.repo

    def rules(self, ctx: MessageContext, project_id: ProjectId) -> PlanRules:
        """The planning rules in force in a project the caller may see."""
        ctx.ask(GetProject(project_id))
        return rules_of(ctx.ask(ActiveProcess(project_id)).compiled)

    def cycle(self, ctx: MessageContext, cycle_id: ArtifactId, pointer: str = "") -> tuple[ArtifactDTO, PlanRules]:
        """A cycle as the caller may see it, with the rules of its project; raises ``NotFound`` on what is none.

        With a ``pointer`` it is what a command names there: ``InvalidInput``.
        """
        try:
            item = ctx.ask(GetArtifact(cycle_id))
            rules = self.rules(ctx, item.project_id)
        except NotFound:
            if not pointer:
                raise
            raise InvalidInput(NO_CYCLE, errors=[ErrorItem(pointer, "unknown", NO_CYCLE)]) from None
        if item.type in rules.cycle_types:
            return item, rules
        if pointer:
            raise InvalidInput(NO_CYCLE, errors=[ErrorItem(pointer, "type", f"a {item.type} is no cycle")])
        raise NotFound(f"{item.key} is no cycle")

    def inside(
        self, ctx: MessageContext, project_id: ProjectId, rules: PlanRules, cycles: Collection[ArtifactId]
    ) -> dict[ArtifactId, list[ArtifactDTO]]:
        """What the caller may see of what is in some cycles."""
        found: dict[ArtifactId, list[ArtifactDTO]] = {cycle: [] for cycle in cycles}
        if not (cycles and rules.fields):
            return found
        for item in ctx.ask(ItemsReferring(project_id, rules.fields, cycles)):
            cycle = cycle_of(rules, item)
            if cycle in found:
                found[cycle].append(item)
        return found

    def plan(self, ctx: MessageContext, cycle: ArtifactDTO, rules: PlanRules) -> CyclePlanDTO:
        """A cycle with everybody's load."""
        items = self.inside(ctx, cycle.project_id, rules, [cycle.id])[cycle.id]
        capacities = self.repo.capacities(ctx.conn, [cycle.id]).get(cycle.id, [])
        people = self.teams.people(ctx)
        shown = cycle_dto(rules, cycle, items, given_capacity(capacities, people))
        return CyclePlanDTO(shown, loads(rules, items, capacities, people))


class ListCyclesHandler:
    """Lists cycles with what is in them."""

    def __init__(self, plans: Plans) -> None:
        self._plans = plans

    def __call__(self, ctx: MessageContext, message: ListCycles) -> tuple[CycleDTO, ...]:
        plans, rules = self._plans, self._plans.rules(ctx, message.project_id)
        if not rules.cycle_types:
            return ()
        cycles = ctx.ask(ItemsOfTypes(message.project_id, rules.cycle_types))
        shown = [c for c in cycles if message.include_done or c.state_category not in rules.done]
        ids = [c.id for c in shown]
        inside = plans.inside(ctx, message.project_id, rules, ids)
        capacities = plans.repo.capacities(ctx.conn, ids)
        people = plans.teams.people(ctx) if capacities else None

        def given(cycle: ArtifactId) -> float | None:
            return given_capacity(capacities[cycle], people) if people and cycle in capacities else None

        return tuple(in_order(cycle_dto(rules, c, inside[c.id], given(c.id)) for c in shown))


class GetCyclePlanHandler:
    """Reads the plan of a cycle."""

    def __init__(self, plans: Plans) -> None:
        self._plans = plans

    def __call__(self, ctx: MessageContext, message: GetCyclePlan) -> CyclePlanDTO:
        return self._plans.plan(ctx, *self._plans.cycle(ctx, message.cycle_id))


class SetCapacityHandler:
    """Writes what somebody or a team can take on."""

    def __init__(self, plans: Plans) -> None:
        self._plans = plans

    def __call__(self, ctx: MessageContext, message: SetCapacity) -> CyclePlanDTO:
        cycle, rules = self._plans.cycle(ctx, message.cycle_id)
        self._refuse_wrong(ctx, message)
        if message.amount is None:
            self._plans.repo.drop_capacity(ctx.conn, cycle.id, message.actor_id, message.team_id)
        else:
            self._plans.repo.set_capacity(
                ctx.conn,
                {
                    "tenant_id": ctx.principal.tenant_id,
                    "project_id": cycle.project_id,
                    "cycle_id": cycle.id,
                    "actor_id": message.actor_id,
                    "team_id": message.team_id,
                    "amount": message.amount,
                    "note": message.note,
                },
            )
        payload = {"project_id": str(cycle.project_id), "key": cycle.key}
        ctx.emit(Event("CapacitySet", "Artifact", cycle.id, payload))
        return self._plans.plan(ctx, cycle, rules)

    def _refuse_wrong(self, ctx: MessageContext, message: SetCapacity) -> None:
        problems = []
        if (message.actor_id is None) == (message.team_id is None):
            problems.append(ErrorItem("/actor_id", "one-of", "either somebody or a team"))
        if message.amount is not None and not (math.isfinite(message.amount) and message.amount >= 0):
            problems.append(ErrorItem("/amount", "range", "a number from 0 on"))
        if len(message.note) > MAX_NOTE:
            problems.append(ErrorItem("/note", "too-long", f"at most {MAX_NOTE:,} characters"))
        if message.actor_id is not None and message.actor_id not in self._plans.teams.names(ctx):
            problems.append(ErrorItem("/actor_id", "unknown", "nobody of the organisation has this id"))
        if message.team_id is not None and not self._plans.repo.known(ctx.conn, [message.team_id]):
            problems.append(ErrorItem("/team_id", "unknown", "there is no such team"))
        if problems:
            raise InvalidInput(problems[0].message, errors=problems)


class PlanItemsHandler:
    """Puts items into a cycle."""

    def __init__(self, plans: Plans) -> None:
        self._plans = plans

    def __call__(self, ctx: MessageContext, message: PlanItems) -> tuple[ArtifactDTO, ...]:
        rules = self._plans.rules(ctx, message.project_id)
        if len(message.artifact_ids) > MAX_ITEMS:
            problem = ErrorItem("/artifact_ids", "length", f"at most {MAX_ITEMS} items at once")
            raise InvalidInput(problem.message, errors=[problem])
        if message.cycle_id is not None:
            open_cycle(self._plans, ctx, message.project_id, message.cycle_id, "/cycle_id")
        found = []
        for number, artifact_id in enumerate(dict.fromkeys(message.artifact_ids)):
            item = found_item(ctx, message.project_id, artifact_id, f"/artifact_ids/{number}")
            if item.type not in rules.cycle_fields:
                problem = ErrorItem(f"/artifact_ids/{number}", "type", f"a {item.type} is never in a cycle")
                raise InvalidInput(f"{item.key} cannot be planned: {problem.message}", errors=[problem])
            found.append(item)
        return tuple(move(ctx, rules, item, message.cycle_id) for item in found)


class CarryOverHandler:
    """Takes what is left of a cycle to another."""

    def __init__(self, plans: Plans) -> None:
        self._plans = plans

    def __call__(self, ctx: MessageContext, message: CarryOver) -> CarriedOverDTO:
        cycle, rules = self._plans.cycle(ctx, message.cycle_id)
        if message.to == cycle.id:
            problem = ErrorItem("/to", "same", "it is in this cycle already")
            raise InvalidInput(problem.message, errors=[problem])
        if message.to is not None:
            open_cycle(self._plans, ctx, cycle.project_id, message.to, "/to")
        inside = self._plans.inside(ctx, cycle.project_id, rules, [cycle.id])[cycle.id]
        left = [item for item in inside if item.state_category not in rules.done]
        moved = [move(ctx, rules, item, message.to) for item in sorted(left, key=place)]
        payload = {"project_id": str(cycle.project_id), "key": cycle.key, "items": len(moved)}
        ctx.emit(Event("CycleCarriedOver", "Artifact", cycle.id, payload))
        return CarriedOverDTO(cycle.id, message.to, tuple(item.key for item in moved))


class ListBacklogHandler:
    """Lists what could be planned."""

    def __init__(self, plans: Plans) -> None:
        self._plans = plans

    def __call__(self, ctx: MessageContext, message: ListBacklog) -> Page[ArtifactDTO]:
        rules = self._plans.rules(ctx, message.project_id)
        types, fields = frozenset(rules.cycle_fields), rules.fields
        wanted = UnplannedItems(message.project_id, types, fields, rules.done, message.limit, message.cursor)
        return ctx.ask(wanted) if types else Page((), None)


class ListAreasHandler:
    """Lists areas with the work in them."""

    def __init__(self, plans: Plans) -> None:
        self._plans = plans

    def __call__(self, ctx: MessageContext, message: ListAreas) -> tuple[AreaDTO, ...]:
        rules = self._plans.rules(ctx, message.project_id)
        if not rules.area_types:
            return ()
        areas = ctx.ask(ItemsOfTypes(message.project_id, rules.area_types))
        below = ctx.ask(ItemsBelow(message.project_id, [area.id for area in areas]))
        held = by_area(areas, below)
        return tuple(
            AreaDTO(a.id, a.key, a.type, a.title, a.parent_id, a.state, effort_of(rules, held[a.id])) for a in areas
        )


NO_CYCLE = "there is no such cycle here"


def open_cycle(
    plans: Plans, ctx: MessageContext, project_id: ProjectId, cycle_id: ArtifactId, pointer: str
) -> ArtifactDTO:
    """A cycle of a project that may still take items; raises ``InvalidInput`` at the pointer."""
    cycle, rules = plans.cycle(ctx, cycle_id, pointer)
    if cycle.project_id != project_id:
        raise InvalidInput(NO_CYCLE, errors=[ErrorItem(pointer, "unknown", NO_CYCLE)])
    if cycle.state_category in rules.done:
        problem = ErrorItem(pointer, "done", f"{cycle.key} is done and takes nothing more")
        raise InvalidInput(problem.message, errors=[problem])
    return cycle


def found_item(ctx: MessageContext, project_id: ProjectId, artifact_id: ArtifactId, pointer: str) -> ArtifactDTO:
    """An item of a project; raises ``InvalidInput`` at the pointer."""
    problem = ErrorItem(pointer, "unknown", "there is no such item in this project")
    try:
        item = ctx.ask(GetArtifact(artifact_id))
    except NotFound:
        raise InvalidInput(problem.message, errors=[problem]) from None
    if item.project_id != project_id:
        raise InvalidInput(problem.message, errors=[problem])
    return item


def move(ctx: MessageContext, rules: PlanRules, item: ArtifactDTO, cycle_id: ArtifactId | None) -> ArtifactDTO:
    """Let an item say that it is in another cycle, by everybody's rules for changing it."""
    if cycle_of(rules, item) == cycle_id:
        return item
    value = str(cycle_id) if cycle_id else None
    return ctx.ask(UpdateArtifact(item.id, item.version, fields={rules.cycle_fields[item.type]: value}))


def place(item: ArtifactDTO) -> tuple[str, str]:
    """Where an item stands in the order of its project."""
    return (item.rank or "~", str(item.id))


def by_area(areas: Iterable[ArtifactDTO], below: Iterable[ArtifactDTO]) -> Mapping[UUID, list[ArtifactDTO]]:
    """What stands below each area, at any depth; areas themselves are no work."""
    items = list(below)
    parents: dict[UUID, UUID | None] = {item.id: item.parent_id for item in items}
    found: dict[UUID, list[ArtifactDTO]] = {}
    for area in areas:
        found[area.id] = []
        parents[area.id] = area.parent_id
    for item in items:
        if item.id in found:
            continue
        above: UUID | None = item.parent_id
        seen: set[UUID] = {item.id}
        while above is not None and above not in seen:
            seen.add(above)
            if above in found:
                found[above].append(item)
            above = parents.get(above)
    return found
