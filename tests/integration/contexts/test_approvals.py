"""Steps that others must agree to, steps that need a reason or another person, and steps that time takes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from alm_workbench.contexts.access.messages import Explain
from alm_workbench.contexts.apikey.domain import KeyText
from alm_workbench.contexts.apikey.messages import CreateApiKey, ResolveKey
from alm_workbench.contexts.artifact.messages import (
    ArtifactDTO,
    CreateArtifact,
    DeleteArtifact,
    GetArtifact,
    RestoreArtifact,
    UpdateArtifact,
)
from alm_workbench.contexts.audit.messages import EntityHistory, ListDecisions
from alm_workbench.contexts.notification.messages import ListNotifications
from alm_workbench.contexts.workflow import timers
from alm_workbench.contexts.workflow.batch_messages import TransitionMany
from alm_workbench.contexts.workflow.messages import (
    ApprovalDTO,
    ApprovalsOf,
    ApproveStep,
    FireTimer,
    GetApproval,
    ItemTimes,
    ListApprovals,
    PermittedTransitions,
    PutOffTimer,
    RejectStep,
    StateHistory,
    TransitionArtifact,
    WithdrawStep,
)
from alm_workbench.contexts.workflow.repository import WorkflowRepository
from alm_workbench.errors import AccessDenied, Conflict, InvalidInput, NotFound, TransitionDenied
from alm_workbench.shared.jobs import JobRun
from alm_workbench.shared.mediator import LocalMediator
from alm_workbench.storage.engine import begin, make_engine
from tests.factories.processes import Story, acting_project
from tests.factories.workbench import Bench, Org

ASKS = '{kind: "requireApproval", target: "self", params: {roles: %s, count: %d, reason: "two see more"}}'


def flow(roles: str = '["reviewer"]', count: int = 1, guard: str = "", more: str = "") -> str:
    """A workflow in which finishing waits for approval."""
    return f"""
def Workflow flow {{
  initial: "draft"
  states: [{{id: "draft", category: "todo"}}, {{id: "work", category: "in_progress"}}, {{id: "done", category: "done"}}]
  transitions: [
    {{id: "start", from: "draft", to: "work"}},
    {{id: "finish", from: "work", to: "done", roles: ["engineer"] {guard}, on_enter: [{ASKS % (roles, count)}]}},
    {{id: "reopen", from: "done", to: "work", reason: ["wrong", {{id: "incomplete", labels: {{tr: "Eksik"}}}}]}},
    {{id: "back", from: "work", to: "draft"}}
    {more}
  ]
}}
"""


@pytest.fixture(scope="module")
def story(workbench: Bench) -> Story:
    """A project in which finishing waits for one reviewer."""
    return acting_project(workbench.acme, flow())


def asked(story: Story, **fields: Any) -> tuple[ArtifactDTO, UUID]:
    """An item whose last step was asked for."""
    item = story.step(story.new(), "start")
    waiting = story.step(item, "finish", **fields)
    assert waiting.pending is not None
    return waiting, waiting.pending.approval_id


def keyed(bench: Bench, org: Org, role: str) -> Any:
    """A person's own key, with the rights to work on items."""
    made = org.mediators[role].send(CreateApiKey(f"key of {role}", ("artifact:*", "project:read")))
    text_ = KeyText.read(made.secret)
    assert text_ is not None
    root = bench.runtime.mediator.as_principal(None)
    holder = root.query(ResolveKey(text_.prefix, text_.digest))
    assert holder is not None
    return root.as_principal(holder.principal)


def actor(org: Org, role: str) -> UUID:
    """The actor id of a person."""
    principal = org.mediators[role].principal
    assert principal is not None
    return principal.actor_id


