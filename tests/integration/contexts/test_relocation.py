"""Items go to another project with all that hangs on them, by the rules of both, and nothing gets lost on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any

import psycopg
import pytest

from alm_workbench.contexts.artifact.messages import (
    ArtifactDTO,
    CreateArtifact,
    DeleteArtifact,
    GetArtifact,
    GetArtifactByKey,
    LinkArtifacts,
    ListLinks,
    RestoreArtifact,
    UpdateArtifact,
)
from alm_workbench.contexts.artifact.relocation_messages import MoveToProject
from alm_workbench.contexts.artifact.structure_messages import ListChildren, ListTags
from alm_workbench.contexts.discussion.messages import AddComment, ListComments
from alm_workbench.contexts.manifest.messages import SaveManifest
from alm_workbench.contexts.project.messages import ActivateManifest, CreateProject
from alm_workbench.contexts.workflow.messages import StateHistory, TransitionArtifact
from alm_workbench.errors import AccessDenied, InvalidInput, NotFound, StaleVersion
from alm_workbench.shared.ids import ProjectId
from tests.factories.workbench import Api, Bench, Org

NUMBERS = count(1)

COMMON = """
@schema 2
@namespace "test"
@name "%s"
@version "1.0.0"
def Role owner { privileges: ["*"] }
def Role manager { privileges: ["*"] }
def Role engineer { privileges: ["artifact:read", "artifact:create", "artifact:update"] }
def ACL owners { action: "*" resource: "*" roles: ["owner"] effect: "allow" }
"""
HERE = (
    COMMON % "here"
    + """
def Workflow flow {
  initial: "open"
  states: [{id: "open", category: "todo"}, {id: "busy", category: "in_progress"}, {id: "done", category: "done"},
           {id: "sealed", category: "done"}]
  transitions: [{id: "begin", from: "open", to: "busy"}, {id: "finish", from: "busy", to: "done"},
                {id: "seal", from: "done", to: "sealed", not_actor: "author"}]
}
def ArtifactType need "Need" { workflow: "flow" key_prefix: "NEED"
  def FieldDef text { type: "text" }
  def FieldDef size { type: "int" }
  def FieldDef twice { type: "int" computed: "self.fields.size + self.fields.size" }
}
def ArtifactType check "Check" { workflow: "flow" key_prefix: "CHK" }
def ACL veil { action: "read" resource: "need" roles: ["manager"] mask: ["text"] priority: 50
  condition: "not hasRole('owner')" }
def ACL managers { action: ["read", "create", "update"] resource: "*" roles: ["manager"] effect: "allow" }
def LinkType verifies { from: ["check"] to: ["need"] inverse: "verified_by" }
def LinkType odd { from: ["need"] to: ["need"] }
def ACL engineers { action: ["read", "create", "update"] resource: "*" roles: ["engineer"] effect: "allow" }
def Policy stays { events: ["update"] when: "changed('project_id') and startsWith(self.title, 'Fixed')"
  message: {en: "It stays in its project"} }
"""
)
THERE = (
    COMMON % "there"
    + """
def Workflow life {
  initial: "new"
  states: [{id: "new", category: "todo"}, {id: "busy", category: "in_progress"}, {id: "closed", category: "done"}]
  transitions: [{id: "go", from: "new", to: "busy"}, {id: "close", from: "busy", to: "closed"}]
}
def ArtifactType story "Story" { workflow: "life" key_prefix: "ST"
  def FieldDef text { type: "text" }
  def FieldDef size { type: "int" max: 100 }
  def FieldDef triple { type: "int" computed: "self.fields.size * 3" }
}
def ArtifactType check "Check" { workflow: "life" key_prefix: "CHK" parents: ["story"] root: false }
def LinkType verifies { from: ["check"] to: ["story"] inverse: "verified_by" }
def ACL managers { action: ["read", "create", "update"] resource: "*" roles: ["manager"] effect: "allow" }
def ACL engineers { action: ["read"] resource: "*" roles: ["engineer"] effect: "allow" }
def Policy no_secrets { events: ["create"] when: "startsWith(self.title, 'Secret')" message: {en: "Not here"} }
"""
)


HANGING = """
    SELECT c.relname FROM pg_class c
    WHERE c.relnamespace = 'alm'::regnamespace AND c.relkind = 'r' AND c.relname <> 'key_aliases'
      AND 2 = (SELECT count(*) FROM pg_attribute a WHERE a.attrelid = c.oid AND NOT a.attisdropped
               AND a.attname IN ('project_id', 'artifact_id'))
