"""Every kind of field holds what its declaration says, whatever the way a value comes in: creation, update, step, import."""

from __future__ import annotations

import base64
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from alm_workbench.contexts.artifact.messages import (
    ArtifactDTO,
    CreateArtifact,
    DeleteArtifact,
    GetArtifact,
    GetArtifactByKey,
    ImportArtifacts,
    RestoreArtifact,
    UpdateArtifact,
)
from alm_workbench.contexts.manifest.messages import SaveManifest
from alm_workbench.contexts.planning.team_messages import CreateTeam
from alm_workbench.contexts.project.messages import ActivateManifest, CreateProject
from alm_workbench.contexts.workflow.messages import TransitionArtifact
from alm_workbench.errors import ImportRejected, InvalidInput
from alm_workbench.shared.ids import ProjectId, new_id
from tests.factories.workbench import Bench, Org

NUMBERS = count(1)

TEXT = """
@schema 2
@namespace "test"
@name "values"
@version "1.0.0"
def Role owner { privileges: ["*"] }
def Role engineer { privileges: ["artifact:read", "artifact:create", "artifact:update"] }
def EnumDef colour { values: [{id: "red"}, {id: "blue", labels: {tr: "Mavi"}}] }
def Workflow flow {
  initial: "open"
  states: [{id: "open", category: "todo"}, {id: "done", category: "done"}]
  transitions: [{id: "finish", from: "open", to: "done"}, {id: "again", from: "done", to: "open"}]
}
def ArtifactType sprint "Sprint" { workflow: "flow" key_prefix: "SPR"
  def FieldDef secret { type: "bool" }
}
def ArtifactType item "Item" { workflow: "flow" key_prefix: "IT"
  def FieldDef sprint { type: "reference" target: ["sprint"] }
  def FieldDef any { type: "reference" }
  def FieldDef owner { type: "user" }
  def FieldDef squad { type: "team" }
  def FieldDef size { type: "int" min: 1 max: 10 }
  def FieldDef code { type: "string" pattern: "[A-Z]{2}-[0-9]+" max_length: 6 }
  def FieldDef colour { type: "choice" choices: "colour" }
  def FieldDef colours { type: "multichoice" choices: "colour" max: 1 }
  def FieldDef due { type: "date" min: "2026-01-01" }
  def FieldDef link { type: "url" }
  def FieldDef steps { type: "table" columns: [
    {id: "what", type: "string", required: true}, {id: "who", type: "user"}, {id: "points", type: "int", max: 5}] }
  def FieldDef why { type: "text" required_when: "self.fields.size > 5" }
  def FieldDef hint { type: "text" required: true visible_when: "self.fields.colour == 'red'" }
  def FieldDef fixed { type: "int" readonly_when: "self.state == 'done'" }
  def FieldDef double { type: "int" computed: "self.fields.size * 2" }
  def FieldDef shout { type: "string" computed: "upper(self.title)" }
  def FieldDef where { type: "string" computed: "concat(self.state, '!')" }
}
def ACL owners { action: "*" resource: "*" roles: ["owner"] effect: "allow" }
def ACL engineers { action: ["read", "create", "update", "transition", "import"] resource: "*" roles: ["engineer"] effect: "allow" }
def ACL secrets { action: "read" resource: "sprint" roles: ["engineer"] effect: "deny" priority: 100
  condition: "not hasRole('owner') and not isEmpty(self.fields.secret) and self.fields.secret == true" }
"""


@pytest.fixture(scope="module")
def org(workbench: Bench) -> Org:
    return workbench.acme


@pytest.fixture(scope="module")
def version(org: Org) -> Any:
    return org.owner.send(SaveManifest(TEXT, "dsl")).version_id


@pytest.fixture(scope="module")
def project(org: Org, version: Any) -> ProjectId:
    made = org.owner.send(CreateProject(f"VAL{next(NUMBERS)}", "Values"))
    org.owner.send(ActivateManifest(made.id, version))
    return made.id


@pytest.fixture(scope="module")
def sprint(org: Org, project: ProjectId) -> ArtifactDTO:
    return org.owner.send(CreateArtifact(project, "sprint", "Sprint 1"))


Way = Callable[[dict[str, Any]], ArtifactDTO]


