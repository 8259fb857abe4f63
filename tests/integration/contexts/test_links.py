"""Links: what a link type allows holds for whoever comes at whatever moment; suspects are found and cleared."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from alm_workbench.contexts.artifact.link_messages import ClearSuspect, UnlinkArtifacts
from alm_workbench.contexts.artifact.messages import (
    ArtifactDTO,
    CreateArtifact,
    GetArtifact,
    LinkArtifacts,
    LinkDTO,
    ListLinks,
    UpdateArtifact,
)
from alm_workbench.contexts.audit.messages import EntityHistory
from alm_workbench.contexts.manifest.messages import SaveManifest
from alm_workbench.contexts.project.messages import ActivateManifest, CreateProject, GrantProjectRole
from alm_workbench.contexts.tenant.people_messages import ListMembers
from alm_workbench.errors import AccessDenied, AlmError, Conflict, InvalidInput, NotFound, StaleVersion
from alm_workbench.shared.ids import ProjectId
from tests.factories.workbench import Api, Bench, Org

NUMBERS = count(1)

TEXT = """
@schema 2
@namespace "test"
@name "links"
@version "1.0.0"
def Role owner { privileges: ["*"] }
def Role engineer { privileges: ["artifact:read", "artifact:create", "artifact:update", "artifact:link"] }
def Workflow flow {
  initial: "open"
  states: [{id: "open", category: "todo"}, {id: "done", category: "done"}]
  transitions: [{id: "finish", from: "open", to: "done"}]
}
def ArtifactType need "Need" { workflow: "flow" key_prefix: "NEED"
  def FieldDef text { type: "text" }
  def FieldDef note { type: "text" }
}
def ArtifactType check "Check" { workflow: "flow" key_prefix: "CHK"
  def FieldDef secret { type: "bool" }
}
def LinkType verifies { from: ["check"] to: ["need"] inverse: "verified_by" suspect_on: ["title", "text"] }
def LinkType refines { from: ["need"] to: ["need"] inverse: "refined_by" acyclic: true }
def LinkType relates { from: ["need"] to: ["need", "check"] symmetric: true suspect_on: ["title"] }
def LinkType replaces { from: ["need"] to: ["need"] cardinality: "one_to_one" }
def LinkType part_of { from: ["need"] to: ["need"] cardinality: "many_to_one" }
def LinkType holds { from: ["need"] to: ["check"] cardinality: "one_to_many" }
def LinkType twin { from: ["need"] to: ["need"] symmetric: true cardinality: "one_to_one" }
def ACL owners { action: "*" resource: "*" roles: ["owner"] effect: "allow" }
def ACL engineers { action: ["read", "create", "update", "link", "unlink"] resource: "*" roles: ["engineer"] effect: "allow" }
def ACL secret_checks { action: "read" resource: "check" roles: ["engineer"]
  condition: "not hasRole('owner') and not isEmpty(self.fields.secret) and self.fields.secret == true" effect: "deny" priority: 100 }
def Policy keep_verification { events: ["unlink"] effect: "deny" message: {en: "Verification stays"}
  when: "event.link_type == 'verifies' and startsWith(self.title, 'Keep')" }
def Policy no_links_of_frozen { events: ["link"] effect: "deny" message: {en: "Frozen things stay alone"}
  when: "startsWith(self.title, 'Frozen')" }
