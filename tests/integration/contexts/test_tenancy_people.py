"""Members, roles and invitations: nobody gives or takes more than he holds, and an owner always stays."""

from __future__ import annotations

import re
import threading
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

import psycopg
import pytest

from alm_workbench.contexts.artifact.messages import CreateArtifact
from alm_workbench.contexts.auth.messages import CreateAccount, FindUser, RegisterUser
from alm_workbench.contexts.auth.session_messages import LogIn, ResolvePrincipal
from alm_workbench.contexts.project.messages import CreateProject, GrantProjectRole
from alm_workbench.contexts.tenant.invitation_messages import (
    AcceptInvitation,
    InvitationByToken,
    InvitationSecretDTO,
    InviteMember,
    ListInvitations,
    ResendInvitation,
    RevokeInvitation,
)
from alm_workbench.contexts.tenant.messages import GetTenant, UpdateTenant
from alm_workbench.contexts.tenant.people_messages import (
    AddMember,
    CreateRole,
    DeleteRole,
    ListMembers,
    ListPrivileges,
    ListRoles,
    MemberDTO,
    RemoveMember,
    RoleDTO,
    UpdateMember,
    UpdateRole,
)
from alm_workbench.errors import AccessDenied, AlmError, Conflict, InvalidInput, NotFound, StaleVersion
from alm_workbench.shared.mediator import LocalMediator
from alm_workbench.shared.messages import Message
from tests.factories.workbench import PASSWORD, Api, Bench, Org

NUMBER = count(1)


def root(bench: Bench) -> LocalMediator:
    """Who runs the installation."""
    return bench.runtime.mediator.as_principal(None)


def account(bench: Bench, name: str = "person") -> str:
    """The address of a new account."""
    email = f"{name}{next(NUMBER)}@people.example"
    root(bench).send(CreateAccount(email, name.title()))
    return email


def as_member(bench: Bench, org: Org, email: str) -> LocalMediator:
    """The mediator of a member, as he is resolved now."""
    user = root(bench).query(FindUser(email))
    assert user is not None
    principal = root(bench).query(ResolvePrincipal(user.user_id, org.tenant_id))
    assert principal is not None
    return root(bench).as_principal(principal)


def member(org: Org, email: str) -> MemberDTO:
    """A member by address."""
    return next(m for m in org.owner.query(ListMembers()) if m.email == email)


def join(bench: Bench, org: Org, *roles: str) -> tuple[LocalMediator, MemberDTO]:
    """A new member with roles."""
    email = account(bench)
    org.owner.send(AddMember(email, roles))
    return as_member(bench, org, email), member(org, email)


def events(bench: Bench, org: Org, kind: str) -> int:
    """How many events of a type the organisation has."""
    with psycopg.connect(bench.dsns.worker) as conn:
        query = "SELECT count(*) FROM alm.outbox_messages WHERE tenant_id = %s AND event_type = %s"
        found = conn.execute(query, [org.tenant_id, kind]).fetchone()
    return int(found[0]) if found else 0


# -- members


def test_roles_change_at_the_next_resolution_and_leave_a_trace(workbench: Bench) -> None:
    """New roles, a new version, an event; the roles that stay are not touched."""
    org = workbench.acme
    _, found = join(workbench, org, "viewer")
    before = events(workbench, org, "MemberUpdated")
    changed = org.owner.send(UpdateMember(found.membership_id, found.version, ("reviewer", "viewer")))
    assert (changed.roles, changed.version > found.version) == (("reviewer", "viewer"), True)
    assert as_member(workbench, org, found.email).principal.may("audit:read")  # type: ignore[union-attr]
    assert events(workbench, org, "MemberUpdated") == before + 1
    assert org.owner.send(UpdateMember(found.membership_id, changed.version, ("reviewer", "viewer"))) == changed


def test_two_administrators_do_not_overwrite_each_other(workbench: Bench) -> None:
    """The second one is told what the member is like by now."""
    org = workbench.acme
    _, found = join(workbench, org, "viewer")
    org.owner.send(UpdateMember(found.membership_id, found.version, ("engineer",)))
    with pytest.raises(StaleVersion) as refused:
        org.owner.send(UpdateMember(found.membership_id, found.version, ("manager",)))
    assert refused.value.to_problem()["current"]["roles"] == ["engineer"]
    with pytest.raises(StaleVersion):
        org.owner.send(RemoveMember(found.membership_id, found.version))