class TestApprovals:
    def test_the_step_waits_and_is_taken_with_the_approval(self, workbench: Bench, story: Story) -> None:
        """Until then nothing changes; then state and fields change in the approver's transaction, as the asker's step."""
        org = workbench.acme
        item, approval_id = asked(story, points=8)
        assert (item.state, item.version, item.fields) == ("work", 2, {})
        assert item.pending is not None
        assert (item.pending.roles, item.pending.needed, item.pending.given) == (("reviewer",), 1, 0)
        done = org.reviewer.send(ApproveStep(approval_id, "looks good"))
        assert (done.status, done.votes[0].actor_id, done.votes[0].reason) == (
            "approved", actor(org, "reviewer"), "looks good",
        )  # fmt: skip
        now = story.get(item)
        assert (now.state, now.fields) == ("done", {"points": 8})
        last = org.owner.query(StateHistory(item.id))[-1]
        assert (last.transition, last.actor_id) == ("finish", actor(org, "engineer"))
        newest = org.owner.query(EntityHistory("Artifact", item.id)).items[0]
        assert (newest.command, newest.actor_id) == ("ApproveStep", actor(org, "reviewer"))
        said = [r["code"] for d in org.owner.query(ListDecisions(item.id, "allow")).items for r in d.reasons]
        assert {"R_APPROVAL_NEEDED", "R_APPROVAL", "R_APPROVED"} <= set(said)

    def test_those_who_may_agree_are_told_and_find_it(self, workbench: Bench, story: Story) -> None:
        """It waits in the list of whoever may vote, and nowhere else; the asker hears of the end."""
        org = workbench.acme
        item, approval_id = asked(story)
        mine = {one.id for one in org.reviewer.query(ListApprovals(mine=True)).items}
        assert approval_id in mine
        assert approval_id not in {one.id for one in org.engineer.query(ListApprovals(mine=True)).items}
        kinds = {n.kind for n in org.reviewer.query(ListNotifications(limit=200)).items if n.entity_id == item.id}
        assert "approval" in kinds
        org.reviewer.send(RejectStep(approval_id, "numbers are missing"))
        heard = {n.kind for n in org.engineer.query(ListNotifications(limit=200)).items if n.entity_id == item.id}
        assert "rejected" in heard
        assert approval_id not in {one.id for one in org.reviewer.query(ListApprovals(mine=True)).items}

    def test_one_refusal_ends_it(self, workbench: Bench, story: Story) -> None:
        """With its reason, which must be given; the item stays, and the step may be asked for again."""
        item, approval_id = asked(story)
        with pytest.raises(InvalidInput, match="says why"):
            workbench.acme.reviewer.send(RejectStep(approval_id, "  "))
        rejected = workbench.acme.reviewer.send(RejectStep(approval_id, "no measurements"))
        assert (rejected.status, rejected.closing_reason) == ("rejected", "no measurements")
        assert story.get(item).state == "work"
        with pytest.raises(Conflict, match="rejected already"):
            workbench.acme.reviewer.send(ApproveStep(approval_id))
        assert story.step(item, "finish").pending is not None

    def test_nobody_approves_what_he_asked_for(self, workbench: Bench) -> None:
        """Whatever roles he has; and who has none of the asked ones may not either."""
        org = workbench.acme
        own = acting_project(org, flow('["engineer", "reviewer"]'))
        _, approval_id = asked(own)
        with pytest.raises(AccessDenied, match="nother person"):
            org.engineer.send(ApproveStep(approval_id))
        with pytest.raises(AccessDenied, match="roles engineer, reviewer"):
            org.viewer.send(ApproveStep(approval_id))
        with pytest.raises(AccessDenied, match="nother person"):
            org.engineer.send(RejectStep(approval_id, "changed my mind"))
        assert org.engineer.send(WithdrawStep(approval_id)).status == "withdrawn"
        with pytest.raises(Conflict, match="withdrawn already"):
            org.reviewer.send(ApproveStep(approval_id))

    def test_so_many_people_must_agree(self, workbench: Bench) -> None:
        """Each counts once; the step is taken with the last one."""
        org = workbench.acme
        two = acting_project(org, flow('["reviewer", "manager"]', 2))
        item, approval_id = asked(two)
        first = org.reviewer.send(ApproveStep(approval_id))
        assert (first.status, first.requirements[0].given, first.may_vote) == ("open", 1, False)
        with pytest.raises(Conflict, match="answered"):
            org.reviewer.send(ApproveStep(approval_id))
        assert two.get(item).state == "work"
        assert org.manager.send(ApproveStep(approval_id)).status == "approved"
        assert two.get(item).state == "done"

    def test_a_change_of_the_item_withdraws_the_request(self, workbench: Bench, story: Story) -> None:
        """What was agreed to is what people saw: fields, title and state; not who works on it."""
        org = workbench.acme
        item, approval_id = asked(story)
        org.engineer.send(UpdateArtifact(item.id, item.version, assignee_id=actor(org, "engineer")))
        assert org.reviewer.query(GetApproval(approval_id)).status == "open"
        org.engineer.send(UpdateArtifact(item.id, story.get(item).version, fields={"points": 3}))
        gone = org.reviewer.query(GetApproval(approval_id))
        assert (gone.status, gone.closing_reason, gone.closed_by) == ("withdrawn", "changed", None)
        with pytest.raises(Conflict, match="because the item changed"):
            org.reviewer.send(ApproveStep(approval_id))
        other, second = asked(story)
        story.step(other, "back")
        assert org.reviewer.query(GetApproval(second)).status == "withdrawn"
        third, last = asked(story)
        org.engineer.send(DeleteArtifact(third.id, story.get(third).version))
        org.engineer.send(RestoreArtifact(third.id))
        assert org.reviewer.query(GetApproval(last)).status == "withdrawn"

    def test_guards_are_asked_again(self, workbench: Bench) -> None:
        """What held when it was asked for must hold when it is taken; else nothing changes, not even the vote."""
        org = workbench.acme
        guarded = acting_project(org, flow(guard=', guard: "openTaskCount(self) == 0"'))
        item, approval_id = asked(guarded)
        maker = 'def ACL chores { action: "create" resource: "chore" roles: ["manager"] effect: "allow" }'
        guarded.activate(flow(guard=', guard: "openTaskCount(self) == 0"'), maker)
        org.manager.send(CreateArtifact(guarded.project_id, "chore", "Still to do", parent_id=item.id))
        with pytest.raises(Conflict, match="not possible any more") as caught:
            org.reviewer.send(ApproveStep(approval_id))
        assert caught.value.extra["reasons"][0]["code"] == "R_WF_GUARD_FAIL"
        assert "message" not in caught.value.extra["reasons"][0]
        still = org.reviewer.query(GetApproval(approval_id))
        assert (still.status, still.votes) == ("open", ())

    def test_rights_of_the_asker_are_asked_again(self, workbench: Bench) -> None:
        """Somebody who may not take the step any more does not take it through others."""
        org = workbench.acme
        own = acting_project(org, flow())
        item, approval_id = asked(own)
        frozen = (
            'def ACL stopped { action: "transition" resource: "story" roles: ["engineer"] effect: "deny" priority: 9 }'
        )
        own.activate(flow(), frozen)
        with pytest.raises(Conflict, match="not possible any more"):
            org.reviewer.send(ApproveStep(approval_id))
        assert own.get(item).state == "work"

    def test_the_same_step_waits_once(self, workbench: Bench, story: Story) -> None:
        """A second request is a conflict, and leaves the first alone."""
        item, approval_id = asked(story)
        with pytest.raises(Conflict, match="asked for already"):
            story.step(item, "finish")
        assert [one.id for one in workbench.acme.owner.query(ApprovalsOf(item.id))] == [approval_id]

    def test_steps_in_bulk_do_not_pass_by_the_approval(self, workbench: Bench, story: Story) -> None:
        """There the step is refused, with what it needs."""
        org = workbench.acme
        if TransitionMany not in org.engineer._handlers:
            pytest.skip("bulk steps are not registered")
        item = story.step(story.new(), "start")
        outcome = org.engineer.send(TransitionMany((TransitionArtifact(item.id, "finish", item.version),)))[0]
        assert isinstance(outcome.error, TransitionDenied)
        assert outcome.error.reasons[0]["code"] == "R_APPROVAL_NEEDED"
        assert story.get(item).state == "work"

    def test_other_organisations_know_of_nothing(self, workbench: Bench, story: Story) -> None:
        """Their people neither read nor answer."""
        _, approval_id = asked(story)
        for message in (GetApproval(approval_id),):
            with pytest.raises(NotFound):
                workbench.globex.owner.query(message)
        with pytest.raises(NotFound):
            workbench.globex.reviewer.send(ApproveStep(approval_id))

    def test_keys_approve_nothing(self, workbench: Bench, story: Story) -> None:
        """An approval is a person's."""
        org = workbench.acme
        _, approval_id = asked(story)
        me = org.reviewer.principal
        assert me is not None
        key = org.reviewer.as_principal(replace(me, kind="api_key", user_id=None))
        with pytest.raises(AccessDenied, match="not keys"):
            key.send(ApproveStep(approval_id))

    def test_what_is_hidden_is_hidden_in_requests(self, workbench: Bench) -> None:
        """Names of hidden fields are left out, and who may not see states is not told where it leads."""
        org = workbench.acme
        hides = """def ACL blind { action: "read" resource: "story" roles: ["reviewer"] effect: "allow" mask: ["state", "secret"] priority: 5 }
        def ACL readers2 { action: "read" resource: "story" roles: ["viewer"] effect: "allow" mask: ["secret"] }"""
        own = acting_project(org, flow('["reviewer"]'), hides)
        _, approval_id = asked(own, points=3)
        seen: ApprovalDTO = org.reviewer.query(GetApproval(approval_id))
        assert seen.changes == ("points",)


