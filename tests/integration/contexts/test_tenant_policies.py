"""The policies of an organisation act on every event in every project, and can be looked after."""

from __future__ import annotations

import base64
import statistics
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy import event as sql_events
from sqlalchemy import text as sql

from alm_workbench.contexts.access.messages import Explain
from alm_workbench.contexts.artifact.messages import (
    ArtifactAccess,
    ArtifactDTO,
    CreateArtifact,
    DeleteArtifact,
    FindArtifacts,
    GetArtifact,
    ImportArtifacts,
    LinkArtifacts,
    RestoreArtifact,
    UpdateArtifact,
)
from alm_workbench.contexts.audit.messages import EntityHistory, ListDecisions
from alm_workbench.contexts.manifest.messages import SaveManifest
from alm_workbench.contexts.project.messages import (
    ActivateManifest,
    ArchiveProject,
    CreateProject,
    GetProject,
    ProjectDTO,
    ReopenProject,
)
from alm_workbench.contexts.tenant.people_messages import ListMembers
from alm_workbench.contexts.tenant.policy_messages import (
    CreatePolicy,
    DeletePolicy,
    ListPolicies,
    PolicyDTO,
    UpdatePolicy,
)
from alm_workbench.contexts.workflow.messages import TransitionArtifact
from alm_workbench.errors import AccessDenied, Conflict, ImportRejected, InvalidInput, NotFound, StaleVersion
from alm_workbench.shared.ids import new_id
from alm_workbench.shared.mediator import Work
from alm_workbench.shared.messages import Command
from tests.factories.workbench import Api, Bench, Org

SECRET = "41424344"
TEXT = """
@schema 2
@namespace "test.policies"
@name "policies"
@version "1.0.0"

def Workflow flow {
  initial: "open"
  states: [{id: "open", category: "todo"}, {id: "done", category: "done"}]
  transitions: [{id: "finish", from: "open", to: "done"}]
}
def ArtifactType note {
  workflow: "flow"
  key_prefix: "NOTE"
  def FieldDef margin { type: "int" }
  def FieldDef words { type: "text" }
}
def LinkType about { from: ["note"] to: ["note"] }
def Role owner { implies: ["lead"] privileges: ["*"] }
def Role lead { implies: ["engineer"] }
def Role engineer { privileges: ["artifact:read"] }
def ACL all { action: "*" resource: "*" roles: ["owner"] priority: 100 }
def ACL work { action: ["create", "update", "transition", "link", "delete"] resource: "*" roles: ["engineer"] }
def ACL reads { action: "read" resource: "*" roles: ["engineer"] mask: ["margin"] }
def Policy high_words { events: ["update"] when: "self.fields.words == 'both'" message: {en: "Not these words"} }
"""


@pytest.fixture(scope="module")
def org(workbench: Bench) -> Org:
    return workbench.acme


@pytest.fixture(scope="module")
def project(org: Org) -> ProjectDTO:
    made = org.owner.send(CreateProject("POL", "Policies"))
    org.owner.send(ActivateManifest(made.id, org.owner.send(SaveManifest(TEXT, "dsl")).version_id))
    return made


@contextmanager
def policy(org: Org, code: str, **definition: Any) -> Iterator[PolicyDTO]:
    """A policy for a while."""
    made = org.owner.send(CreatePolicy(code, definition))
    try:
        yield made
    finally:
        now = next(found for found in org.owner.query(ListPolicies()) if found.code == code)
        org.owner.send(DeletePolicy(code, now.version))


@contextmanager
def transaction(workbench: Bench, org: Org) -> Iterator[Connection]:
    """A transaction of the owner, for what no message does."""
    assert org.owner.principal is not None
    work = Work(org.owner.principal, "Test", "c", new_id(), False)
    with workbench.runtime.mediator._units.begin(work) as conn:
        yield conn


def note(org: Org, project: ProjectDTO, title: str = "Note", **fields: Any) -> ArtifactDTO:
    return org.owner.send(CreateArtifact(project.id, "note", title, {"words": "some", **fields}))


