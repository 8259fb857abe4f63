"""How a demo project moves: which steps lead to a good end, what rules look at, and which days are worked on."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from random import Random
from typing import Any

from alm_workbench.mpc import CompiledManifest, TransitionDef

PRESENT = {"manager": 1, "reviewer": 2, "engineer": 4, "viewer": 1}
"""Not everybody works on every project every day. The role that implies the others comes first."""
BAD = frozenset({"rejected", "dropped", "cancelled", "obsolete", "dismissed", "deferred", "withdrawn"})
"""Ends that nobody aims at."""
HOLIDAYS = frozenset({(1, 1), (4, 23), (5, 1), (5, 19), (8, 30), (10, 29), (12, 25), (12, 26), (12, 31)})


def shared(things: Sequence[Any], random: Random) -> Mapping[int, list[Any]]:
    """Things dealt out to a few people, by their places."""
    places = [random.randrange(1_000) for _ in range(max(1, len(things) // 8))]
    dealt: dict[int, list[Any]] = defaultdict(list)
    for thing in things:
        dealt[random.choice(places)].append(thing)
    return dealt


def highest(roles: frozenset[str]) -> str:
    """The role that implies the others somebody has."""
    return next((role for role in PRESENT if role in roles), "viewer")


def mentioned(compiled: CompiledManifest, kind: str) -> tuple[str, ...]:
    """Fields of a type that guards and policies about steps look at."""
    flow = compiled.workflows[compiled.types[kind].workflow]
    rules = [t.guard for t in flow.transitions] + [
        policy.when for policy in compiled.policies if "transition" in policy.events and kind in policy.applies_to
    ]
    found = {name for text in rules if text for name in re.findall(r"self\.fields\.(\w+)", text)}
    return (
        tuple(
            sorted(
                name
                for name in found
                if not compiled.types[kind].fields[name].computed and compiled.types[kind].fields[name].type != "choice"
            )
        )
        if found
        else ()
    )


def steps_of(compiled: CompiledManifest, workflow: str) -> Mapping[str, tuple[TransitionDef, ...]]:
    """For each state the steps out of it, those first that lead fastest to a good end."""
    flow = compiled.workflows[workflow]
    good = [s.id for s in flow.states.values() if s.category == "done" and s.id not in BAD]
    distance = dict.fromkeys(good, 0)
    todo = list(good)
    while todo:
        here = todo.pop(0)
        for step in flow.transitions:
            for source in step.from_:
                if step.to == here and source not in distance:
                    distance[source] = distance[here] + 1
                    todo.append(source)
    found = {}
    for state in flow.states:
        out = [t for t in flow.transitions if state in t.from_ and t.to in flow.states and t.rule_type == "fixed"]
        found[state] = tuple(sorted(out, key=lambda t: (distance.get(t.to, 99), t.to in BAD)))
    return found


def workdays(first: date, last: date) -> Iterator[tuple[date, float]]:
    """Working days with how busy they are: calm in August and around new year, quick before the holidays."""
    day = first
    while day <= last:
        if day.weekday() < 5 and (day.month, day.day) not in HOLIDAYS:
            busy = {7: 0.8, 8: 0.5, 12: 0.9}.get(day.month, 1.0) * (0.7 if day.weekday() == 4 else 1.0)
            yield day, busy
        day += timedelta(days=1)
