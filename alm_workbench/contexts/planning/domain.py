"""What a process says about planning, and how effort and load are counted; no database here."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from alm_workbench.contexts.artifact.messages import ArtifactDTO
from alm_workbench.contexts.planning.messages import CycleDTO, EffortDTO, LoadDTO
from alm_workbench.mpc import CompiledManifest
from alm_workbench.shared.ids import ArtifactId

DONE = ("done",)


@dataclass(frozen=True, slots=True)
class PlanRules:
    """The ``Planning`` of a process. ``cycle_fields`` names by type the reference fields that lead to cycles only."""

    cycle_types: frozenset[str]
    area_types: frozenset[str]
    cycle_fields: Mapping[str, str]
    estimate: str | None
    remaining: str | None
    starts: str | None
    ends: str | None
    goal: str | None
    capacity: str | None
    done: frozenset[str]

    @property
    def fields(self) -> frozenset[str]:
        """Every field that may hold the cycle of an item."""
        return frozenset(self.cycle_fields.values())


def rules_of(compiled: CompiledManifest) -> PlanRules:
    """The planning rules of a process; one without ``Planning`` knows no cycles."""
    said = compiled.planning
    cycles = frozenset(said.get("cycle_types") or ())
    fields: dict[str, str] = {}
    for kind in compiled.types.values():
        for f in kind.fields.values():
            if f.type == "reference" and f.target and set(f.target) <= cycles and kind.id not in cycles:
                fields.setdefault(kind.id, f.id)
    return PlanRules(
        cycles,
        frozenset(said.get("area_types") or ()),
        fields,
        said.get("estimate_field"),
        said.get("remaining_field"),
        said.get("starts_field"),
        said.get("ends_field"),
        said.get("goal_field"),
        said.get("capacity_field"),
        frozenset(said.get("done_categories") or DONE),
    )


def number(value: Any) -> float | None:
    """A field's value as a number; None where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def day(value: Any) -> date | None:
    """A field's value as a day; None where it is none."""
    try:
        return date.fromisoformat(str(value)[:10]) if value else None
    except ValueError:
        return None


def effort_of(rules: PlanRules, items: Iterable[ArtifactDTO]) -> EffortDTO:
    """The work some items are."""
    count = done = unestimated = 0
    estimate = done_estimate = remaining = 0.0
    for item in items:
        count += 1
        size = number(item.fields.get(rules.estimate)) if rules.estimate else None
        unestimated += size is None
        estimate += size or 0.0
        if item.state_category in rules.done:
            done += 1
            done_estimate += size or 0.0
        else:
            left = number(item.fields.get(rules.remaining)) if rules.remaining else None
            remaining += left if left is not None else size or 0.0
    return EffortDTO(count, done, estimate, done_estimate, remaining, unestimated)


def cycle_of(rules: PlanRules, item: ArtifactDTO) -> ArtifactId | None:
    """The cycle an item is in, if the caller may see it."""
    name = rules.cycle_fields.get(item.type)
    value = item.fields.get(name) if name else None
    try:
        return ArtifactId(UUID(str(value))) if value else None
    except ValueError:
        return None


def cycle_dto(rules: PlanRules, item: ArtifactDTO, inside: Sequence[ArtifactDTO], given: float | None) -> CycleDTO:
    """A cycle as it is shown; ``given`` is what people and teams have in sum."""

    def value(name: str | None) -> Any:
        return item.fields.get(name) if name else None

    own = number(value(rules.capacity))
    return CycleDTO(
        item.id,
        item.project_id,
        item.key,
        item.type,
        item.title,
        str(value(rules.goal) or ""),
        day(value(rules.starts)),
        day(value(rules.ends)),
        item.state,
        item.state_category,
        item.parent_id,
        given if own is None else own,
        effort_of(rules, inside),
        item.version,
    )


def in_order(cycles: Iterable[CycleDTO]) -> list[CycleDTO]:
    """Cycles by their days, those without any last; the part before the whole it ends with."""
    return sorted(cycles, key=lambda c: (c.ends or date.max, c.starts or date.max, c.key))


@dataclass(frozen=True, slots=True)
class Capacity:
    """What somebody or a team can take on in a cycle."""

    actor_id: UUID | None
    team_id: UUID | None
    amount: float


@dataclass(frozen=True, slots=True)
class People:
    """Names by actor, and the teams with their names and members."""

    names: Mapping[UUID, str]
    teams: Mapping[UUID, tuple[str, frozenset[UUID]]] = field(default_factory=dict)


def loads(
    rules: PlanRules, items: Sequence[ArtifactDTO], capacities: Sequence[Capacity], people: People
) -> tuple[LoadDTO, ...]:
    """The load of everybody who has work or capacity, of teams with capacity, and of nobody; most loaded first."""
    personal = {c.actor_id: c.amount for c in capacities if c.actor_id}
    by_actor: dict[UUID | None, list[ArtifactDTO]] = {actor: [] for actor in personal}
    for item in items:
        by_actor.setdefault(item.assignee_id, []).append(item)
    found = [
        load(
            rules,
            by_actor[actor],
            personal.get(actor) if actor else None,
            people.names.get(actor, "") if actor else "",
            actor,
        )
        for actor in by_actor
    ]
    for entry in capacities:
        if entry.team_id and entry.team_id in people.teams:
            name, members = people.teams[entry.team_id]
            theirs = [item for item in items if item.assignee_id in members]
            found.append(load(rules, theirs, entry.amount, name, None, entry.team_id))
    return tuple(sorted(found, key=lambda one: (one.team_id is None, -one.effort.remaining, one.name)))


def load(
    rules: PlanRules,
    items: Sequence[ArtifactDTO],
    capacity: float | None,
    name: str,
    actor_id: UUID | None,
    team_id: UUID | None = None,
) -> LoadDTO:
    """One line of a plan: the whole estimate against what can be taken on."""
    effort = effort_of(rules, items)
    over = capacity is not None and effort.estimate > capacity
    return LoadDTO(actor_id, team_id, name, capacity, effort, over)


def given_capacity(capacities: Iterable[Capacity], people: People) -> float | None:
    """What teams, and people who are in none of these teams, can take on in sum; None where nobody said anything."""
    entries = list(capacities)
    teams = [c for c in entries if c.team_id]
    inside = {actor for c in teams if c.team_id for actor in people.teams.get(c.team_id, ("", frozenset()))[1]}
    chosen = [*teams, *(c for c in entries if c.actor_id and c.actor_id not in inside)]
    return sum(c.amount for c in chosen) if chosen else None