def assignee(org: Org) -> Any:
    return next(m.actor_id for m in org.owner.query(ListMembers()) if m.email == org.email("engineer"))


def refused(org: Org, message: Command[Any], who: str = "owner") -> AccessDenied:
    with pytest.raises(AccessDenied) as caught:
        getattr(org, who).send(message)
    return caught.value


def commands(org: Org, project: ProjectDTO) -> Mapping[str, Command[Any]]:
    """A command for every event there is."""
    item, other, gone = note(org, project), note(org, project), note(org, project)
    org.owner.send(DeleteArtifact(gone.id, 1))
    return {
        "create": CreateArtifact(project.id, "note", "New", {}),
        "update": UpdateArtifact(item.id, 1, title="Other"),
        "assign": UpdateArtifact(item.id, 1, assignee_id=assignee(org)),
        "transition": TransitionArtifact(item.id, "finish", 1),
        "link": LinkArtifacts(item.id, "about", other.id),
        "soft_delete": DeleteArtifact(item.id, 1),
        "restore": RestoreArtifact(gone.id),
    }


EVENTS = ("create", "update", "assign", "transition", "link", "soft_delete", "restore")


@pytest.mark.parametrize("event", EVENTS)
def test_a_policy_refuses_its_event_to_everybody_and_no_other(org: Org, project: ProjectDTO, event: str) -> None:
    """The owner too; the refusal names policy, row version and its words; what it is not about goes on."""
    todo = commands(org, project)
    labels = {"en": "Not now", "tr": "Şimdi olmaz"}
    with policy(org, "stop", events=[event], when="project.key == 'POL'", message=labels) as made:
        error = refused(org, todo[event])
        reason = error.reasons[0]
        assert (reason["rule_id"], reason["code"], reason["span"]) == ("stop", "R_POLICY_DENY", None)
        assert reason["place"] == {"kind": "tenant policy", "code": "stop", "version": made.version}
        assert reason["labels"] == labels
        assert "Not now" in error.detail
        assert "project.key == 'POL'" in error.detail
        entry = org.owner.query(ListDecisions(rule_id="stop", limit=1)).items[0]
        assert (entry.verdict, entry.span, entry.reasons[0]["place"]) == ("deny", None, reason["place"])
        assert entry.manifest_hash
        if event != "restore":
            other = {"update": "transition", "assign": "link"}.get(event, "update")
            org.owner.send(todo[other])
    if event in ("create", "restore"):
        org.owner.send(todo[event])


def test_delete_means_the_bin_as_well(org: Org, project: ProjectDTO) -> None:
    """Items are deleted by putting them into the bin, so a policy about deleting holds there."""
    item = note(org, project)
    with policy(org, "keep", events="delete"):
        assert refused(org, DeleteArtifact(item.id, 1)).reasons[0]["rule_id"] == "keep"


def test_whoever_creates_with_an_assignee_assigns(org: Org, project: ProjectDTO) -> None:
    """A policy about assigning looks at the person that is meant; the same one again is no assignment."""
    who = assignee(org)
    made = org.owner.send(CreateArtifact(project.id, "note", "Mine", {"words": "x"}, assignee_id=who))
    with policy(org, "nobody", events=["assign"], when=f"self.assignee == '{who}'"):
        refused(org, CreateArtifact(project.id, "note", "Theirs", {}, assignee_id=who))
        org.owner.send(CreateArtifact(project.id, "note", "Nobody's", {}))
        assert org.owner.send(UpdateArtifact(made.id, 1, title="Still", assignee_id=who)).version == 2


