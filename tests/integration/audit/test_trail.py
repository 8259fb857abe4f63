"""The audit trail as people read it: versions, differences, commits, seals, verification, erasure."""

from __future__ import annotations

from itertools import count
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from alm_workbench.contexts.artifact.messages import (
    ArtifactDTO,
    CreateArtifact,
    DeleteArtifact,
    LinkArtifacts,
    RestoreArtifact,
    UpdateArtifact,
)
from alm_workbench.contexts.audit.diff import apply, same
from alm_workbench.contexts.audit.messages import (
    AuditEntryDTO,
    DiffSnapshots,
    EntityHistory,
    EraseEntity,
    GetCommit,
    GetSnapshot,
    ListCommits,
    ListDecisions,
    ListSeals,
    SealAudit,
    VerifyAudit,
)
from alm_workbench.contexts.manifest.messages import SaveManifest
from alm_workbench.contexts.project.messages import ActivateManifest, CreateProject
from alm_workbench.errors import AccessDenied, Conflict, InvalidInput, NotFound
from alm_workbench.storage.engine import begin
from tests.factories.workbench import Api, Bench, Org
from tests.integration.contexts.test_field_rights import TEXT

NUMBERS = count(1)
ASKED = text("""
INSERT INTO alm.approval_requests (tenant_id, id, project_id, artifact_id, transition_id, from_state, to_state, fields,
  requirements, requested_by, person_id, manifest_version_id)
VALUES (:t, :id, :p, :a, :step, 'open', 'done', '{"text": "weighed by Ada"}', '[]', :who, :who, :v)
""")


@pytest.fixture
def org(workbench: Bench) -> Org:
    return workbench.acme


@pytest.fixture
def project(org: Org) -> Any:
    """A project in which engineers do not see the margin."""
    made = org.owner.send(CreateProject(f"TRL{next(NUMBERS)}", "Trail"))
    saved = org.owner.send(SaveManifest(TEXT, "dsl"))
    org.owner.send(ActivateManifest(made.id, saved.version_id))
    return made


@pytest.fixture
def note(org: Org, project: Any) -> ArtifactDTO:
    """An item of four versions: created, changed, deleted, restored."""
    made = org.owner.send(CreateArtifact(project.id, "note", "One", {"margin": 7, "text": "a", "price": 1}))
    changed = org.owner.send(UpdateArtifact(made.id, made.version, "Two", {"margin": 9, "text": "b"}))
    gone = org.owner.send(DeleteArtifact(changed.id, changed.version))
    return org.owner.send(RestoreArtifact(gone.id))


def test_every_version_can_be_read(org: Org, note: ArtifactDTO) -> None:
    """Version n is the state at version n, with who and when."""
    first = org.owner.query(GetSnapshot("Artifact", note.id, 1))
    third = org.owner.query(GetSnapshot("Artifact", note.id, 3))
    assert first.payload is not None
    assert third.payload is not None
    assert (first.payload["title"], first.payload["fields"]["margin"]) == ("One", 7)
    assert (first.change_type, first.command, first.actor) == ("INITIAL", "CreateArtifact", "Owner")
    assert third.payload["deleted_at"] is not None
    types = [org.owner.query(GetSnapshot("Artifact", note.id, n)).change_type for n in range(1, 5)]
    assert types == ["INITIAL", "UPDATE", "DELETE", "RESTORE"]
    with pytest.raises(NotFound):
        org.owner.query(GetSnapshot("Artifact", note.id, 5))


def test_a_changed_title_shows_in_the_history(org: Org, note: ArtifactDTO) -> None:
    """Each version says what it changed, page by page alike."""
    whole = org.owner.query(EntityHistory("Artifact", note.id)).items
    title = next(c for c in whole[2].changes if c.property == "title")
    assert (title.left, title.right) == ("One", "Two")
    paged: list[AuditEntryDTO] = []
    cursor = None
    while True:
        page = org.owner.query(EntityHistory("Artifact", note.id, limit=1, cursor=cursor))
        paged += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    assert tuple(paged) == whole


