"""One item's life against a model: steps, refusals, approvals, timers and times, in any order that hypothesis finds."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, ClassVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from alm_workbench.contexts.artifact.messages import (
    ArtifactDTO,
    DeleteArtifact,
    GetArtifact,
    RestoreArtifact,
    UpdateArtifact,
)
from alm_workbench.contexts.workflow.messages import (
    ApprovalsOf,
    ApproveStep,
    ItemTimes,
    PermittedTransitions,
    RejectStep,
    StateHistory,
    TransitionArtifact,
    WithdrawStep,
)
from alm_workbench.errors import AccessDenied, Conflict, NotFound, StaleVersion, TransitionDenied
from tests.factories.processes import Story, acting_project
from tests.factories.workbench import Bench

FLOW = """
def Workflow flow {
  initial: "draft"
  states: [{id: "draft", category: "todo"}, {id: "work", category: "in_progress"}, {id: "done", category: "done"}]
  transitions: [
    {id: "start", from: "draft", to: "work", on_enter: [{kind: "setField", target: "text", params: {value: "begun"}}]},
    {id: "finish", from: "work", to: "done", roles: ["engineer"], guard: "self.fields.points > 2",
      on_enter: [{kind: "requireApproval", target: "self", params: {roles: ["reviewer", "manager"], count: 2}}]},
    {id: "back", from: ["work", "done"], to: "draft", not_actor: "last_actor", reason: ["wrong", "late"]},
  ]
}
def Automation reopened { event: "reopen" applies_to: "story"
  intents: [{kind: "setField", target: "text", params: {value: "again"}}] }
