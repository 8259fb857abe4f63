"""The main job in process: a process is activated, items are made, moved, found, changed and explained."""

from __future__ import annotations

import base64
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from alm_workbench.contexts.artifact.messages import (
    ArtifactDTO,
    CreateArtifact,
    DeleteArtifact,
    FindArtifacts,
    GetArtifact,
    GetArtifactByKey,
    ImportArtifacts,
    LinkArtifacts,
    ListLinks,
    RestoreArtifact,
    UpdateArtifact,
)
from alm_workbench.contexts.audit.messages import EntityHistory, ListDecisions
from alm_workbench.contexts.manifest.messages import ListManifests, ListVersions, SaveManifest
from alm_workbench.contexts.project.messages import (
    ActivateManifest,
    CreateProject,
    GetProcess,
    ListActivations,
    ListProjects,
)
from alm_workbench.contexts.workflow.messages import PermittedTransitions, StateHistory, TransitionArtifact
from alm_workbench.errors import (
    AccessDenied,
    Conflict,
    ImportRejected,
    InvalidInput,
    ManifestProblem,
    NotFound,
    StaleVersion,
    StrandedItems,
    TransitionDenied,
)
from tests.factories.workbench import Bench, Org, safety_manifest

SMALL = """
@schema 2
@namespace "test.small"
@name "small"
@version "{version}"

def Workflow flow "Flow" {{
  initial: "{first}"
  states: [{{id: "{first}", category: "todo"}}, {{id: "done", category: "done"}}]
  transitions: [{{id: "finish", from: "{first}", to: "done"}}]
}}
def ArtifactType note "Note" {{
  workflow: "flow"
  key_prefix: "NOTE"
}}
def ACL all "All" {{ action: "*" resource: "*" roles: ["owner", "viewer"] effect: "allow" }}
def Role owner "Owner" {{ privileges: ["*"] }}
def Role viewer "Viewer" {{ privileges: ["artifact:read"] }}
"""


def new(org: Org, title: str = "Braking distance on dry asphalt", role: str = "engineer", **fields: Any) -> ArtifactDTO:
    mediator = org.mediators[role]
    return mediator.send(CreateArtifact(org.project.id, "requirement", title, {"text": "38 m from 100 km/h", **fields}))


def csv(rows: str) -> str:
    return base64.b64encode(rows.encode()).decode()


def count(bench: Bench, org: Org, statement: str) -> int:
    from alm_workbench.storage.engine import begin

    with begin(bench.runtime.engine, tenant_id=org.tenant_id) as conn:
        return int(conn.execute(text(statement)).scalar_one())


def test_a_new_item_gets_key_state_and_defaults(workbench: Bench) -> None:
    """An item starts in the initial state of its type's workflow, under the next key of its prefix."""
    first, second = new(workbench.acme), new(workbench.acme)
    process = workbench.acme.owner.query(GetProcess(workbench.acme.project.id))
    kind = next(k for k in process.types if k.id == "requirement")
    flow = next(w for w in process.workflows if w.id == kind.workflow)
    assert first.state == flow.initial
    assert first.key.startswith(kind.key_prefix + "-")
    assert int(second.key.split("-")[1]) == int(first.key.split("-")[1]) + 1
    assert first.version == 1
    assert first.created_by == workbench.acme.engineer.principal.actor_id  # type: ignore[union-attr]


def test_type_names_and_labels_find_the_type(workbench: Bench) -> None:
    """Id, English label and Turkish label name the same type; an unknown one lists what there is."""
    org = workbench.acme
    for name in ("requirement", "Requirement", "Gereksinim"):
        assert (
            org.engineer.send(CreateArtifact(org.project.id, name, "A title that is long enough", {"text": "x"})).type
            == "requirement"
        )
    with pytest.raises(InvalidInput, match="no type 'ghost'") as caught:
        org.engineer.send(CreateArtifact(org.project.id, "ghost", "A title"))
    assert "requirement" in caught.value.errors[0].message


def test_every_wrong_field_is_named(workbench: Bench) -> None:
    """All problems of the fields come at once, each at its field, and nothing is kept."""
    org = workbench.acme
    before = count(workbench, org, "select count(*) from alm.artifacts")
    with pytest.raises(InvalidInput) as caught:
        new(org, asil="Z", ghost="boo")
    assert {item.path for item in caught.value.errors} == {"/fields/asil", "/fields/ghost"}
    assert count(workbench, org, "select count(*) from alm.artifacts") == before


