"""What a process asks for happens: actions of steps and states, automations, policies that act; and what keeps them."""

from __future__ import annotations

from typing import Any

import pytest

from alm_workbench.contexts.artifact.messages import ArtifactDTO, FindArtifacts, UpdateArtifact
from alm_workbench.contexts.audit.messages import ListDecisions
from alm_workbench.contexts.notification.messages import ListNotifications, NotificationDTO
from alm_workbench.contexts.workflow.messages import StateHistory, TransitionArtifact
from alm_workbench.errors import AccessDenied, AlmError, Conflict, InvalidInput, ManifestProblem
from tests.factories.processes import acting_project
from tests.factories.workbench import Bench, Org


def told(org: Org, role: str, item: ArtifactDTO) -> list[NotificationDTO]:
    """What somebody was told of an item, newest first."""
    page = org.mediators[role].query(ListNotifications(limit=200))
    return [one for one in page.items if one.entity_id == item.id]


def flow(*transitions: str, draft: str = "", work: str = "", done: str = "") -> str:
    """A workflow whose states and steps ask for something."""
    return f"""
def Workflow flow {{
  initial: "draft"
  states: [
    {{id: "draft", category: "todo" {draft}}}, {{id: "work", category: "in_progress" {work}}},
    {{id: "done", category: "done" {done}}},
  ]
  transitions: [{", ".join(transitions)}]
}}
"""


START, FINISH = '{id: "start", from: "draft", to: "work"}', '{id: "finish", from: "work", to: "done"}'


def test_a_step_sets_fields_without_the_right_to_update(workbench: Bench) -> None:
    """A transition that sets fields does so for whoever may take it, in one change, typed and audited."""
    step = """{id: "start", from: "draft", to: "work", on_enter: [
      {kind: "setField", target: "self.fields.points", params: {value: 5}},
      {kind: "setField", target: "moved_by", params: {value: {expr: "actor.id"}}},
      {kind: "tag", target: "self", params: {tags: {started: true}}}]}"""
    story = acting_project(workbench.acme, flow(step, FINISH))
    item = story.new()
    moved = story.step(item, "start", role="reviewer")
    reviewer = workbench.acme.reviewer.principal
    assert reviewer is not None
    assert moved.fields == {"points": 5, "moved_by": str(reviewer.actor_id)}
    assert (moved.state, moved.tags, moved.version) == ("work", ("started",), 3)
    decisions = workbench.acme.owner.query(ListDecisions(item.id, "allow")).items
    acted = next(d for d in decisions if any(r["code"] == "R_INTENT" for r in d.reasons))
    assert acted.rule_id == "start"


def test_states_are_left_before_steps_act_and_entered_last(workbench: Bench) -> None:
    """Leaving, the step, entering: the last one to write a field wins."""

    def sets(value: int) -> str:
        return f'[{{kind: "setField", target: "points", params: {{value: {value}}}}}]'

    step = f'{{id: "start", from: "draft", to: "work", on_leave: {sets(2)}, on_enter: {sets(3)}}}'
    every = acting_project(
        workbench.acme, flow(step, FINISH, draft=f", on_leave: {sets(1)}", work=f", on_enter: {sets(4)}")
    )
    assert every.step(every.new(), "start").fields == {"points": 4}
    without = acting_project(workbench.acme, flow(step, FINISH, draft=f", on_leave: {sets(1)}"))
    assert without.step(without.new(), "start").fields == {"points": 3}


def test_what_cannot_be_set_stops_the_step(workbench: Bench) -> None:
    """A value of the wrong type fails the whole step: no state, no history, no field."""
    step = """{id: "start", from: "draft", to: "work", on_enter: [
      {kind: "setField", target: "points", params: {value: 400}}]}"""
    story = acting_project(workbench.acme, flow(step, FINISH))
    item = story.new()
    with pytest.raises(InvalidInput, match="points"):
        story.step(item, "start")
    assert story.get(item).state == "draft"
    assert len(workbench.acme.owner.query(StateHistory(item.id))) == 1