"""


@pytest.fixture(scope="module")
def org(workbench: Bench) -> Org:
    return workbench.acme


@pytest.fixture(scope="module")
def version(org: Org) -> Any:
    return org.owner.send(SaveManifest(TEXT, "dsl")).version_id


@pytest.fixture
def project(org: Org, version: Any) -> ProjectId:
    made = org.owner.send(CreateProject(f"LNK{next(NUMBERS)}", "Links"))
    org.owner.send(ActivateManifest(made.id, version))
    return made.id


@pytest.fixture
def need(org: Org, project: ProjectId) -> Callable[..., ArtifactDTO]:
    def make(title: str = "A need", kind: str = "need", **fields: Any) -> ArtifactDTO:
        return org.owner.send(CreateArtifact(project, kind, title, fields))

    return make


def link(org: Org, source: ArtifactDTO, kind: str, target: ArtifactDTO, **more: Any) -> LinkDTO:
    return org.owner.send(LinkArtifacts(source.id, kind, target.id, **more))


def test_an_inverse_name_turns_the_link_round(org: Org, need: Callable[..., ArtifactDTO]) -> None:
    """Whoever stands at the target names the inverse; both ends come with key, title and type."""
    a, check = need(), need("A check", "check")
    made = link(org, a, "verified_by", check)
    assert (made.link_type, made.source_id, made.target_id) == ("verifies", check.id, a.id)
    assert made.source is not None
    assert made.target is not None
    assert (made.source.key, made.source.type, made.target.title) == (check.key, "check", "A need")
    assert org.owner.query(ListLinks(a.id)) == org.owner.query(ListLinks(check.id)) == (made,)


def test_one_end_may_hold_one_link(org: Org, need: Callable[..., ArtifactDTO]) -> None:
    """one_to_one bounds both ends, many_to_one the source, one_to_many the target; a refusal says which item is taken."""
    a, b, c = need(), need(), need()
    link(org, a, "replaces", b)
    for source, target in ((a, c), (c, b)):
        with pytest.raises(Conflict, match="process allows one"):
            link(org, source, "replaces", target)
    link(org, b, "replaces", a)  # the other way round it is another link
    link(org, a, "part_of", c)
    link(org, b, "part_of", c)
    with pytest.raises(Conflict, match=f"from {a.key}"):
        link(org, a, "part_of", b)
    check = need("A check", "check")
    link(org, a, "holds", check)
    link(org, a, "holds", need("Another", "check"))
    with pytest.raises(Conflict, match=f"to {check.key}"):
        link(org, b, "holds", check)
    link(org, a, "twin", b)
    for pair in ((b, a), (c, a), (b, c)):
        with pytest.raises(Conflict):
            link(org, pair[0], "twin", pair[1])


def test_a_symmetric_link_is_one_link(org: Org, need: Callable[..., ArtifactDTO]) -> None:
    """The same two items are related once; where only the other way round fits, it is made the other way round."""
    a, b, check = need(), need(), need("A check", "check")
    link(org, a, "relates", b)
    with pytest.raises(Conflict):
        link(org, b, "relates", a)
    assert link(org, check, "relates", a).source_id == a.id


def test_acyclic_links_form_no_circle(org: Org, need: Callable[..., ArtifactDTO]) -> None:
    """A circle of any length is refused; a diamond is none; a link that was taken away is no way any more."""
    a, b, c, d = (need() for _ in range(4))
    link(org, a, "refines", b)
    bc = link(org, b, "refines", c)
    link(org, a, "refines", d)
    link(org, d, "refines", c)
    for source, target in ((c, a), (b, a), (c, d)):
        with pytest.raises(Conflict, match="circle"):
            link(org, source, "refines", target)
    with pytest.raises(InvalidInput):
        link(org, a, "refines", a)
    org.owner.send(UnlinkArtifacts(b.id, bc.id, bc.version))
    with pytest.raises(Conflict, match="circle"):  # over d
        link(org, c, "refines", a)
    link(org, c, "refines", b)


def test_two_at_once_close_no_circle_and_break_no_bound(org: Org, need: Callable[..., ArtifactDTO]) -> None:
    """Of two links that are possible alone but not together, one is made, whichever comes first."""

    def race(*pairs: tuple[ArtifactDTO, str, ArtifactDTO]) -> list[Any]:
        ready, found = threading.Barrier(len(pairs)), list[Any]()

        def run(source: ArtifactDTO, kind: str, target: ArtifactDTO) -> None:
            ready.wait()
            try:
                found.append(link(org, source, kind, target))
            except AlmError as error:
                found.append(error)

        threads = [threading.Thread(target=run, args=pair) for pair in pairs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return found

    for _ in range(4):
        a, b, c = need(), need(), need()
        for pairs in (
            ((a, "refines", b), (b, "refines", c), (c, "refines", a)),
            ((a, "twin", b), (b, "twin", c), (c, "twin", a)),
            ((a, "replaces", b), (c, "replaces", b), (a, "replaces", c)),
        ):
            found = race(*pairs)
            refused = [one for one in found if isinstance(one, Exception)]
            assert all(isinstance(one, Conflict) for one in refused), refused
            assert len(refused) >= 1
            assert len(found) - len(refused) >= 1


def test_unlinking_asks_version_rules_and_both_ends(org: Org, need: Callable[..., ArtifactDTO]) -> None:
    """A stale version is told the present one, a policy about unlinking refuses, and what is gone can be made again."""
    a, check = need(), need("A check", "check")
    made = link(org, check, "verifies", a)
    with pytest.raises(StaleVersion):
        org.owner.send(UnlinkArtifacts(a.id, made.id, made.version + 1))
    with pytest.raises(NotFound):
        org.owner.send(UnlinkArtifacts(need().id, made.id, made.version))
    gone = org.owner.send(UnlinkArtifacts(a.id, made.id, made.version))
    assert gone.version == made.version + 1
    assert org.owner.query(ListLinks(a.id)) == ()
    kinds = [entry.change_type for entry in org.owner.query(EntityHistory("ArtifactLink", made.id)).items]
    assert sorted(kinds) == ["DELETE", "INITIAL"]
    with pytest.raises(NotFound):
        org.owner.send(UnlinkArtifacts(a.id, made.id, gone.version))
    assert link(org, check, "verifies", a).id != made.id
    kept = link(org, need("Keep this", "check"), "verifies", a)
    with pytest.raises(AccessDenied, match="Verification stays"):
        org.owner.send(UnlinkArtifacts(a.id, kept.id, kept.version))
    with pytest.raises(AccessDenied, match="stay alone"):
        link(org, need("Frozen need"), "relates", a)


def test_what_a_link_speaks_of_makes_it_suspect(org: Org, need: Callable[..., ArtifactDTO]) -> None:
    """A watched field of the target does, another one or the source's does not; a symmetric link watches both ends."""
    a, check, other = need(text="x"), need("A check", "check"), need("Other")
    link(org, check, "verifies", a)
    link(org, a, "relates", other)

    def suspects() -> dict[str, bool]:
        return {one.link_type: one.suspect for one in org.owner.query(ListLinks(a.id))}

    a = org.owner.send(UpdateArtifact(a.id, a.version, fields={"note": "not watched"}))
    check = org.owner.send(UpdateArtifact(check.id, check.version, title="Other words"))
    a = org.owner.send(UpdateArtifact(a.id, a.version, title=a.title, fields={"text": "x"}))  # says what is there
    assert suspects() == {"verifies": False, "relates": False}
    org.owner.send(UpdateArtifact(a.id, a.version, fields={"text": "y"}))
    assert suspects() == {"verifies": True, "relates": False}
    org.owner.send(UpdateArtifact(other.id, other.version, title="Something else"))
    assert suspects() == {"verifies": True, "relates": True}


