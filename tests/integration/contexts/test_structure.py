"""Where items stand: parents and children by the rules of their types, depth, circles, order, trees and tags."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from alm_workbench.contexts.artifact import ranks, trees
from alm_workbench.contexts.artifact.messages import ArtifactDTO, CreateArtifact, GetArtifact, UpdateArtifact
from alm_workbench.contexts.artifact.structure_messages import ListChildren, ListTags, MoveArtifact, ProjectTree, TagDTO
from alm_workbench.contexts.audit.messages import EntityHistory
from alm_workbench.contexts.manifest.messages import SaveManifest
from alm_workbench.contexts.project.messages import ActivateManifest, CreateProject
from alm_workbench.errors import AccessDenied, AlmError, InvalidInput, StaleVersion
from alm_workbench.shared.ids import ArtifactId, ProjectId, new_id
from tests.factories.workbench import Api, Bench, Org

NUMBERS = count(1)

TEXT = """
@schema 2
@namespace "test"
@name "trees"
@version "1.0.0"
def Role owner { privileges: ["*"] }
def Role viewer { privileges: ["artifact:read"] }
def Role engineer { privileges: ["artifact:read", "artifact:create", "artifact:update"] }
def Workflow flow {
  initial: "open"
  states: [{id: "open", category: "todo"}, {id: "done", category: "done"}]
  transitions: [{id: "finish", from: "open", to: "done"}]
}
def ArtifactType epic "Epic" { workflow: "flow" key_prefix: "EPIC" children: ["story", "chapter"] }
def ArtifactType story "Story" { workflow: "flow" key_prefix: "ST" parents: ["epic", "chapter"] root: false
  def FieldDef secret { type: "bool" }
}
def ArtifactType chapter "Chapter" { workflow: "flow" key_prefix: "CH" max_depth: 3 }
def ArtifactType box "Box" { workflow: "flow" key_prefix: "BOX"
  def FieldDef where { type: "string" computed: "concat(self.parent_id, '')" }
}
def ACL owners { action: "*" resource: "*" roles: ["owner"] effect: "allow" }
def ACL engineers { action: ["read", "create", "update"] resource: "*" roles: ["engineer"] effect: "allow" }
def ACL secrets { action: "read" resource: "story" roles: ["engineer"]
  condition: "not hasRole('owner') and not isEmpty(self.fields.secret) and self.fields.secret == true"
  effect: "deny" priority: 100 }
def ACL viewers { action: "read" resource: ["epic", "box"] roles: ["viewer"] effect: "allow" mask: ["tags"] }
def Policy fixed { events: ["update"] when: "changed('parent_id') and startsWith(self.title, 'Fixed')"
  message: {en: "It stays where it is"} }