class TestSteps:
    def test_a_step_with_reasons_needs_one_of_them(self, workbench: Bench, story: Story) -> None:
        """By id or label, with more words if wanted; what is kept begins with its id."""
        org = workbench.acme
        item, approval_id = asked(story)
        org.reviewer.send(ApproveStep(approval_id))
        for reason in (None, "", "because", "wrongly", "other: no"):
            with pytest.raises(TransitionDenied, match="needs a reason") as caught:
                story.step(item, "reopen", reason=reason)
            assert caught.value.reasons[0]["code"] == "R_WF_REASON"
            assert caught.value.reasons[0]["values"]["reasons"] == ("wrong", "incomplete")
        story.step(item, "reopen", reason="EKSİK: bölüm 4")
        assert org.owner.query(StateHistory(item.id))[-1].reason == "incomplete: bölüm 4"

    def test_four_eyes(self, workbench: Bench) -> None:
        """Neither the author nor whoever took the last step, single or in bulk."""
        org = workbench.acme
        eyes = """
def Workflow flow {
  initial: "draft"
  states: [{id: "draft", category: "todo"}, {id: "work", category: "in_progress"}, {id: "done", category: "done"}]
  transitions: [
    {id: "start", from: "draft", to: "work", not_actor: "author"},
    {id: "finish", from: "work", to: "done", not_actor: "last_actor"},
  ]
}"""
        own = acting_project(org, eyes)
        item = own.new()
        with pytest.raises(TransitionDenied, match="another person") as caught:
            own.step(item, "start", role="engineer")
        assert caught.value.reasons[0]["code"] == "R_WF_NOT_ACTOR"
        own.step(item, "start", role="reviewer")
        with pytest.raises(TransitionDenied, match="another person"):
            own.step(item, "finish", role="reviewer")
        if TransitionMany in org.reviewer._handlers:
            outcome = org.reviewer.send(TransitionMany((TransitionArtifact(item.id, "finish", 2),)))[0]
            assert isinstance(outcome.error, TransitionDenied)
        assert own.step(item, "finish", role="engineer").state == "done"

    def test_a_key_is_the_person_who_made_it(self, workbench: Bench) -> None:
        """Nobody passes by four eyes, or by an approval, with a key of his own."""
        org = workbench.acme
        eyes = flow('["engineer", "reviewer"]').replace(
            'from: "draft", to: "work"', 'from: "draft", to: "work", not_actor: "author"'
        )
        own = acting_project(org, eyes)
        mine, by_key = own.new(), keyed(workbench, org, "engineer")
        with pytest.raises(TransitionDenied, match="another person"):
            by_key.send(TransitionArtifact(mine.id, "start", 1))
        other = by_key.send(CreateArtifact(own.project_id, "story", "Made by the key"))
        with pytest.raises(TransitionDenied, match="another person"):
            own.step(other, "start", role="engineer")
        own.step(other, "start", role="reviewer")
        waiting = by_key.send(TransitionArtifact(other.id, "finish", 2))
        assert waiting.pending is not None
        with pytest.raises(AccessDenied, match="nother person"):
            org.engineer.send(ApproveStep(waiting.pending.approval_id))
        assert org.reviewer.send(ApproveStep(waiting.pending.approval_id)).status == "approved"
        last = org.owner.query(StateHistory(other.id))[-1]
        assert last.actor_id == by_key.principal.actor_id

    def test_every_step_says_why_not_in_both_languages(self, workbench: Bench, story: Story) -> None:
        """With what it needs: fields, reasons, approvals, and the request that waits."""
        org = workbench.acme
        item, approval_id = asked(story)
        steps = {v.transition: v for v in org.engineer.query(PermittedTransitions(item.id))}
        assert steps["finish"].allowed
        assert (steps["finish"].pending, steps["finish"].approvals[0].roles) == (approval_id, ("reviewer",))
        as_viewer = {v.transition: v for v in org.reviewer.query(PermittedTransitions(item.id))}["finish"]
        assert not as_viewer.allowed
        assert "engineer" in as_viewer.why["en"]
        assert "engineer" in as_viewer.why["tr"]
        assert as_viewer.why["en"] != as_viewer.why["tr"]
        org.reviewer.send(ApproveStep(approval_id))
        reopen = org.engineer.query(PermittedTransitions(item.id))[0]
        assert [(c.id, c.labels.get("tr")) for c in reopen.choices] == [("wrong", None), ("incomplete", "Eksik")]

    def test_an_explanation_names_whose_agreement_is_needed(self, workbench: Bench, story: Story) -> None:
        """In both languages; and what a guard looked at, too."""
        org = workbench.acme
        item = story.step(story.new(), "start")
        found = org.engineer.query(Explain("transition:finish", "Artifact", item.id))
        told = next(room.text for room in found.chain if room.room == "workflow")
        assert "1 × reviewer" in told["en"]
        assert "onayı gerekiyor: 1 × reviewer" in told["tr"]

    def test_policies_on_closing_and_reopening(self, workbench: Bench) -> None:
        """Entering and leaving the category done are events of their own."""
        rules = """
        def Policy keep_open { events: ["close"] when: "self.title == 'Open'" message: "stays open" }
        def Policy keep_shut { events: ["reopen"] when: "self.title == 'Shut'" message: "stays shut" }"""
        own = acting_project(workbench.acme, rules)
        first, second = own.new("Open"), own.new("Shut")
        for item in (first, second):
            own.step(item, "start")
        with pytest.raises(AccessDenied, match="stays open"):
            own.step(first, "finish")
        own.step(second, "finish")
        with pytest.raises(AccessDenied, match="stays shut"):
            own.step(second, "reopen")

    def test_times_come_from_the_steps(self, workbench: Bench, story: Story) -> None:
        """Each state has its time; who may read the item may read them."""
        org = workbench.acme
        item, approval_id = asked(story)
        before = org.engineer.query(ItemTimes(item.id))
        assert [(s.state, s.visits, s.current) for s in before.states] == [("draft", 1, False), ("work", 1, True)]
        assert (before.lead_s, before.done_at) == (None, None)
        org.reviewer.send(ApproveStep(approval_id))
        after = org.engineer.query(ItemTimes(item.id))
        assert after.lead_s is not None
        assert after.cycle_s is not None
        assert after.lead_s >= after.cycle_s >= 0
        assert after.done_at is not None