@pytest.mark.parametrize("expr", ["self.fields.secret", "self.fields.secret + 1", "len(self.fields.secret) * 900"])
def test_complaints_quote_nothing_that_a_process_worked_out(workbench: Bench, expr: str) -> None:
    """A process sees what is hidden from the person who takes the step; what it stumbles over is named, not told."""
    veil = """def ACL veil { action: "read" resource: "story" roles: ["engineer"] mask: ["secret"] priority: 50
      condition: "not hasRole('owner')" }"""
    step = """{id: "start", from: "draft", to: "work", on_enter: [
      {kind: "setField", target: "points", params: {value: {expr: "%s"}}}]}"""
    story = acting_project(workbench.acme, flow(step % expr, FINISH), veil)
    item = story.new(role="owner", secret="Hush")
    with pytest.raises((InvalidInput, Conflict), match="'start'") as caught:
        story.step(item, "start")
    said = f"{caught.value.detail} {caught.value.errors} {caught.value.extra}"
    assert "Hush" not in said
    assert "3600" not in said
    assert story.get(item).state == "draft"


def test_a_field_that_a_rule_freezes_stays_as_it_is(workbench: Bench) -> None:
    """A process needs nobody's right to update, but a rule that names the field holds for it too."""
    frozen = 'def ACL frozen { action: "update" resource: "story.points" effect: "deny" priority: 9 }'
    step = """{id: "start", from: "draft", to: "work", on_enter: [
      {kind: "setField", target: "points", params: {value: 4}}]}"""
    story = acting_project(workbench.acme, flow(step, FINISH), frozen)
    item = story.new()
    with pytest.raises(AccessDenied) as caught:
        story.step(item, "start")
    assert caught.value.reasons[0]["rule_id"] == "frozen"
    assert story.get(item).state == "draft"


def test_policies_judge_what_the_process_changes(workbench: Bench) -> None:
    """A policy that forbids the change forbids the step that makes it."""
    policy = (
        """def Policy small { events: ["update"] when: "self.fields.points > 3" message: "at most three points" }"""
    )
    step = """{id: "start", from: "draft", to: "work", on_enter: [
      {kind: "setField", target: "points", params: {value: 4}}]}"""
    story = acting_project(workbench.acme, flow(step, FINISH), policy)
    with pytest.raises(AccessDenied, match="at most three"):
        story.step(story.new(), "start")


def test_a_task_is_opened_below_the_item(workbench: Bench) -> None:
    """It is a real item of an aggregate Task: key, workflow, parent, assignee, and it counts in expressions."""
    step = """{id: "start", from: "draft", to: "work", on_enter: [{kind: "createTask", target: "self", params: {
      title: "Review {key}: {title}", assignee: "author", fields: {effort: 2}}}]}"""
    closing = '{id: "finish", from: "work", to: "done", guard: "openTaskCount(self) == 0"}'
    story = acting_project(workbench.acme, flow(step, closing))
    item = story.new("Stop the car")
    story.step(item, "start", role="reviewer")
    tasks = workbench.acme.owner.query(FindArtifacts(story.project_id, type="chore")).items
    assert [(t.title, t.parent_id, t.assignee_id, t.fields) for t in tasks] == [
        (f"Review {item.key}: Stop the car", item.id, item.created_by, {"effort": 2})
    ]
    assert tasks[0].key == "CHO-1"
    with pytest.raises(AlmError, match="openTaskCount"):
        story.step(item, "finish")


def test_people_are_told_by_role_field_and_part(workbench: Bench) -> None:
    """Holders of a role, people of a field, author and assignee; never whoever did it, and nobody twice."""
    step = """{id: "start", from: "draft", to: "work", on_enter: [
      {kind: "notify", target: "role:reviewer, author", params: {template: "please_review"}},
      {kind: "notify", target: "self.fields.moved_by, reviewer", params: {template: "please_review", data: {message: {en: "Look", tr: "Bak"}}}}]}"""
    story = acting_project(workbench.acme, flow(step, FINISH))
    viewer = workbench.acme.viewer.principal
    assert viewer is not None
    item = story.new(moved_by=str(viewer.actor_id))
    story.step(item, "start")
    mine = [n for n in told(workbench.acme, "reviewer", item) if n.kind == "please_review"]
    assert {n.text["tr"] for n in mine} >= {"Bak"}
    assert [n.text["en"] for n in told(workbench.acme, "viewer", item) if n.kind == "please_review"] == ["Look"]
    assert not [n for n in told(workbench.acme, "engineer", item) if n.kind == "please_review"]