@pytest.fixture(params=["create", "update", "step"])
def give(request: pytest.FixtureRequest, org: Org, project: ProjectId) -> Way:
    """Sets fields of a new item in one of the ways of JSON."""

    def create(fields: dict[str, Any]) -> ArtifactDTO:
        return org.owner.send(CreateArtifact(project, "item", "An item", fields))

    def update(fields: dict[str, Any]) -> ArtifactDTO:
        made = create({})
        return org.owner.send(UpdateArtifact(made.id, made.version, fields=fields))

    def step(fields: dict[str, Any]) -> ArtifactDTO:
        made = create({})
        return org.owner.send(TransitionArtifact(made.id, "finish", made.version, fields=fields))

    ways: dict[str, Way] = {"create": create, "update": update, "step": step}
    return ways[request.param]


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"sprint": str(new_id())}, "/fields/sprint", "E_FIELD_REFERENCE"),
    ({"sprint": "SPR-99"}, "/fields/sprint", "E_FIELD_REFERENCE"),
    ({"any": ["SPR-1", "nothing"]}, "/fields/any[1]", "E_FIELD_REFERENCE"),
    ({"owner": str(new_id())}, "/fields/owner", "E_FIELD_REFERENCE"),
    ({"owner": "somebody"}, "/fields/owner", "E_FIELD_REFERENCE"),
    ({"squad": str(new_id())}, "/fields/squad", "E_FIELD_REFERENCE"),
    ({"size": 11}, "/fields/size", "E_FIELD_RANGE"),
    ({"size": 0}, "/fields/size", "E_FIELD_RANGE"),
    ({"size": "many"}, "/fields/size", "E_FIELD_TYPE"),
    ({"code": "ab-1"}, "/fields/code", "E_FIELD_PATTERN"),
    ({"code": "AB-12345"}, "/fields/code", "E_FIELD_RANGE"),
    ({"colour": "green"}, "/fields/colour", "E_FIELD_CHOICE"),
    ({"colours": ["red", "blue"]}, "/fields/colours", "E_FIELD_RANGE"),
    ({"due": "2025-12-31"}, "/fields/due", "E_FIELD_RANGE"),
    ({"link": "not a link"}, "/fields/link", "E_FIELD_TYPE"),
    ({"steps": [{"what": "a"}, {"points": 1}]}, "/fields/steps[1].what", "E_FIELD_REQUIRED"),
    ({"steps": [{"what": "a", "points": 6}]}, "/fields/steps[0].points", "E_FIELD_RANGE"),
    ({"steps": [{"what": "a", "who": str(new_id())}]}, "/fields/steps[0].who", "E_FIELD_REFERENCE"),
    ({"double": 3}, "/fields/double", "E_FIELD_COMPUTED"),
    ({"nothing": 1}, "/fields/nothing", "E_FIELD_UNKNOWN"),
]


@pytest.mark.parametrize(("fields", "place", "code"), WRONG, ids=[f"{w[1]}-{w[2]}" for w in WRONG])
def test_a_wrong_value_is_refused_at_its_place(
    give: Way, sprint: ArtifactDTO, fields: dict[str, Any], place: str, code: str
) -> None:
    """The same refusal whichever command brings the value."""
    with pytest.raises(InvalidInput) as caught:
        give(fields)
    assert [(e.path, e.code) for e in caught.value.errors] == [(place, code)]


def test_what_is_named_is_kept_by_its_id(give: Way, org: Org, sprint: ArtifactDTO) -> None:
    """A key becomes the id, in lists and tables too; members and teams are known by theirs."""
    team = org.owner.send(CreateTeam(f"Team {next(NUMBERS)}"))
    me = str(sprint.created_by)
    made = give(
        {
            "sprint": sprint.key,
            "any": [sprint.key, str(sprint.id)],
            "owner": me.upper(),
            "squad": str(team.id),
            "steps": [{"what": "a", "who": me}],
            "colour": "Mavi",
        }
    )
    kept = dict(made.fields)
    assert (kept["sprint"], kept["any"]) == (str(sprint.id), [str(sprint.id)])
    assert (kept["owner"], kept["squad"], kept["colour"]) == (me, str(team.id), "blue")
    assert kept["steps"] == [{"what": "a", "who": me}]


def test_a_reference_has_the_right_target(give: Way, org: Org, project: ProjectId) -> None:
    """An item of another type is named as such."""
    other = org.owner.send(CreateArtifact(project, "item", "No sprint"))
    with pytest.raises(InvalidInput) as caught:
        give({"sprint": other.key})
    assert [(e.path, e.code) for e in caught.value.errors] == [("/fields/sprint", "E_FIELD_TARGET")]
    assert give({"any": other.key}).fields["any"] == str(other.id)