def test_every_row_of_an_import_is_judged(org: Org, project: ProjectDTO) -> None:
    """The row that a policy refuses is named; the others can be imported without it."""
    content = base64.b64encode(b"title\nGood\nBad row\nFine\n").decode()
    with policy(org, "no_bad", events=["create"], when="contains(self.title, 'Bad')", message={"en": "No bad ones"}):
        with pytest.raises(ImportRejected) as caught:
            org.owner.send(ImportArtifacts(project.id, "a.csv", content, "note"))
        assert caught.value.errors[0].path == "a.csv:3:"
        assert "No bad ones" in caught.value.errors[0].message
        done = org.owner.send(ImportArtifacts(project.id, "a.csv", content, "note", on_error="skip"))
    assert len(done.keys) == 2


def test_a_denial_wins_whichever_level_it_comes_from(org: Org, project: ProjectDTO) -> None:
    """An allowing policy of the organisation opens nothing that the process forbids, and the other way round."""
    item = note(org, project)
    both = UpdateArtifact(item.id, 1, fields={"words": "both"})
    with policy(org, "fine", events=["update"], effect="allow"):
        assert refused(org, both).reasons[0]["rule_id"] == "high_words"
    with policy(org, "also", events=["update"], when="self.fields.words == 'both'"):
        assert [r["rule_id"] for r in refused(org, both).reasons] == ["also", "high_words"]
    with policy(org, "only", events=["update"], when="self.fields.words == 'ours'"):
        assert refused(org, UpdateArtifact(item.id, 1, fields={"words": "ours"})).reasons[0]["rule_id"] == "only"
        org.owner.send(UpdateArtifact(item.id, 1, fields={"words": "neither"}))


def test_roles_imply_what_the_process_says(org: Org, project: ProjectDTO) -> None:
    """An owner is a lead by the process, though the organisation knows no such role."""
    item = note(org, project)
    with policy(org, "leads_only", events=["update"], when="not hasRole('lead')"):
        org.owner.send(UpdateArtifact(item.id, 1, title="By a lead"))
        assert refused(org, UpdateArtifact(item.id, 2, title="Not"), "engineer").reasons[0]["rule_id"] == "leads_only"


def test_types_narrow_and_what_cannot_be_decided_is_refused(org: Org, project: ProjectDTO) -> None:
    """A policy about another type is silent; one that needs a value which is not there refuses, as in a process."""
    item = note(org, project)
    with policy(org, "others", events=["update"], applies_to=["requirement"]):
        item = org.owner.send(UpdateArtifact(item.id, item.version, title="A"))
    with policy(org, "needs", events=["update"], when="self.fields.margin > 5"):
        reason = refused(org, UpdateArtifact(item.id, item.version, title="B")).reasons[0]
        assert (reason["code"], reason["rule_id"]) == ("R_EXPR_UNDECIDED", "needs")


def test_no_hidden_value_is_told(org: Org, project: ProjectDTO) -> None:
    """A policy may look at what the actor may not see: it is named, its words are said, the value is not."""
    item = note(org, project, margin=int(SECRET))
    when = f"self.fields.margin == {SECRET}"
    with policy(org, "margins", events=["update", "transition"], when=when, message={"en": "Ask sales"}):
        for message in (UpdateArtifact(item.id, 1, title="X"), TransitionArtifact(item.id, "finish", 1)):
            error = refused(org, message, "engineer")
            assert error.reasons[0]["rule_id"] == "margins"
            assert SECRET not in repr((error.detail, error.reasons, error.extra))
        told = repr(
            (org.engineer.query(Explain("update", "Artifact", item.id)), org.engineer.query(ArtifactAccess(item.id)))
        )
        assert "margins" in told
        assert SECRET not in told
        assert SECRET in repr(org.owner.query(Explain("update", "Artifact", item.id)))
        logged = org.owner.query(ListDecisions(rule_id="margins", limit=5)).items
        assert len(logged) == 2
        assert SECRET in repr(logged[0].reasons)


