"""Saved queries: kept under names, shared as their owner says, run with the rights of whoever runs them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from alm_workbench.contexts.artifact.messages import CreateArtifact
from alm_workbench.contexts.manifest.messages import SaveManifest
from alm_workbench.contexts.project.messages import ActivateManifest, CreateProject
from alm_workbench.contexts.savedquery.messages import (
    CreateSavedQuery,
    DeleteSavedQuery,
    GetSavedQuery,
    ListSavedQueries,
    RunSavedQuery,
    UpdateSavedQuery,
)
from alm_workbench.errors import AccessDenied, Conflict, InvalidInput, NotFound, StaleVersion
from alm_workbench.notebook.workbench import Workbench
from alm_workbench.shared.ids import ProjectId
from tests.factories.workbench import Api, Bench

TEXT = """
@schema 2
@namespace "test.kept"
@name "kept"
@version "1.0.0"
def Workflow flow { initial: "open" states: [{id: "open", category: "todo"}] transitions: [] }
def ArtifactType bug {
  workflow: "flow"
  key_prefix: "BUG"
  def FieldDef points { type: "int" indexed: true }
  def FieldDef cost { type: "int" }
}
def Role owner { privileges: ["*"] }
def Role viewer { privileges: ["artifact:read"] }
def Role engineer { privileges: ["artifact:read"] }
def ACL all { action: "*" resource: "*" roles: ["owner"] priority: 100 }
def ACL reading { action: "read" resource: "*" roles: ["viewer", "engineer"] mask: ["cost"] priority: 10 }
"""


@pytest.fixture(scope="module")
def project(workbench: Bench) -> ProjectId:
    """A project with six items."""
    owner = workbench.acme.owner
    made = owner.send(CreateProject("KEPT", "Kept questions"))
    owner.send(ActivateManifest(made.id, owner.send(SaveManifest(TEXT, "dsl")).version_id))
    for number in range(6):
        owner.send(CreateArtifact(made.id, "bug", f"Bug {number}", {"points": number, "cost": number * 10}))
    return made.id


def kept(workbench: Bench, project: ProjectId, name: str, **given: Any) -> UUID:
    """A query of the owner."""
    return workbench.acme.owner.send(CreateSavedQuery(project, name, **given)).id


def test_a_query_is_private_until_it_is_shared(workbench: Bench, project: ProjectId) -> None:
    """Others neither list, read nor run it; shared with a role, only people in that role do."""
    org = workbench.acme
    query = kept(workbench, project, "Large ones", filter="points > 2", sort="-points", columns=("key", "points"))
    for message in (GetSavedQuery(project, query), RunSavedQuery(project, query)):
        with pytest.raises(NotFound):
            org.viewer.query(message)
    shared = org.owner.send(UpdateSavedQuery(project, query, 1, sharing="roles", roles=("engineer",)))
    assert (shared.version, shared.sharing, shared.filter) == (2, "roles", "points > 2")
    assert [q.name for q in org.engineer.query(ListSavedQueries(project))] == ["Large ones"]
    assert org.viewer.query(ListSavedQueries(project)) == ()
    found = org.engineer.query(RunSavedQuery(project, query, limit=2))
    assert [item.fields["points"] for item in found.items] == [5, 4]
    rest = org.engineer.query(RunSavedQuery(project, query, limit=2, cursor=found.next_cursor))
    assert [item.fields["points"] for item in rest.items] == [3]
    assert "cost" not in found.items[0].fields
    with pytest.raises(NotFound):
        org.viewer.query(RunSavedQuery(project, query))
    with pytest.raises(NotFound):
        workbench.globex.owner.query(GetSavedQuery(project, query))


def test_what_a_query_finds_is_what_its_reader_may_see(workbench: Bench, project: ProjectId) -> None:
    """A question about a field that is hidden from the runner finds nothing for him, and does for its owner."""
    query = kept(workbench, project, "Costly", filter="cost >= 20", sharing="project")
    assert len(workbench.acme.owner.query(RunSavedQuery(project, query)).items) == 4
    assert workbench.acme.viewer.query(RunSavedQuery(project, query)).items == ()


def test_only_its_owner_and_whoever_may_change_the_project_change_it(workbench: Bench, project: ProjectId) -> None:
    """Others are told the privilege; another version is answered with the present one; a name is taken once."""
    org = workbench.acme
    query = kept(workbench, project, "Shared", filter="points == 1", sharing="project")
    with pytest.raises(AccessDenied, match="somebody else"):
        org.viewer.send(UpdateSavedQuery(project, query, 1, name="Mine"))
    with pytest.raises(StaleVersion) as caught:
        org.owner.send(UpdateSavedQuery(project, query, 7, name="Other"))
    assert caught.value.extra["current"]["version"] == 1
    with pytest.raises(Conflict, match="of this name"):
        kept(workbench, project, "Shared")
    own = org.viewer.send(CreateSavedQuery(project, "Shared", sort="key"))
    assert own.owner_id != org.owner.query(GetSavedQuery(project, query)).owner_id
    cleared = org.owner.send(UpdateSavedQuery(project, query, 1, filter=None, sort="-key"))
    assert (cleared.filter, cleared.sort, cleared.version) == (None, "-key", 2)
    org.owner.send(DeleteSavedQuery(project, query, 2))
    with pytest.raises(NotFound):
        org.viewer.query(GetSavedQuery(project, query))
    kept(workbench, project, "Shared", sort="key")  # the name is free again


def test_a_query_that_no_longer_fits_says_so(workbench: Bench, project: ProjectId) -> None:
    """It is refused when it is made; after another process came into force it is listed with the reason, and not run."""
    owner = workbench.acme.owner
    with pytest.raises(InvalidInput) as caught:
        kept(workbench, project, "Never", filter="pionts > 1")
    assert "points" in caught.value.errors[0].message
    other = owner.send(CreateProject("TURN", "Turns"))
    owner.send(ActivateManifest(other.id, owner.send(SaveManifest(TEXT, "dsl")).version_id))
    query = kept(workbench, other.id, "About points", filter="points > 1")
    assert owner.query(GetSavedQuery(other.id, query)).problem is None
    later = TEXT.replace("FieldDef points", "FieldDef size").replace('"1.0.0"', '"1.1.0"')
    owner.send(ActivateManifest(other.id, owner.send(SaveManifest(later, "dsl")).version_id))
    listed = owner.query(ListSavedQueries(other.id))[0]
    assert listed.problem is not None
    assert "points" in listed.problem
    with pytest.raises(InvalidInput, match="points"):
        owner.query(RunSavedQuery(other.id, query))


def test_rest_and_notebook_ask_the_same_questions(api: Api, project: ProjectId) -> None:
    """Counts and facets are no keys of items; find, count, facets and saved queries work from a notebook."""
    base = f"/projects/{project}/artifacts"
    assert api.get(f"{base}/count?filter=points%20%3E%202", who="owner").json == {"count": 3, "exact": True}
    facets = api.get(f"{base}/facets?by=type", who="owner").json
    assert facets[0]["values"] == [{"value": "bug", "count": 6}]
    refused = api.get(f"{base}?filter=points%20%3E", who="owner")
    assert (refused.status, refused.json["errors"][0]["path"]) == (422, "/filter")
    wb = Workbench(api.bench.acme.owner)
    p = wb.projects["KEPT"]
    assert [a.title for a in p.artifacts.find(filter="points in [1, 4]", sort="-points")] == ["Bug 4", "Bug 1"]
    assert p.artifacts.count(filter="points in [1, 4]") == 2
    assert p.artifacts.facets("type")["count"].tolist() == [6]
    kept_ = p.queries.create("From a notebook", filter="points == 5", sharing="project")
    assert [a.title for a in p.queries["From a notebook"].run()] == ["Bug 5"]
    changed = kept_.update(filter="points == 4")
    assert [a.title for a in changed.run()] == ["Bug 4"]
    assert "From a notebook" in p.queries._repr_html_()
    changed.delete()
    with pytest.raises(NotFound, match="From a notebook"):
        p.queries["From a notebook"]
