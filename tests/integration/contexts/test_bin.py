"""The bin: what goes there together comes back together, and nothing else does."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Thread
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from alm_workbench.contexts.artifact.bin_messages import ListBin, RestoreCommit
from alm_workbench.contexts.artifact.messages import (
    ArtifactAccess,
    ArtifactDTO,
    CreateArtifact,
    DeleteArtifact,
    GetArtifact,
    LinkArtifacts,
    ListLinks,
    RestoreArtifact,
    UpdateArtifact,
)
from alm_workbench.contexts.artifact.relocation_messages import MoveToProject
from alm_workbench.contexts.discussion.messages import AddComment, DeleteComment, ListComments
from alm_workbench.contexts.manifest.messages import SaveManifest
from alm_workbench.contexts.project.bin_messages import DeleteProject, ListDeletedProjects, RestoreProject
from alm_workbench.contexts.project.messages import (
    CreateProject,
    GetProject,
    GrantProjectRole,
    ListProjectMembers,
    ListProjects,
    ProjectDTO,
)
from alm_workbench.contexts.savedquery.messages import CreateSavedQuery, ListSavedQueries
from alm_workbench.contexts.tenant.people_messages import ListMembers
from alm_workbench.errors import AccessDenied, AlmError, Conflict, NotFound, StaleVersion
from alm_workbench.storage.cascades import CASCADES, STAY
from alm_workbench.storage.engine import begin
from tests.factories.workbench import Bench, Org

PROCESS = """
@schema 2
@namespace "test.bin"
@name "bin"
@version "1.0.0"

def Workflow flow "Flow" {
  initial: "open"
  states: [{id: "open", category: "todo"}, {id: "done", category: "done"}]
  transitions: [{id: "finish", from: "open", to: "done"}]
}
def ArtifactType part "Part" { workflow: "flow" key_prefix: "PT" parents: ["part"] root: true max_depth: 9
  def FieldDef secret { type: "string" } def FieldDef keep { type: "bool" default: false } }
def ArtifactType job "Job" { workflow: "flow" key_prefix: "JB" parents: ["part", "job"] root: true aggregate: "Task" }
def LinkType uses "Uses" { from: ["part", "job"] to: ["part", "job"] inverse: "used_by" }
def Role owner "Owner" { privileges: ["*"] }
def Role engineer "Engineer" { privileges: ["artifact:*"] }
def Role viewer "Viewer" { privileges: ["artifact:read"] }
def ACL all "All" { action: "*" resource: "*" roles: ["owner"] priority: 20 }
def ACL some "Some" {
  action: ["read", "create", "delete"] resource: "*" roles: ["engineer"] mask: ["secret"] priority: 5
}
def ACL hides "Hides" {
  action: "*" resource: "*" roles: ["engineer"] condition: "self.title == 'Not yours'" effect: "deny" priority: 9
}
def ACL reads "Reads" { action: "read" resource: "*" roles: ["viewer"] }
def Policy kept "Kept" { events: ["delete"] applies_to: ["part"] when: "self.fields.keep == true" message: {en: "This one is kept"} }
"""


@dataclass
class Place:
    """A project with some items, two of them linked, a comment and a file on each."""

    org: Org
    bench: Bench
    project: ProjectDTO
    items: dict[str, UUID] = field(default_factory=dict)

    def version(self, name: str) -> int:
        """The present version of an item, in the bin or not."""
        return int(self.rows("SELECT version FROM alm.artifacts WHERE id = :id", id=self.items[name])[0][0])

    def rows(self, statement: str, **values: Any) -> list[Any]:
        """Rows as the app's role reads them, the bin too."""
        with begin(self.bench.runtime.engine, tenant_id=self.org.tenant_id, include_deleted=True) as conn:
            return list(conn.execute(text(statement), values))

    def snapshot(self) -> dict[str, Any]:
        """What lives in the project, and what lies where."""
        found: dict[str, Any] = {}
        for table, columns in TABLES.items():
            where = {"projects": "id = :p", "comments": OF_ITEMS, "attachments": OF_ITEMS}.get(table, "project_id = :p")
            rows = self.rows(
                f"SELECT id, deleted_at IS NULL, {columns} FROM alm.{table} WHERE {where} ORDER BY id",
                p=self.project.id,
            )
            found[table] = [tuple(row) for row in rows]
        return found