def test_a_suspended_member_is_out_and_comes_back_as_he_was(workbench: Bench) -> None:
    """No principal, no log-in; reinstating gives the same roles."""
    org = workbench.acme
    _, found = join(workbench, org, "engineer")
    out = org.owner.send(UpdateMember(found.membership_id, found.version, status="suspended"))
    assert root(workbench).query(ResolvePrincipal(found.user_id, org.tenant_id)) is None
    back = org.owner.send(UpdateMember(found.membership_id, out.version, status="active"))
    assert (back.roles, back.status) == (("engineer",), "active")
    assert root(workbench).query(ResolvePrincipal(found.user_id, org.tenant_id)) is not None


def test_who_is_removed_leaves_everything_he_held_behind(workbench: Bench) -> None:
    """Roles here and in projects and open invitations end; the way back is a new start under the same name."""
    org = workbench.acme
    admin, found = join(workbench, org, "admin")
    org.owner.send(GrantProjectRole(org.project.id, found.membership_id, "manager"))
    invited = admin.send(InviteMember("late@people.example"))
    org.owner.send(RemoveMember(found.membership_id, found.version))
    assert found.email not in {m.email for m in org.owner.query(ListMembers())}
    assert root(workbench).query(ResolvePrincipal(found.user_id, org.tenant_id)) is None
    with pytest.raises(NotFound):
        root(workbench).query(InvitationByToken(invited.token))
    with pytest.raises(NotFound):
        org.owner.send(UpdateMember(found.membership_id, found.version + 1, ("viewer",)))
    again = org.owner.send(AddMember(found.email))
    assert (again.membership_id, again.actor_id, again.roles) == (found.membership_id, found.actor_id, ("viewer",))
    with psycopg.connect(workbench.dsns.worker) as conn:
        query = "SELECT count(*) FROM alm.project_members WHERE membership_id = %s"
        assert conn.execute(query, [found.membership_id]).fetchone() == (0,)


def test_an_account_is_a_member_once(workbench: Bench) -> None:
    """A second time is a conflict, an address without account is not found."""
    org = workbench.acme
    _, found = join(workbench, org, "viewer")
    with pytest.raises(Conflict):
        org.owner.send(AddMember(found.email))
    with pytest.raises(NotFound):
        org.owner.send(AddMember("nobody@people.example"))


# -- nobody gives or takes more than he holds


def escalations(org: Org, target: MemberDTO, self_: MemberDTO, owner: MemberDTO) -> dict[str, Message[Any]]:
    """What somebody with all of member:* and role:* but little else could try."""
    return {
        "raise himself": UpdateMember(self_.membership_id, self_.version, ("owner",)),
        "raise a friend": UpdateMember(target.membership_id, target.version, ("viewer", "manager")),
        "add an owner": AddMember(target.email, ("owner",)),
        "invite an owner": InviteMember(f"friend{next(NUMBER)}@people.example", ("owner",)),
        "invite an engineer": InviteMember(f"friend{next(NUMBER)}@people.example", ("engineer",)),
        "make a role of everything": CreateRole("god", {"en": "God"}, ("*",)),
        "make a role of a resource": CreateRole("everything", {"en": "All items"}, ("artifact:*",)),
        "make a role that implies one": CreateRole("heir", {"en": "Heir"}, (), ("owner",)),
        "demote an owner": UpdateMember(owner.membership_id, owner.version, ("viewer",)),
        "suspend an owner": UpdateMember(owner.membership_id, owner.version, status="suspended"),
        "remove an owner": RemoveMember(owner.membership_id, owner.version),
    }