"""


@pytest.fixture(scope="module")
def org(workbench: Bench) -> Org:
    return workbench.acme


@pytest.fixture(scope="module")
def version(org: Org) -> Any:
    return org.owner.send(SaveManifest(TEXT, "dsl")).version_id


@pytest.fixture
def project(org: Org, version: Any) -> ProjectId:
    made = org.owner.send(CreateProject(f"TRE{next(NUMBERS)}", "Trees"))
    org.owner.send(ActivateManifest(made.id, version))
    return made.id


Make = Callable[..., ArtifactDTO]


@pytest.fixture
def make(org: Org, project: ProjectId) -> Make:
    def create(kind: str, parent: ArtifactDTO | None = None, title: str = "An item", **more: Any) -> ArtifactDTO:
        return org.owner.send(CreateArtifact(project, kind, title, parent_id=parent.id if parent else None, **more))

    return create


def now(org: Org, item: ArtifactDTO) -> ArtifactDTO:
    return org.owner.query(GetArtifact(item.id))


def move(org: Org, item: ArtifactDTO, **where: Any) -> ArtifactDTO:
    return org.owner.send(MoveArtifact(item.id, now(org, item).version, **where))


def code(error: pytest.ExceptionInfo[InvalidInput]) -> str:
    return error.value.errors[0].code


def order(org: Org, project: ProjectId) -> list[str]:
    """Keys of the items at the top, in their order."""
    return [item.key for item in org.owner.query(ProjectTree(project, depth=1)).items]


# ---------------------------------------------------------------- rules of types


def test_types_say_what_stands_where(org: Org, make: Make) -> None:
    """`parents`, `children` and `root` hold in a creation, in an update and in a move, each refusal named."""
    epic, chapter, box = make("epic"), make("chapter"), make("box")
    story = make("story", epic)
    for kind, parent, wrong in (
        ("story", None, "root"),
        ("story", box, "parent-type"),
        ("box", epic, "child-type"),
        ("epic", epic, "child-type"),
    ):
        with pytest.raises(InvalidInput) as caught:
            make(kind, parent)
        assert code(caught) == wrong
    for where, wrong in ((None, "root"), (box.id, "parent-type"), (ArtifactId(new_id()), "unknown")):
        with pytest.raises(InvalidInput) as caught:
            move(org, story, parent_id=where)
        assert code(caught) == wrong
        with pytest.raises(InvalidInput) as caught:
            org.owner.send(UpdateArtifact(story.id, story.version, parent_id=where))
        assert code(caught) == wrong
    assert move(org, story, parent_id=chapter.id).parent_id == chapter.id


def test_an_update_clears_a_parent_by_null_and_leaves_it_when_absent(org: Org, make: Make) -> None:
    """What is not named stays; null puts the item at the top and takes the assignee away."""
    parent = make("box")
    child = make("box", parent, assignee_id=None)
    child = org.owner.send(UpdateArtifact(child.id, child.version, assignee_id=parent.created_by))
    child = org.owner.send(UpdateArtifact(child.id, child.version, title="Another title"))
    assert (child.parent_id, child.assignee_id) == (parent.id, parent.created_by)
    child = org.owner.send(UpdateArtifact(child.id, child.version, parent_id=None, assignee_id=None))
    assert (child.parent_id, child.assignee_id, child.title) == (None, None, "Another title")


def test_a_type_nests_as_deep_as_it_says(org: Org, make: Make) -> None:
    """`max_depth` counts the items of the type on the way down, also of a whole tree that moves."""
    a = make("chapter")
    b = make("chapter", a)
    make("chapter", b)
    with pytest.raises(InvalidInput) as caught:
        make("chapter", org.owner.query(ListChildren(b.id)).items[0])
    assert code(caught) == "too-deep"
    top = make("chapter")
    with pytest.raises(InvalidInput) as caught:
        move(org, a, parent_id=top.id)  # it has two levels below it
    assert code(caught) == "too-deep"
    assert move(org, b, parent_id=top.id).parent_id == top.id
    epic = make("epic")  # another type between does not count
    assert move(org, top, parent_id=epic.id).parent_id == epic.id


def test_nobody_stands_below_himself(org: Org, make: Make) -> None:
    """Neither directly nor some levels down."""
    a = make("box")
    b = make("box", a)
    c = make("box", b)
    for where in (a, b, c):
        with pytest.raises(InvalidInput) as caught:
            move(org, a, parent_id=where.id)
        assert code(caught) == "circle"
        with pytest.raises(InvalidInput):
            org.owner.send(UpdateArtifact(a.id, a.version, parent_id=where.id))


def test_moves_at_once_make_no_circle_and_no_tree_too_deep(org: Org, make: Make) -> None:
    """Each of some moves is possible alone; whatever comes first, what stands there in the end is a tree by the rules."""

    def race(*moves: tuple[ArtifactDTO, ArtifactDTO]) -> list[Any]:
        ready, found = threading.Barrier(len(moves)), list[Any]()

        def run(item: ArtifactDTO, parent: ArtifactDTO) -> None:
            ready.wait()
            try:
                found.append(org.owner.send(MoveArtifact(item.id, item.version, parent_id=parent.id)))
            except AlmError as error:
                found.append(error)

        threads = [threading.Thread(target=run, args=pair) for pair in moves]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return found

    for kind in ("box", "chapter"):
        a, b, c, d = (make(kind) for _ in range(4))
        found = race((a, b), (b, c), (c, a), (d, a))
        refused = [one for one in found if isinstance(one, Exception)]
        assert refused
        assert all(isinstance(one, InvalidInput) for one in refused)
        levels = []
        for item in (a, b, c, d):
            path = [item.id]
            while parent := org.owner.query(GetArtifact(path[-1])).parent_id:
                assert parent not in path
                path.append(parent)
            levels.append(len(path))
        assert kind == "box" or max(levels) <= 3


# ---------------------------------------------------------------- order


def test_new_items_come_last_and_moves_put_them_anywhere(org: Org, project: ProjectId, make: Make) -> None:
    """Before and after any item, to the end without either; the order is one for the whole project."""
    a, b, c, d = (make("box") for _ in range(4))
    assert order(org, project) == [a.key, b.key, c.key, d.key]
    move(org, d, before=a.id)
    move(org, a, after=c.id)
    assert order(org, project) == [d.key, b.key, c.key, a.key]
    move(org, b)
    assert order(org, project) == [d.key, c.key, a.key, b.key]
    last = make("box")
    assert order(org, project)[-1] == last.key
    child = make("box", a)
    other = make("box", a)
    move(org, other, before=child.id)
    assert [item.key for item in org.owner.query(ListChildren(a.id)).items] == [other.key, child.key]
    moved = move(org, child, parent_id=None, before=d.id)
    assert (order(org, project)[0], moved.parent_id) == (child.key, None)


def test_random_moves_give_the_order_of_a_list(org: Org, project: ProjectId, make: Make) -> None:
    """Against a list that is moved in the same way, with the places that are hard: right beside itself, top, end."""
    items = [make("box") for _ in range(7)]
    keys = [item.key for item in items]
    by_key = {item.key: item for item in items}
    dice = random.Random(5)
    for _ in range(25):
        moved, other = dice.sample(keys, 2)
        where = dice.choice(["before", "after"])
        move(org, by_key[moved], **{where: by_key[other].id})
        keys.remove(moved)
        keys.insert(keys.index(other) + (where == "after"), moved)
        assert order(org, project) == keys


def test_where_there_is_no_room_neighbours_make_it(
    org: Org, project: ProjectId, make: Make, monkeypatch: pytest.MonkeyPatch, workbench: Bench
) -> None:
    """Ranks that grew too long, or that two items share, are spread again; the order stays."""
    monkeypatch.setattr(ranks, "LONGEST", 16)
    a, b = make("box"), make("box")
    keys = [a.key, b.key]
    for number in range(12):
        item = make("box")
        other = keys[1 + number % 2]
        move(org, item, before=next(i for i in org.owner.query(ProjectTree(project)).items if i.key == other).id)
        keys.insert(1 + number % 2, item.key)
        assert order(org, project) == keys
    tree = org.owner.query(ProjectTree(project, depth=1)).items
    assert max(len(item.rank or "") for item in tree) <= 17
    monkeypatch.setattr(ranks, "last", lambda n=1: ["0006"] * n)  # as if two servers gave out one microsecond
    twins = [make("box"), make("box")]
    monkeypatch.undo()
    between = make("box")
    first, second = sorted(twins, key=lambda item: item.id)
    move(org, between, after=first.id)
    found = order(org, project)
    place = found.index(first.key)
    assert found[place : place + 3] == [first.key, between.key, second.key]


def test_a_place_is_an_item_of_the_project(org: Org, version: Any, make: Make) -> None:
    """Not itself, not one elsewhere, not both sides at once, not one that is hidden."""
    other = org.owner.send(CreateProject(f"TRE{next(NUMBERS)}", "Other"))
    org.owner.send(ActivateManifest(other.id, version))
    elsewhere = org.owner.send(CreateArtifact(other.id, "box", "Elsewhere"))
    item, beside = make("box"), make("box")
    for where in (
        {"before": item.id},
        {"after": elsewhere.id},
        {"before": ArtifactId(new_id())},
        {"before": beside.id, "after": beside.id},
        {"parent_id": elsewhere.id},
    ):
        with pytest.raises(InvalidInput):
            move(org, item, **where)
    secret = make("story", make("epic"), fields={"secret": True})
    with pytest.raises(InvalidInput):
        org.engineer.send(MoveArtifact(item.id, item.version, after=secret.id))
    with pytest.raises(StaleVersion):
        org.owner.send(MoveArtifact(item.id, item.version + 1))


def test_a_move_is_an_update_to_rules_and_history(org: Org, make: Make) -> None:
    """A policy about the parent refuses it, fields that look at the parent follow, and the audit trail has it."""
    epic, other = make("epic"), make("epic")
    fixed = make("story", epic, title="Fixed story")
    with pytest.raises(AccessDenied, match="stays where it is"):
        move(org, fixed, parent_id=other.id)
    assert move(org, fixed, before=other.id).version == fixed.version + 1
    with pytest.raises(AccessDenied):
        org.viewer.send(MoveArtifact(epic.id, epic.version))
    box, outer = make("box"), make("box")
    assert move(org, box, parent_id=outer.id).fields["where"] == str(outer.id)
    cleared = org.owner.send(UpdateArtifact(box.id, now(org, box).version, parent_id=None))
    assert cleared.fields.get("where", "") == ""
    assert len(org.owner.query(EntityHistory("Artifact", box.id)).items) == 3


# ---------------------------------------------------------------- trees


def test_one_answer_never_holds_a_whole_large_project(
    org: Org, project: ProjectId, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page bounds the first level only, so what lies below is bounded by itself; one level always works."""
    monkeypatch.setattr(trees, "MOST", 3)
    epic = make("epic")
    for _ in range(3):
        make("story", epic)
    with pytest.raises(InvalidInput, match="fewer levels"):
        org.owner.query(ProjectTree(project))
    assert len(org.owner.query(ProjectTree(project, depth=1)).items) == 1


