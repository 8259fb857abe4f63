"""Items against a model: whatever is sent in whatever order, the database and the model say the same."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from alm_workbench.contexts.artifact.messages import (
    ArtifactDTO,
    CreateArtifact,
    DeleteArtifact,
    FindArtifacts,
    GetArtifact,
    RestoreArtifact,
    UpdateArtifact,
)
from alm_workbench.contexts.audit.messages import EntityHistory
from alm_workbench.contexts.workflow.messages import PermittedTransitions, StateHistory, TransitionArtifact
from alm_workbench.errors import AccessDenied, AlmError, NotFound, StaleVersion, TransitionDenied
from alm_workbench.shared.ids import ArtifactId
from tests.factories.workbench import Bench, Org
from tests.integration.laws.process import make_project

STEPS = {
    ("open", "start"): "doing",
    ("doing", "close"): "closed",
    ("doing", "reopen"): "open",
    ("closed", "reopen"): "open",
}


@dataclass(frozen=True)
class Thing:
    """What the model knows of an item."""

    id: ArtifactId
    title: str
    state: str = "open"
    size: int | None = None
    version: int = 1
    deleted: bool = False
    path: tuple[str, ...] = field(default=("open",))


@contextmanager
def refused(*kinds: type[AlmError]) -> Iterator[None]:
    """One of these refusals has to come."""
    with pytest.raises(kinds):
        yield


class Items(RuleBasedStateMachine):
    """Creating, changing, moving, deleting and restoring items of one project."""

    org: ClassVar[Org]
    project_id: ClassVar[Any]
    things = Bundle("things")

    @initialize()
    def begin(self) -> None:
        self.known: dict[ArtifactId, Thing] = {}

    def now(self, thing: ArtifactId) -> Thing:
        return self.known[thing]

    def keep(self, thing: Thing, dto: ArtifactDTO) -> None:
        self.known[thing.id] = thing
        assert (dto.title, dto.state, dto.version) == (thing.title, thing.state, thing.version)
        assert dto.fields.get("size") == thing.size

    @rule(
        target=things,
        title=st.sampled_from(["Pedal", "Fren pedalı", "a<b and c>d"]),
        size=st.none() | st.integers(0, 9),
    )
    def create(self, title: str, size: int | None) -> ArtifactId:
        dto = self.org.engineer.send(CreateArtifact(self.project_id, "thing", title, {"size": size}))
        self.keep(Thing(dto.id, title, size=size), dto)
        return dto.id

    @rule(thing=things, size=st.none() | st.integers(0, 9), behind=st.integers(0, 2))
    def update(self, thing: ArtifactId, size: int | None, behind: int) -> None:
        before = self.now(thing)
        message = UpdateArtifact(thing, before.version - behind, fields={"size": size})
        if before.deleted:
            with refused(NotFound):
                self.org.engineer.send(message)
        elif behind:
            with refused(StaleVersion):
                self.org.engineer.send(message)
        elif before.state == "closed":
            with refused(AccessDenied):
                self.org.engineer.send(message)
        else:
            dto = self.org.engineer.send(message)
            assert dto.version in (before.version, before.version + 1)
            self.keep(replace(before, size=size, version=dto.version), dto)

    @rule(thing=things, step=st.sampled_from(["start", "close", "reopen", "fly"]))
    def transition(self, thing: ArtifactId, step: str) -> None:
        before = self.now(thing)
        message = TransitionArtifact(thing, step, before.version)
        target = STEPS.get((before.state, step))
        if before.deleted:
            with refused(NotFound):
                self.org.engineer.send(message)
        elif target is None or (step == "close" and before.size is None):
            with refused(TransitionDenied):
                self.org.engineer.send(message)
        else:
            dto = self.org.engineer.send(message)
            self.keep(replace(before, state=target, version=before.version + 1, path=(*before.path, target)), dto)

    @rule(thing=things)
    def delete(self, thing: ArtifactId) -> None:
        before = self.now(thing)
        if before.deleted:
            with refused(NotFound):
                self.org.engineer.send(DeleteArtifact(thing, before.version))
            return
        dto = self.org.engineer.send(DeleteArtifact(thing, before.version))
        self.known[thing] = replace(before, deleted=True, version=dto.version)

    @rule(thing=things)
    def restore(self, thing: ArtifactId) -> None:
        before = self.now(thing)
        dto = self.org.engineer.send(RestoreArtifact(thing))
        version = before.version + 1 if before.deleted else before.version
        self.keep(replace(before, deleted=False, version=version), dto)

    @rule(thing=things)
    def look(self, thing: ArtifactId) -> None:
        before = self.now(thing)
        if before.deleted:
            with refused(NotFound):
                self.org.viewer.query(GetArtifact(thing))
            return
        self.keep(before, self.org.viewer.query(GetArtifact(thing)))
        steps = self.org.viewer.query(StateHistory(thing))
        assert tuple(s.to_state for s in steps) == before.path
        possible = {v.transition for v in self.org.engineer.query(PermittedTransitions(thing)) if v.allowed}
        expected = {name for (state, name) in STEPS if state == before.state}
        assert possible == expected - ({"close"} if before.size is None else set())
        versions = [e.version for e in self.org.owner.query(EntityHistory("Artifact", thing, limit=500)).items]
        assert versions == list(range(before.version, 0, -1))

    @invariant()
    def the_list_shows_what_lives(self) -> None:
        found = self.org.viewer.query(FindArtifacts(self.project_id, limit=500)).items
        mine = {item.id: item.version for item in found if item.id in self.known}
        assert mine == {t.id: t.version for t in self.known.values() if not t.deleted}


@pytest.mark.soak
def test_items_do_what_the_model_says(workbench: Bench) -> None:
    """Thousands of sequences by `make soak`, a few here."""
    Items.org = workbench.acme
    Items.project_id = make_project(workbench.acme).id
    examples = 1000 if os.environ.get("ALM_SOAK") == "1" else 10
    quiet = list(HealthCheck)
    run_state_machine_as_test(
        Items,
        settings=settings(
            max_examples=examples, deadline=None, suppress_health_check=quiet, stateful_step_count=25, print_blob=True
        ),
    )