def test_explanations_name_the_policy_and_its_version(org: Org, project: ProjectDTO) -> None:
    """Now, and for a moment before the policy was there."""
    item = note(org, project)
    before = org.owner.query(GetArtifact(item.id)).updated_at
    assert org.engineer.query(Explain("update", "Artifact", item.id)).allowed
    with policy(org, "shut", events=["update"], message={"en": "Shut", "tr": "Kapalı"}):
        answer = org.engineer.query(Explain("update", "Artifact", item.id))
        link = next(link for link in answer.chain if link.verdict == "deny")
        assert (answer.allowed, link.room, link.rule_id, link.span) == (False, "tenant_policy", "shut", None)
        assert "version 1" in link.text["en"]
        assert "Kapalı" in link.text["tr"]
        assert "sürüm 1" in link.text["tr"]
        assert "Shut" in answer.summary["en"]
        access = org.engineer.query(ArtifactAccess(item.id))
        assert "update" not in access.allowed_actions
        assert next(r for r in access.refused_actions if r.what == "update").room == "tenant_policy"
        assert org.owner.query(Explain("update", "Artifact", item.id, at=before)).allowed
        seen = org.owner.query(FindArtifacts(project.id, include="access", limit=5)).items
        assert all("update" not in found.access.allowed_actions for found in seen if found.access)
        during = org.owner.query(ListPolicies())
        at = next(found.updated_at for found in during if found.code == "shut")
    assert org.owner.query(Explain("update", "Artifact", item.id)).allowed
    then = org.owner.query(Explain("update", "Artifact", item.id, at=at))
    assert not then.allowed
    assert any(link.rule_id == "shut" for link in then.chain)


def test_the_policies_of_the_seed_act_and_can_be_switched_off(org: Org, project: ProjectDTO) -> None:
    """An archived project stands still because a policy says so; whoever does not want it switches it off."""
    item = note(org, project)
    archived = org.manager.send(ArchiveProject(project.id, org.owner.query(GetProject(project.id)).version))
    code = "archived_projects_stand_still"
    error = refused(org, UpdateArtifact(item.id, 1, title="Y"))
    assert error.reasons[0]["labels"]["tr"] == "Proje arşivlenmiş"
    assert error.reasons[0]["place"]["kind"] == "tenant policy"
    answer = org.engineer.query(Explain("create", "Project", project.id, type="note"))
    assert next(link for link in answer.chain if link.verdict == "deny").rule_id == code
    off = org.owner.send(UpdatePolicy(code, 1, enabled=False))
    assert (off.enabled, off.built_in, off.version) == (False, True, 2)
    item = org.owner.send(UpdateArtifact(item.id, 1, title="Y"))
    assert org.owner.send(UpdatePolicy(code, 2, enabled=True)).enabled
    assert refused(org, UpdateArtifact(item.id, 2, title="Z")).reasons[0]["place"]["version"] == 3
    org.manager.send(ReopenProject(project.id, archived.version))


def test_each_organisation_has_its_own(workbench: Bench, org: Org, project: ProjectDTO) -> None:
    """What one forbids, the other does not notice, nor read, nor change."""
    globex = workbench.globex
    with policy(org, "frozen", events=["create"]) as made:
        refused(org, CreateArtifact(project.id, "note", "No", {}))
        globex.owner.send(CreateArtifact(globex.project.id, "requirement", "Yes", {"text": "t"}))
        assert "frozen" not in {found.code for found in globex.owner.query(ListPolicies())}
        with pytest.raises(NotFound):
            globex.owner.send(UpdatePolicy("frozen", made.version, enabled=False))


