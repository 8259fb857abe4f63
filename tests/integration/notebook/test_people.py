"""Administration from a notebook, over a real server: people, roles, keys, sign-ins, other organisations."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import alm_workbench as alm
from alm_workbench.contexts.tenant.people_messages import AddMember
from alm_workbench.errors import AccessDenied, AuthenticationFailed, InvalidInput, NotFound
from alm_workbench.notebook.workbench import Workbench
from tests.factories.workbench import PASSWORD, Api


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALM_LANG", "en")


def as_person(api: Api, role: str, org: str = "acme", tenant: str | None = None) -> Workbench:
    """A connection of somebody who logged in with e-mail and password."""
    return alm.connect(api.url, email=f"{role}@{org}.example", password=PASSWORD, tenant=tenant)


@pytest.fixture
def owner(api: Api) -> Iterator[Workbench]:
    """The owner of acme."""
    with as_person(api, "owner") as workbench:
        yield workbench


def test_a_log_in_with_a_password(api: Api) -> None:
    """``connect`` with e-mail and password works as that person; a wrong password says so and nothing more."""
    with as_person(api, "engineer") as workbench:
        assert workbench.me.email == "engineer@acme.example"
        assert workbench.can("artifact:create")
        assert not workbench.can("member:manage")
    with pytest.raises(AuthenticationFailed):
        alm.connect(api.url, email="engineer@acme.example", password="not this one")


def test_an_invitation_from_making_to_taking_back(api: Api, owner: Workbench) -> None:
    """Inviting tells the link once, the list shows the state, a new link replaces the old, and it can be taken back."""
    made = owner.members.invite("newcomer@acme.example", "engineer")
    assert made.link == f"{api.url}invite?token={made.token}"
    assert made.token not in repr(made) + made._repr_html_()
    again = owner.members.resend("newcomer@acme.example")
    assert again.token != made.token
    owner.members.revoke_invitation("newcomer@acme.example")
    (shown,) = [i for i in owner.members.invitations if i.email == "newcomer@acme.example"]
    assert shown.status == "revoked"
    assert "newcomer@acme.example" in owner.members.invitations._repr_html_()


def test_members_by_name_and_by_address(owner: Workbench) -> None:
    """Roles and status of a member change by name or address; a typo names what comes near."""
    assert owner.members.set_roles("reviewer@acme.example", "viewer").roles == ("viewer",)
    assert owner.members.set_roles("Reviewer of acme", "reviewer").roles == ("reviewer",)
    assert owner.members.suspend("reviewer@acme.example").status == "suspended"
    assert owner.members.reinstate("reviewer@acme.example").status == "active"
    with pytest.raises(NotFound, match=r"reviewer@acme\.example"):
        owner.members.suspend("reviewr@acme.example")
    assert {m.email for m in owner.members} >= {"owner@acme.example", "viewer@acme.example"}


def test_roles(owner: Workbench) -> None:
    """A role of our own is made of known privileges, changed and deleted."""
    assert "member:read" in {p.code for p in owner.roles.privileges}
    made = owner.roles.create("auditor", labels={"en": "Auditor"}, privileges=["audit:read"], implies=["viewer"])
    assert made.privileges == ("audit:read",)
    assert "auditor" in owner.roles._repr_html_()
    assert owner.roles.update("auditor", privileges=["audit:read", "member:read"]).version > made.version
    owner.roles.delete("auditor")
    assert "auditor" not in {r.code for r in owner.roles}


def test_a_key_tells_its_secret_once_and_only_when_asked(api: Api, owner: Workbench) -> None:
    """What a notebook shows of a new key does not hold the secret; the secret works as a token until it is revoked."""
    made = owner.keys.create("nightly import", "project:read", days=7)
    assert made.secret.startswith("alm_")
    assert made.secret not in repr(made) + made._repr_html_()
    with alm.connect(api.url, made.secret) as program:
        assert program.projects.keys() == ["DEMO"]
        with pytest.raises(AccessDenied):
            program.members.invite("x@acme.example")
    fresh = owner.keys.rotate("nightly import", grace_hours=0)
    assert fresh.secret != made.secret
    owner.keys.revoke(fresh)
    assert {k.status for k in owner.keys if k.name == "nightly import"} == {"revoked"}


def test_sign_ins_are_listed_for_who_may_read_them(api: Api, owner: Workbench) -> None:
    """Failures stand beside successes; a member without the privilege is refused."""
    with pytest.raises(AuthenticationFailed):
        alm.connect(api.url, email="viewer@acme.example", password="a wrong password")
    seen = owner.sign_ins("viewer@acme.example")
    assert "login_failed" in {s.kind for s in seen}
    assert {s.email for s in seen} == {"viewer@acme.example"}
    with as_person(api, "viewer") as viewer, pytest.raises(AccessDenied):
        viewer.sign_ins()


def test_switching_to_another_organisation(api: Api) -> None:
    """One person in two organisations: each connection sees one of them, switching changes all that it shows."""
    api.bench.globex.owner.send(AddMember("manager@acme.example", ("viewer",)))
    with pytest.raises(InvalidInput) as refused:
        as_person(api, "manager")
    assert {t["slug"] for t in refused.value.extra["tenants"]} == {"acme", "globex"}
    with as_person(api, "manager", tenant="acme") as workbench:
        assert {t.slug for t in workbench.tenants} == {"acme", "globex"}
        here = workbench.projects["DEMO"].id
        assert workbench.switch("globex").me.tenant_slug == "globex"
        assert workbench.projects["DEMO"].id != here
        assert workbench.tenant.slug == "globex"
        workbench.switch("acme")
        assert workbench.projects["DEMO"].id == here
        with pytest.raises(NotFound):
            workbench.switch("nowhere")
