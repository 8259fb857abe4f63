"""Projects begin with a template, are set, and let people do what their roles there allow; a team works through each."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from alm_workbench.contexts.artifact.messages import (
    ArtifactDTO,
    CreateArtifact,
    DeleteArtifact,
    GetArtifact,
    LinkArtifacts,
    UpdateArtifact,
)
from alm_workbench.contexts.manifest.messages import ListManifests, ListVersions
from alm_workbench.contexts.notification.messages import ListNotifications
from alm_workbench.contexts.planning.messages import ListAreas, ListCycles
from alm_workbench.contexts.project.messages import CreateProject, GetProject, ListProjects, ProjectDTO
from alm_workbench.contexts.project.settings_messages import Day, GetProjectSettings, UpdateProjectSettings
from alm_workbench.contexts.project.template_messages import ListTemplates
from alm_workbench.contexts.workflow.messages import TransitionArtifact
from alm_workbench.errors import AccessDenied, AlmError, InvalidInput, StaleVersion, TransitionDenied
from alm_workbench.shared.ids import ArtifactId
from tests.factories.workbench import Bench, Org

IDS = ("basic", "scrum", "safety")


class Team:
    """The people of an organisation in one project."""

    def __init__(self, org: Org, project: ProjectDTO) -> None:
        self.org, self.project = org, project

    def make(self, who: str, kind: str, title: str, parent: ArtifactDTO | None = None, **fields: Any) -> ArtifactDTO:
        """Create an item as somebody."""
        above = parent.id if parent else None
        return self.org.mediators[who].send(CreateArtifact(self.project.id, kind, title, fields, parent_id=above))

    def step(self, who: str, item: ArtifactDTO, *steps: str, reason: str | None = None, **fields: Any) -> ArtifactDTO:
        """Take steps as somebody, from the item's present version on."""
        mediator = self.org.mediators[who]
        for name in steps:
            now = self.org.owner.query(GetArtifact(item.id))
            item = mediator.send(TransitionArtifact(item.id, name, now.version, reason, fields))
        return item

    def set(self, who: str, item: ArtifactDTO, **fields: Any) -> ArtifactDTO:
        """Change fields as somebody."""
        now = self.org.owner.query(GetArtifact(item.id))
        return self.org.mediators[who].send(UpdateArtifact(item.id, now.version, fields=fields))

    def told(self, who: str, item: ArtifactDTO) -> bool:
        """Whether somebody was told of an item."""
        page = self.org.mediators[who].query(ListNotifications())
        return any(note.entity_id == item.id for note in page.items)


def team(bench: Bench, template: str, key: str) -> Team:
    """A new project under a template, made by a manager."""
    return Team(bench.acme, bench.acme.manager.send(CreateProject(key, key.title(), template=template)))


def test_templates_are_listed_for_those_who_make_projects(workbench: Bench) -> None:
    """The simplest first, in both languages, with what is in them; whoever makes no projects needs no list."""
    found = workbench.acme.manager.query(ListTemplates())
    assert tuple(t.id for t in found) == IDS
    for template in found:
        assert set(template.labels) == set(template.description) == {"en", "tr"}
        assert len(template.types) >= 5
        assert min(template.fields, template.rules, template.views, template.link_types, template.workflows) >= 2
    assert [t.manifest for t in found][2].startswith("acme.braking/safety ")
    with pytest.raises(AccessDenied):
        workbench.acme.viewer.query(ListTemplates())


def test_a_template_is_saved_once(workbench: Bench) -> None:
    """Two projects begin with the same version; what people saved meanwhile under that name stays as it is."""
    owner = workbench.acme.owner
    one, two = (owner.send(CreateProject(key, key, template="scrum")) for key in ("ONCE", "TWICE"))
    assert one.active_version_id == two.active_version_id
    assert one.active_manifest == two.active_manifest
    document = next(m for m in owner.query(ListManifests()).items if m.name == "scrum")
    assert len(owner.query(ListVersions(document.id))) == 1


def test_a_project_begins_with_one_process_or_not_at_all(workbench: Bench) -> None:
    """An unknown template, or a template beside a version: the place is named, and no project is left behind."""
    owner = workbench.acme.owner
    with pytest.raises(InvalidInput, match="no template 'kanban'") as caught:
        owner.send(CreateProject("NONE", "None", template="kanban"))
    assert caught.value.errors[0].path == "/template"
    with pytest.raises(InvalidInput, match="not with both"):
        owner.send(CreateProject("NONE", "None", manifest_version_id=workbench.acme.version_id, template="basic"))
    with pytest.raises(AccessDenied):
        workbench.acme.engineer.send(CreateProject("NONE", "None", template="basic"))
    assert "NONE" not in [project.key for project in owner.query(ListProjects()).items]