def test_a_difference_leads_from_one_version_to_the_other(org: Org, note: ArtifactDTO) -> None:
    """Between any two versions, backwards too, and from before the first."""
    states = {
        n: dict(org.owner.query(GetSnapshot("Artifact", note.id, n)).payload or {}) if n else {} for n in range(5)
    }
    for start in states:
        for end in states:
            found = org.owner.query(DiffSnapshots("Artifact", note.id, start, end))
            assert same(apply(states[start], found.operations), states[end])
    assert "/fields/text" in {o.path for o in org.owner.query(DiffSnapshots("Artifact", note.id, 1, 2)).operations}


def test_one_command_is_one_commit(org: Org, note: ArtifactDTO) -> None:
    """What a command changed together is found together: the item and its workflow instance."""
    commit_id = org.owner.query(GetSnapshot("Artifact", note.id, 1)).commit_id
    found = org.owner.query(GetCommit(commit_id))
    assert (found.commit.command, found.commit.snapshots) == ("CreateArtifact", 2)
    assert found.commit.entity_types == ("Artifact", "WorkflowInstance")
    assert f"Artifact/{note.id}" in [entry.entity for entry in found.entries]
    first = org.owner.query(GetCommit(commit_id, limit=1))
    rest = org.owner.query(GetCommit(commit_id, limit=1, cursor=first.next_cursor))
    assert first.entries + rest.entries == found.entries
    assert rest.next_cursor is None
    with pytest.raises(NotFound):
        org.owner.query(GetCommit(uuid4()))


def test_commits_are_found_by_actor_command_time_and_correlation(org: Org, note: ArtifactDTO, project: Any) -> None:
    """Filters narrow, pages follow one another."""
    org.engineer.send(CreateArtifact(project.id, "note", "By an engineer", {"text": "x"}))
    me = org.engineer.principal
    assert me is not None
    mine = org.owner.query(ListCommits(actor_id=me.actor_id, command="CreateArtifact")).items
    assert mine
    assert {(c.actor_id, c.command) for c in mine} == {(me.actor_id, "CreateArtifact")}
    newest = mine[0]
    assert [c.id for c in org.owner.query(ListCommits(correlation_id=newest.correlation_id)).items] == [newest.id]
    after = org.owner.query(ListCommits(after=newest.recorded_at)).items
    assert newest.id in {c.id for c in after}
    before = org.owner.query(ListCommits(before=newest.recorded_at, limit=2))
    more = org.owner.query(ListCommits(before=newest.recorded_at, limit=2, cursor=before.next_cursor))
    times = [c.recorded_at for c in (*before.items, *more.items)]
    assert times == sorted(times, reverse=True)
    assert len(set(times)) == 4


def test_what_is_hidden_is_hidden_in_the_past(org: Org, note: ArtifactDTO, project: Any) -> None:
    """Reviewers may read the audit trail, not the margin: neither in versions nor in differences nor in commits."""
    engineers = org.owner.query(GetSnapshot("Artifact", note.id, 1))
    principal = org.engineer.principal
    assert principal is not None
    from dataclasses import replace

    reader = org.engineer.as_principal(replace(principal, privileges=principal.privileges | {"audit:read"}))
    seen = reader.query(GetSnapshot("Artifact", note.id, 1))
    assert seen.payload is not None
    assert "margin" in seen.masked
    assert "margin" not in seen.payload["fields"]
    assert seen.payload["fields"]["text"] == "a"
    entry = next(e for e in reader.query(EntityHistory("Artifact", note.id)).items if e.version == 2)
    assert "fields.margin" in entry.masked
    assert "fields.margin" not in {c.property for c in entry.changes}
    change = reader.query(DiffSnapshots("Artifact", note.id, 1, 2))
    assert not [o for o in change.operations if "margin" in o.path]
    assert "fields.margin" in change.masked
    commit = reader.query(GetCommit(engineers.commit_id))
    mine = next(e for e in commit.entries if e.entity_type == "Artifact")
    assert "fields.margin" in mine.masked
    assert not [c for c in mine.changes if "margin" in c.property]