OF_ITEMS = "artifact_id IN (SELECT id FROM alm.artifacts WHERE project_id = :p)"
TABLES = {
    "projects": "key, name",
    "artifacts": "key, title, parent_id, state",
    "artifact_links": "link_type, source_id, target_id",
    "comments": "artifact_id, text",
    "attachments": "artifact_id, name",
    "saved_queries": "name",
}
TREE = {"a": None, "b": "a", "c": "b", "d": "a", "e": None}
JOBS = {"x": "b", "y": "x", "z": "e"}
LINKS = (("a", "e"), ("c", "d"), ("x", "c"), ("e", "b"), ("z", "y"))


def new_place(bench: Bench, key: str) -> Place:
    """A project under the process of this file."""
    org = bench.acme
    version = org.owner.send(SaveManifest(PROCESS)).version_id
    return Place(org, bench, org.owner.send(CreateProject(key, key, manifest_version_id=version)))


@pytest.fixture(scope="module")
def place(workbench: Bench) -> Place:
    """The project that the laws work on; each of them leaves it as it was."""
    made = new_place(workbench, "LAWS")
    owner = made.org.owner
    for kind, tree in (("part", TREE), ("job", JOBS)):
        for name, above in tree.items():
            parent = made.items.get(above) if above else None
            item = owner.send(CreateArtifact(made.project.id, kind, f"Item {name}", parent_id=parent))  # type: ignore[arg-type]
            made.items[name] = item.id
            owner.send(AddComment(item.id, f"About {name}"))
            attach(made, item.id)
    for source, target in LINKS:
        owner.send(LinkArtifacts(made.items[source], "uses", made.items[target]))  # type: ignore[arg-type]
    owner.send(CreateSavedQuery(made.project.id, "Everything"))
    return made


def attach(place: Place, item: UUID) -> None:
    """A file on an item; only its row counts here."""
    values = {"t": place.org.tenant_id, "id": uuid4(), "a": item, "digest": "0" * 64}
    with begin(place.bench.runtime.engine, tenant_id=place.org.tenant_id) as conn:
        conn.execute(ATTACH, values)


ATTACH = text(
    "INSERT INTO alm.attachments (tenant_id, id, artifact_id, name, content_type, size, sha256)"
    " VALUES (:t, :id, :a, 'notes.txt', 'text/plain', 1, :digest)"
)


def delete(place: Place, name: str, cascade: bool) -> UUID | None:
    """Delete an item; the commit that did, None where it was refused."""
    item = place.items[name]
    try:
        place.org.owner.send(DeleteArtifact(item, place.version(name), cascade))  # type: ignore[arg-type]
    except (Conflict, NotFound):
        return None
    return commit_of(place, item)


def commit_of(place: Place, item: UUID) -> UUID:
    """The commit that put an item into the bin."""
    page = place.org.owner.query(ListBin(place.project.id, limit=200))
    found = next(entry.commit_id for entry in page.items if entry.id == item)
    assert found is not None
    return found


NAMES = st.sampled_from(sorted({**TREE, **JOBS}))


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    deletions=st.lists(st.tuples(NAMES, st.booleans()), min_size=1, max_size=6), order=st.randoms(use_true_random=False)
)
def test_whatever_is_deleted_comes_back_as_it_was(place: Place, deletions: list[tuple[str, bool]], order: Any) -> None:
    """Delete in any way, restore every commit in any order that is allowed: items, parents, links, comments, files."""
    before = place.snapshot()
    commits = [commit for name, cascade in deletions if (commit := delete(place, name, cascade)) is not None]
    waiting = list(dict.fromkeys(commits))
    order.shuffle(waiting)
    while waiting:
        left = []
        for commit in waiting:
            try:
                restored = place.org.owner.send(RestoreCommit(place.project.id, commit))
            except Conflict:  # it lies under something that is still in the bin
                left.append(commit)
            else:
                assert restored.items
        assert len(left) < len(waiting)
        waiting = left
    assert place.snapshot() == before


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deletions=st.lists(st.tuples(NAMES, st.booleans()), max_size=4))
def test_a_project_comes_back_as_it_went(place: Place, deletions: list[tuple[str, bool]]) -> None:
    """What was in the bin before stays there, everything else returns; single restores bring back the rest."""
    before = place.snapshot()
    commits = [commit for name, cascade in deletions if (commit := delete(place, name, cascade)) is not None]
    between = place.snapshot()
    owner = place.org.owner
    owner.send(DeleteProject(place.project.id, owner.query(GetProject(place.project.id)).version))
    assert not any(row[1] for rows in place.snapshot().values() for row in rows)
    owner.send(RestoreProject(place.project.id))
    assert place.snapshot() == between
    for commit in reversed(commits):
        owner.send(RestoreCommit(place.project.id, commit))
    assert place.snapshot() == before