"""
"""Tables that hang on items and name a project; former keys stay where they were."""


@pytest.fixture(scope="module")
def org(workbench: Bench) -> Org:
    return workbench.acme


@pytest.fixture(scope="module")
def versions(org: Org) -> tuple[Any, Any]:
    return tuple(org.owner.send(SaveManifest(text, "dsl")).version_id for text in (HERE, THERE))  # type: ignore[return-value]


@pytest.fixture
def here(org: Org, versions: tuple[Any, Any]) -> ProjectId:
    return started(org, versions[0])


@pytest.fixture
def there(org: Org, versions: tuple[Any, Any]) -> ProjectId:
    return started(org, versions[1])


def started(org: Org, version: Any) -> ProjectId:
    made = org.owner.send(CreateProject(f"REL{next(NUMBERS)}", "Project"))
    org.owner.send(ActivateManifest(made.id, version))
    return made.id


Make = Callable[..., ArtifactDTO]
MAP: dict[str, Any] = {"types": {"need": "story"}, "states": {"story": {"open": "new"}, "check": {"open": "new"}}}


@pytest.fixture
def make(org: Org, here: ProjectId) -> Make:
    def create(
        kind: str = "need", title: str = "An item", parent: ArtifactDTO | None = None, **more: Any
    ) -> ArtifactDTO:
        return org.owner.send(CreateArtifact(here, kind, title, parent_id=parent.id if parent else None, **more))

    return create


def test_a_tree_moves_with_links_history_tags_and_old_keys(
    org: Org, workbench: Bench, here: ProjectId, there: ProjectId, make: Make
) -> None:
    """New keys in new types and states; both keys find it; what hangs on it names the project it is in now."""
    top = make(fields={"text": "kept", "size": 7}, tags=("red",))
    child = make("check", "A check", top)
    link = org.owner.send(LinkArtifacts(child.id, "verifies", top.id))
    comment = org.owner.send(AddComment(top.id, "Said before it moved"))
    moved = org.owner.send(MoveToProject(top.id, top.version, there, **MAP))
    assert [one.id for one in org.owner.query(ListComments(top.id)).items] == [comment.id]
    assert (moved.project_id, moved.type, moved.state, moved.key) == (there, "story", "new", "ST-1")
    assert dict(moved.fields) == {"text": "kept", "size": 7, "triple": 21}
    assert (moved.id, moved.tags, moved.version) == (top.id, ("red",), top.version + 1)
    (below,) = org.owner.query(ListChildren(top.id)).items
    assert (below.id, below.project_id, below.key, below.type) == (child.id, there, "CHK-1", "check")
    for project, key in ((here, top.key), (there, "ST-1")):
        assert org.owner.query(GetArtifactByKey(project, key)).id == top.id
    assert [one.id for one in org.owner.query(ListLinks(top.id))] == [link.id]
    assert org.owner.query(ListTags(here)) == ()
    assert [tag.tag for tag in org.owner.query(ListTags(there))] == ["red"]
    steps = [(step.from_state, step.to_state) for step in org.owner.query(StateHistory(top.id))]
    assert steps == [(None, "open"), ("open", "new")]
    with psycopg.connect(workbench.dsns.owner) as conn:
        hanging = [row[0] for row in conn.execute(HANGING)]
        assert {"workflow_instances", "state_history", "artifact_tag"} <= set(hanging)
        conn.execute("SET ROLE alm_definer")
        for table in [*hanging, "artifact_links"]:
            column = "source_id" if table == "artifact_links" else "artifact_id"
            query = f"SELECT DISTINCT project_id FROM alm.{table} WHERE {column} = ANY(%s)"
            assert {row[0] for row in conn.execute(query, ([top.id, child.id],))} <= {there}, table
    stepped = org.owner.send(TransitionArtifact(top.id, "go", moved.version))
    assert stepped.state == "busy"


def test_whoever_comes_back_gets_his_old_key(org: Org, here: ProjectId, there: ProjectId, make: Make) -> None:
    """And a new item never gets a key that was given out before."""
    item = make()
    moved = org.owner.send(MoveToProject(item.id, item.version, there, **MAP))
    assert make().key != item.key
    back: dict[str, Any] = {"types": {"story": "need"}, "states": {"need": {"new": "open"}}}
    home = org.owner.send(MoveToProject(item.id, moved.version, here, **back))
    assert (home.key, home.project_id) == (item.key, here)
    assert org.owner.query(GetArtifactByKey(there, moved.key)).id == item.id


def test_what_would_be_lost_is_in_the_way(org: Org, there: ProjectId, make: Make) -> None:
    """Unknown types and states, values without a field or out of range, links nobody knows there: each named, none moved."""
    item = make(fields={"size": 500})
    other = make()
    with pytest.raises(InvalidInput) as caught:
        org.owner.send(MoveToProject(item.id, 1, there))
    assert [e.path for e in caught.value.errors] == ["/types/need"]
    with pytest.raises(InvalidInput) as caught:
        org.owner.send(MoveToProject(item.id, 1, there, types={"need": "story"}))
    assert [e.path for e in caught.value.errors] == ["/states/story/open"]
    with pytest.raises(InvalidInput) as caught:
        org.owner.send(MoveToProject(item.id, 1, there, **MAP))
    assert [e.path for e in caught.value.errors] == ["/fields/size"]
    org.owner.send(LinkArtifacts(other.id, "odd", item.id))
    with pytest.raises(InvalidInput) as caught:
        org.owner.send(MoveToProject(other.id, 1, there, **MAP))
    assert caught.value.errors[0].code == "unknown-link-type"
    check = make("check")
    with pytest.raises(InvalidInput) as caught:  # there it may not stand at the top
        org.owner.send(MoveToProject(check.id, 1, there, **MAP))
    assert caught.value.errors[0].path == "/parent_id"
    for one in (item, other, check):
        assert org.owner.query(GetArtifact(one.id)) == one


def test_rules_and_privileges_of_both_projects_hold(org: Org, there: ProjectId, make: Make) -> None:
    """A policy here or there, access rules there, a stale version, another organisation: refused."""
    for title, words in (("Fixed need", "stays in its project"), ("Secret need", "Not here")):
        item = make(title=title)
        with pytest.raises(AccessDenied, match=words):
            org.owner.send(MoveToProject(item.id, 1, there, **MAP))
    item = make()
    with pytest.raises(AccessDenied):
        org.engineer.send(MoveToProject(item.id, 1, there, **MAP))
    with pytest.raises(StaleVersion):
        org.owner.send(MoveToProject(item.id, 2, there, **MAP))
    assert org.owner.query(GetArtifact(item.id)) == item


def test_what_lay_in_the_bin_below_comes_back_to_its_own_project(
    org: Org, here: ProjectId, there: ProjectId, make: Make
) -> None:
    """It did not move, so it does not hang on something elsewhere."""
    top = make()
    below = make("check", "In the bin", top)
    org.owner.send(DeleteArtifact(below.id, below.version))
    org.owner.send(MoveToProject(top.id, 1, there, **MAP))
    back = org.owner.send(RestoreArtifact(below.id))
    assert (back.project_id, back.parent_id) == (here, None)


def test_nobody_moves_what_he_does_not_see_whole(org: Org, there: ProjectId, make: Make) -> None:
    """Where another process shows what this one hides, moving would be a way to look."""
    bare, full = make(), make(fields={"text": "hidden from managers"})
    with pytest.raises(AccessDenied, match="see whole"):
        org.manager.send(MoveToProject(full.id, 1, there, **MAP))
    assert org.manager.send(MoveToProject(bare.id, 1, there, **MAP)).project_id == there


def test_no_way_round_the_steps_leads_through_another_project(
    org: Org, here: ProjectId, versions: tuple[Any, Any], make: Make
) -> None:
    """Items begin there where new ones do; elsewhere only for who may import, behind four eyes only for who runs it."""
    item, twin = make(), started(org, versions[0])
    with pytest.raises(AccessDenied, match="agreement of somebody else"):
        org.engineer.send(MoveToProject(item.id, 1, twin, states={"need": {"open": "sealed"}}))
    assert org.engineer.principal is not None
    fewer = replace(org.engineer.principal, privileges=org.engineer.principal.privileges - {"artifact:import"})
    someone = org.engineer.as_principal(fewer)
    with pytest.raises(AccessDenied, match="begin as 'busy'"):
        someone.send(MoveToProject(item.id, 1, twin, states={"need": {"open": "busy"}}))
    busy = org.owner.send(TransitionArtifact(item.id, "begin", 1))
    with pytest.raises(AccessDenied, match="artifact:import"):  # also where the other process knows the state
        someone.send(MoveToProject(item.id, busy.version, twin))
    moved = someone.send(MoveToProject(item.id, busy.version, twin, states={"need": {"busy": "open"}}))
    assert (moved.project_id, moved.state) == (twin, "open")
    assert org.engineer.send(MoveToProject(make().id, 1, twin, states={"need": {"open": "busy"}})).state == "busy"
    assert org.owner.send(MoveToProject(make().id, 1, twin, states={"need": {"open": "sealed"}})).state == "sealed"


def test_links_across_projects_stay_where_both_know_them(
    org: Org, here: ProjectId, there: ProjectId, make: Make
) -> None:
    """A check that stays behind still verifies what left, and the other way round."""
    item, check = make(), make("check")
    link = org.owner.send(LinkArtifacts(check.id, "verifies", item.id))
    org.owner.send(MoveToProject(item.id, 1, there, **MAP))
    (kept,) = org.owner.query(ListLinks(check.id))
    assert (kept.id, kept.version) == (link.id, link.version)
    assert kept.target is not None
    assert kept.target.project_id == there


def test_relocation_over_rest(api: Api, org: Org, workbench: Bench, there: ProjectId, make: Make) -> None:
    """If-Match as everywhere; a project of others is not there."""
    item = make()
    body = {"project_id": str(there), **MAP}
    route = f"/artifacts/{item.id}/move-to-project"
    assert api.post(route, body).status == 428
    foreign = {**body, "project_id": str(workbench.globex.project.id)}
    assert api.post(route, foreign, headers={"If-Match": '"1"'}).status == 404
    moved = api.post(route, body, headers={"If-Match": '"1"'})
    assert (moved.status, moved.json["project_id"]) == (200, str(there))
    with pytest.raises(NotFound):
        workbench.globex.owner.send(UpdateArtifact(item.id, 2, title="x"))