def test_links_are_entities_of_their_own(org: Org, workbench: Bench) -> None:
    """A link has a history, seen by whoever sees its ends."""
    demo = org.project
    ends = [org.owner.send(CreateArtifact(demo.id, "Requirement", f"End {n}", {"priority": "high"})) for n in (1, 2)]
    try:
        link = org.owner.send(LinkArtifacts(ends[0].id, "relates_to", ends[1].id))
    except (InvalidInput, NotFound):
        pytest.skip("the shipped process has no such link type")
    entry = org.owner.query(EntityHistory("ArtifactLink", link.id)).items[0]
    assert {c.property for c in entry.changes} >= {"source_id", "target_id"}


def test_sealing_and_verifying_as_messages(org: Org, workbench: Bench, note: ArtifactDTO) -> None:
    """An administrator seals and verifies the own organisation; others have neither privilege."""
    done = org.owner.send(SealAudit())
    report = org.owner.query(VerifyAudit())
    assert report.findings == ()
    assert report.ok
    assert (report.head, report.unsealed) == (done.head, 0)
    seals = org.owner.query(ListSeals()).items
    assert seals[0].seal_hash == done.head
    assert workbench.globex.owner.query(ListSeals()).items == ()
    for message in (VerifyAudit(), ListSeals()):
        with pytest.raises(AccessDenied):
            org.engineer.query(message)
    with pytest.raises(AccessDenied):
        org.manager.send(SealAudit())


def test_an_erasure_keeps_who_and_when_and_verifies(org: Org, note: ArtifactDTO) -> None:
    """Values of older versions are gone, on record and for good; the seals still hold, the newest version stays."""
    org.owner.send(SealAudit())
    done = org.owner.send(EraseEntity("Artifact", note.id, "asked for by the person it was about"))
    assert (done.up_to_version, done.snapshots) == (3, 3)
    first = org.owner.query(GetSnapshot("Artifact", note.id, 1))
    assert (first.payload, first.erased, first.actor) == (None, True, "Owner")
    entries = org.owner.query(EntityHistory("Artifact", note.id)).items
    assert [(e.version, e.erased, e.changes) for e in entries[1:]] == [(3, True, ()), (2, True, ()), (1, True, ())]
    assert entries[0].changes == ()  # compared with nothing that is left
    with pytest.raises(Conflict, match="erased"):
        org.owner.query(DiffSnapshots("Artifact", note.id, 1, 4))
    org.owner.send(SealAudit())
    report = org.owner.query(VerifyAudit())
    assert report.findings == ()
    assert report.erased >= 3
    told = org.owner.query(EntityHistory("Erasure", done.id)).items[0]
    assert ("reason", "asked for by the person it was about") in {(c.property, c.right) for c in told.changes}
    with pytest.raises(Conflict, match="newest"):
        org.owner.send(EraseEntity("Artifact", note.id, "again"))


def test_an_erasure_reaches_the_copies(api: Api, org: Org, project: Any, workbench: Bench) -> None:
    """Reasons of decisions and kept answers hold values too; that something was decided, and done once, stays known."""
    secret, key = "the number of a passport", {"Idempotency-Key": uuid4().hex}
    body = {"artifact_type": "note", "title": "Person", "fields": {"text": secret}}
    path = f"/projects/{project.id}/artifacts"
    made = api.post(path, body, headers=key).json
    other = api.post(path, body, headers={"Idempotency-Key": uuid4().hex}).json
    with pytest.raises(AccessDenied):
        org.owner.send(UpdateArtifact(made["id"], made["version"], fields={"text": "raise", "margin": 101}))
    org.owner.send(UpdateArtifact(made["id"], made["version"], fields={"text": "gone"}))
    done = org.owner.send(EraseEntity("Artifact", made["id"], "asked for by the person it was about"))
    assert (done.snapshots, done.answers, done.decisions >= 2) == (1, 1, True)
    decisions = org.owner.query(ListDecisions(entity_id=made["id"])).items
    assert {entry.verdict for entry in decisions} == {"allow", "deny"}
    assert {reason["code"] for entry in decisions for reason in entry.reasons} == {"R_ERASED"}
    again = api.post(path, body, headers=key)
    assert (again.status, "erased" in again.json["detail"]) == (409, True)
    with psycopg.connect(workbench.dsns.worker) as conn:
        kept = conn.execute("SELECT convert_from(body, 'UTF8') FROM alm.idempotency_keys").fetchall()
    told = [text for (text,) in kept if secret in text]
    assert [other["id"] in text for text in told] == [True]