def test_items_below_are_in_the_way_and_tasks_live_on(workbench: Bench) -> None:
    """Without cascade nothing is lost by surprise; tasks stand at the top while what they lay under is gone."""
    place, owner = new_place(workbench, "BELOW"), workbench.acme.owner
    top = owner.send(CreateArtifact(place.project.id, "part", "Top"))
    below = owner.send(CreateArtifact(place.project.id, "part", "Below", parent_id=top.id))
    task = owner.send(CreateArtifact(place.project.id, "job", "Task", parent_id=below.id))
    with pytest.raises(Conflict, match="lie below") as caught:
        owner.send(DeleteArtifact(top.id, top.version))
    assert [item.message for item in caught.value.errors] == [f"{below.key} Below"]
    gone = owner.send(DeleteArtifact(top.id, top.version, cascade=True))
    assert gone.deleted_at is not None
    assert owner.query(GetArtifact(task.id)).parent_id is None
    with pytest.raises(Conflict, match=f"restore {top.key} first"):
        owner.send(RestoreArtifact(below.id))
    assert owner.send(RestoreArtifact(top.id)).version == gone.version + 1
    assert owner.send(RestoreArtifact(below.id)).parent_id == top.id
    assert owner.query(GetArtifact(task.id)).parent_id == below.id


def test_a_task_that_was_laid_elsewhere_stays_there(workbench: Bench) -> None:
    """Restoring puts nothing back that somebody has moved since."""
    place, owner = new_place(workbench, "ELSE"), workbench.acme.owner
    one, two = (owner.send(CreateArtifact(place.project.id, "part", f"Part {n}")) for n in (1, 2))
    task = owner.send(CreateArtifact(place.project.id, "job", "Task", parent_id=one.id))
    owner.send(DeleteArtifact(one.id, one.version))
    loose = owner.query(GetArtifact(task.id))
    owner.send(UpdateArtifact(task.id, loose.version, parent_id=two.id))
    owner.send(RestoreArtifact(one.id))
    assert owner.query(GetArtifact(task.id)).parent_id == two.id


def test_what_was_deleted_by_itself_stays_deleted(workbench: Bench) -> None:
    """A comment that somebody had taken back does not return with its item."""
    place, owner = new_place(workbench, "OWN"), workbench.acme.owner
    item = owner.send(CreateArtifact(place.project.id, "part", "Part"))
    kept, taken_back = (owner.send(AddComment(item.id, words)) for words in ("Stays", "Goes"))
    owner.send(DeleteComment(item.id, taken_back.id, taken_back.version))
    owner.send(DeleteArtifact(item.id, owner.query(GetArtifact(item.id)).version))
    owner.send(RestoreArtifact(item.id))
    assert [comment.id for comment in owner.query(ListComments(item.id)).items] == [kept.id]


def test_a_link_waits_for_its_other_end(workbench: Bench) -> None:
    """It is not restored to an item that is in the bin, and comes with that one."""
    place, owner = new_place(workbench, "ENDS"), workbench.acme.owner
    one, two = (owner.send(CreateArtifact(place.project.id, "part", f"Part {n}")) for n in (1, 2))
    link = owner.send(LinkArtifacts(one.id, "uses", two.id))
    for item in (one, two):
        owner.send(DeleteArtifact(item.id, item.version))
    owner.send(RestoreArtifact(one.id))
    assert owner.query(ListLinks(one.id)) == ()
    owner.send(RestoreArtifact(two.id))
    assert [found.id for found in owner.query(ListLinks(one.id))] == [link.id]


