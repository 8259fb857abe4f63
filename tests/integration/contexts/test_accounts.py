"""Accounts over a real database and a real mail server: invitations, links, events, upkeep, other systems' accounts."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as MessageHandler
from aiosmtpd.smtp import AuthResult, LoginPassword
from sqlalchemy import Connection

from alm_workbench.contexts.auth.domain import NO_TENANT, AuthOptions, digest
from alm_workbench.contexts.auth.jobs import send_link
from alm_workbench.contexts.auth.mail import Mail, SmtpMailer
from alm_workbench.contexts.auth.messages import (
    CreateAccount,
    FindByIdentity,
    FindUser,
    LinkIdentity,
    RegisterUser,
    RequestPasswordReset,
    ResetPassword,
    UnlinkIdentity,
    UpdateProfile,
)
from alm_workbench.contexts.auth.plugin import alm_handlers
from alm_workbench.contexts.auth.repository import AuthRepository
from alm_workbench.contexts.auth.session_messages import LogIn, LogOut, OpenSession, ResolveSession, SwitchTenant
from alm_workbench.contexts.tenant.invitation_messages import InviteMember, RevokeInvitation
from alm_workbench.contexts.tenant.people_messages import AddMember, ListMembers
from alm_workbench.errors import AccessDenied, AlmError, AuthenticationFailed, Conflict, InvalidInput
from alm_workbench.shared.context import Services
from alm_workbench.shared.jobs import JobRun
from alm_workbench.shared.mediator import LocalMediator
from alm_workbench.storage.engine import begin, make_engine
from tests.factories.database import Cluster
from tests.factories.ports import free_port
from tests.factories.workbench import PASSWORD, Bench

USERS = AuthRepository()


@pytest.fixture
def nobody(workbench: Bench) -> LocalMediator:
    """Whoever knocks."""
    return workbench.runtime.mediator.as_principal(None)


def fresh() -> str:
    """An address nobody has."""
    return f"n{uuid4().hex[:8]}@people.example"


def as_superuser(cluster: Cluster, bench: Bench, statement: str, *values: Any) -> list[Any]:
    """What the tables say."""
    with psycopg.connect(cluster.superuser_dsn(bench.dsns)) as conn:
        done = conn.execute(statement, values)
        return done.fetchall() if done.description else []


def events(bench: Bench, aggregate: UUID) -> list[tuple[str, UUID, Any]]:
    """Type, tenant and payload of what was announced about something, in order."""
    with psycopg.connect(bench.dsns.worker) as conn:
        query = "SELECT event_type, tenant_id, payload FROM alm.outbox_messages WHERE aggregate_id = %s ORDER BY id"
        return conn.execute(query, (aggregate,)).fetchall()


# -- registering


def test_an_invitation_lets_its_address_in(workbench: Bench, nobody: LocalMediator) -> None:
    """Account and membership in one step; the invitation is used up."""
    address = fresh()
    token = workbench.acme.owner.send(InviteMember(address, ("engineer",))).token
    made = nobody.send(RegisterUser(address.upper(), "Nora Newcomer", PASSWORD, "tr", token))
    assert (made.email, made.display_name, made.locale) == (address, "Nora Newcomer", "tr")
    session = nobody.send(LogIn(address, PASSWORD))
    assert session.tenant_slug == "acme"
    assert "engineer" in session.roles
    with pytest.raises(AlmError):
        nobody.send(RegisterUser(address, "Nora Newcomer", PASSWORD, "tr", token))


def test_an_invitation_lets_nobody_else_in(workbench: Bench, nobody: LocalMediator) -> None:
    """Another address, a revoked or an unknown token: no account is made."""
    address, other = fresh(), fresh()
    invitation = workbench.acme.owner.send(InviteMember(address, ("viewer",)))
    with pytest.raises(InvalidInput, match="another address"):
        nobody.send(RegisterUser(other, "Eve", PASSWORD, "en", invitation.token))
    workbench.acme.owner.send(RevokeInvitation(invitation.invitation.invitation_id))
    refusals = []
    for token in (invitation.token, "x" * 43):
        with pytest.raises(AlmError) as error:
            nobody.send(RegisterUser(address, "Nora", PASSWORD, "en", token))
        refusals.append((type(error.value), error.value.detail))
    assert refusals[0] == refusals[1]
    assert nobody.query(FindUser(address)) is nobody.query(FindUser(other)) is None


def test_an_account_that_cannot_join_is_not_made(workbench: Bench, nobody: LocalMediator) -> None:
    """Everything that is wrong at once, and the invitation is still good afterwards."""
    address = fresh()
    token = workbench.acme.owner.send(InviteMember(address, ("viewer",))).token
    with pytest.raises(InvalidInput) as error:
        nobody.send(RegisterUser(address, "", "password1", "en", token))
    assert [(item.path, item.code) for item in error.value.errors] == [
        ("/display_name", "name"),
        ("/password", "too-short"),
    ]
    assert nobody.query(FindUser(address)) is None
    nobody.send(RegisterUser(address, "Nora", PASSWORD, "en", token))


def with_policy(bench: Bench, **options: Any) -> LocalMediator:
    """The same workbench under another policy."""
    services: Services = bench.runtime._services()
    services.provide(AuthOptions, AuthOptions(**options))
    mediator = bench.runtime.mediator
    return LocalMediator({**mediator._handlers, **alm_handlers(services)}, mediator._units)


def test_without_an_invitation_nobody_registers_unless_the_door_is_open(
    workbench: Bench, nobody: LocalMediator
) -> None:
    """Invited is the default; closed refuses also with an invitation; open takes anybody, into no organisation."""
    address = fresh()
    with pytest.raises(AccessDenied, match="an invitation is needed"):
        nobody.send(RegisterUser(address, "Nora", PASSWORD))
    token = workbench.acme.owner.send(InviteMember(address, ("viewer",))).token
    with pytest.raises(AccessDenied, match="administrators make accounts"):
        with_policy(workbench, registration="closed").send(RegisterUser(address, "Nora", PASSWORD, "en", token))
    opened = with_policy(workbench, registration="open")
    opened.send(RegisterUser(address, "Nora", PASSWORD))
    with pytest.raises(Conflict):
        opened.send(RegisterUser(address, "Nora", PASSWORD))
    with pytest.raises(AuthenticationFailed, match="ask its administrator for an invitation"):
        opened.send(LogIn(address, PASSWORD))


def test_an_account_without_a_password_cannot_log_in_by_one(workbench: Bench, nobody: LocalMediator) -> None:
    """Not by the empty one either."""
    address = fresh()
    nobody.send(CreateAccount(address, "Robot"))
    workbench.acme.owner.send(AddMember(address, ("viewer",)))
    for password in ("", PASSWORD):
        with pytest.raises(AuthenticationFailed):
            nobody.send(LogIn(address, password))


# -- what is announced


def test_what_happens_to_accounts_is_announced_in_its_organisation(workbench: Bench, nobody: LocalMediator) -> None:
    """Registration belongs to none; log-in, switch and end of a session to the one the session is in."""
    address = fresh()
    user = nobody.send(CreateAccount(address, "Nora", PASSWORD))
    for org in (workbench.acme, workbench.globex):
        org.owner.send(AddMember(address, ("viewer",)))
    session = nobody.send(LogIn(address, PASSWORD, "acme"))
    assert session.session_id is not None
    acme, globex = workbench.acme.tenant_id, workbench.globex.tenant_id
    mine = workbench.runtime.mediator.as_principal(nobody.query(ResolveSession(session.session_id)))
    mine.send(SwitchTenant("globex"))
    mine.send(LogOut())
    assert [(kind, tenant) for kind, tenant, _ in events(workbench, user.user_id)] == [
        ("UserRegistered", NO_TENANT),
        ("LoggedIn", acme),
        ("LoggedIn", globex),
    ]
    ((kind, tenant, payload),) = events(workbench, session.session_id)
    assert (kind, tenant, payload["reason"]) == ("SessionRevoked", globex, "logout")


def test_a_name_changes_wherever_history_shows_it(workbench: Bench, nobody: LocalMediator, cluster: Cluster) -> None:
    """In every organisation; language too, and what is left out stays."""
    address = fresh()
    user = nobody.send(CreateAccount(address, "Nora", PASSWORD))
    for org in (workbench.acme, workbench.globex):
        org.owner.send(AddMember(address, ("viewer",)))
    session = nobody.send(LogIn(address, PASSWORD, "acme"))
    assert session.session_id is not None
    mine = workbench.runtime.mediator.as_principal(nobody.query(ResolveSession(session.session_id)))
    assert mine.send(UpdateProfile(locale="tr")).display_name == "Nora"
    changed = mine.send(UpdateProfile(display_name="  Nora   Yeni "))
    assert (changed.display_name, changed.locale) == ("Nora Yeni", "tr")
    names = as_superuser(cluster, workbench, "SELECT display_name FROM alm.actors WHERE user_id = %s", user.user_id)
    assert names == [("Nora Yeni",)] * 2
    for bad in ("", "x" * 201, "a\u202eb"):
        with pytest.raises(InvalidInput):
            mine.send(UpdateProfile(display_name=bad))


def test_a_session_can_be_opened_for_members_only(workbench: Bench, nobody: LocalMediator) -> None:
    """Also where somebody was identified otherwise."""
    viewer = next(m for m in workbench.acme.owner.query(ListMembers()) if m.email == "viewer@acme.example")
    session = nobody.send(OpenSession(viewer.user_id, workbench.acme.tenant_id, 1))
    assert session.refresh_token is None
    with pytest.raises(AuthenticationFailed):
        nobody.send(OpenSession(viewer.user_id, workbench.globex.tenant_id, 1))


def test_a_key_has_no_account_of_its_own(workbench: Bench) -> None:
    """What a person does with the account, none of the person's keys can."""
    owner = workbench.acme.owner.principal
    assert owner is not None
    key = workbench.runtime.mediator.as_principal(replace(owner, kind="api_key"))
    for message in (LogOut(everywhere=True), UpdateProfile(display_name="x"), SwitchTenant("globex")):
        with pytest.raises(AccessDenied, match="person's own"):
            key.send(message)