def test_a_permitted_transition_moves_item_instance_and_history(workbench: Bench) -> None:
    """A step changes the state, adds one history entry with its duration, and is audited."""
    org = workbench.acme
    item = new(org)
    options = org.engineer.query(PermittedTransitions(item.id))
    step = next(v for v in options if v.allowed)
    moved = org.engineer.send(TransitionArtifact(item.id, step.transition, item.version, "because"))
    assert (moved.state, moved.version) == (step.target, 2)
    history = org.engineer.query(StateHistory(item.id))
    assert [(h.from_state, h.to_state) for h in history] == [(None, item.state), (item.state, step.target)]
    assert history[1].duration_s is not None
    assert history[1].duration_s >= 0
    assert history[1].reason == "because"
    entries = org.owner.query(EntityHistory("Artifact", item.id)).items
    assert [e.change_type for e in entries] == ["UPDATE", "INITIAL"]
    assert {c.property for c in entries[0].changes} >= {"state"}
    assert entries[0].command == "TransitionArtifact"


def test_a_refused_transition_says_why_and_what_is_possible(workbench: Bench) -> None:
    """Reasons name rule and place, permitted ones are listed, the refusal is kept in the decision log."""
    org = workbench.acme
    item = new(org)
    with pytest.raises(TransitionDenied) as caught:
        org.engineer.send(TransitionArtifact(item.id, "no_such_step", item.version))
    error = caught.value
    allowed = [v.transition for v in org.engineer.query(PermittedTransitions(item.id)) if v.allowed]
    assert error.permitted == allowed
    assert error.reasons[0]["code"] == "E_WF_UNKNOWN_TRANSITION"
    decisions = org.owner.query(ListDecisions(item.id, "deny")).items
    assert decisions[0].correlation_id == error.correlation_id
    assert decisions[0].manifest_version_id == org.version_id
    assert org.owner.query(GetArtifact(item.id)).state == item.state
    with pytest.raises(TransitionDenied) as lacking:
        org.owner.send(TransitionArtifact(item.id, "reject", item.version))
    assert lacking.value.permitted_with["reject"] == ["rationale"]


def test_a_viewer_reads_masked_and_writes_nothing(workbench: Bench) -> None:
    """A viewer is refused every change by name, and does not see what the ACL masks."""
    org = workbench.acme
    item = new(org)
    with pytest.raises(AccessDenied, match="artifact:create"):
        new(org, role="viewer")
    with pytest.raises(AccessDenied):
        org.viewer.send(UpdateArtifact(item.id, item.version, "Something else entirely"))
    assert org.viewer.query(GetArtifact(item.id)).id == item.id
    process = org.owner.query(GetProcess(org.project.id))
    sensitive = [f.id for k in process.types if k.id == "requirement" for f in k.fields if f.sensitive]
    assert sensitive
    values = dict.fromkeys(sensitive, "secret words")
    rich = org.owner.send(UpdateArtifact(item.id, item.version, fields=values))
    seen = org.viewer.query(GetArtifact(rich.id))
    assert not set(sensitive) & set(seen.fields)
    assert set(seen.masked) == set(sensitive)


def test_a_stale_change_is_refused_with_the_present_state(workbench: Bench) -> None:
    """Optimistic concurrency: the second writer gets a conflict that carries what there is now."""
    item = new(workbench.acme)
    changed = workbench.acme.engineer.send(UpdateArtifact(item.id, item.version, "Braking distance, wet"))
    assert changed.version == 2
    with pytest.raises(StaleVersion) as caught:
        workbench.acme.engineer.send(UpdateArtifact(item.id, item.version, "Braking distance, icy"))
    assert caught.value.extra["current"]["title"] == "Braking distance, wet"


def test_delete_hides_and_restore_brings_back(workbench: Bench) -> None:
    """A deleted item is not found by anyone, and comes back exactly as it was."""
    org = workbench.acme
    item = new(org)
    org.owner.send(DeleteArtifact(item.id, item.version))
    with pytest.raises(NotFound):
        org.owner.query(GetArtifact(item.id))
    assert item.id not in {a.id for a in org.owner.query(FindArtifacts(org.project.id, limit=1000)).items}
    back = org.owner.send(RestoreArtifact(item.id))
    assert (back.title, back.state, dict(back.fields)) == (item.title, item.state, dict(item.fields))
    kinds = [e.change_type for e in org.owner.query(EntityHistory("Artifact", item.id)).items]
    assert kinds == ["RESTORE", "DELETE", "INITIAL"]