def test_nobody_gives_or_takes_more_than_he_holds(workbench: Bench) -> None:
    """Through roles, invitations or roles of one's own making; every refusal names what is lacking, and is logged."""
    org = workbench.acme
    code = f"people{next(NUMBER)}"
    org.owner.send(CreateRole(code, {"en": "People"}, ("member:*", "role:*"), ("viewer",)))
    clerk, self_ = join(workbench, org, code)
    _, target = join(workbench, org, "viewer")
    owner = member(org, org.email("owner"))
    before = org.owner.query(ListMembers())
    for what, message in escalations(org, target, self_, owner).items():
        with pytest.raises(AccessDenied) as refused:
            clerk.send(message)  # type: ignore[arg-type]
        assert refused.value.reasons[0]["rule_id"] in ("*", "artifact:*", "artifact:attach"), what
    assert org.owner.query(ListMembers()) == before
    with psycopg.connect(workbench.dsns.worker) as conn:
        query = "SELECT count(*) FROM alm.decision_log WHERE actor_id = %s AND verdict = 'deny'"
        assert conn.execute(query, [self_.actor_id]).fetchone() == (len(escalations(org, target, self_, owner)),)
    made = clerk.send(CreateRole(f"greeter{next(NUMBER)}", {"en": "Greeter"}, ("member:invite",), ("viewer",)))
    assert clerk.send(UpdateMember(target.membership_id, target.version, (made.code,))).roles == (made.code,)


def test_what_somebody_holds_in_a_project_counts_too(workbench: Bench) -> None:
    """Who holds more in a project is removed, suspended or let back in by people who hold as much there."""
    org = workbench.acme
    admin, self_ = join(workbench, org, "admin")
    _, found = join(workbench, org, "viewer")
    org.owner.send(GrantProjectRole(org.project.id, found.membership_id, "owner"))
    forbidden = (
        RemoveMember(found.membership_id, found.version),
        UpdateMember(found.membership_id, found.version, status="suspended"),
    )
    for message in forbidden:
        with pytest.raises(AccessDenied, match="in projects") as refused:
            admin.send(message)
        assert [reason["rule_id"] for reason in refused.value.reasons] == ["*"]
    changed = admin.send(UpdateMember(found.membership_id, found.version, ("viewer", "reviewer")))
    out = org.owner.send(UpdateMember(found.membership_id, changed.version, status="suspended"))
    with pytest.raises(AccessDenied, match="in projects"):
        admin.send(UpdateMember(found.membership_id, out.version, status="active"))
    elsewhere = org.owner.send(CreateProject("ELSE", "Elsewhere"))
    org.owner.send(GrantProjectRole(elsewhere.id, self_.membership_id, "owner"))
    with pytest.raises(AccessDenied, match="in projects"):
        admin.send(RemoveMember(found.membership_id, out.version))
    org.owner.send(GrantProjectRole(org.project.id, self_.membership_id, "owner"))
    assert admin.send(RemoveMember(found.membership_id, out.version)).membership_id == found.membership_id


def test_a_role_cannot_be_raised_behind_the_backs_of_who_holds_it(workbench: Bench) -> None:
    """Changing a role one holds oneself is measured like any other; a role above one's own is out of reach."""
    org = workbench.acme
    code, above = f"clerk{next(NUMBER)}", f"boss{next(NUMBER)}"
    mine = org.owner.send(CreateRole(code, {"en": "Clerk"}, ("member:*", "role:*")))
    high = org.owner.send(CreateRole(above, {"en": "Boss"}, ("audit:read", "role:manage"), (code,)))
    clerk, _ = join(workbench, org, code)
    with pytest.raises(AccessDenied):
        clerk.send(UpdateRole(code, mine.version, privileges=("member:*", "role:*", "lab:use")))
    with pytest.raises(AccessDenied):
        clerk.send(UpdateRole(code, mine.version, implies=("engineer",)))
    with pytest.raises(AccessDenied):
        clerk.send(UpdateRole(above, high.version, privileges=()))
    with pytest.raises(AccessDenied):
        clerk.send(DeleteRole(above, high.version))
    less = clerk.send(UpdateRole(code, mine.version, privileges=("member:read", "role:manage")))
    assert less.privileges == ("member:read", "role:manage")