def test_rules_judge_everything_that_goes(workbench: Bench) -> None:
    """One item below that may not be deleted keeps all of them; policies about ``delete`` hold for the bin."""
    place, org = new_place(workbench, "RULES"), workbench.acme
    top = org.owner.send(CreateArtifact(place.project.id, "part", "Top"))
    org.owner.send(CreateArtifact(place.project.id, "part", "Kept", {"keep": True}, parent_id=top.id))
    with pytest.raises(AccessDenied, match="This one is kept"):
        org.owner.send(DeleteArtifact(top.id, top.version, cascade=True))
    kept = org.owner.send(CreateArtifact(place.project.id, "part", "Kept, too", {"keep": True}))
    refused = {refusal.what: refusal.rule_id for refusal in org.owner.query(ArtifactAccess(kept.id)).refused_actions}
    assert refused["delete"] == "kept"
    hiding = org.owner.send(CreateArtifact(place.project.id, "part", "Hiding"))
    org.owner.send(CreateArtifact(place.project.id, "part", "Not yours", parent_id=hiding.id))
    with pytest.raises(Conflict) as caught:
        org.engineer.send(DeleteArtifact(hiding.id, hiding.version))
    assert "Not yours" not in repr(caught.value.errors)
    with pytest.raises(AccessDenied):
        org.engineer.send(DeleteArtifact(hiding.id, hiding.version, cascade=True))
    assert org.owner.query(GetArtifact(top.id)) == top
    with pytest.raises(StaleVersion):
        org.owner.send(DeleteArtifact(top.id, top.version + 1, cascade=True))


def test_the_bin_shows_what_one_may_read(workbench: Bench) -> None:
    """Newest first, in pages, without hidden items and fields; readers alone do not see it."""
    place, org = new_place(workbench, "LOOK"), workbench.acme
    made: list[ArtifactDTO] = []
    for title in ("One", "Not yours", "Two", "Three"):
        made.append(org.owner.send(CreateArtifact(place.project.id, "part", title, {"secret": "x"})))
        org.owner.send(DeleteArtifact(made[-1].id, made[-1].version))
    first = org.engineer.query(ListBin(place.project.id, limit=2))
    rest = org.engineer.query(ListBin(place.project.id, limit=2, cursor=first.next_cursor))
    assert [item.title for item in (*first.items, *rest.items)] == ["Three", "Two", "One"]
    assert rest.next_cursor is None
    assert first.items[0].masked == ("secret",)
    assert first.items[0].deleter == "Owner"
    with pytest.raises(AccessDenied):
        org.viewer.query(ListBin(place.project.id))
    with pytest.raises(NotFound):
        org.engineer.send(RestoreCommit(place.project.id, uuid4()))


def test_a_deleted_project_is_gone_for_everybody_until_it_returns(workbench: Bench) -> None:
    """Not listed, not readable, its key taken; those who may delete projects see it in their bin."""
    place, org = new_place(workbench, "GONE"), workbench.acme
    item = org.owner.send(CreateArtifact(place.project.id, "part", "Part"))
    org.owner.send(CreateSavedQuery(place.project.id, "Mine"))
    org.owner.send(GrantProjectRole(place.project.id, member(org, "viewer"), "engineer"))
    with pytest.raises(StaleVersion):
        org.manager.send(DeleteProject(place.project.id, 1))
    with pytest.raises(AccessDenied):
        org.engineer.send(DeleteProject(place.project.id, 2))
    version = org.owner.query(GetProject(place.project.id)).version
    assert org.manager.send(DeleteProject(place.project.id, version)).deleted_at is not None
    assert "GONE" not in [p.key for p in org.owner.query(ListProjects()).items]
    for ask in (GetProject(place.project.id), GetArtifact(item.id), ListBin(place.project.id)):
        with pytest.raises(NotFound):
            org.owner.query(ask)
    with pytest.raises(NotFound):
        org.owner.send(RestoreArtifact(item.id))
    with pytest.raises(Conflict, match="perhaps in the bin"):
        org.owner.send(CreateProject("GONE", "Another"))
    entry = next(p for p in org.manager.query(ListDeletedProjects()).items if p.key == "GONE")
    assert dict(entry.rows) == {"artifacts": 1, "projects": 1, "saved_queries": 1}
    with pytest.raises(AccessDenied):
        org.engineer.query(ListDeletedProjects())
    with pytest.raises(NotFound):
        workbench.globex.owner.send(RestoreProject(place.project.id))
    back = org.manager.send(RestoreProject(place.project.id))
    assert (back.items, back.deleted_at) == (1, None)
    assert org.manager.send(RestoreProject(place.project.id)) == back
    assert [q.name for q in org.owner.query(ListSavedQueries(place.project.id))] == ["Mine"]
    assert [m.roles for m in org.owner.query(ListProjectMembers(place.project.id))] == [("engineer",)]
    assert org.viewer.send(CreateArtifact(place.project.id, "part", "By a role of the project")).version == 1


