"""Files in and out: upsert, states, tags, links and parents; what is exported and imported again is the same."""

from __future__ import annotations

import base64
import io
from typing import Any

import pytest

from alm_workbench.contexts.artifact.export_messages import ExportArtifacts, ExportPageDTO
from alm_workbench.contexts.artifact.file_writing import FileFormat, write_file
from alm_workbench.contexts.artifact.messages import (
    ArtifactDTO,
    CreateArtifact,
    GetArtifactByKey,
    ImportArtifacts,
    ImportResultDTO,
    UpdateArtifact,
)
from alm_workbench.contexts.manifest.messages import SaveManifest
from alm_workbench.contexts.project.messages import ActivateManifest, CreateProject, ProjectDTO
from alm_workbench.errors import ImportRejected
from tests.factories.workbench import Bench


@pytest.fixture(scope="module")
def empty(workbench: Bench) -> Any:
    """Makes empty projects under the safety process."""
    numbers = iter(range(1000))

    def make() -> ProjectDTO:
        owner = workbench.acme.owner
        project = owner.send(CreateProject(f"E{next(numbers)}", "Empty"))
        owner.send(ActivateManifest(project.id, workbench.acme.version_id))
        return project

    return make


def imported(bench: Bench, project: ProjectDTO, text: str | bytes, name: str = "a.csv", **more: Any) -> ImportResultDTO:
    """Import a file as the manager of the organisation."""
    raw = text.encode() if isinstance(text, str) else text
    kind = more.pop("kind", "requirement")
    content = base64.b64encode(raw).decode()
    return bench.acme.owner.send(ImportArtifacts(project.id, name, content, kind, **more))


def exported(bench: Bench, project: ProjectDTO, file_format: FileFormat = "csv", **more: Any) -> bytes:
    """All items of a project as a file, read in small pages."""
    pages: list[ExportPageDTO] = []
    cursor = None
    while not pages or cursor:
        page = bench.acme.owner.query(ExportArtifacts(project.id, limit=2, cursor=cursor, **more))
        cursor = page.next_cursor
        pages.append(page)
    target = io.BytesIO()
    write_file(target, file_format, pages)
    return target.getvalue()


def item(bench: Bench, project: ProjectDTO, key: str) -> ArtifactDTO:
    """An item by its key."""
    return bench.acme.owner.query(GetArtifactByKey(project.id, key))


FILE = """id,what,status,words,above,proves,text
B-2,Second,review,"brakes, front",,,It shall hold
B-1,=cmd|'/c calc'!A1,draft,,,,"two
lines"
B-3,Third requirement,draft,ümlaut,,,'quoted
"""
MAPPING = {"id": "ref", "what": "title", "status": "state", "words": "tags", "above": "parent", "proves": None}


def test_a_file_brings_states_and_tags(workbench: Bench, empty: Any) -> None:
    """New items begin in the state their row names, with their tags, in the order of the file."""
    project = empty()
    done = imported(workbench, project, FILE, mapping=MAPPING)
    assert (done.created, done.skipped) == (3, 0)
    first = item(workbench, project, "B-2")
    assert (first.state, first.tags) == ("review", ("brakes", "front"))
    assert [item(workbench, project, ref).key for ref in ("B-2", "B-1", "B-3")] == list(done.keys)


def test_states_behind_four_eyes_take_more_than_the_right_to_import(workbench: Bench, empty: Any) -> None:
    """An engineer imports what is in review; what is approved only somebody who may change the project."""
    project = empty()
    text = FILE.replace("brakes", "x").replace("Second,review", "Second,approved")
    content = base64.b64encode(text.encode()).decode()
    ask = ImportArtifacts(project.id, "a.csv", content, "requirement", mapping=MAPPING)
    with pytest.raises(ImportRejected, match="agreement of somebody else") as caught:
        workbench.acme.engineer.send(ask)
    assert len(caught.value.errors) == 1
    assert workbench.acme.manager.send(ask).created == 3


VEILED = """
@schema 2
@namespace "test"
@name "veiled"
@version "1.0.0"
def Role owner { privileges: ["*"] }
def Role engineer { privileges: ["artifact:read"] }
def ACL owners { action: "*" resource: "*" roles: ["owner"] effect: "allow" }
def ACL engineers { action: ["read", "create", "update", "transition"] resource: "*" roles: ["engineer"] effect: "allow" }
def ACL veil { action: "read" resource: "need" roles: ["engineer"] mask: ["cost", "state"] priority: 50
  condition: "not hasRole('owner')" }
def Workflow flow {
  initial: "open" states: [{id: "open", category: "todo"}, {id: "done", category: "done"}]
  transitions: [{id: "finish", from: "open", to: "done"}]
}
def ArtifactType need "Need" { workflow: "flow" key_prefix: "NEED"
  def FieldDef cost { type: "int" }
  def FieldDef note { type: "text" }
}
"""