"""
TARGET = {"start": ("draft",), "finish": ("work",), "back": ("work", "done")}
LEADS = {"start": "work", "finish": "done", "back": "draft"}
ROLES = ("engineer", "manager", "reviewer")


@dataclass
class Model:
    """What must be true of the item."""

    state: str = "draft"
    points: int = 0
    text: str | None = None
    version: int = 1
    steps: list[str] = field(default_factory=list)
    last: str = "engineer"
    asker: str | None = None
    votes: set[str] = field(default_factory=set)
    ended: list[str] = field(default_factory=list)
    binned: bool = False

    def withdraw(self) -> None:
        """A change ends what waits."""
        if self.asker is not None:
            self.asker, self.votes = None, set()
            self.ended.append("withdrawn")


class Life(RuleBasedStateMachine):
    """Somebody does something with the item; item, history and requests are as the model says."""

    story: ClassVar[Story]

    @initialize(points=st.integers(0, 5))
    def born(self, points: int) -> None:
        self.item = self.story.new(points=points)
        self.model = Model(points=points)
        self.request: UUID | None = None

    def as_(self, role: str) -> Any:
        return self.story.org.mediators[role]

    def now(self) -> ArtifactDTO:
        return self.story.get(self.item)

    @precondition(lambda self: not self.model.binned)
    @rule(
        step=st.sampled_from(sorted(LEADS)),
        role=st.sampled_from(ROLES),
        reason=st.sampled_from([None, "wrong", "because"]),
        stale=st.sampled_from([0, 0, 0, 1]),
    )
    def take(self, step: str, role: str, reason: str | None, stale: int) -> None:
        model = self.model
        command = TransitionArtifact(self.item.id, step, model.version - stale, reason)
        engineers = ("engineer", "manager")
        right = model.state in TARGET[step]
        if step == "finish":
            right = right and role in engineers and model.points > 2
        if step == "back":
            right = right and role != model.last and reason == "wrong"
        if stale:
            with pytest.raises(StaleVersion):
                self.as_(role).send(command)
        elif not right:
            with pytest.raises(TransitionDenied):
                self.as_(role).send(command)
        elif step == "finish" and model.asker is not None:
            with pytest.raises(Conflict):
                self.as_(role).send(command)
        elif step == "finish":
            waiting = self.as_(role).send(command)
            assert waiting.pending is not None
            self.request, model.asker = waiting.pending.approval_id, role
        else:
            self.as_(role).send(command)
            self.moved(step, role)

    def moved(self, step: str, role: str) -> None:
        model = self.model
        was = model.state
        model.withdraw()
        model.state, model.last, model.version = LEADS[step], role, model.version + 1
        model.steps.append(step)
        wanted = "begun" if step == "start" else "again" if was == "done" else model.text
        if wanted != model.text:
            model.text, model.version = wanted, model.version + 1

    @precondition(lambda self: self.model.asker is not None and not self.model.binned)
    @rule(
        role=st.sampled_from((*ROLES, "viewer")), verdict=st.sampled_from(["approve", "approve", "approve", "reject"])
    )
    def answer(self, role: str, verdict: str) -> None:
        model = self.model
        assert self.request is not None
        message = ApproveStep(self.request) if verdict == "approve" else RejectStep(self.request, "no")
        if role == model.asker or role in ("viewer", "engineer"):
            with pytest.raises(AccessDenied):
                self.as_(role).send(message)
        elif role in model.votes:
            with pytest.raises(Conflict):
                self.as_(role).send(message)
        elif verdict == "reject":
            self.as_(role).send(message)
            model.asker, model.votes = None, set()
            model.ended.append("rejected")
        else:
            self.as_(role).send(message)
            model.votes.add(role)
            if len(model.votes) == 2:
                asker, model.asker, model.votes = model.asker, None, set()
                model.ended.append("approved")
                assert asker is not None
                self.moved("finish", asker)

    @precondition(lambda self: self.model.asker is not None and not self.model.binned)
    @rule(role=st.sampled_from(ROLES))
    def take_back(self, role: str) -> None:
        assert self.request is not None
        if role != self.model.asker:
            with pytest.raises(AccessDenied):
                self.as_(role).send(WithdrawStep(self.request))
        else:
            self.as_(role).send(WithdrawStep(self.request))
            self.model.withdraw()

    @precondition(lambda self: not self.model.binned)
    @rule(points=st.integers(0, 5))
    def change(self, points: int) -> None:
        model = self.model
        self.as_("engineer").send(UpdateArtifact(self.item.id, model.version, fields={"points": points}))
        model.version += 1
        if points != model.points:
            model.points = points
            model.withdraw()

    @rule()
    def bin_and_back(self) -> None:
        model = self.model
        if model.binned:
            self.as_("engineer").send(RestoreArtifact(self.item.id))
        else:
            self.as_("engineer").send(DeleteArtifact(self.item.id, model.version))
            model.withdraw()
        model.binned = not model.binned
        model.version += 1

    @invariant()
    def the_item_is_as_the_model_says(self) -> None:
        model = self.model
        if model.binned:
            with pytest.raises(NotFound):
                self.now()
            return
        item = self.as_("owner").query(GetArtifact(self.item.id))
        assert (item.state, item.fields.get("points"), item.fields.get("text"), item.version) == (
            model.state, model.points, model.text, model.version,
        )  # fmt: skip

    @invariant()
    def history_and_times_are_those_of_the_steps(self) -> None:
        if self.model.binned:
            return
        history = self.as_("owner").query(StateHistory(self.item.id))
        assert [h.transition for h in history] == [None, *self.model.steps]
        assert all(h.from_state == before.to_state for before, h in pairwise(history))
        assert all(h.duration_s is not None and h.duration_s >= 0 for h in history[1:])
        times = self.as_("owner").query(ItemTimes(self.item.id))
        assert (times.done_at is not None) is (self.model.state == "done")

    @invariant()
    def requests_are_those_of_the_model(self) -> None:
        if self.model.binned:
            return
        found = [a.status for a in self.as_("owner").query(ApprovalsOf(self.item.id))]
        waiting = ["open"] if self.model.asker else []
        assert found == [*waiting, *reversed(self.model.ended)]
        steps = self.as_("engineer").query(PermittedTransitions(self.item.id))
        assert [s.transition for s in steps if s.pending] == (["finish"] if self.model.asker else [])


@pytest.fixture(scope="module")
def _story(workbench: Bench) -> None:
    Life.story = acting_project(workbench.acme, FLOW)


@pytest.mark.usefixtures("_story")
def test_an_items_life() -> None:
    """Whatever people do, and in whatever order."""
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=5, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
