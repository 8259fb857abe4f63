"""Links that reset a password, against whoever made them: they give nothing that their maker may not give when used."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass
from uuid import UUID

import psycopg
import pytest

from alm_workbench.contexts.apikey.domain import KeyText
from alm_workbench.contexts.apikey.messages import CreateApiKey, ListApiKeys, ResolveKey
from alm_workbench.contexts.audit.messages import EntityHistory
from alm_workbench.contexts.auth.messages import (
    ChangePassword,
    CreateAccount,
    IssuePasswordReset,
    PasswordResetByToken,
    ResetPassword,
)
from alm_workbench.contexts.auth.session_messages import LogIn, ResolvePrincipal
from alm_workbench.contexts.project.messages import GrantProjectRole
from alm_workbench.contexts.tenant.people_messages import (
    AddMember,
    CreateRole,
    ListMembers,
    MemberDTO,
    RemoveMember,
    UpdateMember,
    UpdateRole,
)
from alm_workbench.errors import AccessDenied, InvalidInput
from alm_workbench.shared.mediator import LocalMediator
from tests.factories.workbench import PASSWORD, Bench

NEW = "stolen staple bracket 77"
numbers = itertools.count(1)
DESK = ("member:manage", "member:read", "project:read")


@dataclass
class Person:
    """A member of acme, and a mediator for that person."""

    email: str
    user_id: UUID
    membership_id: UUID
    mediator: LocalMediator


@dataclass
class Office:
    """Acme with a desk that looks after people and may do little else."""

    bench: Bench
    desk: Person

    def person(self, *roles: str) -> Person:
        """A new member of acme."""
        return made(self.bench, *roles)

    def member(self, person: Person) -> MemberDTO:
        """A member as acme knows him now."""
        owner = self.bench.acme.owner
        return next(m for m in owner.query(ListMembers()) if m.membership_id == person.membership_id)

    def link(self, person: Person) -> str:
        """A link that the desk makes."""
        return self.desk.mediator.send(IssuePasswordReset(person.membership_id)).token

    def nobody(self) -> LocalMediator:
        """Somebody outside."""
        return self.bench.runtime.mediator.as_principal(None)


def made(bench: Bench, *roles: str) -> Person:
    root = bench.runtime.mediator.as_principal(None)
    email = f"person{next(numbers)}@acme.example"
    user_id = root.send(CreateAccount(email, "Somebody", PASSWORD)).user_id
    member = bench.acme.owner.send(AddMember(email, roles))
    principal = root.query(ResolvePrincipal(user_id, bench.acme.tenant_id))
    assert principal is not None
    return Person(email, user_id, member.membership_id, root.as_principal(principal))


@pytest.fixture(scope="module")
def office(workbench: Bench) -> Office:
    """Acme with its desk."""
    workbench.acme.owner.send(CreateRole("desk", {"en": "People desk"}, privileges=DESK))
    return Office(workbench, made(workbench, "desk"))


def dead(office: Office, token: str) -> bool:
    """Whether a link opens nothing, on the page and when it is used."""
    assert office.nobody().query(PasswordResetByToken(token)) is None
    with pytest.raises(InvalidInput) as caught:
        office.nobody().send(ResetPassword(token, NEW))
    return caught.value.errors[0].code == "dead-link"


def test_a_link_works_while_nothing_changed(office: Office) -> None:
    """The desk helps a member who may do no more than the desk."""
    person = office.person()
    token = office.link(person)
    assert office.nobody().query(PasswordResetByToken(token)) is not None
    office.nobody().send(ResetPassword(token, NEW))
    assert office.nobody().send(LogIn(person.email, NEW)).user_id == person.user_id


def test_a_link_is_dead_once_the_person_belongs_elsewhere_too(office: Office) -> None:
    """A link kept in a drawer would else open the other organisation for whoever made it."""
    person = office.person()
    token = office.link(person)
    office.bench.globex.owner.send(AddMember(person.email, ("owner",)))
    assert dead(office, token)


def test_a_link_is_dead_once_the_person_may_do_more_than_its_maker(office: Office) -> None:
    """Who is promoted is not taken over by whoever could help him before."""
    person = office.person()
    token = office.link(person)
    office.bench.acme.owner.send(UpdateMember(person.membership_id, office.member(person).version, roles=("admin",)))
    assert dead(office, token)


def test_a_link_is_dead_once_a_role_in_a_project_gives_more(office: Office) -> None:
    """Roles that hold in one project count as well."""
    person = office.person()
    token = office.link(person)
    office.bench.acme.owner.send(GrantProjectRole(office.bench.acme.project.id, person.membership_id, "manager"))
    assert dead(office, token)


def test_a_link_is_dead_once_its_maker_is_gone_or_lost_the_right(office: Office) -> None:
    """What somebody could give yesterday is nothing today."""
    owner, person = office.bench.acme.owner, office.person()
    maker = office.person("desk")
    token = maker.mediator.send(IssuePasswordReset(person.membership_id)).token
    owner.send(UpdateMember(maker.membership_id, office.member(maker).version, roles=()))
    assert dead(office, token)
    owner.send(UpdateMember(maker.membership_id, office.member(maker).version, roles=("desk",)))
    assert office.nobody().query(PasswordResetByToken(token)) is not None
    owner.send(RemoveMember(maker.membership_id, office.member(maker).version))
    assert dead(office, token)


def test_no_link_for_somebody_who_may_do_more_in_a_project(office: Office) -> None:
    """The desk holds nothing in projects, so it cannot become one of their managers."""
    person = office.person()
    office.bench.acme.owner.send(GrantProjectRole(office.bench.acme.project.id, person.membership_id, "manager"))
    with pytest.raises(AccessDenied):
        office.link(person)


def test_what_a_process_remembers_of_the_maker_does_not_count(office: Office) -> None:
    """A right that was taken a moment ago makes no link."""
    owner, person = office.bench.acme.owner, office.person()
    role = owner.send(CreateRole("clerk", {"en": "Clerk"}, privileges=DESK))
    maker = office.person("clerk")
    owner.send(UpdateRole("clerk", role.version, privileges=("member:read",)))
    with pytest.raises(AccessDenied):
        maker.mediator.send(IssuePasswordReset(person.membership_id))


def test_requests_of_strangers_use_up_no_links_of_administrators(office: Office) -> None:
    """Three mails an hour to an address are nobody's reason to refuse help."""
    person = office.person()
    users = office.bench.runtime
    with users.engine.begin() as conn:
        for number in range(3):
            conn.exec_driver_sql(
                "SELECT alm.one_time_make(%s, 'password_reset', %s, interval '1 hour', NULL, NULL)",
                (bytes([number]) * 32, person.user_id),
            )
    assert office.link(person)