def test_a_small_team_works_with_basic(workbench: Bench) -> None:
    """Component and milestone, a requirement with a task, review by another, frozen when done; viewers look on."""
    t = team(workbench, "basic", "BASIC")
    part = t.make("manager", "component", "Engine")
    dates: dict[str, Any] = {"start_date": "2026-11-02", "end_date": "2026-11-27"}
    plan = t.make("manager", "milestone", "First customers", goal="Ten of them", **dates)
    assert plan.fields["length_days"] == 26
    with pytest.raises(AccessDenied):
        t.make("engineer", "milestone", "Mine", **dates)
    with pytest.raises(AccessDenied, match="end lies before"):
        t.make("manager", "milestone", "Backwards", start_date="2026-11-27", end_date="2026-11-02")
    need = t.make("engineer", "requirement", "Starts at -20 degrees", part, milestone=str(plan.id), estimate=8)
    work = t.make("engineer", "task", "Choose the battery", need, estimate=3)
    t.step("engineer", need, "start", "submit")
    assert t.told("reviewer", need)
    with pytest.raises(TransitionDenied):
        t.step("reviewer", need, "finish")
    t.step("engineer", work, "start", "finish")
    assert t.step("reviewer", need, "finish").state_category == "done"
    with pytest.raises(AccessDenied):
        t.set("engineer", need, estimate=5)
    assert t.set("manager", need, estimate=9).fields["estimate"] == 9
    with pytest.raises(AccessDenied):
        t.make("viewer", "requirement", "Not mine to write")
    assert workbench.acme.viewer.query(GetArtifact(need.id)).parent_id == part.id
    (cycle,) = workbench.acme.viewer.query(ListCycles(t.project.id))
    assert (cycle.effort.items, cycle.effort.done_estimate) == (1, 9)
    assert [area.key for area in workbench.acme.viewer.query(ListAreas(t.project.id))] == [part.key]


def test_critical_defects_of_basic_are_analysed_at_once(workbench: Bench) -> None:
    """A task is opened and managers are told; it ends only with a cause."""
    t = team(workbench, "basic", "CRIT")
    bug = t.make("engineer", "defect", "Catches fire", severity="critical")
    assert t.told("manager", bug)
    t.step("engineer", bug, "start")
    with pytest.raises((AccessDenied, TransitionDenied)):
        t.step("reviewer", bug, "finish")
    with pytest.raises(TransitionDenied, match="needs a reason"):
        t.step("reviewer", bug, "cancel")
    assert t.step("reviewer", bug, "cancel", reason="duplicate").state == "cancelled"


def test_a_scrum_team_works_a_story(workbench: Bench) -> None:
    """Release and sprint, refined, built, accepted by somebody else; points are frozen then."""
    t = team(workbench, "scrum", "SCRUM")
    release = t.make("manager", "release", "Autumn")
    days: dict[str, Any] = {"starts_on": "2026-11-02", "ends_on": "2026-11-13"}
    sprint = t.make("manager", "sprint", "Sprint 1", release, capacity=20, **days)
    assert sprint.fields["length_days"] == 12
    with pytest.raises((InvalidInput, TransitionDenied)):
        t.step("manager", sprint, "start")
    t.step("manager", sprint, "start", goal="People can log in")
    epic = t.make("manager", "epic", "Accounts")
    story = t.make("engineer", "story", "Log in with a key", epic, sprint=str(sprint.id))
    with pytest.raises(AccessDenied, match="Estimate"):
        t.step("engineer", story, "start")
    with pytest.raises(TransitionDenied):
        t.step("reviewer", story, "refine")
    t.set("reviewer", story, story_points=5, business_value=40)
    with pytest.raises(AccessDenied):
        t.set("engineer", story, business_value=90)
    t.step("reviewer", story, "refine")
    t.step("engineer", story, "start", "submit")
    assert t.told("reviewer", story)
    with pytest.raises(TransitionDenied):
        t.step("engineer", story, "accept")
    with pytest.raises(AccessDenied, match="acceptance criteria"):
        t.step("reviewer", story, "accept")
    t.set("engineer", story, acceptance="A key opens the door")
    assert t.step("reviewer", story, "accept").state == "accepted"
    with pytest.raises(AccessDenied):
        t.set("reviewer", story, story_points=8)
    now = workbench.acme.owner.query(GetArtifact(story.id))
    with pytest.raises(AccessDenied):
        workbench.acme.manager.send(DeleteArtifact(story.id, now.version))
    spike: dict[str, Any] = {"spike": True}
    with pytest.raises(InvalidInput):
        t.make("engineer", "story", "Which library?", **spike)
    assert t.make("engineer", "story", "Which library?", question="Which one is kept well?", **spike).version == 1
    cycles = {c.key: c for c in workbench.acme.viewer.query(ListCycles(t.project.id))}
    assert (cycles[sprint.key].effort.estimate, cycles[sprint.key].capacity) == (5, 20)
    blocker = t.make("engineer", "defect", "Nobody can log in", severity="blocker", reproduction="Try it")
    assert workbench.acme.owner.query(GetArtifact(blocker.id)).tags == ("blocker",)