def member(org: Org, role: str) -> UUID:
    """The membership of the person with a role."""
    found = org.owner.query(ListMembers())
    members = getattr(found, "items", found)
    return next(m.membership_id for m in members if m.email == org.email(role))


def test_a_role_in_the_project_reaches_its_bin(workbench: Bench) -> None:
    """Who may delete in one project only restores there, too."""
    place, org = new_place(workbench, "LOCAL"), workbench.acme
    org.owner.send(GrantProjectRole(place.project.id, member(org, "viewer"), "engineer"))
    item = org.viewer.send(CreateArtifact(place.project.id, "part", "Part"))
    org.viewer.send(DeleteArtifact(item.id, item.version))
    assert [entry.id for entry in org.viewer.query(ListBin(place.project.id)).items] == [item.id]
    assert org.viewer.send(RestoreArtifact(item.id)).id == item.id


def test_every_table_with_a_bin_says_what_it_goes_with(workbench: Bench) -> None:
    """A new table with soft deletion stands in the one table of cascades, or says why it stays."""
    with begin(workbench.runtime.engine, tenant_id=workbench.acme.tenant_id) as conn:
        tables = set(
            conn.execute(
                text(
                    "SELECT c.relname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
                    " WHERE a.attname = 'deleted_at' AND NOT a.attisdropped AND c.relkind = 'r'"
                    " AND c.relnamespace = 'alm'::regnamespace"
                )
            ).scalars()
        )
    cascading = {"projects"} | {branch.table for branches in CASCADES.values() for branch in branches}
    assert tables == cascading | set(STAY)
    assert not cascading & set(STAY)


def test_a_row_without_an_entry_is_restored_by_itself(workbench: Bench) -> None:
    """Items that were deleted before commits were noted come back, too."""
    place, owner = new_place(workbench, "ALONE"), workbench.acme.owner
    item = owner.send(CreateArtifact(place.project.id, "part", "Part"))
    owner.send(DeleteArtifact(item.id, item.version))
    place.rows("DELETE FROM alm.bin_entries WHERE row_id = :id RETURNING 1", id=item.id)
    assert owner.query(ListBin(place.project.id)).items[0].commit_id is None
    assert owner.send(RestoreArtifact(item.id)).deleted_at is None
    with pytest.raises(AlmError):
        owner.send(RestoreCommit(place.project.id, uuid4()))


def test_nothing_comes_back_below_an_item_of_another_project(workbench: Bench) -> None:
    """What an item lay under may have moved on; then it stands at the top of its own project."""
    place, other, owner = new_place(workbench, "STAYS"), new_place(workbench, "MOVES"), workbench.acme.owner
    top = owner.send(CreateArtifact(place.project.id, "part", "Top"))
    below = owner.send(CreateArtifact(place.project.id, "part", "Below", parent_id=top.id))
    owner.send(DeleteArtifact(below.id, below.version))
    owner.send(MoveToProject(top.id, owner.query(GetArtifact(top.id)).version, other.project.id))
    back = owner.send(RestoreArtifact(below.id))
    assert (back.parent_id, back.project_id) == (None, place.project.id)


def test_what_is_made_while_a_project_goes_goes_with_it(workbench: Bench) -> None:
    """The deletion waits for whoever is writing there, and nobody writes there afterwards."""
    place, owner = new_place(workbench, "RACE"), workbench.acme.owner
    version = owner.query(GetProject(place.project.id)).version
    made: list[AlmError | ArtifactDTO] = []

    def write() -> None:
        for n in range(20):
            try:
                made.append(owner.send(CreateArtifact(place.project.id, "part", f"Part {n}")))
            except AlmError as error:
                made.append(error)

    writers = [Thread(target=write) for _ in range(3)]
    for writer in writers:
        writer.start()
    gone = None
    while gone is None:
        try:
            gone = owner.send(DeleteProject(place.project.id, version))
        except StaleVersion as error:
            version = int(error.extra["current"]["version"])
    for writer in writers:
        writer.join()
    assert all(isinstance(error, (NotFound, Conflict)) for error in made if isinstance(error, AlmError))
    assert (
        place.rows("SELECT 1 FROM alm.artifacts WHERE project_id = :p AND deleted_at IS NULL", p=place.project.id) == []
    )
    back = owner.send(RestoreProject(place.project.id))
    assert back.items == sum(isinstance(one, ArtifactDTO) for one in made)