AUTOMATED: list[tuple[str, str, dict[str, Any]]] = [
    ("create", "self.title != ''", {}),
    ("update", "changed('title')", {"update": {"title": "Another title"}}),
    ("transition", "event.to == 'work' and event.from == 'draft'", {"steps": ["start"]}),
    ("close", "self.state_category == 'done'", {"steps": ["start", "finish"]}),
    ("reopen", "event.transition == 'reopen'", {"steps": ["start", "finish", "reopen"]}),
    ("assign", "self.assignee != null", {"assign": "manager"}),
]


@pytest.mark.parametrize(("event", "when", "does"), AUTOMATED, ids=[row[0] for row in AUTOMATED])
def test_automations_follow_their_events(workbench: Bench, event: str, when: str, does: dict[str, Any]) -> None:
    """The event, the type and the condition decide; what follows is done in the same transaction."""
    rule = f"""def Automation follows {{ event: "{event}" applies_to: "story" when: "{when}"
      intents: [{{kind: "setField", target: "text", params: {{value: "followed"}}}}] }}
    def Automation never {{ event: "{event}" when: "self.title == 'no such title'"
      intents: [{{kind: "setField", target: "title", params: {{value: "wrong"}}}}] }}"""
    org, story = workbench.acme, acting_project(workbench.acme, rule)
    item = story.new()
    if event != "create":
        assert item.fields.get("text") is None
    for step in does.get("steps", ()):
        story.step(item, step)
    if "update" in does:
        org.engineer.send(UpdateArtifact(item.id, item.version, **does["update"]))
    if "assign" in does:
        person = org.mediators[does["assign"]].principal
        assert person is not None
        org.engineer.send(UpdateArtifact(item.id, item.version, assignee_id=person.actor_id))
    now = story.get(item)
    assert now.fields["text"] == "followed"
    assert now.title != "wrong"


def test_policies_that_allow_may_ask_for_something(workbench: Bench) -> None:
    """Intents of a policy act where it allows and its condition holds; those of one that denies never."""
    rules = """
    def Policy noted { events: ["transition"] applies_to: "story" effect: "allow" when: "event.to == 'work'"
      intents: [{kind: "setField", target: "text", params: {value: "noted"}}] }
    def Policy other { events: ["transition"] applies_to: "story" effect: "allow" when: "event.to == 'done'"
      intents: [{kind: "setField", target: "text", params: {value: "wrong"}}] }"""
    story = acting_project(workbench.acme, rules)
    assert story.step(story.new(), "start").fields["text"] == "noted"


def test_a_chain_without_end_is_refused_by_name(workbench: Bench) -> None:
    """Automations that call each other stop after five, and nothing of it is kept."""
    rules = """
    def Automation ping { event: "update" when: "self.fields.points < 90"
      intents: [{kind: "setField", target: "points", params: {value: {expr: "self.fields.points + 1"}}}] applies_to: "story" }"""
    story = acting_project(workbench.acme, rules)
    item = story.new(points=1)
    with pytest.raises(Conflict, match="ping -> ping -> ping -> ping -> ping -> ping"):
        workbench.acme.engineer.send(UpdateArtifact(item.id, item.version, fields={"points": 2}))
    assert story.get(item).fields["points"] == 1


def test_what_is_so_already_is_not_done_again(workbench: Bench) -> None:
    """An automation that sets what is set ends there: no change, no event, no chain."""
    rule = """def Automation settle { event: "update" applies_to: "story"
      intents: [{kind: "setField", target: "points", params: {value: 7}}] }"""
    story = acting_project(workbench.acme, rule)
    item = story.new(points=1)
    changed = workbench.acme.engineer.send(UpdateArtifact(item.id, item.version, title="Once"))
    assert story.get(item).fields["points"] == 7
    assert (changed.title, story.get(item).version) == ("Once", 3)