TIMED = ', {id: "expire", from: "work", to: "done", timeout: "3d", roles: ["owner"] GUARD}'


def rows(bench: Bench, org: Org, statement: str, **values: Any) -> list[Any]:
    """What the database holds."""
    with begin(bench.runtime.engine, tenant_id=org.tenant_id) as conn:
        return list(conn.execute(text(statement), values))


def timer_of(bench: Bench, story: Story, item: ArtifactDTO) -> Any:
    """The only timer of an item."""
    found = rows(bench, story.org, "SELECT * FROM alm.workflow_timers WHERE artifact_id = :a", a=item.id)
    assert len(found) <= 1
    return found[0] if found else None


def run_due(bench: Bench) -> int:
    """What the job does once a minute."""
    engine = make_engine(bench.dsns.worker, pool_size=1)
    try:
        job = JobRun(1, 1, None, None, "test", {}, lambda tenant_id=None: begin(engine, tenant_id=tenant_id))
        return timers.fire_due(job, WorkflowRepository(), lambda who, command: send_as(bench, who, command))
    finally:
        engine.dispose()


def send_as(bench: Bench, who: Any, command: Any) -> Any:
    mediator: LocalMediator = bench.runtime.mediator.as_principal(who)
    return mediator.send(command)


def make_due(bench: Bench, org: Org, item: ArtifactDTO) -> None:
    """Let the timer of an item have run off."""
    with begin(bench.runtime.engine, tenant_id=org.tenant_id) as conn:
        conn.execute(
            text("UPDATE alm.workflow_timers SET due_at = now() - interval '1 minute' WHERE artifact_id = :a"),
            {"a": item.id},
        )