def with_keys(office: Office) -> tuple[Person, list[str]]:
    """An engineer here and elsewhere, with a key in either organisation."""
    person = office.person("engineer")
    office.bench.globex.owner.send(AddMember(person.email, ("engineer",)))
    there = office.nobody().query(ResolvePrincipal(person.user_id, office.bench.globex.tenant_id))
    homes = (person.mediator, office.nobody().as_principal(there))
    return person, [home.send(CreateApiKey("robot", ("project:read",))).secret for home in homes]


def opening(office: Office, secrets: list[str]) -> list[bool]:
    """Which keys open something."""
    keys = [key for text in secrets if (key := KeyText.read(text))]
    return [office.nobody().query(ResolveKey(key.prefix, key.digest)) is not None for key in keys]


def test_a_reset_revokes_keys_in_every_organisation(office: Office) -> None:
    """Who knew the old password may have made keys with it; each end is in the trail of its organisation."""
    person, secrets = with_keys(office)
    _, others = with_keys(office)
    digest = hashlib.sha256(b"mailed").digest()
    with psycopg.connect(office.bench.dsns.app) as conn:
        made_one = "SELECT alm.one_time_make(%s, 'password_reset', %s, interval '1 hour', NULL, NULL)"
        conn.execute(made_one, (digest, person.user_id))
    assert opening(office, secrets) == [True, True]
    assert office.nobody().send(ResetPassword("mailed", NEW)).keys == 2
    assert opening(office, [*secrets, *others]) == [False, False, True, True]
    for org in (office.bench.acme, office.bench.globex):
        key = next(k for k in org.owner.query(ListApiKeys(everybody=True)) if k.status == "revoked")
        last = org.owner.query(EntityHistory("ApiKey", key.id)).items[0]
        assert "revoked_at" in {change.property for change in last.changes}


def test_a_change_keeps_keys_unless_their_owner_says_otherwise(office: Office) -> None:
    """A nightly import need not stop because a password was changed."""
    person, secrets = with_keys(office)
    assert person.mediator.send(ChangePassword(PASSWORD, NEW)).keys == 0
    assert opening(office, secrets) == [True, True]
    assert person.mediator.send(ChangePassword(NEW, PASSWORD, revoke_keys=True)).keys == 2
    assert opening(office, secrets) == [False, False]