def test_an_erasure_reaches_requests_that_are_over(org: Org, note: ArtifactDTO, workbench: Bench) -> None:
    """What was asked for together with a step held values; a request that still waits keeps what it needs."""
    assert org.owner.principal is not None
    values = {"t": org.tenant_id, "p": note.project_id, "a": note.id, "who": org.owner.principal.actor_id}
    ids = {step: uuid4() for step in ("over", "waiting")}
    with begin(workbench.runtime.engine, tenant_id=org.tenant_id) as conn:
        version = conn.execute(text("SELECT manifest_version_id FROM alm.artifacts WHERE id = :a"), values).scalar()
        for step, request in ids.items():
            conn.execute(ASKED, {**values, "id": request, "step": step, "v": version})
        conn.execute(
            text("UPDATE alm.approval_requests SET status = 'rejected', closed_at = now() WHERE id = :id"),
            {"id": ids["over"]},
        )
    done = org.owner.send(EraseEntity("Artifact", note.id, "asked for"))
    assert done.snapshots == 3 + 2
    with begin(workbench.runtime.engine, tenant_id=org.tenant_id) as conn:
        kept = {row.id: row.fields for row in conn.execute(text("SELECT id, fields FROM alm.approval_requests"))}
        found = conn.execute(
            text("SELECT count(*) FROM alm.audit_snapshots WHERE payload::text LIKE '%weighed by Ada%'")
        )
        assert found.scalar() == 1
    assert kept == {ids["over"]: {}, ids["waiting"]: {"text": "weighed by Ada"}}
    org.owner.send(SealAudit())
    assert org.owner.query(VerifyAudit()).findings == ()


def test_nothing_but_items_can_be_erased(org: Org, note: ArtifactDTO, workbench: Bench) -> None:
    """The database itself refuses whatever else the trail keeps."""
    with begin(workbench.runtime.engine, tenant_id=org.tenant_id) as conn:
        kept = set(conn.execute(text("SELECT DISTINCT entity_type FROM alm.audit_heads")).scalars()) - {"Artifact"}
    assert {"Project", "Role", "Membership"} <= kept
    for entity_type in kept:
        with (
            pytest.raises(DBAPIError, match="erased"),
            begin(workbench.runtime.engine, tenant_id=org.tenant_id) as conn,
        ):
            conn.execute(text("SELECT * FROM alm.audit_erase(:e, :t, :e, 'x')"), {"t": entity_type, "e": note.id})


def test_an_erasure_needs_its_privilege_and_a_reason(org: Org, workbench: Bench, note: ArtifactDTO) -> None:
    """And is of the own organisation only."""
    with pytest.raises(InvalidInput, match="why"):
        org.owner.send(EraseEntity("Artifact", note.id, " "))
    with pytest.raises(AccessDenied):
        org.engineer.send(EraseEntity("Artifact", note.id, "x"))
    with pytest.raises(NotFound):
        workbench.globex.owner.send(EraseEntity("Artifact", note.id, "x"))


def test_over_rest(api: Api, org: Org, note: ArtifactDTO) -> None:
    """The routes answer 401 without a token, 404 to another organisation, and version 1 for snapshots/1."""
    path = f"/audit/Artifact/{note.id}"
    first = api.get(f"{path}/snapshots/1")
    assert (first.status, first.json["version"], first.json["payload"]["title"]) == (200, 1, "One")
    found = api.get(f"{path}/diff?from=1&to=2")
    assert (found.status, found.json["from"], found.json["to"]) == (200, 1, 2)
    assert api.get(f"{path}/snapshots/1", who=None).status == 401
    for route in (f"{path}/snapshots/1", f"{path}/diff?from=0&to=1", f"{path}/history"):
        assert api.get(route, org="globex").status == 404
    assert api.get(f"/audit/commits/{first.json['commit_id']}", org="globex").status == 404
    assert api.get(f"{path}/diff?from=1").status == 422
    assert api.post("/audit/verify", {"live": False}).json["ok"] is True
    assert api.post("/audit/seals").status == 200
    assert api.get("/audit/seals?limit=1").json["items"][0]["number"] >= 1
    assert api.get("/audit/commits?limit=1").status == 200