def test_a_tree_comes_with_what_the_caller_may_see(org: Org, project: ProjectId, make: Make) -> None:
    """Each item after its parent, in order; what is hidden is left out with all below it; pages are full."""
    epic = make("epic")
    story = make("story", epic)
    chapter = make("chapter", epic)
    below = make("story", chapter)
    hidden = make("story", epic, fields={"secret": True})
    box = make("box")
    full = [epic.key, story.key, chapter.key, below.key, hidden.key, box.key]
    assert [item.key for item in org.owner.query(ProjectTree(project)).items] == full
    seen = [item.key for item in org.engineer.query(ProjectTree(project)).items]
    assert seen == [key for key in full if key != hidden.key]
    assert [i.key for i in org.viewer.query(ProjectTree(project)).items] == [epic.key, box.key]
    assert [i.key for i in org.engineer.query(ListChildren(epic.id)).items] == [story.key, chapter.key]
    assert [i.key for i in org.owner.query(ProjectTree(project, parent_id=epic.id, depth=1)).items] == [
        story.key,
        chapter.key,
        hidden.key,
    ]
    first = org.owner.query(ProjectTree(project, limit=1))
    assert [item.key for item in first.items] == full[:-1]
    rest = org.owner.query(ProjectTree(project, limit=1, cursor=first.next_cursor))
    assert ([item.key for item in rest.items], rest.next_cursor) == ([box.key], None)
    for depth in (0, 21):
        with pytest.raises(InvalidInput):
            org.owner.query(ProjectTree(project, depth=depth))


