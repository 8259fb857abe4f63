"""Many writers at once on few items: every write is applied exactly once, or refused with the present state."""

from __future__ import annotations

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Barrier

from alm_workbench.contexts.artifact.messages import ArtifactDTO, CreateArtifact, GetArtifact, UpdateArtifact
from alm_workbench.contexts.audit.messages import EntityHistory
from alm_workbench.contexts.workflow.messages import StateHistory, TransitionArtifact
from alm_workbench.errors import AccessDenied, AlmError, StaleVersion, TransitionDenied, Unavailable
from alm_workbench.shared.mediator import LocalMediator
from tests.factories.workbench import Bench
from tests.integration.laws.process import make_project

WRITERS = 50
ROUNDS = 6
ITEMS = 4


@dataclass
class Seen:
    """What the writers were told: writes by item, and refusals."""

    applied: Counter[object] = field(default_factory=Counter)
    stale: int = 0
    refused: int = 0
    busy: int = 0
    wrong: list[str] = field(default_factory=list)


def write(sender: LocalMediator, item: ArtifactDTO, number: int, chance: random.Random) -> ArtifactDTO:
    """One change of an item against the version that was read."""
    if chance.random() < 0.5:
        return sender.send(UpdateArtifact(item.id, item.version, fields={"size": number % 10, "note": f"by {number}"}))
    step = {"open": "start", "doing": chance.choice(("close", "reopen")), "closed": "reopen"}[item.state]
    return sender.send(TransitionArtifact(item.id, step, item.version))


def test_fifty_writers_on_the_same_items(workbench: Bench) -> None:
    """Versions count the writes that were answered with success; a 409 tells the present version; history has no gap."""
    org = workbench.acme
    project = make_project(org)
    items = [org.engineer.send(CreateArtifact(project.id, "thing", f"Thing {n}", {"size": 1})) for n in range(ITEMS)]
    roles = ("owner", "manager", "engineer")
    start = Barrier(WRITERS)

    def writer(number: int) -> Seen:
        seen, chance = Seen(), random.Random(number)
        sender = getattr(org, roles[number % len(roles)])
        start.wait()
        for _ in range(ROUNDS):
            try:
                item = sender.query(GetArtifact(chance.choice(items).id))
                after = write(sender, item, number, chance)
            except StaleVersion as error:
                seen.stale += 1
                if not error.extra.get("current") or error.extra["current"]["version"] <= item.version:
                    seen.wrong.append(f"a refusal without the present state: {error.extra}")
            except (TransitionDenied, AccessDenied):
                seen.refused += 1
            except Unavailable:  # six connections for fifty: whoever waits too long is told so, and nothing was written
                seen.busy += 1
            except AlmError as error:
                seen.wrong.append(repr(error))
            else:
                seen.applied[item.id] += 1
                if after.version != item.version + 1:
                    seen.wrong.append(f"{item.version} became {after.version}")
        return seen

    with ThreadPoolExecutor(WRITERS) as pool:
        told = list(pool.map(writer, range(WRITERS)))
    applied = sum((seen.applied for seen in told), Counter[object]())
    assert [line for seen in told for line in seen.wrong] == []
    assert sum(applied.values()) + sum(s.stale + s.refused + s.busy for s in told) == WRITERS * ROUNDS
    assert sum(s.stale for s in told) > 0, "nobody ever collided: this shows nothing"
    for item in items:
        now = org.engineer.query(GetArtifact(item.id))
        assert now.version == 1 + applied[item.id]
        versions = [e.version for e in org.owner.query(EntityHistory("Artifact", item.id, limit=500)).items]
        assert versions == list(range(now.version, 0, -1))
        steps = org.engineer.query(StateHistory(item.id))
        assert [s.to_state for s in steps[:-1]] == [s.from_state for s in steps[1:]]
        assert steps[-1].to_state == now.state