def test_a_suspect_link_is_confirmed(org: Org, need: Callable[..., ArtifactDTO]) -> None:
    """Whoever looked says so against the version he saw; who did it and when is history."""
    a, check = need(), need("A check", "check")
    made = link(org, check, "verifies", a)
    a = org.owner.send(UpdateArtifact(a.id, a.version, title="New words"))
    (marked,) = org.owner.query(ListLinks(a.id))
    assert marked.suspect
    assert marked.suspect_since is not None
    assert marked.version == made.version + 1
    with pytest.raises(StaleVersion):
        org.owner.send(ClearSuspect(a.id, made.id, made.version))
    clear = org.owner.send(ClearSuspect(check.id, made.id, marked.version, pinned_version=a.version))
    assert (clear.suspect, clear.suspect_since, clear.pinned_version) == (False, None, a.version)
    a = org.owner.send(UpdateArtifact(a.id, a.version, title="Newer words"))
    (pinned,) = org.owner.query(ListLinks(a.id))
    assert not pinned.suspect  # it speaks of a version that does not change
    assert pinned.target is not None
    assert pinned.target.version == a.version
    with pytest.raises(InvalidInput):
        org.owner.send(ClearSuspect(a.id, made.id, pinned.version, pinned_version=a.version + 1))
    loose = org.owner.send(ClearSuspect(a.id, made.id, pinned.version, pinned_version=None))
    assert loose.pinned_version is None
    org.owner.send(UpdateArtifact(a.id, a.version, title="Newest words"))
    assert org.owner.query(ListLinks(a.id))[0].suspect