# -- mails


class Box(MessageHandler):
    """Keeps what arrives."""

    def __init__(self) -> None:
        super().__init__()
        self.mails: list[Any] = []

    def prepare_message(self, session: Any, envelope: Any) -> Any:
        """As a mail with its texts decoded."""
        return email.message_from_bytes(envelope.content, policy=email.policy.default)

    def handle_message(self, message: Any) -> None:
        """One mail."""
        self.mails.append(message)


@pytest.fixture
def post() -> Iterator[tuple[str, Box]]:
    """A mail server: its address, and what it got."""
    box = Box()
    server = Controller(box, hostname="127.0.0.1", port=free_port())
    server.start()
    yield f"smtp://127.0.0.1:{server.port}?from=alm@example.org", box
    server.stop()


def run_jobs(bench: Bench) -> None:
    """What a worker would do now."""
    bench.runtime.work_once(["light"])


def test_whoever_asks_gets_a_link_by_mail(
    workbench: Bench, nobody: LocalMediator, post: tuple[str, Box], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the person's language, with the address of this installation; the link sets a password."""
    url, box = post
    monkeypatch.setenv("ALM_SMTP_URL", url)
    monkeypatch.setenv("ALM_PUBLIC_URL", "https://alm.example.org/base")
    address = fresh()
    nobody.send(CreateAccount(address, "Çiğdem Şahin", PASSWORD, "tr"))
    workbench.acme.owner.send(AddMember(address, ("viewer",)))
    nobody.send(RequestPasswordReset(address.upper()))
    nobody.send(RequestPasswordReset("unknown@people.example"))
    run_jobs(workbench)
    (mail,) = box.mails
    assert mail["To"] == address
    assert mail["Subject"] == "ALM Workbench için yeni parola belirleyin"
    text = mail.get_content()
    assert "Merhaba Çiğdem Şahin" in text
    link = re.search(r"https://alm\.example\.org/base/reset\?token=(\S+)", text)
    assert link
    assert nobody.send(ResetPassword(link[1], "seven purple anvils")).ended == 0
    assert nobody.send(LogIn(address, "seven purple anvils")).email == address


def one_try(bench: Bench, user_id: UUID | None) -> JobRun:
    """A try of the job that mails a link."""

    @contextmanager
    def as_worker(tenant_id: UUID | None = None, /) -> Iterator[Connection]:
        engine = make_engine(bench.dsns.worker, pool_size=1)
        try:
            with begin(engine, tenant_id=tenant_id) as conn:
                yield conn
        finally:
            engine.dispose()

    return JobRun(1, 1, NO_TENANT, None, "c", {"user_id": str(user_id) if user_id else None}, as_worker)


def test_a_mail_that_cannot_be_sent_leaves_no_link(workbench: Bench, nobody: LocalMediator, cluster: Cluster) -> None:
    """The job fails, so that it is tried again; the link of the failed try was never there."""
    user = nobody.send(CreateAccount(fresh(), "Nora", PASSWORD))
    env = {"ALM_SMTP_URL": "smtp://127.0.0.1:1?from=a@b.example", "ALM_PUBLIC_URL": "http://x"}
    with pytest.raises(OSError):
        send_link(one_try(workbench, user.user_id), USERS, env)
    query = "SELECT count(*) FROM alm.one_time_tokens WHERE user_id = %s"
    assert as_superuser(cluster, workbench, query, user.user_id) == [(0,)]
    assert send_link(one_try(workbench, user.user_id), USERS, {}) is False


def test_nobody_is_flooded_with_mails(workbench: Bench, nobody: LocalMediator, post: tuple[str, Box]) -> None:
    """Three an hour to one account."""
    url, box = post
    user = nobody.send(CreateAccount(fresh(), "Nora", PASSWORD))
    env = {"ALM_SMTP_URL": url, "ALM_PUBLIC_URL": "http://x"}
    assert [send_link(one_try(workbench, user.user_id), USERS, env) for _ in range(5)] == [True] * 3 + [False] * 2
    assert len(box.mails) == 3


def test_a_mail_server_without_tls_gets_no_password() -> None:
    """Rather no mail than a password in the clear."""
    box = Box()

    def check(server: Any, session: Any, envelope: Any, mechanism: str, data: LoginPassword) -> AuthResult:
        return AuthResult(success=True)

    server = Controller(box, hostname="127.0.0.1", port=free_port(), authenticator=check, auth_require_tls=False)
    server.start()
    try:
        with pytest.raises(OSError, match="no TLS"):
            SmtpMailer.of(f"smtp://me:secret@127.0.0.1:{server.port}?from=a@b.example").send(
                Mail("x@y.example", "s", "t")
            )
    finally:
        server.stop()
    assert box.mails == []


def test_a_header_cannot_be_smuggled_in(post: tuple[str, Box]) -> None:
    """A line break in a subject is no second header."""
    url, box = post
    with pytest.raises(ValueError):
        SmtpMailer.of(url).send(Mail("x@y.example", "s\nBcc: z@y.example", "t"))
    assert box.mails == []


# -- upkeep and other systems


def test_what_is_over_is_cleared_away(workbench: Bench, nobody: LocalMediator, cluster: Cluster) -> None:
    """A month after its end; what is alive stays, and so does the log."""
    address = fresh()
    nobody.send(CreateAccount(address, "Nora", PASSWORD))
    workbench.acme.owner.send(AddMember(address, ("viewer",)))
    old, young = nobody.send(LogIn(address, PASSWORD)), nobody.send(LogIn(address, PASSWORD))
    past = "UPDATE alm.sessions SET expires_at = now() - interval '31 days' WHERE id = %s"
    as_superuser(cluster, workbench, past, old.session_id)
    with one_try(workbench, None).begin(None) as conn:
        assert USERS.purge(conn) >= 1
    query = "SELECT id FROM alm.sessions WHERE user_id = %s"
    assert as_superuser(cluster, workbench, query, young.user_id) == [(young.session_id,)]
    spent = "SELECT count(*) FROM alm.refresh_tokens WHERE hash = %s"
    assert as_superuser(cluster, workbench, spent, digest(old.refresh_token or "")) == [(0,)]
    log = "SELECT count(*) FROM alm.auth_log WHERE user_id = %s AND kind = 'login'"
    assert as_superuser(cluster, workbench, log, young.user_id) == [(2,)]


def test_accounts_of_other_systems_stand_for_one_person(nobody: LocalMediator) -> None:
    """Linked once, found by issuer and subject, taken away by its holder alone."""
    one, two = (nobody.send(CreateAccount(fresh(), "Nora", PASSWORD)).user_id for _ in range(2))
    issuer, subject = "https://id.example.org", uuid4().hex
    assert nobody.query(FindByIdentity(issuer, subject)) is None
    nobody.send(LinkIdentity(one, issuer, subject))
    nobody.send(LinkIdentity(one, issuer, subject))
    with pytest.raises(Conflict):
        nobody.send(LinkIdentity(two, issuer, subject))
    assert nobody.query(FindByIdentity(issuer, subject)) == one
    assert nobody.query(FindByIdentity(issuer + "/", subject)) is None
    assert nobody.send(UnlinkIdentity(two, issuer, subject)) is False
    assert nobody.send(UnlinkIdentity(one, issuer, subject)) is True
    assert nobody.query(FindByIdentity(issuer, subject)) is None
