"""Explain follows a right through every room; the answer agrees with what the handlers do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alm_workbench.contexts.access.messages import Explain, ExplanationDTO
from alm_workbench.contexts.artifact.messages import (
    ArtifactAccess,
    ArtifactDTO,
    CreateArtifact,
    DeleteArtifact,
    FindArtifacts,
    GetArtifact,
    UpdateArtifact,
)
from alm_workbench.contexts.manifest.messages import SaveManifest
from alm_workbench.contexts.project.messages import (
    ActivateManifest,
    CreateProject,
    GrantProjectRole,
    ProjectDTO,
    RevokeProjectRole,
)
from alm_workbench.contexts.tenant.people_messages import ListMembers, UpdateMember
from alm_workbench.contexts.workflow.messages import TransitionArtifact
from alm_workbench.errors import AccessDenied, InvalidInput, NotFound, TransitionDenied
from tests.factories.workbench import Bench, Org

SECRET = "41424344"

TEXT = """
@schema 2
@namespace "test.explain"
@name "explain"
@version "1.0.0"

def Workflow flow {
  initial: "open"
  states: [{id: "open", category: "todo"}, {id: "done", category: "done"}]
  transitions: [
    {id: "finish", from: "open", to: "done", guard: "self.fields.margin < 100"},
    {id: "drop", from: "open", to: "done", roles: ["owner"]},
  ]
}
def ArtifactType note {
  workflow: "flow"
  key_prefix: "NOTE"
  def FieldDef price { type: "int" }
  def FieldDef margin { type: "int" }
  def FieldDef text { type: "text" }
  def FieldDef double { type: "int" computed: "self.fields.price * 2" }
}
def Role owner { implies: ["engineer"] privileges: ["*"] }
def Role engineer { implies: ["viewer"] privileges: ["artifact:update"] }
def Role viewer { privileges: ["artifact:read"] }
def ACL all { action: "*" resource: "*" roles: ["owner"] priority: 100 }
def ACL work { action: ["create", "update", "transition", "link"] resource: "*" roles: ["engineer"] }
def ACL engineers_read { action: "read" resource: "*" roles: ["engineer"] mask: ["margin"] }
def ACL price_stands { action: "update" resource: "note.price" roles: ["engineer"] effect: "deny" priority: 10 }
def ACL viewers_read { action: "read" resource: "*" roles: ["viewer"] condition: "self.state == 'done'" mask: ["margin", "price"] }
def Policy high_margin { events: ["update"] when: "self.fields.margin > 1000" message: {en: "Ask sales", tr: "Satışa sorun"} }
"""


@pytest.fixture(scope="module")
def org(workbench: Bench) -> Org:
    return workbench.acme


@pytest.fixture(scope="module")
def project(org: Org) -> ProjectDTO:
    made = org.owner.send(CreateProject("EXPL", "Explain"))
    org.owner.send(ActivateManifest(made.id, org.owner.send(SaveManifest(TEXT, "dsl")).version_id))
    return made


@pytest.fixture
def note(org: Org, project: ProjectDTO) -> ArtifactDTO:
    fields: Any = {"margin": int(SECRET), "price": 5, "text": "kept"}
    return org.owner.send(CreateArtifact(project.id, "note", "A note", fields))


def rooms(found: ExplanationDTO) -> list[tuple[str, str]]:
    return [(link.room, link.verdict) for link in found.chain]


def test_the_whole_chain_of_a_yes(org: Org, note: ArtifactDTO) -> None:
    """Membership, roles with the way to them, project, process, privilege, access rule: each with its place."""
    found = org.engineer.query(Explain("read", "Artifact", note.id))
    assert found.allowed
    assert rooms(found) == [
        ("member", "allow"),
        ("role", "info"),
        ("project", "allow"),
        ("process", "info"),
        ("privilege", "allow"),
        ("access", "allow"),
    ]
    assert [(r.code, r.via) for r in found.subject.roles] == [
        ("engineer", ("engineer",)),
        ("viewer", ("engineer", "viewer")),
    ]
    rule = found.chain[-1]
    assert (rule.rule_id, found.process) == ("engineers_read", "test.explain/explain 1.0.0")
    assert rule.span
    assert rule.span["line"] > 20
    assert found.manifest_hash
    assert len(found.manifest_hash) == 64
    assert {o.rule_id: o.fate for o in rule.others} == {"all": "role", "viewers_read": "not reached"}
    assert "access rule engineers_read" in rule.text["en"]
    assert "erişim kuralı" in rule.text["tr"]
    assert "engineer → viewer" in found.chain[4].text["en"]
    assert found.summary["tr"].startswith("Evet")


def test_a_no_names_the_rule_and_tells_no_hidden_value(org: Org, note: ArtifactDTO) -> None:
    """The policy looked at a field hidden from who asks; whoever may see it reads the value."""
    mine = org.engineer.query(Explain("update", "Artifact", note.id))
    assert not mine.allowed
    assert (mine.chain[-1].room, mine.chain[-1].rule_id) == ("policy", "high_margin")
    assert "Ask sales" in mine.summary["en"]
    assert "Satışa sorun" in mine.summary["tr"]
    assert SECRET not in repr(mine)
    theirs = org.owner.query(Explain("update", "Artifact", note.id, user="engineer@acme.example"))
    assert not theirs.allowed
    assert SECRET in repr(theirs)
    with pytest.raises(AccessDenied):
        org.engineer.send(UpdateArtifact(note.id, note.version, fields={"text": "x"}))


def test_steps_are_explained_by_the_workflow(org: Org, note: ArtifactDTO) -> None:
    """A guard that looked at a hidden value and a step for others; both agree with what happens."""
    guard = org.engineer.query(Explain("transition:finish", "Artifact", note.id))
    assert not guard.allowed
    refused = next(link for link in guard.chain if link.verdict == "deny")
    assert (refused.room, refused.rule_id) == ("workflow", "finish")
    assert SECRET not in repr(guard)
    role = org.engineer.query(Explain("transition:drop", "Artifact", note.id))
    assert "rollerden biri" in next(link for link in role.chain if link.verdict == "deny").text["tr"]
    with pytest.raises(TransitionDenied):
        org.engineer.send(TransitionArtifact(note.id, "drop", note.version))
    assert org.owner.query(Explain("transition:drop", "Artifact", note.id)).allowed
    unknown = org.owner.query(Explain("transition:fly", "Artifact", note.id))
    assert not unknown.allowed


def test_fields_with_the_rule_of_each(org: Org, note: ArtifactDTO) -> None:
    """What may be seen and changed of each field, and why not."""
    found = {f.field: f for f in org.engineer.query(Explain("read", "Artifact", note.id)).fields}
    assert (found["margin"].visible, found["margin"].visible_rule) == (False, "engineers_read")
    assert (found["price"].visible, found["price"].editable, found["price"].editable_rule) == (
        True,
        False,
        "price_stands",
    )
    assert found["text"].editable
    viewer = org.viewer.query(Explain("read", "Artifact", note.id))
    assert not viewer.allowed
    assert not any(f.visible for f in viewer.fields)
    assert "No" in viewer.summary["en"]
    assert note.key not in repr(viewer)


def test_privileges_and_projects_are_explained_too(org: Org, project: ProjectDTO) -> None:
    """A privilege without an entity, and what is done with a project as a whole."""
    assert org.owner.query(Explain("member:invite")).allowed
    mine = org.engineer.query(Explain("member:invite"))
    assert not mine.allowed
    assert mine.chain[-1].rule_id == "member:invite"
    assert "gerekiyor" in mine.chain[-1].text["tr"] or "vermiyor" in mine.chain[-1].text["tr"]
    assert not org.engineer.query(Explain("update", "Project", project.id)).allowed
    assert org.manager.query(Explain("update", "Project", project.id)).allowed
    assert org.engineer.query(Explain("create", "Project", project.id, type="note")).allowed
    assert not org.viewer.query(Explain("create", "Project", project.id, type="note")).allowed
    assert not org.engineer.query(Explain("create", "Project", project.id, type="epic")).allowed


def test_who_may_ask_about_whom(org: Org, note: ArtifactDTO, workbench: Bench) -> None:
    """About oneself everybody; about others, other times and everybody only readers of the audit trail."""
    for message in (
        Explain("read", "Artifact", note.id, user="owner@acme.example"),
        Explain("read", "Artifact", note.id, who_can="read"),
        Explain("read", "Artifact", note.id, at=datetime.now(UTC)),
    ):
        with pytest.raises(AccessDenied) as caught:
            org.engineer.query(message)
        assert caught.value.reasons[0]["rule_id"] == "audit:read"
    assert org.engineer.query(Explain("read", "Artifact", note.id, user="engineer@acme.example")).allowed
    with pytest.raises(NotFound):
        workbench.globex.owner.query(Explain("read", "Artifact", note.id))
    with pytest.raises(NotFound):
        org.owner.query(Explain("read", "Artifact", note.id, user="owner@globex.example"))
    endless = Explain("x" * 201, "Artifact", note.id)
    for wrong in (
        endless,
        Explain("read"),
        Explain("read", "Artifact"),
        Explain("read", at=datetime(2099, 1, 1, tzinfo=UTC)),
    ):
        with pytest.raises(InvalidInput):
            org.owner.query(wrong)


def test_a_role_without_a_person(org: Org, note: ArtifactDTO) -> None:
    """What anybody could do who holds just this role: before it is given."""
    assert org.owner.query(Explain("read", "Artifact", note.id, role="engineer")).allowed
    viewer = org.owner.query(Explain("update", "Artifact", note.id, role="viewer"))
    assert next(link.rule_id for link in viewer.chain if link.verdict == "deny") == "artifact:update"
    with pytest.raises(InvalidInput, match="no role"):
        org.owner.query(Explain("read", "Artifact", note.id, role="pilot"))
    with pytest.raises(InvalidInput):
        org.owner.query(Explain("read", "Artifact", note.id, role="viewer", user="owner@acme.example"))
    with pytest.raises(AccessDenied):
        org.engineer.query(Explain("read", "Artifact", note.id, role="owner"))


def test_who_can_lists_every_member_with_the_rule(org: Org, note: ArtifactDTO) -> None:
    """Everybody is listed, and the list says what the single answers say."""
    found = org.owner.query(Explain("read", "Artifact", note.id, who_can="read")).who
    by_mail = {w.email: w for w in found}
    assert len(by_mail) == 5
    for role in ("owner", "engineer", "viewer", "reviewer"):
        single = org.owner.query(Explain("read", "Artifact", note.id, user=org.email(role)))
        assert by_mail[org.email(role)].allowed is single.allowed
    assert by_mail[org.email("viewer")].rule_id is None  # no rule lets viewers read an open note
    reads = {org.email(role) for role in ("owner", "manager", "engineer")}
    assert {mail for mail, who in by_mail.items() if who.allowed} == reads


def test_as_it_was(org: Org, project: ProjectDTO, note: ArtifactDTO) -> None:
    """Another process, other roles and another state of the item then: the answer is that of then."""
    before = datetime.now(UTC)
    stricter = TEXT.replace('"1.0.0"', '"2.0.0"').replace('roles: ["engineer"] mask: ["margin"]', 'roles: ["owner"]')
    first = org.owner.query(Explain("read", "Artifact", note.id)).manifest_version_id
    org.owner.send(ActivateManifest(project.id, org.owner.send(SaveManifest(stricter, "dsl")).version_id))
    member = next(m for m in org.owner.query(ListMembers()) if m.email == org.email("engineer"))
    changed = org.owner.send(UpdateMember(member.membership_id, member.version, roles=("viewer",)))
    try:
        now = org.owner.query(Explain("read", "Artifact", note.id, user=org.email("engineer")))
        then = org.owner.query(Explain("read", "Artifact", note.id, user=org.email("engineer"), at=before))
        assert not now.allowed
        assert [r.code for r in now.subject.roles] == ["viewer"]
        assert then.allowed
        assert [r.code for r in then.subject.roles] == ["engineer", "viewer"]
        assert (then.process, now.process) == ("test.explain/explain 1.0.0", "test.explain/explain 2.0.0")
        assert then.manifest_version_id == first
        assert then.notes
        long_ago = before - timedelta(days=1)
        with pytest.raises(NotFound):
            org.owner.query(Explain("read", "Artifact", note.id, at=long_ago))
    finally:
        org.owner.send(UpdateMember(member.membership_id, changed.version, roles=("engineer",)))
        org.owner.send(ActivateManifest(project.id, first))  # type: ignore[arg-type]


def test_an_item_in_the_bin_is_explained(org: Org, note: ArtifactDTO) -> None:
    """Its state is taken from the audit trail."""
    org.owner.send(DeleteArtifact(note.id, note.version))
    found = org.owner.query(Explain("restore", "Artifact", note.id))
    assert found.allowed
    assert any("bin" in text["en"] for text in found.notes)
    assert not org.engineer.query(Explain("restore", "Artifact", note.id)).allowed


def test_roles_in_one_project_hold_there_only(
    org: Org, workbench: Bench, project: ProjectDTO, note: ArtifactDTO
) -> None:
    """A viewer who is an engineer here reads and writes here, by the rules for engineers, and nowhere else."""
    other = org.owner.send(CreateProject("EXPO", "Elsewhere"))
    version = org.owner.query(Explain("read", "Artifact", note.id)).manifest_version_id
    org.owner.send(ActivateManifest(other.id, version))  # type: ignore[arg-type]
    elsewhere = org.owner.send(CreateArtifact(other.id, "note", "Another note", {}))
    viewer = next(m for m in org.owner.query(ListMembers()) if m.email == org.email("viewer"))
    with pytest.raises(AccessDenied):
        org.viewer.query(GetArtifact(note.id))
    with pytest.raises(AccessDenied):
        org.engineer.send(GrantProjectRole(project.id, viewer.membership_id, "engineer"))
    with pytest.raises(AccessDenied, match="do not hold"):
        org.manager.send(GrantProjectRole(project.id, viewer.membership_id, "owner"))
    given = org.manager.send(GrantProjectRole(project.id, viewer.membership_id, "engineer"))
    assert given.roles == ("engineer",)
    assert org.manager.send(GrantProjectRole(project.id, viewer.membership_id, "engineer")).roles == ("engineer",)
    try:
        assert org.viewer.query(GetArtifact(note.id)).fields["price"] == 5
        made = org.viewer.send(CreateArtifact(project.id, "note", "By a viewer", {"text": "x"}))
        assert made.key.startswith("NOTE-")
        with pytest.raises(AccessDenied):
            org.viewer.query(GetArtifact(elsewhere.id))
        with pytest.raises(AccessDenied):
            org.viewer.send(CreateArtifact(other.id, "note", "By a viewer", {}))
        found = org.viewer.query(Explain("create", "Project", project.id, type="note"))
        assert found.allowed
        assert ("engineer", "project") in {(r.code, r.scope) for r in found.subject.roles}
        assert ("viewer", ("engineer", "viewer"), "project") in {(r.code, r.via, r.scope) for r in found.subject.roles}
    finally:
        org.manager.send(RevokeProjectRole(project.id, viewer.membership_id, "engineer"))
    with pytest.raises(AccessDenied):
        org.viewer.query(GetArtifact(note.id))


def test_an_answer_says_what_may_be_done_next(org: Org, note: ArtifactDTO) -> None:
    """Allowed actions, refused ones with the rule, and fields to see and to change; in get, list and alone."""
    access = org.engineer.query(ArtifactAccess(note.id))
    assert access.allowed_actions == ("read", "link")
    refused = {r.what: (r.room, r.rule_id) for r in access.refused_actions}
    assert refused["update"] == ("policy", "high_margin")
    assert refused["delete"] == ("access", None)
    assert refused["transition:drop"][0] == "workflow"
    assert access.visible_fields == ("price", "text", "double")
    assert access.editable_fields == ()
    assert SECRET not in repr(access)
    cheap = org.owner.send(CreateArtifact(note.project_id, "note", "Cheap", {"margin": 1, "price": 1}))
    mine = org.engineer.query(GetArtifact(cheap.id, include="access")).access
    assert mine
    assert mine.allowed_actions == ("read", "update", "link", "transition:finish")
    assert mine.editable_fields == ("text",)
    why = {(r.what, r.right): r.rule_id or r.room for r in mine.refused_fields}
    assert why == {
        ("margin", "read"): "engineers_read",
        ("price", "update"): "price_stands",
        ("double", "update"): "process",
    }
    listed = org.engineer.query(FindArtifacts(note.project_id, include="access")).items
    assert {i.id: i.access for i in listed}[cheap.id] == mine
    assert all(i.access is None for i in org.engineer.query(FindArtifacts(note.project_id)).items)
    owner = org.owner.query(ArtifactAccess(cheap.id))
    assert owner.refused_actions == ()
    assert "transition:drop" in owner.allowed_actions
    assert org.engineer.send(UpdateArtifact(cheap.id, cheap.version, fields={"text": "x"})).version == 2


def test_the_answers_agree_with_what_happens(org: Org, project: ProjectDTO) -> None:
    """For every role and action: allowed exactly where the handler does it."""
    for role in ("owner", "engineer", "viewer", "reviewer"):
        who = getattr(org, role)
        for action, message in (
            ("read", lambda n: GetArtifact(n.id)),
            ("update", lambda n: UpdateArtifact(n.id, n.version, fields={"text": "y"})),
            ("delete", lambda n: DeleteArtifact(n.id, n.version)),
            ("transition:finish", lambda n: TransitionArtifact(n.id, "finish", n.version)),
            ("transition:drop", lambda n: TransitionArtifact(n.id, "drop", n.version)),
        ):
            made = org.owner.send(CreateArtifact(project.id, "note", "Agreed", {"margin": 1, "text": "x"}))
            told = who.query(Explain(action, "Artifact", made.id)).allowed
            try:
                who.query(message(made)) if action == "read" else who.send(message(made))
                done = True
            except (AccessDenied, TransitionDenied):
                done = False
            assert told is done, (role, action)