def test_a_safety_team_works_a_requirement(workbench: Bench) -> None:
    """Under an element, four eyes for the approval, verified by a test; two managers for a high residual risk."""
    t = team(workbench, "safety", "SAFE")
    element = t.make("manager", "element", "Brake control unit", asil="B")
    need = t.make("engineer", "requirement", "Brakes within a second", element, text="Within one second", asil="B")
    t.step("engineer", need, "start", "submit")
    assert t.told("reviewer", need)
    with pytest.raises(TransitionDenied):
        t.step("engineer", need, "approve")
    t.step("reviewer", need, "approve")
    t.step("engineer", need, "implement")
    test = t.make("engineer", "test_case", "Stops in time")
    workbench.acme.engineer.send(LinkArtifacts(test.id, "verifies", need.id))
    assert t.step("reviewer", need, "verify").state == "verified"
    ratings: dict[str, Any] = {"harm": "S3", "exposure": "E4", "controllability": "C3"}
    risk = t.make("engineer", "hazard", "Brakes fail at speed", asil="D", **ratings)
    t.step("engineer", risk, "assess", "classify", "mitigate")
    goal = t.make("engineer", "safety_goal", "Never without brakes", asil="D")
    workbench.acme.engineer.send(LinkArtifacts(goal.id, "mitigates", risk.id))
    t.step("engineer", risk, "finish", mitigation_note="Two circuits")
    waiting = t.step("manager", risk, "accept", acceptance_rationale="As low as reasonably practicable")
    assert waiting.state == "mitigated"
    assert waiting.pending is not None


def test_settings_hold_by_themselves_until_they_are_set(workbench: Bench) -> None:
    """Each is checked; null takes it back; versions are those of the project; readers read."""
    t = team(workbench, "basic", "SET")
    manager, project_id = workbench.acme.manager, t.project.id
    first = workbench.acme.viewer.query(GetProjectSettings(project_id))
    assert (first.week_start, first.default_type, first.working_days[0]) == ("monday", None, "monday")
    days: tuple[Day, ...] = ("sunday", "tuesday")
    done = manager.send(
        UpdateProjectSettings(project_id, first.version, default_type="task", week_start="sunday", working_days=days)
    )
    assert (done.default_type, done.week_start, done.working_days) == ("task", "sunday", ("tuesday", "sunday"))
    assert manager.query(GetProjectSettings(project_id)) == done
    assert manager.query(GetProject(project_id)).version == done.version
    back = manager.send(UpdateProjectSettings(project_id, done.version, default_type=None, week_start=None))
    assert (back.default_type, back.week_start) == (None, "monday")
    assert manager.send(UpdateProjectSettings(project_id, back.version, week_start=None)) == back
    with pytest.raises(StaleVersion):
        manager.send(UpdateProjectSettings(project_id, done.version, language="tr"))
    with pytest.raises(AccessDenied):
        workbench.acme.engineer.send(UpdateProjectSettings(project_id, back.version, language="tr"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"default_type": "ghost"},
        {"working_days": ()},
        {"working_days": ("monday", "monday")},
        {"notify": ("everything",)},
        {"week_start": "someday"},
    ],
)
def test_wrong_settings_are_named(workbench: Bench, wrong: dict[str, Any]) -> None:
    """By their place, and nothing is kept."""
    owner, project = workbench.acme.owner, workbench.acme.project
    before = owner.query(GetProjectSettings(project.id))
    with pytest.raises(InvalidInput) as caught:
        owner.send(UpdateProjectSettings(project.id, before.version, **wrong))
    assert caught.value.errors[0].path == f"/{next(iter(wrong))}"
    assert owner.query(GetProjectSettings(project.id)) == before


def test_roles_of_a_project_are_enforced_there(workbench: Bench) -> None:
    """A viewer of the organisation who is an engineer in one project writes there, and nowhere else."""
    from alm_workbench.contexts.project.messages import GrantProjectRole, RevokeProjectRole
    from alm_workbench.contexts.tenant.people_messages import ListMembers

    here, there = team(workbench, "basic", "HERE"), team(workbench, "basic", "THERE")
    found = workbench.acme.owner.query(ListMembers())
    who: UUID = next(
        m.membership_id for m in getattr(found, "items", found) if m.email == workbench.acme.email("viewer")
    )
    workbench.acme.manager.send(GrantProjectRole(here.project.id, who, "engineer"))
    item = here.make("viewer", "task", "By an engineer of this project")
    with pytest.raises(AccessDenied):
        there.make("viewer", "task", "Not here")
    workbench.acme.manager.send(RevokeProjectRole(here.project.id, who, "engineer"))
    with pytest.raises(AlmError):
        workbench.acme.viewer.send(UpdateArtifact(ArtifactId(item.id), item.version, title="Too late"))