def test_pages_hold_every_item_once(workbench: Bench) -> None:
    """Following the cursor gives every item exactly once, newest first."""
    org = workbench.globex
    made = {new(org, f"Requirement number {n} of many").id for n in range(7)}
    seen: list[Any] = []
    cursor = None
    while True:
        page = org.owner.query(FindArtifacts(org.project.id, limit=3, cursor=cursor))
        seen += [a.id for a in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert len(seen) == len(set(seen))
    assert made <= set(seen)
    with pytest.raises(InvalidInput, match="cursor"):
        org.owner.query(FindArtifacts(org.project.id, cursor="nonsense"))


def test_text_search_finds_turkish_forms(workbench: Bench) -> None:
    """A word finds its inflected forms whatever the case of dotted and dotless i."""
    org = workbench.globex
    item = new(org, "IŞIK ve fren gereksinimleri")
    for word in ("ışık", "gereksinim", item.key):
        assert item.id in {a.id for a in org.owner.query(FindArtifacts(org.project.id, text=word)).items}, word


def test_links_are_checked_and_listed(workbench: Bench) -> None:
    """A link needs a known type and fitting ends; the same link twice is a conflict."""
    org = workbench.acme
    target, source = (
        new(org),
        org.engineer.send(CreateArtifact(org.project.id, "test_case", "Stop five times from 100 km/h")),
    )
    link = org.engineer.send(LinkArtifacts(source.id, "verifies", target.id))
    assert org.engineer.query(ListLinks(target.id))[0].id == link.id
    with pytest.raises(Conflict):
        org.engineer.send(LinkArtifacts(source.id, "verifies", target.id))
    with pytest.raises(InvalidInput, match="none of"):
        org.engineer.send(LinkArtifacts(source.id, "ghost", target.id))
    with pytest.raises(InvalidInput, match="starts at"):
        org.engineer.send(LinkArtifacts(target.id, "verifies", source.id))


def test_an_import_is_whole_repeatable_and_audited(workbench: Bench) -> None:
    """Every row becomes an item with audit, history and event; running it again creates nothing."""
    org = workbench.globex
    rows = "issuekey,title,description,extra\n" + "".join(
        f'X-{n},"Title, with comma {n}","line 1\nline 2 <b>&amp;</b> ışık {n}",z\n' for n in range(60)
    )
    message = ImportArtifacts(org.project.id, "issues.csv", csv(rows), "Requirement", {"description": "text"})
    done = org.engineer.send(message)
    assert (done.rows, done.created, done.skipped, done.ignored_columns) == (60, 60, 0, ("extra",))
    item = org.engineer.query(GetArtifactByKey(org.project.id, "X-7"))
    assert item.fields["text"] == "line 1\nline 2 <b>&amp;</b> ışık 7"
    for table, column in (
        ("audit_snapshots", "entity_id"),
        ("outbox_messages", "aggregate_id"),
        ("state_history", "artifact_id"),
    ):
        missing = (
            f"select count(*) from alm.artifacts a where not exists (select from alm.{table} x where x.{column} = a.id)"
        )
        assert count(workbench, org, missing) == 0, table
    again = org.engineer.send(message)
    assert (again.created, again.existing) == (0, 60)


@pytest.mark.parametrize(
    ("content", "mapping", "row", "column", "words"),
    [
        (b"title,description\nGood title here,ok\nBad \xff byte,x\n", {}, 3, "title", "0xff"),
        (b"title,description\na title that fits,x\n", {"summary": "title"}, 1, "summary", "no column 'summary'"),
        (b"title,level\nA title that fits,Z\n", {"level": "asil"}, 2, "level", "none of"),
        (b"title,x\n,y\n", {}, 2, "title", "title is needed"),
        (b"title,x\nA title that fits,1,2\n", {}, 2, "x", "3 cells"),
        (b"name2,x\nA title that fits,1\n", {}, 1, "title", "no column feeds the title"),
        (b"title,id\nA title that fits,K1\nAnother title here,K1\n", {}, 3, "id", "stands in row 2"),
        (b"title,ref\nA title that fits,A1\n\xd6ffnung,A2\n", {}, 3, "title", "0xd6"),
        ("title,x\nA title that fits,1\n".encode("utf-16"), {}, 1, "", "UTF-16"),
        (b"title,a,b\nA title that fits,1,2\n", {"a": "text", "b": "text"}, 1, "b", "feeds 'text' already"),
        (b"title,created\nA title that fits,2199-01-01\n", {}, 2, "created", "not between"),
        (b"", {}, 1, "", "no header"),
    ],
)
def test_a_bad_file_names_row_and_column_and_imports_nothing(
    workbench: Bench, content: bytes, mapping: dict[str, str | None], row: int, column: str, words: str
) -> None:
    """A wrong encoding, column or value is located by file, row and column; nothing is imported."""
    org = workbench.globex
    before = count(workbench, org, "select count(*) from alm.artifacts")
    raw = base64.b64encode(content).decode()
    with pytest.raises(ImportRejected, match=words) as caught:
        org.engineer.send(ImportArtifacts(org.project.id, "bad.csv", raw, "requirement", mapping))
    assert caught.value.errors[0].path == f"bad.csv:{row}:{column}"
    assert count(workbench, org, "select count(*) from alm.artifacts") == before


def test_skip_imports_the_good_rows_and_reports_the_others(workbench: Bench) -> None:
    """With on_error="skip" the rows without problems come in, the others are listed."""
    org = workbench.globex
    rows = "title,level\nA first title that fits,A\nA second title that fits,Z\nA third title that fits,B\n"
    done = org.engineer.send(
        ImportArtifacts(org.project.id, "some.csv", csv(rows), "requirement", {"level": "asil"}, "skip")
    )
    assert (done.created, done.skipped) == (2, 1)
    assert (done.problems[0].row, done.problems[0].column) == (3, "level")


def test_versions_are_immutable_and_saved_once(workbench: Bench) -> None:
    """The same text is the same version; a changed one is the next; a broken one names line and column."""
    org = workbench.acme
    first = org.owner.send(SaveManifest(SMALL.format(version="1.0.0", first="open")))
    again = org.owner.send(SaveManifest(SMALL.format(version="1.0.0", first="open")))
    other = org.owner.send(SaveManifest(SMALL.format(version="1.1.0", first="open")))
    assert (again.version_id, again.unchanged, other.number) == (first.version_id, True, 2)
    assert [v.number for v in org.owner.query(ListVersions(first.manifest_id))] == [2, 1]
    assert "small" in {m.name for m in org.owner.query(ListManifests()).items}
    broken = SMALL.format(version="2.0.0", first="open").replace('initial: "open"', 'initial: "nowhere"')
    with pytest.raises(ManifestProblem) as caught:
        org.owner.send(SaveManifest(broken))
    line, column = map(int, caught.value.errors[0].path.split(":"))
    assert "nowhere" in broken.splitlines()[line - 1][column - 1 :]


def test_activation_never_strands_an_item(workbench: Bench) -> None:
    """A manifest without a state that items are in needs a map for it; with it they move, with history."""
    org = workbench.acme
    v1 = org.owner.send(SaveManifest(SMALL.format(version="3.0.0", first="open")))
    v2 = org.owner.send(SaveManifest(SMALL.format(version="4.0.0", first="fresh")))
    project = org.owner.send(CreateProject("STRAND", "Stranding", manifest_version_id=v1.version_id))
    note = org.owner.send(CreateArtifact(project.id, "note", "A note that is in the way"))
    with pytest.raises(StrandedItems) as caught:
        org.owner.send(ActivateManifest(project.id, v2.version_id))
    assert caught.value.extra["states"] == [
        {"type_id": "note", "state": "open", "items": 1, "known_states": ("fresh", "done"), "keys": ["NOTE-1"]}
    ]
    done = org.owner.send(ActivateManifest(project.id, v2.version_id, {"open": "fresh"}, "renamed"))
    assert done.moved == 1
    assert org.owner.query(GetArtifact(note.id)).state == "fresh"
    assert [h.to_state for h in org.owner.query(StateHistory(note.id))] == ["open", "fresh"]
    assert [a.moved for a in org.owner.query(ListActivations(project.id))] == [1, 0]
    assert [a.manifest_version_id for a in org.owner.query(ListActivations(project.id))] == [
        v2.version_id,
        v1.version_id,
    ]


def test_the_other_organisation_does_not_exist(workbench: Bench) -> None:
    """Ids of another organisation are not found, whoever asks."""
    item = new(workbench.acme)
    for mediator in (workbench.globex.owner, workbench.globex.viewer):
        with pytest.raises(NotFound):
            mediator.query(GetArtifact(item.id))
        with pytest.raises(NotFound):
            mediator.query(GetProcess(workbench.acme.project.id))
    assert {p.key for p in workbench.globex.owner.query(ListProjects()).items} == {"DEMO"}
    with pytest.raises(NotFound):
        workbench.globex.owner.send(ActivateManifest(workbench.globex.project.id, workbench.acme.version_id))


def test_the_shipped_process_has_its_measure() -> None:
    """The safety process is a serious one."""
    from alm_workbench import resources
    from alm_workbench.mpc import check, load_domain_meta

    meta = load_domain_meta(resources.path("alm_meta", "domain_meta.yaml").read_text("utf-8"))
    result = check(safety_manifest(), meta)
    assert result.diagnostics == ()
    compiled = result.compiled
    assert compiled is not None
    assert len(compiled.types) >= 6
    assert sum(len(kind.fields) for kind in compiled.types.values()) >= 25
    assert sum(len(flow.states) >= 7 for flow in compiled.workflows.values()) >= 2
    assert (len(compiled.policies) >= 8, len(compiled.acl) >= 10, len(compiled.link_types) >= 6) == (True, True, True)
    assert all({"en", "tr"} <= set(kind.labels) for kind in compiled.types.values())


def test_plain_text_is_verbatim_and_rich_text_is_safe(workbench: Bench) -> None:
    """A text field keeps every character; markup loses what could harm, and its original is kept beside it."""
    org = workbench.acme
    plain = 'a<b and c>d & "<script>alert(1)</script>"\n\ttab ışık 🚗'
    rich = '<p onclick="x()">Brake <b>hard</b><script>alert(1)</script><a href="javascript:x">link</a></p>'
    item = new(org, text=plain, specification=rich)
    assert item.fields["text"] == plain
    assert item.fields["specification"] == '<p>Brake <b>hard</b><a rel="noopener">link</a></p>'
    changed = org.engineer.send(UpdateArtifact(item.id, item.version, fields={"specification": "<i>ok</i><iframe>"}))
    assert changed.fields["specification"] == "<i>ok</i>"
    originals = "select count(*) from alm.artifacts where originals->>'specification' = '<i>ok</i><iframe>'"
    assert count(workbench, org, originals) == 1


def test_search_looks_into_texts_but_not_into_withheld_ones(workbench: Bench) -> None:
    """A word of a text field is found; a word of a field that an access rule masks is not, whoever asks."""
    org = workbench.acme
    process = org.owner.query(GetProcess(org.project.id))
    kind = next(k for k in process.types if k.id == "requirement")
    hidden = next(f.id for f in kind.fields if f.sensitive and f.type in ("text", "string"))
    item = org.owner.send(
        CreateArtifact(org.project.id, "requirement", "A searched item", {"text": "zanzibar tide", hidden: "wombat"})
    )
    assert [a.id for a in org.viewer.query(FindArtifacts(org.project.id, text="zanzibar")).items] == [item.id]
    assert org.owner.query(FindArtifacts(org.project.id, text="wombat")).items == ()


def test_an_assignee_or_parent_who_is_not_here_is_bad_input(workbench: Bench) -> None:
    """Ids that never were and ids of another organisation are refused alike, with the name of the field."""
    org, other = workbench.acme, workbench.globex
    item, foreign = new(org, "A requirement"), new(other, "Of somebody else")
    assert other.owner.principal is not None
    stranger = other.owner.principal.actor_id

    def refusal(action: Any) -> tuple[Any, ...]:
        with pytest.raises(InvalidInput) as refused:
            org.owner.send(action)
        return (str(refused.value), *((e.path, e.code, e.message) for e in refused.value.errors))

    for one, another, make in (
        (uuid4(), stranger, lambda who: CreateArtifact(org.project.id, "requirement", "T", {}, assignee_id=who)),
        (uuid4(), stranger, lambda who: UpdateArtifact(item.id, item.version, assignee_id=who)),
        (uuid4(), foreign.id, lambda up: CreateArtifact(org.project.id, "requirement", "T", {}, parent_id=up)),
    ):
        unknown = refusal(make(one))
        assert unknown == refusal(make(another))
        assert unknown[1][:2] in {("/assignee_id", "unknown"), ("/parent_id", "unknown")}
    assert org.engineer.principal is not None
    mine = org.engineer.principal.actor_id
    assert org.owner.send(UpdateArtifact(item.id, item.version, assignee_id=mine)).assignee_id == mine