def test_policies_are_looked_after(org: Org) -> None:
    """Read by members, changed by who manages the organisation, with versions, events and history."""
    listed = org.viewer.query(ListPolicies())
    assert [found.code for found in listed] == sorted(found.code for found in listed)
    assert all(found.built_in and found.enabled and not found.warnings for found in listed)
    for message in (CreatePolicy("mine", {"events": ["create"]}), UpdatePolicy("title_needed", 1, enabled=False)):
        refused(org, message, "manager")
    made = org.owner.send(CreatePolicy("mine", {"events": ["create"], "when": "self.title == 'x'"}, enabled=False))
    with pytest.raises(Conflict):
        org.owner.send(CreatePolicy("mine", {"events": ["create"]}))
    with pytest.raises(StaleVersion) as stale:
        org.owner.send(UpdatePolicy("mine", 9, enabled=True))
    assert stale.value.extra["current"].version == 1
    assert org.owner.send(UpdatePolicy("mine", 1, enabled=False)).version == 1, "nothing changed"
    changed = org.owner.send(UpdatePolicy("mine", 1, definition={"events": ["update"], "labels": {"en": "Mine"}}))
    assert (changed.labels, changed.version, changed.enabled) == ({"en": "Mine"}, 2, False)
    with pytest.raises(Conflict):
        org.owner.send(DeletePolicy("title_needed", 1))
    org.owner.send(DeletePolicy("mine", 2))
    assert made.code not in {found.code for found in org.viewer.query(ListPolicies())}


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"events": ["create"], "when": "self.x == "}, "/definition/when", "column 9"),
    ({"events": ["create"], "when": "foo(self)"}, "/definition/when", "column 1"),
    ({"events": ["create"], "when": "1 + 2"}, "/definition/when", "true or false"),
    ({"events": ["creat"]}, "/definition/events/0", "creat"),
    ({"when": "true"}, "/definition", "events"),
    ({"events": ["create"], "effect": "maybe"}, "/definition/effect", "maybe"),
    ({"events": ["create"], "id": "other"}, "/definition/id", "none of"),
    ({"events": ["create"], "intents": []}, "/definition/intents", "none of"),
    ({"events": ["create"], "message": 3}, "/definition/message", "3"),
    ({"events": ["create"], "labels": {"en": "x" * 20_001}}, "/definition", "at most"),
]


@pytest.mark.parametrize(("definition", "path", "said"), WRONG)
def test_what_the_core_cannot_read_is_refused_with_its_place(
    org: Org, definition: dict[str, Any], path: str, said: str
) -> None:
    """The pointer into the message, and the column within an expression; nothing is kept."""
    with pytest.raises(InvalidInput) as caught:
        org.owner.send(CreatePolicy("wrong", definition))
    assert (caught.value.errors[0].path, said in caught.value.errors[0].message) == (path, True)
    with pytest.raises(InvalidInput):
        org.owner.send(UpdatePolicy("title_needed", 1, definition=definition))
    with pytest.raises(InvalidInput):
        org.owner.send(CreatePolicy("Not A Code", {"events": ["create"]}))


@pytest.mark.parametrize("when", [None, "true", "true or self.title == 'x'"])
def test_a_policy_that_stops_everything_is_kept_with_a_warning(org: Org, when: str | None) -> None:
    """It may be meant; it is said in both languages."""
    definition = {"events": ["comment"], **({"when": when} if when else {})}
    made = org.owner.send(CreatePolicy("all_stop", definition))
    found = [warning for warning in made.warnings if warning.code == "denies-everybody"]
    assert found
    assert "everybody" in found[0].text["en"]
    assert "herkese" in found[0].text["tr"]
    org.owner.send(DeletePolicy("all_stop", 1))


def test_the_audit_trail_keeps_every_version(workbench: Bench, org: Org) -> None:
    """Who changed what, and what it said before."""
    made = org.owner.send(CreatePolicy("traced", {"events": ["comment"], "when": "self.title == 'a'"}))
    org.owner.send(
        UpdatePolicy("traced", made.version, definition={"events": ["comment"], "when": "self.title == 'b'"})
    )
    org.owner.send(DeletePolicy("traced", 2))
    query = (
        "SELECT entity_id FROM alm.audit_snapshots WHERE entity_type = 'TenantPolicy' AND payload ->> 'code' = 'traced'"
    )
    with transaction(workbench, org) as conn:
        found = conn.execute(sql(query)).first()
    assert found is not None
    entries = org.owner.query(EntityHistory("TenantPolicy", found[0])).items
    assert {entry.change_type for entry in entries} == {"INITIAL", "UPDATE", "DELETE"}