def test_an_import_is_no_way_to_guess_what_is_hidden(workbench: Bench) -> None:
    """A row that says what is hidden is refused whether it guessed right or wrong; blank cells say nothing."""
    acme = workbench.acme
    project = acme.owner.send(CreateProject("VEIL", "Veiled"))
    acme.owner.send(ActivateManifest(project.id, acme.owner.send(SaveManifest(VEILED, "dsl")).version_id))
    need = acme.owner.send(CreateArtifact(project.id, "need", "A need", {"cost": 7}))

    def told(column: str, cell: str) -> list[tuple[str, str]]:
        text = f"key,title,{column}\n{need.key},A need,{cell}\n"
        mapping = {"key": "key", "title": "title", column: column}
        content = base64.b64encode(text.encode()).decode()
        ask = ImportArtifacts(project.id, "a.csv", content, "need", mapping=mapping, existing="update", on_error="skip")
        return [(p.code, p.message) for p in acme.engineer.send(ask).problems]

    assert told("cost", "7") == told("cost", "8") != []
    assert told("state", "open") == told("state", "done") != []
    assert told("cost", "") == told("state", "") == told("note", "words") == []
    after = item(workbench, project, need.key)
    assert (after.state, dict(after.fields)) == ("open", {"cost": 7, "note": "words"})


def test_nobody_is_given_work_by_an_id_that_is_nobodys(workbench: Bench, empty: Any) -> None:
    """An assignee that the organisation does not know is a problem of its row, not of the database."""
    text = f"what,who\nFirst,{workbench.globex.tenant_id}\n"
    with pytest.raises(ImportRejected, match="row 2, column who"):
        imported(workbench, empty(), text, mapping={"what": "title", "who": "assignee"})


def test_the_same_file_again_updates_what_differs(workbench: Bench, empty: Any) -> None:
    """With existing=update rows change their items, and only those that say something else."""
    project = empty()
    imported(workbench, project, FILE, mapping=MAPPING)
    again = imported(workbench, project, FILE, mapping=MAPPING, existing="update")
    assert (again.created, again.updated, again.existing) == (0, 0, 3)
    changed = FILE.replace("Second", "Other").replace("B-3,Third requirement,draft", "B-3,Third requirement,review")
    done = imported(workbench, project, changed, mapping=MAPPING, existing="update")
    assert (done.created, done.updated, done.existing) == (0, 2, 1)
    assert (item(workbench, project, "B-2").title, item(workbench, project, "B-3").state) == ("Other", "review")


def test_a_dry_run_says_the_same_and_keeps_nothing(workbench: Bench, empty: Any) -> None:
    """Counts are those of the real import; afterwards there is nothing, and keys were not used up."""
    project = empty()
    dry = imported(workbench, project, FILE, mapping=MAPPING, dry_run=True)
    done = imported(workbench, project, FILE, mapping=MAPPING)
    assert (dry.created, dry.dry_run, dry.keys) == (done.created, True, ())
    assert done.keys[0].endswith("-1")


def test_rows_that_are_wrong_are_named_with_their_columns(workbench: Bench, empty: Any) -> None:
    """A state, a parent and a person that do not exist are told by row and column; nothing is imported then."""
    project = empty()
    text = "id,what,status,above\n1,One,nowhere,\n2,Two,,REQ-77\n3,,draft,\n"
    mapping = {"id": "ref", "what": "title", "status": "state", "above": "parent"}
    with pytest.raises(ImportRejected) as caught:
        imported(workbench, project, text, mapping=mapping)
    assert [e.path for e in caught.value.errors] == ["a.csv:2:status", "a.csv:3:above", "a.csv:4:what"]
    assert exported(workbench, project).count(b"\r\n") == 1


@pytest.mark.parametrize("file_format", ["csv", "xlsx", "json"])
def test_out_in_and_out_again_is_the_same(workbench: Bench, empty: Any, file_format: FileFormat) -> None:
    """Keys, states, tags, links, parents and fields come back exactly, also what looks like a formula."""
    source, target = empty(), empty()
    imported(workbench, source, FILE, mapping=MAPPING)
    tests = "id,what,proves\nT-1,Test of two,B-1;B-2\nT-2,+1 test,B-3\n"
    linked = {"id": "ref", "what": "title", "proves": "link:verifies"}
    assert imported(workbench, source, tests, kind="test_case", mapping=linked).links == 3
    first = item(workbench, source, "B-2")
    workbench.acme.owner.send(UpdateArtifact(first.id, first.version, title="-2+3", tags=("zz", "a b")))
    before = exported(workbench, source, file_format)
    done = imported(workbench, target, before, f"all.{file_format}")
    assert (done.created, done.links, done.problems) == (5, 3, ())
    assert exported(workbench, target, "json") == exported(workbench, source, "json")
    again = imported(workbench, target, before, f"all.{file_format}", existing="update")
    assert (again.created, again.updated, again.links) == (0, 0, 0)