def test_rights_that_are_gone_do_not_linger_in_a_process(workbench: Bench) -> None:
    """A process remembers principals for seconds; what changes people asks the database."""
    org = workbench.acme
    admin, found = join(workbench, org, "admin")
    _, target = join(workbench, org, "viewer")
    org.owner.send(UpdateMember(found.membership_id, found.version, ("viewer",)))
    assert admin.principal is not None
    assert admin.principal.may("member:manage")
    for message in (
        UpdateMember(found.membership_id, found.version + 1, ("admin",)),
        InviteMember("x@people.example"),
        CreateRole("any", {"en": "Any"}),
        RemoveMember(target.membership_id, target.version),
    ):
        with pytest.raises(AccessDenied, match="any more"):
            admin.send(message)
    with pytest.raises(AccessDenied, match="do not hold"):
        admin.send(GrantProjectRole(org.project.id, found.membership_id, "manager"))


# -- an owner always stays


def test_the_last_owner_stays(workbench: Bench) -> None:
    """Neither demoted nor suspended nor removed, by nobody; a second owner makes it possible."""
    org = workbench.acme
    me = member(org, org.email("owner"))
    for message in (
        UpdateMember(me.membership_id, me.version, ("admin",)),
        UpdateMember(me.membership_id, me.version, status="suspended"),
        RemoveMember(me.membership_id, me.version),
    ):
        with pytest.raises(Conflict, match="last owner"):
            org.owner.send(message)
    code = f"heir{next(NUMBER)}"
    org.owner.send(CreateRole(code, {"en": "Heir"}, (), ("owner",)))
    second, other = join(workbench, org, code)
    down = org.owner.send(UpdateMember(me.membership_id, me.version, ("viewer",)))
    with pytest.raises(Conflict, match="last owner"):
        second.send(UpdateMember(other.membership_id, other.version, ("admin",)))
    second.send(UpdateMember(me.membership_id, down.version, ("owner",)))
    org.owner.send(RemoveMember(other.membership_id, other.version))