class TestTimers:
    def test_time_takes_a_step(self, workbench: Bench) -> None:
        """A timer is set on entering, gone on leaving, and its step is the clock's: nobody's roles, but audited."""
        org = workbench.acme
        own = acting_project(org, flow(more=TIMED.replace("GUARD", "")))
        item = own.step(own.new(), "start")
        timer = timer_of(workbench, own, item)
        assert timedelta(days=2, hours=23) < timer.due_at - datetime.now(UTC) <= timedelta(days=3)
        due = {v.transition: v.due_at for v in org.engineer.query(PermittedTransitions(item.id))}
        assert due["expire"] == timer.due_at
        own.step(item, "back")
        assert timer_of(workbench, own, item) is None
        own.step(item, "start")
        assert run_due(workbench) == 0
        make_due(workbench, org, item)
        assert run_due(workbench) == 1
        assert (own.get(item).state, timer_of(workbench, own, item)) == ("done", None)
        last = org.owner.query(StateHistory(item.id))[-1]
        assert (last.transition, last.actor) == ("expire", "Workflow")
        assert org.owner.query(EntityHistory("Artifact", item.id)).items[0].command == "FireTimer"
        assert run_due(workbench) == 0

    def test_a_refused_step_waits_longer_each_time(self, workbench: Bench) -> None:
        """Guards and policies hold for the clock as well; the refusal is in the decision log, and it is tried again."""
        org = workbench.acme
        own = acting_project(org, flow(more=TIMED.replace("GUARD", ', guard: "self.fields.points > 3"')))
        item = own.step(own.new(points=1), "start")
        make_due(workbench, org, item)
        assert run_due(workbench) == 0
        first = timer_of(workbench, own, item)
        assert (first.attempts, own.get(item).state) == (1, "work")
        assert timedelta(minutes=5) < first.due_at - datetime.now(UTC) <= timedelta(minutes=10)
        assert org.owner.query(ListDecisions(item.id, "deny")).items[0].reasons[0]["code"] == "R_WF_GUARD_FAIL"
        make_due(workbench, org, item)
        run_due(workbench)
        assert timer_of(workbench, own, item).due_at - first.due_at > timedelta(minutes=5)
        org.engineer.send(UpdateArtifact(item.id, own.get(item).version, fields={"points": 4}))
        make_due(workbench, org, item)
        assert run_due(workbench) == 1

    def test_an_activation_sets_all_timers_anew(self, workbench: Bench) -> None:
        """Counted from when the state was entered; steps that are gone have none."""
        org = workbench.acme
        own = acting_project(org, flow())
        item = own.step(own.new(), "start")
        assert timer_of(workbench, own, item) is None
        own.activate(flow(more=TIMED.replace("GUARD", "")))
        entered = org.owner.query(StateHistory(item.id))[-1].occurred_at
        assert timer_of(workbench, own, item).due_at == entered + timedelta(days=3)
        own.activate(flow())
        assert timer_of(workbench, own, item) is None

    def test_two_workers_take_a_step_once(self, workbench: Bench) -> None:
        """What one has claimed is not due for another, and a step that was taken is not taken again."""
        org = workbench.acme
        own = acting_project(org, flow(more=TIMED.replace("GUARD", "")))
        item = own.step(own.new(), "start")
        make_due(workbench, org, item)
        timer = timer_of(workbench, own, item)
        engine = make_engine(workbench.dsns.worker, pool_size=1)
        with begin(engine, tenant_id=None) as conn:
            assert WorkflowRepository().claim(conn, 10, 300.0) == [(org.tenant_id, timer.id)]
            assert WorkflowRepository().claim(conn, 10, 300.0) == []
        engine.dispose()
        clock = timers.clock(org.tenant_id)
        assert send_as(workbench, clock, FireTimer(timer.id)) is True
        assert send_as(workbench, clock, FireTimer(timer.id)) is False
        assert send_as(workbench, clock, PutOffTimer(timer.id)) is None

    def test_items_in_the_bin_wait(self, workbench: Bench) -> None:
        """They take no step; restored, they do."""
        org = workbench.acme
        own = acting_project(org, flow(more=TIMED.replace("GUARD", "")))
        item = own.step(own.new(), "start")
        org.engineer.send(DeleteArtifact(item.id, item.version))
        make_due(workbench, org, item)
        assert run_due(workbench) == 0
        org.engineer.send(RestoreArtifact(item.id))
        make_due(workbench, org, item)
        assert run_due(workbench) == 1
        assert org.owner.query(GetArtifact(item.id)).state == "done"