def test_nobody_names_what_he_may_not_see(org: Org, workbench: Bench, project: ProjectId) -> None:
    """Hidden items, items in the bin and those of other organisations are as unknown as none; so are their people."""
    secret = org.owner.send(CreateArtifact(project, "sprint", "Secret", {"secret": True}))
    gone = org.owner.send(CreateArtifact(project, "sprint", "Gone"))
    org.owner.send(DeleteArtifact(gone.id, gone.version))
    globex = workbench.globex
    foreign = globex.owner.send(CreateArtifact(globex.project.id, "requirement", "Foreign", {"text": "x", "asil": "B"}))
    for value in (secret.key, str(secret.id), gone.key, str(gone.id), str(foreign.id)):
        with pytest.raises(InvalidInput) as caught:
            org.engineer.send(CreateArtifact(project, "item", "Curious", {"any": value}))
        assert caught.value.errors[0].code == "E_FIELD_REFERENCE"
    with pytest.raises(InvalidInput):
        org.owner.send(CreateArtifact(project, "item", "Curious", {"owner": str(foreign.created_by)}))


def test_a_value_that_stands_there_is_not_asked_again(org: Org, project: ProjectId) -> None:
    """What was named and went away later keeps nobody from changing something else."""
    gone = org.owner.send(CreateArtifact(project, "sprint", "Going"))
    made = org.owner.send(CreateArtifact(project, "item", "An item", {"sprint": gone.key}))
    org.owner.send(DeleteArtifact(gone.id, gone.version))
    changed = org.owner.send(UpdateArtifact(made.id, made.version, fields={"size": 2, "sprint": str(gone.id)}))
    assert changed.fields["sprint"] == str(gone.id)
    binned = org.owner.send(DeleteArtifact(changed.id, changed.version))
    assert binned.deleted_at is not None
    assert org.owner.send(RestoreArtifact(made.id)).fields == changed.fields


def test_conditions_hold_on_every_path(give: Way, org: Org) -> None:
    """Required under a condition, required only where visible, read-only in a state."""
    with pytest.raises(InvalidInput) as caught:
        give({"size": 7, "why": ""})
    assert [(e.path, e.code) for e in caught.value.errors] == [("/fields/why", "E_FIELD_REQUIRED")]
    assert give({"size": 7, "why": "big"}).fields["size"] == 7
    with pytest.raises(InvalidInput) as caught:
        give({"colour": "red", "hint": ""})
    assert caught.value.errors[0].path == "/fields/hint"
    done = give({"fixed": 1})
    if done.state == "open":
        done = org.owner.send(TransitionArtifact(done.id, "finish", done.version))
    with pytest.raises(InvalidInput) as caught:
        org.owner.send(UpdateArtifact(done.id, done.version, fields={"fixed": 2}))
    assert caught.value.errors[0].code == "E_FIELD_READONLY"
    with pytest.raises(InvalidInput):
        org.owner.send(TransitionArtifact(done.id, "again", done.version, fields={"fixed": 2}))


def test_fields_that_are_worked_out_follow_what_they_look_at(org: Org, project: ProjectId) -> None:
    """Another field, the title, the state: each change works them out anew, and it is one change."""
    made = org.owner.send(CreateArtifact(project, "item", "An item", {"size": 3}))
    assert (made.fields["double"], made.fields["shout"], made.fields["where"]) == (6, "AN ITEM", "open!")
    made = org.owner.send(UpdateArtifact(made.id, made.version, title="Other words"))
    assert (made.fields["double"], made.fields["shout"], made.version) == (6, "OTHER WORDS", 2)
    made = org.owner.send(UpdateArtifact(made.id, made.version, fields={"size": None}))
    assert "double" not in made.fields
    done = org.owner.send(TransitionArtifact(made.id, "finish", made.version))
    assert done.fields["where"] == "done!"
    assert org.owner.query(GetArtifact(made.id)).fields["where"] == "done!"


def test_an_import_is_held_to_the_same(org: Org, project: ProjectId, sprint: ArtifactDTO) -> None:
    """Rows that name nothing are told by row and column; keys become ids."""

    def run(*rows: str, **more: Any) -> Any:
        content = base64.b64encode("\n".join(["title,sprint,size,owner", *rows]).encode()).decode()
        return org.owner.send(ImportArtifacts(project, f"v{next(NUMBERS)}.csv", content, "item", **more))

    with pytest.raises(ImportRejected) as caught:
        run("Good,,3,", f"Bad,{sprint.key}9,11,", f"Worse,{sprint.key},1,{new_id()}")
    told = [e.path.split(":", 1)[1] for e in caught.value.errors]
    assert {path.split(":")[0] for path in told} == {"3", "4"}
    done = run(f"Good,{sprint.key},3,{sprint.created_by}")
    (key,) = done.keys
    item = org.owner.query(GetArtifactByKey(project, key))
    assert (item.fields["sprint"], item.fields["owner"], item.fields["double"]) == (
        str(sprint.id),
        str(sprint.created_by),
        6,
    )
