"""Teams, cycles with load against capacity, the backlog, areas and noted work, as people use them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from alm_workbench.contexts.artifact.messages import ArtifactDTO, CreateArtifact, GetArtifact, UpdateArtifact
from alm_workbench.contexts.manifest.messages import SaveManifest
from alm_workbench.contexts.planning.messages import (
    CarryOver,
    GetCyclePlan,
    ListAreas,
    ListBacklog,
    ListCycles,
    PlanItems,
    SetCapacity,
)
from alm_workbench.contexts.planning.team_messages import CreateTeam, DeleteTeam, KnownTeams, ListTeams, UpdateTeam
from alm_workbench.contexts.planning.work_messages import ListWork, LogWork, MyWork, TakeBackWork
from alm_workbench.contexts.project.messages import ActivateManifest, CreateProject, ProjectDTO
from alm_workbench.contexts.tenant.people_messages import ListMembers
from alm_workbench.contexts.workflow.messages import TransitionArtifact
from alm_workbench.errors import AccessDenied, Conflict, InvalidInput, NotFound, StaleVersion
from alm_workbench.shared.ids import ArtifactId
from tests.factories.workbench import Bench, Org

PROCESS = """
@schema 2
@namespace "test.planning"
@name "planning"
@version "1.0.0"

def Role viewer { privileges: ["artifact:read"] }
def Role engineer { implies: ["viewer"] }
def Role manager { implies: ["engineer"] }
def Role owner { implies: ["manager"] }
def Workflow flow {
  initial: "open"
  states: [{id: "open", category: "todo"}, {id: "done", category: "done"}]
  transitions: [{id: "finish", from: "open", to: "done"}]
}
def ArtifactType area { workflow: "flow" key_prefix: "AREA" parents: ["area"] }
def ArtifactType release {
  workflow: "flow"
  key_prefix: "REL"
  def FieldDef starts_on { type: "date" }
  def FieldDef ends_on { type: "date" }
}
def ArtifactType sprint {
  workflow: "flow"
  key_prefix: "SPR"
  parents: ["release"]
  def FieldDef goal { type: "text" }
  def FieldDef starts_on { type: "date" }
  def FieldDef ends_on { type: "date" }
  def FieldDef room { type: "number" }
}
def ArtifactType story {
  workflow: "flow"
  key_prefix: "ST"
  parents: ["area", "story"]
  def FieldDef points { type: "number" }
  def FieldDef left { type: "number" }
  def FieldDef sprint { type: "reference" target: ["sprint", "release"] }
  def FieldDef related { type: "reference" target: "story" }
}
def ArtifactType secret {
  workflow: "flow"
  key_prefix: "SEC"
  parents: ["area"]
  def FieldDef points { type: "number" }
  def FieldDef sprint { type: "reference" target: ["sprint"] }
}
def ACL everybody { action: ["read", "create", "update", "transition", "delete"] resource: "*" roles: ["viewer"] effect: "allow" }
def ACL engineers_only { action: "read" resource: "secret" roles: ["viewer"] condition: "not hasRole('engineer')" effect: "deny" priority: 10 }
def Planning planning {
  cycle_types: ["sprint", "release"]
  area_types: ["area"]
  estimate_field: "points"
  remaining_field: "left"
  starts_field: "starts_on"
  ends_field: "ends_on"
  goal_field: "goal"
  capacity_field: "room"
}
"""


@pytest.fixture(scope="module")
def org(workbench: Bench) -> Org:
    """The organisation that plans."""
    return workbench.acme


@pytest.fixture(scope="module")
def version(org: Org) -> object:
    """The process, kept once."""
    return org.owner.send(SaveManifest(PROCESS)).version_id


@pytest.fixture
def project(org: Org, version: object) -> ProjectDTO:
    """An empty project under the process."""
    made = org.owner.send(CreateProject(f"P{uuid4().hex[:6].upper()}", "Planning"))
    org.owner.send(ActivateManifest(made.id, version))  # type: ignore[arg-type]
    return made


def actor(org: Org, role: str) -> object:
    """The actor id of somebody."""
    return next(m.actor_id for m in org.owner.query(ListMembers()) if m.email == org.email(role))


def make(
    org: Org,
    project: ProjectDTO,
    kind: str,
    title: str,
    parent: ArtifactId | None = None,
    who: object = None,
    **fields: object,
) -> ArtifactDTO:
    """An item."""
    return org.engineer.send(CreateArtifact(project.id, kind, title, fields, parent, who))  # type: ignore[arg-type]


def test_a_cycle_shows_load_against_capacity(org: Org, project: ProjectDTO) -> None:
    """Effort of what is inside, by person and team; whoever has more than fits is overloaded."""
    engineer, reviewer = actor(org, "engineer"), actor(org, "reviewer")
    release = make(org, project, "release", "Autumn", starts_on="2026-09-01", ends_on="2026-11-30")
    sprint = make(
        org, project, "sprint", "Sprint 1", release.id, goal="Brake", starts_on="2026-11-02", ends_on="2026-11-13"
    )
    stories = [
        make(org, project, "story", "One", who=engineer, points=5, left=2),
        make(org, project, "story", "Two", who=engineer, points=8),
        make(org, project, "story", "Three", points=3),
        make(org, project, "story", "Four", who=reviewer),
    ]
    org.engineer.send(PlanItems(project.id, tuple(s.id for s in stories), sprint.id))
    done = org.engineer.query(GetArtifact(stories[2].id))
    org.engineer.send(TransitionArtifact(done.id, "finish", done.version))
    team = org.manager.send(CreateTeam(f"Brakes {project.key}", members=(engineer, reviewer)))  # type: ignore[arg-type]
    org.manager.send(SetCapacity(sprint.id, 10, actor_id=engineer))  # type: ignore[arg-type]
    plan = org.manager.send(SetCapacity(sprint.id, 20, team_id=team.id, note="one on leave"))
    effort = plan.cycle.effort
    assert (effort.items, effort.done, effort.unestimated) == (4, 1, 1)
    assert (effort.estimate, effort.done_estimate, effort.remaining) == (16, 3, 10)
    assert plan.cycle.goal == "Brake"
    assert str(plan.cycle.ends) == "2026-11-13"
    assert plan.cycle.capacity == 20  # the team's: its members do not count twice
    by_name = {(line.name, line.team_id is not None): line for line in plan.load}
    mine = by_name["Engineer of acme", False]
    assert (mine.capacity, mine.effort.estimate, mine.overloaded) == (10, 13, True)
    ours = by_name[f"Brakes {project.key}", True]
    assert (ours.capacity, ours.effort.items, ours.overloaded) == (20, 3, False)
    assert by_name["", False].effort.items == 1
    cycles = org.viewer.query(ListCycles(project.id))
    assert [(c.title, c.parent_id) for c in cycles] == [("Sprint 1", release.id), ("Autumn", None)]
    cleared = org.manager.send(SetCapacity(sprint.id, None, team_id=team.id))
    assert cleared.cycle.capacity == 10
    own = org.engineer.query(GetArtifact(sprint.id))
    org.engineer.send(UpdateArtifact(own.id, own.version, fields={"room": 33}))
    assert org.viewer.query(GetCyclePlan(sprint.id)).cycle.capacity == 33


def test_what_somebody_may_not_see_counts_for_nothing(org: Org, project: ProjectDTO) -> None:
    """Sums tell nothing of hidden items."""
    area = make(org, project, "area", "Wheels")
    sprint = make(org, project, "sprint", "Sprint 1")
    make(org, project, "story", "Open", area.id, points=1, sprint=str(sprint.id))
    make(org, project, "secret", "Closed", area.id, points=100, sprint=str(sprint.id))
    assert org.engineer.query(ListCycles(project.id))[0].effort.estimate == 101
    assert org.viewer.query(ListCycles(project.id))[0].effort.estimate == 1
    assert org.viewer.query(GetCyclePlan(sprint.id)).cycle.effort.items == 1
    assert org.viewer.query(ListAreas(project.id))[0].effort.items == 1
    assert [i.title for i in org.viewer.query(ListBacklog(project.id)).items] == []


def test_the_backlog_is_what_is_in_no_cycle(org: Org, project: ProjectDTO) -> None:
    """By rank and page by page; planned and finished items leave it, and come back with the plan."""
    sprint = make(org, project, "sprint", "Sprint 1")
    stories = [make(org, project, "story", f"Story {n}", points=n) for n in range(5)]
    org.engineer.send(PlanItems(project.id, (stories[1].id,), sprint.id))
    org.engineer.send(TransitionArtifact(stories[3].id, "finish", stories[3].version))

    def backlog() -> list[str]:
        found, cursor = list[str](), None
        while True:
            page = org.viewer.query(ListBacklog(project.id, limit=2, cursor=cursor))
            found += [item.title for item in page.items]
            cursor = page.next_cursor
            if cursor is None:
                return found

    assert backlog() == ["Story 0", "Story 2", "Story 4"]
    org.engineer.send(PlanItems(project.id, (stories[1].id,), None))
    assert backlog() == ["Story 0", "Story 1", "Story 2", "Story 4"]


def test_what_is_left_is_carried_over(org: Org, project: ProjectDTO) -> None:
    """Unfinished work moves on, finished work stays; a cycle that is done takes nothing more."""
    first, second = make(org, project, "sprint", "Sprint 1"), make(org, project, "sprint", "Sprint 2")
    a, b = (make(org, project, "story", t, sprint=str(first.id)) for t in ("Left", "Finished"))
    org.engineer.send(TransitionArtifact(b.id, "finish", b.version))
    moved = org.engineer.send(CarryOver(first.id, second.id))
    assert moved.keys == (a.key,)
    assert org.viewer.query(GetCyclePlan(second.id)).cycle.effort.items == 1
    assert org.viewer.query(GetCyclePlan(first.id)).cycle.effort.done == 1
    org.engineer.send(TransitionArtifact(first.id, "finish", first.version))
    with pytest.raises(InvalidInput, match="is done") as refused:
        org.engineer.send(PlanItems(project.id, (a.id,), first.id))
    assert refused.value.errors[0].path == "/cycle_id"
    assert [c.title for c in org.viewer.query(ListCycles(project.id))] == ["Sprint 2"]
    assert len(org.viewer.query(ListCycles(project.id, include_done=True))) == 2


def test_planning_is_all_or_nothing(org: Org, project: ProjectDTO) -> None:
    """One item that cannot be planned keeps all of them where they were, and the place is named."""
    sprint, story = make(org, project, "sprint", "Sprint 1"), make(org, project, "story", "Story")
    with pytest.raises(InvalidInput, match="never in a cycle") as refused:
        org.engineer.send(PlanItems(project.id, (story.id, make(org, project, "area", "A").id), sprint.id))
    assert refused.value.errors[0].path == "/artifact_ids/1"
    with pytest.raises(InvalidInput) as unknown:
        org.engineer.send(PlanItems(project.id, (story.id, ArtifactId(uuid4())), sprint.id))
    assert unknown.value.errors[0].path == "/artifact_ids/1"
    with pytest.raises(InvalidInput, match="no such cycle"):
        org.engineer.send(PlanItems(project.id, (story.id,), story.id))
    assert org.viewer.query(GetCyclePlan(sprint.id)).cycle.effort.items == 0
    with pytest.raises(NotFound):
        org.viewer.query(GetCyclePlan(story.id))


def test_an_area_holds_all_that_is_below_it(org: Org, project: ProjectDTO) -> None:
    """At any depth, and areas themselves are no work."""
    top = make(org, project, "area", "Vehicle")
    inner = make(org, project, "area", "Brakes", top.id)
    story = make(org, project, "story", "Pedal", inner.id, points=3)
    make(org, project, "story", "Sensor", story.id, points=2)
    make(org, project, "story", "Elsewhere", points=50)
    areas = {a.title: a.effort for a in org.viewer.query(ListAreas(project.id))}
    assert (areas["Vehicle"].items, areas["Vehicle"].estimate) == (2, 5)
    assert (areas["Brakes"].items, areas["Brakes"].estimate) == (2, 5)


def test_teams(workbench: Bench, org: Org) -> None:
    """Names are taken once, members are of the organisation, versions are kept, and other organisations see nothing."""
    name = f"Team {uuid4().hex[:6]}"
    team = org.manager.send(CreateTeam(name, "Works", (actor(org, "engineer"),)))  # type: ignore[arg-type]
    with pytest.raises(Conflict, match="already"):
        org.manager.send(CreateTeam(name.upper()))
    with pytest.raises(InvalidInput) as unknown:
        org.manager.send(CreateTeam("Other", members=(uuid4(),)))
    assert unknown.value.errors[0].path == "/members/0"
    with pytest.raises(AccessDenied):
        org.engineer.send(CreateTeam("Mine"))
    changed = org.manager.send(UpdateTeam(team.id, team.version, members=()))
    assert (changed.members, changed.version) == ((), team.version + 1)
    with pytest.raises(StaleVersion):
        org.manager.send(UpdateTeam(team.id, team.version, name="Late"))
    assert org.engineer.query(KnownTeams([team.id, uuid4()])) == {team.id}
    globex = workbench.globex
    assert team.id not in {t.id for t in globex.owner.query(ListTeams())}
    with pytest.raises(NotFound):
        globex.manager.send(UpdateTeam(team.id, 1, name="Stolen"))
    org.manager.send(DeleteTeam(team.id, changed.version))
    assert team.id not in {t.id for t in org.manager.query(ListTeams())}
    assert org.manager.send(CreateTeam(name)).id != team.id


def test_noted_work(org: Org, project: ProjectDTO) -> None:
    """Hours on a day, what is left with it; only one's own is taken back, and nobody works tomorrow."""
    story = make(org, project, "story", "Story", who=actor(org, "engineer"), points=5)
    first = org.engineer.send(LogWork(story.id, 2.5, note="bench", remaining=4))
    assert org.viewer.query(GetArtifact(story.id)).fields["left"] == 4
    second = org.manager.send(LogWork(story.id, 1, worked_on=(datetime.now(UTC) - timedelta(days=3)).date()))
    page = org.viewer.query(ListWork(story.id, limit=1))
    assert [w.id for w in page.items] == [first.id]
    assert page.next_cursor
    rest = org.viewer.query(ListWork(story.id, limit=1, cursor=page.next_cursor))
    assert [w.id for w in rest.items] == [second.id]
    assert rest.next_cursor is None
    for hours in (0, 25, float("nan")):
        with pytest.raises(InvalidInput):
            org.engineer.send(LogWork(story.id, hours))
    with pytest.raises(InvalidInput, match="to come"):
        org.engineer.send(LogWork(story.id, 1, worked_on=(datetime.now(UTC) + timedelta(days=3)).date()))
    with pytest.raises(AccessDenied):
        org.engineer.send(TakeBackWork(story.id, second.id))
    org.manager.send(TakeBackWork(story.id, first.id))
    assert [w.id for w in org.viewer.query(ListWork(story.id)).items] == [second.id]
    mine = [item.id for item in org.engineer.query(MyWork()).items]
    assert story.id in mine
    current = org.engineer.query(GetArtifact(story.id))
    org.engineer.send(TransitionArtifact(story.id, "finish", current.version))
    assert story.id not in [item.id for item in org.engineer.query(MyWork()).items]