def test_a_pinned_version_is_one_there_was(org: Org, need: Callable[..., ArtifactDTO]) -> None:
    """A link speaks of a version of its target, not of one to come."""
    a, check = need(), need("A check", "check")
    for version in (0, 2):
        with pytest.raises(InvalidInput):
            link(org, check, "verifies", a, pinned_version=version)
    assert link(org, check, "verifies", a, pinned_version=1).pinned_version == 1


def test_links_to_what_is_hidden_are_not_there(org: Org, need: Callable[..., ArtifactDTO]) -> None:
    """Neither listed nor taken away nor confirmed by whoever may not see an end."""
    a, check = need(), need("A check", "check", secret=True)
    made = link(org, check, "verifies", a)
    assert org.engineer.query(ListLinks(a.id)) == ()
    for message in (UnlinkArtifacts(a.id, made.id, 1), ClearSuspect(a.id, made.id, 1)):
        with pytest.raises(NotFound):
            org.engineer.send(message)
    with pytest.raises(NotFound):
        org.engineer.send(LinkArtifacts(a.id, "verified_by", check.id))


def test_items_of_two_projects_are_linked_by_what_both_know(
    org: Org, version: Any, need: Callable[..., ArtifactDTO]
) -> None:
    """A link type of both processes leads across; one that the other process does not know does not."""
    other = org.owner.send(CreateProject(f"LNK{next(NUMBERS)}", "Other"))
    org.owner.send(ActivateManifest(other.id, version))
    check = org.owner.send(CreateArtifact(other.id, "check", "Elsewhere"))
    a = need()
    made = link(org, a, "verified_by", check)
    assert made.source is not None
    assert made.source.project_id == other.id
    foreign = org.owner.send(
        CreateArtifact(org.project.id, "requirement", "Braking distance on ice", {"text": "x", "asil": "B"})
    )
    with pytest.raises(InvalidInput):
        link(org, a, "relates", foreign)


def test_the_privilege_to_link_is_needed_where_the_link_belongs(
    org: Org, version: Any, project: ProjectId, need: Callable[..., ArtifactDTO]
) -> None:
    """An inverse name makes the other item the source: the right to link here says nothing about its project."""
    other = org.owner.send(CreateProject(f"LNK{next(NUMBERS)}", "Other"))
    org.owner.send(ActivateManifest(other.id, version))
    check, a = org.owner.send(CreateArtifact(other.id, "check", "Elsewhere")), need()
    me = org.engineer.principal
    assert me is not None
    member = next(m for m in org.owner.query(ListMembers()) if m.actor_id == me.actor_id)
    org.owner.send(GrantProjectRole(project, member.membership_id, "reviewer"))
    someone = org.engineer.as_principal(replace(me, privileges=me.privileges - {"artifact:link"}))
    with pytest.raises(AccessDenied, match="artifact:link"):
        someone.send(LinkArtifacts(a.id, "verified_by", check.id))
    made = link(org, a, "verified_by", check)
    with pytest.raises(AccessDenied, match="artifact:link"):
        someone.send(UnlinkArtifacts(a.id, made.id, made.version))
    assert someone.send(LinkArtifacts(a.id, "refines", need().id)).link_type == "refines"
    org.owner.send(GrantProjectRole(other.id, member.membership_id, "reviewer"))
    assert someone.send(UnlinkArtifacts(a.id, made.id, made.version)).id == made.id


def test_links_over_rest(api: Api, org: Org, need: Callable[..., ArtifactDTO]) -> None:
    """If-Match names the link's version; without it nothing is taken away."""
    a, check = need(), need("A check", "check")
    made = api.post(f"/artifacts/{a.id}/links", {"link_type": "verified_by", "target_id": str(check.id)}, who="owner")
    assert made.status == 201
    assert made.json["source"]["key"] == check.key
    route = f"/artifacts/{a.id}/links/{made.json['id']}"
    assert api.call("DELETE", route, who="owner").status == 428
    org.owner.send(UpdateArtifact(a.id, a.version, title="Changed"))
    confirmed = api.call("POST", f"{route}/confirm", {}, who="owner", headers={"If-Match": '"2"'})
    assert (confirmed.status, confirmed.json["suspect"], confirmed.json["version"]) == (200, False, 3)
    assert api.call("DELETE", route, who="owner", headers={"If-Match": '"2"'}).status == 409
    assert api.call("DELETE", route, who="owner", headers={"If-Match": '"3"'}).status == 200
    assert org.owner.query(GetArtifact(a.id)).title == "Changed"