def test_a_policy_that_became_unreadable_refuses(workbench: Bench, org: Org, project: ProjectDTO) -> None:
    """What was kept under another vocabulary and cannot be read any more lets nothing through, and says why."""
    item = note(org, project)
    with policy(org, "lost", events=["update"], when="self.title == 'never'"):
        gone = """jsonb_set(definition, '{when}', '"gone(self)"')"""
        with transaction(workbench, org) as conn:
            conn.execute(sql(f"UPDATE alm.tenant_policies SET definition = {gone} WHERE code = 'lost'"))
        reason = refused(org, UpdateArtifact(item.id, 1, title="Q")).reasons[0]
        assert reason["rule_id"] == "lost"
        assert "cannot be read" in reason["message"]
        assert reason["labels"]["tr"]
        org.owner.send(TransitionArtifact(item.id, "finish", 1))


def test_policies_cost_no_statement(workbench: Bench, org: Org, project: ProjectDTO) -> None:
    """What changed is told by the statement that finds the process; only a change is read, once."""
    item = note(org, project)
    counts: list[int] = []

    def count(*_: Any) -> None:
        counts[-1] += 1

    seen: list[str] = []

    def remember(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        count()
        seen.append(statement)

    engine = workbench.runtime.engine
    sql_events.listen(engine, "before_cursor_execute", remember)
    try:
        for version in range(1, 5):
            counts.append(0)
            seen.clear()
            org.owner.send(UpdateArtifact(item.id, version, title=f"T{version}"))
            about = [s for s in seen if "tenant_policies" in s]
            assert version == 1 or len(about) == 1
    finally:
        sql_events.remove(engine, "before_cursor_execute", remember)
    assert counts[1] == counts[2] == counts[3] == statistics.median(counts)


def test_over_rest(api: Api, org: Org) -> None:
    """With versions: a change needs If-Match, a stale one brings the present state, a bad one its place."""
    made = api.call("POST", "/policies", {"code": "by_rest", "definition": {"events": ["comment"]}})
    assert (made.status, made.json["warnings"][0]["code"], made.json["built_in"]) == (201, "denies-everybody", False)
    body = {"definition": {"events": ["comment"], "when": "self.title == "}}
    assert api.call("PATCH", "/policies/by_rest", body).status == 428
    bad = api.call("PATCH", "/policies/by_rest", body, headers={"If-Match": '"1"'})
    assert (bad.status, bad.json["errors"][0]["path"]) == (422, "/definition/when")
    stale = api.call("PATCH", "/policies/by_rest", {"enabled": False}, headers={"If-Match": '"7"'})
    assert (stale.status, stale.json["current"]["code"]) == (409, "by_rest")
    off = api.call("PATCH", "/policies/by_rest", {"enabled": False}, headers={"If-Match": '"1"'})
    assert (off.status, off.json["enabled"], off.json["version"]) == (200, False, 2)
    for text in ("a\0b", "a\u202eb", "\ud800"):
        odd = {"code": "odd", "definition": {"events": ["comment"], "message": {"en": text}}}
        assert api.call("POST", "/policies", odd).status in (400, 422), text
    plain = api.call("POST", "/policies", {"code": "plain", "definition": {"events": ["comment"], "labels": "Plain"}})
    assert plain.json["labels"] == {"en": "Plain"}
    assert api.call("DELETE", "/policies/plain", headers={"If-Match": '"1"'}).status == 200
    assert api.call("GET", "/policies", who="viewer").json[0]["code"] == "archived_projects_stand_still"
    assert api.call("DELETE", "/policies/by_rest", headers={"If-Match": '"2"'}).status == 200


def test_a_refusal_reads_well(org: Org, project: ProjectDTO) -> None:
    """In a terminal: the words of the policy, its code and its version."""
    item = note(org, project)
    with policy(org, "quiet", events=["update"], message={"en": "Be quiet"}):
        lines = refused(org, UpdateArtifact(item.id, 1, title="Loud")).lines()
    assert any("Be quiet [quiet (tenant policy, version 1)]" in line for line in lines)