@pytest.mark.parametrize("round_", range(3))
def test_two_owners_who_demote_each_other_at_once_leave_one(workbench: Bench, round_: int) -> None:
    """Whoever comes second is no owner any more, so exactly one succeeds."""
    org = workbench.globex
    pair = [(org.owner, member(org, org.email("owner"))), join(workbench, org, "owner")]
    outcomes: list[str] = []
    start = threading.Barrier(2)

    def demote(who: LocalMediator, whom: MemberDTO) -> None:
        start.wait()
        try:
            who.send(UpdateMember(whom.membership_id, whom.version, ("viewer",)))
            outcomes.append("done")
        except AlmError as error:
            outcomes.append(type(error).__name__)

    threads = [threading.Thread(target=demote, args=(pair[n][0], pair[1 - n][1])) for n in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["AccessDenied", "done"]
    people = org.owner.query(ListMembers())
    owners = [m for m in people if "owner" in m.roles]
    assert len(owners) == 1
    # the first owner is put back, so that the next round starts alike
    winner = as_member(workbench, org, owners[0].email)
    first = member(org, org.email("owner"))
    winner.send(UpdateMember(first.membership_id, first.version, ("owner",)))
    for extra in [m for m in org.owner.query(ListMembers()) if m.email.startswith("person")]:
        org.owner.send(RemoveMember(extra.membership_id, extra.version))


# -- roles


def test_roles_of_our_own_carry_their_texts_and_what_they_imply(workbench: Bench) -> None:
    """Created, changed, held, and deleted once nobody needs them."""
    org = workbench.acme
    code = f"auditor{next(NUMBER)}"
    made = org.owner.send(
        CreateRole(code, {"en": "Auditor", "tr": "Denetçi"}, ("audit:read",), ("viewer",), {"en": "Looks."})
    )
    assert (made.labels["tr"], made.built_in, made.description) == ("Denetçi", False, {"en": "Looks."})
    who, found = join(workbench, org, code)
    assert who.principal is not None
    assert {"audit:read", "artifact:read"} <= who.principal.privileges
    changed = org.owner.send(UpdateRole(code, made.version, privileges=("report:read",)))
    assert as_member(workbench, org, found.email).principal.may("audit:read") is False  # type: ignore[union-attr]
    with pytest.raises(Conflict, match="1 members hold it"):
        org.owner.send(DeleteRole(code, changed.version))
    org.owner.send(UpdateMember(found.membership_id, found.version, ("viewer",)))
    child = org.owner.send(CreateRole(f"{code}_x", {"en": "Child"}, (), (code,)))
    with pytest.raises(Conflict, match="1 roles imply it"):
        org.owner.send(DeleteRole(code, changed.version))
    org.owner.send(DeleteRole(child.code, child.version))
    invited = org.owner.send(InviteMember(f"r{next(NUMBER)}@people.example", (code,)))
    with pytest.raises(Conflict, match="1 open invitations"):
        org.owner.send(DeleteRole(code, changed.version))
    org.owner.send(RevokeInvitation(invited.invitation.invitation_id))
    org.owner.send(DeleteRole(code, changed.version))
    assert code not in {role.code for role in org.owner.query(ListRoles())}


def test_roles_refuse_what_makes_no_sense(workbench: Bench) -> None:
    """Unknown privileges and roles, circles, taken and ill-formed codes, built-in ones, no label."""
    org = workbench.acme
    one = org.owner.send(CreateRole(f"c{next(NUMBER)}", {"en": "One"}))
    two = org.owner.send(CreateRole(f"c{next(NUMBER)}", {"en": "Two"}, (), (one.code,)))
    with pytest.raises(Conflict, match="cannot imply itself"):
        org.owner.send(UpdateRole(one.code, one.version, implies=(two.code,)))
    viewer = next(role for role in org.owner.query(ListRoles()) if role.code == "viewer")
    with pytest.raises(Conflict, match="built in"):
        org.owner.send(UpdateRole("viewer", viewer.version, privileges=("*",)))
    with pytest.raises(Conflict, match="already"):
        org.owner.send(CreateRole("viewer", {"en": "Again"}))
    for wrong in (
        CreateRole("x1", {"en": "X"}, ("artifact:fly",)),
        CreateRole("x2", {"en": "X"}, (), ("nobody",)),
        CreateRole("Not A Code", {"en": "X"}),
        CreateRole("x3", {}),
        CreateRole("x4", {"de": "X"}),
    ):
        with pytest.raises(InvalidInput):
            org.owner.send(wrong)
    known = {p.code for p in org.owner.query(ListPrivileges())}
    assert {"member:manage", "artifact:read"} <= known


# -- invitations


def invite(org: Org, email: str, *roles: str) -> InvitationSecretDTO:
    """Invite an address."""
    return org.owner.send(InviteMember(email, roles or ("viewer",)))


def status(org: Org, invitation_id: UUID) -> str:
    """How an invitation stands."""
    return next(i.status for i in org.owner.query(ListInvitations()) if i.invitation_id == invitation_id)


def test_who_has_an_account_accepts_from_another_organisation(workbench: Bench) -> None:
    """He joins with the roles promised; the token is used up; the first organisation is as before."""
    org = workbench.acme
    guest = workbench.globex.engineer
    assert guest.principal is not None
    made = invite(org, guest.principal.email.upper(), "reviewer")
    offer = root(workbench).query(InvitationByToken(made.token))
    assert (offer.tenant_slug, offer.email) == ("acme", guest.principal.email)
    joined = guest.send(AcceptInvitation(made.token))
    assert (joined.tenant_slug, joined.roles) == ("acme", ("reviewer",))
    assert as_member(workbench, org, guest.principal.email).principal.roles >= {"reviewer"}  # type: ignore[union-attr]
    assert status(org, made.invitation.invitation_id) == "accepted"
    assert as_member(workbench, workbench.globex, guest.principal.email) is not None
    with pytest.raises(NotFound):
        guest.send(AcceptInvitation(made.token))


def test_who_has_no_account_registers_with_the_token(workbench: Bench) -> None:
    """Only under the invited address; account and membership come together."""
    org = workbench.acme
    email = f"new{next(NUMBER)}@people.example"
    made = invite(org, email, "engineer")
    with pytest.raises(InvalidInput, match="another address"):
        root(workbench).send(RegisterUser("eve@people.example", "Eve", PASSWORD, invitation=made.token))
    root(workbench).send(RegisterUser(email, "Newcomer", PASSWORD, invitation=made.token))
    session = root(workbench).send(LogIn(email, PASSWORD))
    assert (session.tenant_slug, "engineer" in session.roles) == ("acme", True)


def test_a_stolen_token_is_of_no_use_to_another_address(workbench: Bench) -> None:
    """And it still works for the right one afterwards."""
    org = workbench.acme
    right, wrong = account(workbench), workbench.globex.viewer
    made = invite(org, right)
    with pytest.raises(AccessDenied, match="another address"):
        wrong.send(AcceptInvitation(made.token))
    assert status(org, made.invitation.invitation_id) == "open"


def test_dead_tokens_are_refused_in_the_same_words(workbench: Bench) -> None:
    """Unknown, used, revoked, replaced, expired: one sentence, whoever looks."""
    org = workbench.acme
    later = timedelta(days=8)
    used = invite(org, workbench.globex.manager.principal.email)  # type: ignore[union-attr]
    workbench.globex.manager.send(AcceptInvitation(used.token))
    dead = {"unknown": "x" * 43, "used": used.token}
    revoked = invite(org, account(workbench))
    org.owner.send(RevokeInvitation(revoked.invitation.invitation_id))
    dead["revoked"] = revoked.token
    replaced = invite(org, account(workbench))
    fresh = org.owner.send(ResendInvitation(replaced.invitation.invitation_id))
    dead["replaced"] = replaced.token
    assert root(workbench).query(InvitationByToken(fresh.token)).email == replaced.invitation.email
    past = org.owner.with_clock(lambda: fresh.invitation.created_at - later)
    dead["expired"] = past.send(InviteMember(account(workbench))).token
    sentences = set()
    for what, token in dead.items():
        with pytest.raises(NotFound) as looked_up:
            root(workbench).query(InvitationByToken(token))
        with pytest.raises(NotFound) as accepted:
            workbench.globex.viewer.send(AcceptInvitation(token))
        sentences |= {looked_up.value.detail, accepted.value.detail}
        assert len(sentences) == 1, what


@pytest.mark.parametrize("fate", ["suspended", "demoted"])
def test_an_invitation_is_worth_what_its_inviter_may_give_when_it_is_accepted(workbench: Bench, fate: str) -> None:
    """Otherwise somebody on the way out would leave a back door for himself."""
    org = workbench.acme
    admin, found = join(workbench, org, "admin")
    guest, there = join(workbench, workbench.globex, "viewer")
    made = admin.send(InviteMember(there.email, ("manager",)))
    values: dict[str, Any] = {"status": "suspended"} if fate == "suspended" else {"roles": ("engineer",)}
    changed = org.owner.send(UpdateMember(found.membership_id, found.version, **values))
    with pytest.raises(NotFound, match="not valid"):
        guest.send(AcceptInvitation(made.token))
    assert there.email not in {m.email for m in org.owner.query(ListMembers())}
    back: dict[str, Any] = {"status": "active"} if fate == "suspended" else {"roles": ("admin",)}
    org.owner.send(UpdateMember(found.membership_id, changed.version, **back))
    assert guest.send(AcceptInvitation(made.token)).roles == ("manager",)


def test_one_invitation_an_address_and_none_for_members(workbench: Bench) -> None:
    """An expired one makes room for the next; an open one is to be sent again or revoked."""
    org = workbench.acme
    email = f"once{next(NUMBER)}@people.example"
    first = invite(org, email)
    with pytest.raises(Conflict, match="open invitation"):
        invite(org, email)
    org.owner.send(RevokeInvitation(first.invitation.invitation_id))
    past = org.owner.with_clock(lambda: first.invitation.created_at - timedelta(days=30))
    past.send(InviteMember(email))
    assert invite(org, email).invitation.status == "open"
    with pytest.raises(Conflict, match="member already"):
        invite(org, org.email("viewer"))
    with pytest.raises(InvalidInput):
        invite(org, "no address")


def test_the_days_of_an_invitation_are_a_setting(workbench: Bench) -> None:
    """Seven unless the organisation says otherwise."""
    org = workbench.acme
    now = org.owner.query(GetTenant())
    week = invite(org, f"week{next(NUMBER)}@people.example").invitation
    changed = org.owner.send(UpdateTenant(now.version, settings={"invitation_days": 2}))
    short = invite(org, f"days{next(NUMBER)}@people.example").invitation
    assert (week.expires_at - week.created_at).days in (6, 7)
    assert (short.expires_at - short.created_at).days in (1, 2)
    org.owner.send(UpdateTenant(changed.version, settings={"invitation_days": None}))


def test_a_token_is_kept_nowhere(workbench: Bench) -> None:
    """Not in the audit trail, not in an event, not in its own table."""
    made = invite(workbench.acme, f"secret{next(NUMBER)}@people.example")
    with psycopg.connect(workbench.dsns.worker) as conn:
        for table in ("invitations", "invitation_tokens", "audit_snapshots", "audit_commits", "outbox_messages"):
            query = f"SELECT count(*) FROM alm.{table} t WHERE t::text LIKE %s"
            assert conn.execute(query, [f"%{made.token}%"]).fetchone() == (0,), table
        snapshots = conn.execute(
            "SELECT payload FROM alm.audit_snapshots WHERE entity_id = %s", [made.invitation.invitation_id]
        ).fetchall()
    assert len(snapshots) == 1
    assert not any("hash" in name for name in snapshots[0][0])


def test_one_token_accepted_by_many_clicks_at_once_joins_once(workbench: Bench) -> None:
    """Double clicks and retries."""
    org, email = workbench.acme, account(workbench)
    made = invite(org, email)
    workbench.globex.owner.send(AddMember(email))
    clicker = as_member(workbench, workbench.globex, email)
    outcomes: list[str] = []

    def click() -> None:
        try:
            clicker.send(AcceptInvitation(made.token))
            outcomes.append("joined")
        except (NotFound, Conflict):
            outcomes.append("refused")

    threads = [threading.Thread(target=click) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("joined") == 1
    assert sum(m.email == email for m in org.owner.query(ListMembers())) == 1


# -- over REST


def test_addresses_are_for_those_who_may_see_members(api: Api) -> None:
    """Without member:read nobody finds an address but his own, on no list, also with rights that list people otherwise."""
    org = api.bench.acme
    for path in ("/members", "/invitations", "/roles", "/privileges"):
        assert api.get(path, who="engineer").status == 403, path
    assert api.get("/members", who="manager").status == 200
    code = f"nosy{next(NUMBER)}"
    org.owner.send(CreateRole(code, {"en": "Nosy"}, ("audit:*", "project:*"), ("engineer",)))
    email = f"nosy{next(NUMBER)}@acme.example"
    root(api.bench).send(CreateAccount(email, "Nosy", PASSWORD))
    org.owner.send(AddMember(email, (code,)))
    token = root(api.bench).send(LogIn(email, PASSWORD, "acme")).access_token
    _, other = join(api.bench, org, "viewer")
    org.owner.send(GrantProjectRole(org.project.id, other.membership_id, "reviewer"))
    item = org.engineer.send(CreateArtifact(org.project.id, "requirement", "Whose?", {"text": "x"}))
    paths = [
        "/projects",
        "/tenant",
        f"/projects/{org.project.id}/artifacts",
        f"/projects/{org.project.id}/members",
        "/audit/sign-ins",
        "/audit/commits",
        "/audit/decisions",
        f"/audit/Artifact/{item.id}/history",
        f"/access/explain?action=read&entity_type=Artifact&entity_id={item.id}&who_can=read",
        f"/access/explain?action=read&entity_type=Artifact&entity_id={item.id}&user={other.actor_id}",
    ]
    for path in paths:
        reply = api.call("GET", path, who=None, headers={"Authorization": f"Bearer {token}"})
        assert reply.status == 200, (path, reply.body)
        found = set(re.findall(rb"[\w.+-]+@(?:acme|people)\.example", reply.body)) - {email.encode()}
        assert not found, path
    assert other.email.encode() in api.get(f"/projects/{org.project.id}/members").body


def test_who_manages_members_without_seeing_them_gets_no_address(workbench: Bench) -> None:
    """Not from a change, nor from a conflict, nor from an invitation that was accepted."""
    org = workbench.acme
    code = f"blind{next(NUMBER)}"
    org.owner.send(CreateRole(code, {"en": "Blind"}, ("member:manage", "member:invite"), ("viewer",)))
    blind, _ = join(workbench, org, code)
    guest, there = join(workbench, workbench.globex, "viewer")
    guest.send(AcceptInvitation(invite(org, there.email).token))
    target = member(org, there.email)
    assert blind.send(UpdateMember(target.membership_id, target.version, status="suspended")).email == ""
    with pytest.raises(StaleVersion) as refused:
        blind.send(UpdateMember(target.membership_id, target.version, status="active"))
    assert refused.value.to_problem()["current"]["email"] == ""
    assert there.email not in {i.email for i in blind.query(ListInvitations())}
    assert there.email in {i.email for i in org.owner.query(ListInvitations())}
    assert blind.send(RemoveMember(target.membership_id, target.version + 1)).email == ""


def test_versions_guard_members_and_roles_over_rest(api: Api) -> None:
    """428 without If-Match, 409 with the present state."""
    _, found = join(api.bench, api.bench.acme, "viewer")
    path = f"/members/{found.membership_id}"
    assert api.call("PATCH", path, {"roles": ["engineer"]}).status == 428
    done = api.call("PATCH", path, {"roles": ["engineer"]}, headers={"If-Match": f'"{found.version}"'})
    assert (done.status, done.json["roles"]) == (200, ["engineer"])
    stale = api.call("DELETE", path, headers={"If-Match": f'"{found.version}"'})
    assert (stale.status, stale.json["current"]["roles"]) == (409, ["engineer"])
    other = api.call("PATCH", path, {"roles": ["viewer"]}, org="globex", headers={"If-Match": '"1"'})
    assert other.status == 404


def test_a_role_dto_is_what_rest_shows(api: Api) -> None:
    """The same members in and out of the process."""
    shown = api.post("/roles", {"code": f"rest{next(NUMBER)}", "labels": {"en": "Rest"}}).json
    assert set(shown) == set(RoleDTO.__dataclass_fields__)


def test_an_organisation_says_of_itself_what_its_administrators_want(api: Api) -> None:
    """Only what is named changes; a stale version gets the present state, nonsense its place; a trace is left."""
    org = api.bench.acme
    before = org.owner.query(GetTenant())
    given = {"name": "Acme Brakes", "week_start": 7, "working_calendar": {"days": [7, 1, 2, 3, 4]}}
    done = api.call("PATCH", "/tenant", given, headers={"If-Match": f'"{before.version}"'})
    assert (done.status, done.json["name"], done.json["week_start"]) == (200, "Acme Brakes", 7)
    assert done.json["working_calendar"] == {"days": [1, 2, 3, 4, 7]}
    assert (done.json["timezone"], done.json["locale"]) == (before.timezone, before.locale)
    stale = api.call("PATCH", "/tenant", {"name": "X"}, headers={"If-Match": f'"{before.version}"'})
    assert (stale.status, stale.json["current"]["name"]) == (409, "Acme Brakes")
    now = {"If-Match": f'"{done.json["version"]}"'}
    for wrong, path in (
        ({"timezone": "Mars/Olympus"}, "/timezone"),
        ({"name": " "}, "/name"),
        ({"settings": {"invitation_days": 0}}, "/settings/invitation_days"),
        ({"tier": "enterprise"}, "/tier"),
        ({"locale": "de"}, "/locale"),
    ):
        refused = api.call("PATCH", "/tenant", wrong, headers=now)
        assert (refused.status, refused.json["errors"][0]["path"]) == (422, path)
    assert api.call("PATCH", "/tenant", {"name": "Mine"}, who="manager", headers=now).status == 403
    assert events(api.bench, org, "TenantUpdated") >= 1
    assert org.owner.query(GetTenant()).name == "Acme Brakes"