# ---------------------------------------------------------------- tags


def test_tags_are_kept_counted_and_audited(org: Org, project: ProjectId, make: Make) -> None:
    """In one spelling, in order, once each; null clears them; whoever may not see them counts none."""
    item = make("epic", tags=("  safety ", "ÖNEMLİ", "Safety", "brake  test"))
    assert item.tags == ("brake test", "safety", "ÖNEMLİ")
    make("box", tags=("safety",))
    story = make("story", item, tags=("safety",), fields={"secret": True})
    kept = org.owner.send(UpdateArtifact(item.id, item.version, title="Another title"))
    assert kept.tags == item.tags
    assert org.owner.query(ListTags(project))[0] == TagDTO("safety", 3)
    assert org.engineer.query(ListTags(project))[0] == TagDTO("safety", 2)
    assert org.viewer.query(ListTags(project)) == ()
    assert org.viewer.query(GetArtifact(item.id)).tags == ()
    assert org.owner.send(UpdateArtifact(item.id, kept.version, tags=None)).tags == ()
    assert org.owner.query(ListTags(project)) == (TagDTO("safety", 2),)
    org.owner.send(UpdateArtifact(story.id, story.version, tags=("new", "newer")))
    assert [tag.tag for tag in org.owner.query(ListTags(project))] == ["new", "newer", "safety"]


@pytest.mark.parametrize("tags", [("",), ("a,b",), ("a;b",), ("x" * 51,), ("a\u202eb",), tuple(map(str, range(51)))])
def test_what_is_no_tag_is_refused_with_its_place(make: Make, tags: tuple[str, ...]) -> None:
    """Nothing that files could not list, nothing invisible, not hundreds."""
    with pytest.raises(InvalidInput) as caught:
        make("box", tags=tags)
    assert caught.value.errors[0].path.startswith("/tags")


# ---------------------------------------------------------------- over REST


def test_structure_over_rest(api: Api, org: Org, project: ProjectId, make: Make) -> None:
    """If-Match names the version; null and absent differ on the wire; lists are pages."""
    parent, child = make("box"), make("box", tags=("one",))
    route = f"/artifacts/{child.id}"
    assert api.post(f"{route}/move", {"parent_id": str(parent.id)}).status == 428
    moved = api.post(f"{route}/move", {"parent_id": str(parent.id)}, headers={"If-Match": '"1"'})
    assert (moved.status, moved.json["parent_id"], moved.json["tags"]) == (200, str(parent.id), ["one"])
    assert api.get(f"/artifacts/{parent.id}/children").json["items"][0]["rank"] == moved.json["rank"]
    same = api.call("PATCH", route, {"title": "New"}, headers={"If-Match": '"2"'})
    assert (same.json["parent_id"], same.json["tags"]) == (str(parent.id), ["one"])
    gone = api.call("PATCH", route, {"parent_id": None, "tags": None}, headers={"If-Match": '"3"'})
    assert (gone.status, gone.json["parent_id"], gone.json["tags"]) == (200, None, [])
    assert api.get(f"/projects/{project}/tags").json == []
    tree = api.get(f"/projects/{project}/tree?depth=2&limit=1").json
    assert (len(tree["items"]), bool(tree["next_cursor"])) == (1, True)
    assert api.get(f"/projects/{project}/tree", org="globex").status == 404
    assert api.post(f"{route}/move", {}, headers={"If-Match": '"4"'}, org="globex").status == 404