def test_an_undecided_condition_lets_nothing_follow(workbench: Bench) -> None:
    """What cannot be decided is not done."""
    rule = """def Automation unsure { event: "update" applies_to: "story" when: "self.fields.points > 3"
      intents: [{kind: "setField", target: "text", params: {value: "wrong"}}] }"""
    story = acting_project(workbench.acme, rule)
    item = story.new()
    workbench.acme.engineer.send(UpdateArtifact(item.id, item.version, title="Other"))
    assert "text" not in story.get(item).fields


BROKEN: list[tuple[str, str, str]] = [
    ('{kind: "webhook", target: "build", params: {}}', "", "'webhook' cannot be carried out"),
    ('{kind: "setField", target: "ghost", params: {value: 1}}', "", "'ghost' is no field of story"),
    ('{kind: "setField", target: "points", params: {value: {expr: "1 +"}}}', "", "1 \\+"),
    ('{kind: "notify", target: "nobody_known", params: {template: "x"}}', "", "'nobody_known' is nobody"),
    ('{kind: "notify", params: {template: "x"}}', "", "whom to tell"),
    ('{kind: "notify", target: "author", params: {}}', "", "template"),
    ('{kind: "createTask", target: "self", params: {title: "x", type: "story"}}', "", "aggregate is Task: chore"),
    ('{kind: "createTask", target: "self", params: {title: "x", fields: {ghost: 1}}}', "", "no field of chore"),
    ('{kind: "requireApproval", target: "self", params: {roles: ["ghost"]}}', "", "no role 'ghost'"),
    ('{kind: "requireApproval", target: "self", params: {roles: ["reviewer"], count: 0}}', "", "count is 1 to 20"),
    ('{kind: "tag", target: "self", params: {tags: {a: "b"}}}', "", "tags are an object"),
    ('"notify_reviewers"', "", "is a name that nothing carries out"),
]


@pytest.mark.parametrize(("intent", "more", "match"), BROKEN, ids=[row[2] for row in BROKEN])
def test_a_process_that_asks_for_what_cannot_be_done_is_not_put_into_force(
    workbench: Bench, intent: str, more: str, match: str
) -> None:
    """It is refused at activation, with every place; the old process stays in force."""
    story = acting_project(workbench.acme)
    step = f'{{id: "start", from: "draft", to: "work", on_enter: [{intent}]}}'
    with pytest.raises(ManifestProblem, match=match) as caught:
        story.activate(flow(step, FINISH), more)
    assert caught.value.errors[0].path == "Workflow/flow/transition/start"
    assert story.step(story.new(), "start").state == "work"


def test_only_steps_wait_for_approval(workbench: Bench) -> None:
    """An automation cannot ask for it, nor a policy about other events."""
    rule = 'intents: [{kind: "requireApproval", target: "self", params: {roles: ["reviewer"]}}]'
    story = acting_project(workbench.acme)
    for text in (
        f'def Automation late {{ event: "transition" {rule} }}',
        f'def Policy broad {{ events: ["update", "transition"] effect: "allow" {rule} }}',
    ):
        with pytest.raises(ManifestProblem, match="only a transition can wait"):
            story.activate(text)


def test_bulk_steps_act_as_single_ones(workbench: Bench) -> None:
    """The same process, many at once: actions and automations see every item."""
    from alm_workbench.contexts.workflow.batch_messages import TransitionMany

    org = workbench.acme
    if TransitionMany not in org.engineer._handlers:
        pytest.skip("bulk steps are not registered")
    rule = """def Automation follows { event: "transition" applies_to: "story"
      intents: [{kind: "setField", target: "text", params: {value: {expr: "self.state"}}}] }"""
    story = acting_project(org, rule)
    items = [story.new(f"Item {n}") for n in range(3)]
    steps = tuple(TransitionArtifact(item.id, "start", item.version) for item in items)
    org.engineer.send(TransitionMany(steps))
    assert [story.get(item).fields["text"] for item in items] == ["work"] * 3
