"""Sessions: tokens that work once, log-ins that end everywhere, tokens that pretend, answers that do not tell."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import jwt
import psycopg
import pytest
from sqlalchemy import event

from alm_workbench.contexts.auth.domain import ALGORITHM, ISSUER
from alm_workbench.contexts.auth.messages import CreateAccount, IssuePasswordReset
from alm_workbench.contexts.tenant.people_messages import AddMember, ListMembers
from alm_workbench.errors import AccessDenied, Conflict, NotFound
from tests.factories.database import Cluster
from tests.factories.pages import Pages, serving
from tests.factories.workbench import PASSWORD, Api, Bench, Reply

SPOKEN = ("correlation_id", "trace_id")
NEW_PASSWORD = "seven purple anvils"
AT_MOST = 5.0


@dataclass
class Client:
    """A program with a log-in."""

    api: Api
    session: dict[str, Any]

    def call(self, method: str, path: str, body: Any = None) -> Reply:
        """A request with the present access token."""
        headers = {"Authorization": f"Bearer {self.session['access_token']}"}
        return self.api.call(method, path, body, who=None, headers=headers)

    def refresh(self, token: str | None = None) -> Reply:
        """Exchange a refresh token, by default the present one; nothing is kept."""
        return refresh(self.api, token or self.session["refresh_token"])

    def alive(self) -> bool:
        """Whether the access token opens anything."""
        return self.call("GET", "/auth/me").status == 200


def refresh(api: Api, token: str) -> Reply:
    """Exchange a refresh token."""
    return api.post("/auth/refresh", {"refresh_token": token}, who=None)


def person(api: Api, *orgs: str) -> str:
    """A new member of organisations; the address."""
    bench, email = api.bench, f"p{uuid4().hex[:8]}@people.example"
    bench.runtime.mediator.as_principal(None).send(CreateAccount(email, "Pat Person", PASSWORD))
    for org in orgs or ("acme",):
        bench.orgs[org].owner.send(AddMember(email, ("viewer",)))
    return email


def log_in(api: Api, email: str, password: str = PASSWORD, **more: Any) -> Reply:
    """A log-in over REST."""
    return api.post("/auth/login", {"email": email, "password": password, **more}, who=None)


def client(api: Api, email: str | None = None, **more: Any) -> Client:
    """Somebody who is logged in, by default somebody new."""
    answer = log_in(api, email or person(api), **more)
    assert answer.status == 200, answer.json
    return Client(api, answer.json)


def said(reply: Reply) -> Any:
    """What an answer says, without what differs from request to request."""
    return reply.status, {name: value for name, value in reply.json.items() if name not in SPOKEN}


# -- refresh


def test_a_refresh_token_works_once_and_brings_its_successor(api: Api) -> None:
    """Same session, new tokens, the same end."""
    one = client(api)
    answer = one.refresh()
    assert answer.status == 200
    two = answer.json
    assert two["session_id"] == one.session["session_id"]
    assert two["refresh_token"] != one.session["refresh_token"]
    assert two["refresh_expires_at"] == one.session["refresh_expires_at"]
    assert Client(api, two).alive()
    assert refresh(api, two["refresh_token"]).status == 200


def test_a_spent_refresh_token_that_comes_again_ends_the_family(api: Api) -> None:
    """Thief or owner: one of them has a copy, so neither goes on; and the log says so."""
    owner = client(api)
    thief = Client(api, owner.refresh().json)
    later = Client(api, thief.refresh().json)
    assert later.alive()
    assert owner.refresh().status == 401
    assert not later.alive()
    assert not owner.alive()
    assert later.refresh().status == 401
    rows = api.get(f"/audit/sign-ins?user_id={owner.session['user_id']}").json["items"]
    assert [row["kind"] for row in rows][:2] == ["refresh_reuse", "login"]


def test_of_many_at_the_same_time_one_gets_the_next_token(api: Api) -> None:
    """Two tabs that race are a reuse: there is no grace in which a copy could hide."""
    one = client(api)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: one.refresh(), range(6)))
    assert sorted(answer.status for answer in answers) == [200] + [401] * 5
    won = next(Client(api, answer.json) for answer in answers if answer.status == 200)
    assert not won.alive()
    assert won.refresh().status == 401


@pytest.mark.parametrize("token", ["", "almr_", "almr_" + "x" * 43, "x" * 5000, "ğ", "' OR 1=1 --"])
def test_any_other_refresh_token_is_refused_in_the_same_words(api: Api, token: str) -> None:
    """Unknown, spent and ended ones cannot be told apart."""
    spent = client(api)
    assert spent.refresh().status == 200
    assert said(refresh(api, token)) == said(spent.refresh())


def test_a_refresh_token_is_no_access_token(api: Api) -> None:
    """And the other way round."""
    one = client(api)
    headers = {"Authorization": f"Bearer {one.session['refresh_token']}"}
    assert api.get("/auth/me", who=None, headers=headers).status == 401
    assert refresh(api, one.session["access_token"]).status == 401


def test_nothing_that_opens_a_session_is_in_the_database(api: Api, cluster: Cluster) -> None:
    """Hashes only, also of links; and events and the log of the door carry none of it."""
    one = client(api)
    secrets = [one.session["refresh_token"], one.session["access_token"], PASSWORD]
    with psycopg.connect(cluster.superuser_dsn(api.bench.dsns)) as conn:
        names = [row[0] for row in conn.execute("SELECT relname FROM pg_class WHERE relnamespace='alm'::regnamespace"
                                                " AND relkind = 'r'")]  # fmt: skip
        assert {"sessions", "refresh_tokens", "auth_log", "outbox_messages", "users"} <= set(names)
        for name in names:
            for secret in secrets:
                query = f"SELECT count(*) FROM alm.{name} t WHERE t::text LIKE %s"
                assert conn.execute(query, (f"%{secret}%",)).fetchone() == (0,), name


# -- the end of a session


def test_log_out_ends_the_session_at_once_here(api: Api) -> None:
    """Access token and refresh token; a second log-out is a refusal like any other."""
    one, other = client(api), client(api)
    assert one.call("POST", "/auth/logout", {}).json == {"ended": 1}
    assert not one.alive()
    assert one.refresh().status == 401
    assert one.call("POST", "/auth/logout", {}).status == 401
    assert other.alive()


def test_log_out_everywhere(api: Api) -> None:
    """All of one person's, nobody else's."""
    email = person(api)
    mine, other = [client(api, email) for _ in range(3)], client(api)
    assert mine[0].call("POST", "/auth/logout", {"everywhere": True}).json == {"ended": 3}
    assert [one.alive() for one in mine] == [False] * 3
    assert other.alive()


def test_sessions_are_listed_and_ended_one_by_one(api: Api) -> None:
    """My own only: somebody else's is not found."""
    email = person(api)
    one, two, other = client(api, email), client(api, email), client(api)
    listed = one.call("GET", "/auth/sessions").json
    assert {row["session_id"]: row["current"] for row in listed} == {
        one.session["session_id"]: True,
        two.session["session_id"]: False,
    }
    assert listed[0]["address"] == "127.0.0.1"
    assert "Python-urllib" in listed[0]["client"]
    assert one.call("DELETE", f"/auth/sessions/{other.session['session_id']}").status == 404
    assert one.call("DELETE", f"/auth/sessions/{two.session['session_id']}").status == 200
    assert (one.alive(), two.alive(), other.alive()) == (True, False, True)


def test_a_new_password_ends_every_other_session(api: Api) -> None:
    """The one that changed it goes on; the old password opens nothing."""
    email = person(api)
    one, two = client(api, email), client(api, email)
    body = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    assert one.call("POST", "/auth/change-password", body).json == {"ended": 1, "keys": 0}
    assert (one.alive(), two.alive()) == (True, False)
    assert log_in(api, email).status == 401
    assert log_in(api, email, NEW_PASSWORD).status == 200


def test_who_does_not_know_the_password_cannot_change_it(api: Api) -> None:
    """A stolen token is no way to take an account over; guesses are counted like those of a log-in."""
    email = person(api)
    one = client(api, email)
    wrong = {"current_password": "wrong horse battery", "new_password": NEW_PASSWORD}
    answers = [one.call("POST", "/auth/change-password", wrong) for _ in range(6)]
    assert [a.json["errors"][0]["code"] for a in answers] == ["wrong"] * 5 + ["locked"]
    assert {a.status for a in answers} == {422}
    assert log_in(api, email).status == 401
    assert one.alive()


@pytest.mark.parametrize("column", ["expires_at", "last_used_at"])
def test_a_session_has_an_end_and_does_not_lie_idle(api: Api, cluster: Cluster, column: str) -> None:
    """Thirty days at most, fourteen without use."""
    one = client(api)
    days = {"expires_at": 31, "last_used_at": 15}[column]
    with psycopg.connect(cluster.superuser_dsn(api.bench.dsns)) as conn:
        conn.execute(
            f"UPDATE alm.sessions SET {column} = {column} - interval '{days} days' WHERE id = %s",
            (one.session["session_id"],),
        )
    api.bench.runtime.principals.forget()
    assert not one.alive()
    assert one.refresh().status == 401


@pytest.mark.parametrize("change", ["status = 'suspended'", "deleted_at = now()"])
def test_a_session_dies_with_the_membership(api: Api, cluster: Cluster, change: str) -> None:
    """Whoever leaves an organisation is out of it."""
    one = client(api)
    with psycopg.connect(cluster.superuser_dsn(api.bench.dsns)) as conn:
        conn.execute(f"UPDATE alm.memberships SET {change} WHERE user_id = %s", (one.session["user_id"],))
    api.bench.runtime.principals.forget()
    assert not one.alive()
    assert one.refresh().status == 401
    assert log_in(api, one.session["email"]).status == 401


# -- in another process


@pytest.fixture(scope="module")
def pages(workbench: Bench) -> Iterator[Pages]:
    """A second server process over the same database."""
    with serving(workbench) as running:
        yield running


def seconds_until(over: Callable[[], bool]) -> float:
    """How long it takes until something is so."""
    begun = time.monotonic()
    while not over():
        assert time.monotonic() - begun < 15
        time.sleep(0.1)
    return time.monotonic() - begun


def test_a_session_that_ended_is_dead_in_every_process_within_five_seconds(api: Api, pages: Pages) -> None:
    """Bearer token and cookie; the other process knew both a moment before."""
    email = person(api)
    one = client(api, email)
    bearer = {"Authorization": f"Bearer {one.session['access_token']}", "Accept": "application/json"}
    me = f"{pages.url}/alm/api/v1/auth/me"
    with pages.browser(email) as browser:
        assert httpx.get(me, headers=bearer).status_code == 200
        assert browser.get("/alm/api/v1/auth/me").status_code == 200
        cookie = browser.cookies
        assert one.call("POST", "/auth/logout", {"everywhere": True}).json == {"ended": 2}
        assert seconds_until(lambda: httpx.get(me, headers=bearer).status_code == 401) <= AT_MOST
        assert seconds_until(lambda: httpx.get(me, cookies=cookie).status_code == 401) <= AT_MOST
        assert browser.get("/").status_code == 302


def test_log_out_in_the_browser_ends_copies_of_its_cookie(api: Api, pages: Pages) -> None:
    """And what is listed as a session is the browser's."""
    email = person(api)
    one = client(api, email)
    with pages.browser(email) as browser:
        assert len(one.call("GET", "/auth/sessions").json) == 2
        copied = {cookie.name: cookie.value or "" for cookie in browser.cookies.jar}
        assert httpx.get(f"{pages.url}/alm/api/v1/auth/me", cookies=copied).status_code == 200
        assert browser.get("/logout").status_code == 303
        assert httpx.get(f"{pages.url}/alm/api/v1/auth/me", cookies=copied).status_code == 401
    assert len(one.call("GET", "/auth/sessions").json) == 1
    assert one.alive()


# -- tokens that pretend


def forged(api: Api, one: Client, key: str | None = None, **more: Any) -> str:
    """A token with claims of one's choice, by default signed with the right key."""
    now = datetime.now(UTC)
    claims = {
        "iss": ISSUER,
        "sub": one.session["user_id"],
        "tid": one.session["tenant_id"],
        "sid": one.session["session_id"],
        "use": "user",
        "iat": now,
        "exp": now + timedelta(minutes=5),
        "jti": uuid4().hex,
    } | more
    secret = key or api.bench.settings.token_secret()
    return jwt.encode({k: v for k, v in claims.items() if v is not None}, secret, algorithm=ALGORITHM)


def none_of(token: str) -> str:
    """The same claims without a signature."""
    head = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")
    return f"{head}.{token.split('.')[1]}."


def other_member(api: Api) -> str:
    """The id of somebody else in the same organisation."""
    found = [m for m in api.bench.acme.owner.query(ListMembers()) if m.email == "engineer@acme.example"]
    return str(found[0].user_id)


FORGERIES: dict[str, Callable[[Api, Client], str]] = {
    "algorithm none": lambda api, one: none_of(forged(api, one)),
    "another key": lambda api, one: forged(api, one, "k" * 64),
    "an empty key": lambda api, one: jwt.api_jws.encode(b"{}", "x" * 64, "HS256"),
    "expired": lambda api, one: forged(api, one, exp=datetime.now(UTC) - timedelta(seconds=5)),
    "another organisation": lambda api, one: forged(api, one, tid=str(api.bench.globex.tenant_id)),
    "another person": lambda api, one: forged(api, one, sub=other_member(api)),
    "another session": lambda api, one: forged(api, one, sid=str(uuid4())),
    "somebody else's session": lambda api, one: forged(api, one, sid=client(api).session["session_id"]),
    "no session": lambda api, one: forged(api, one, sid=None),
    "a kernel that is not there": lambda api, one: forged(api, one, use="kernel", bnd="kernel-1"),
    "an owner of no server": lambda api, one: forged(api, one, use="owner", bnd=""),
    "an unknown use": lambda api, one: forged(api, one, use="refresh"),
    "no use": lambda api, one: forged(api, one, use=None),
    "no subject": lambda api, one: forged(api, one, sub=None),
    "no organisation": lambda api, one: forged(api, one, tid=None),
    "no expiry": lambda api, one: forged(api, one, exp=None),
    "another issuer": lambda api, one: forged(api, one, iss="https://evil.example"),
    "rubbish": lambda api, one: "a.b.c",
}


@pytest.mark.parametrize("kind", FORGERIES)
def test_tokens_that_pretend_open_nothing(api: Api, kind: str) -> None:
    """401 with a problem document, never anything else; not even the right key makes up for a wrong claim."""
    one = client(api)
    assert one.alive()
    answer = api.get("/auth/me", who=None, headers={"Authorization": f"Bearer {FORGERIES[kind](api, one)}"})
    assert answer.status == 401
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert "bearer" in answer.headers["www-authenticate"].lower()


def test_a_user_token_renews_no_kernel(api: Api) -> None:
    """What is for one use is for no other."""
    one = client(api)
    answer = api.post("/auth/kernel-token", {"token": one.session["access_token"]}, who=None)
    assert answer.status == 401


# -- who has an account


@contextmanager
def statements(bench: Bench) -> Iterator[list[str]]:
    """The SQL that the application sends meanwhile."""
    seen: list[str] = []

    def note(conn: Any, cursor: Any, statement: str, *more: Any) -> None:
        seen.append(statement)

    event.listen(bench.runtime.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(bench.runtime.engine, "before_cursor_execute", note)


def test_a_log_in_does_not_tell_who_has_an_account(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Known and unknown addresses: the same answers, the same statements, the same hashing, the same lock."""
    from argon2 import PasswordHasher

    hashed: list[str] = []
    verify = PasswordHasher.verify

    def noted(self: PasswordHasher, encoded: str, password: str) -> bool:
        hashed.append(encoded)
        return verify(self, encoded, password)

    monkeypatch.setattr(PasswordHasher, "verify", noted)
    outcomes = []
    for email in (person(api), f"{uuid4().hex}@nowhere.example"):
        hashed.clear()
        with statements(api.bench) as sent:
            answers = [said(log_in(api, email, "wrong horse battery")) for _ in range(7)]
        costs = {encoded.rsplit("$", 2)[0] for encoded in hashed}
        outcomes.append((answers, sent, len(hashed), costs))
    assert outcomes[0] == outcomes[1]
    assert [status for status, _ in outcomes[0][0]] == [401] * 7
    assert [body["detail"].startswith("Too many") for _, body in outcomes[0][0]] == [False] * 5 + [True] * 2


def test_the_right_password_does_not_help_while_the_account_waits(api: Api) -> None:
    """Otherwise the lock would tell when a guess was right."""
    email = person(api)
    for _ in range(5):
        log_in(api, email, "wrong horse battery")
    assert said(log_in(api, email)) == said(log_in(api, email, "wrong horse battery"))


def test_a_request_for_a_link_does_not_tell_who_has_an_account(api: Api) -> None:
    """The same answer, the same statements; whether there is an account is found out later, by a job."""
    outcomes = []
    for email in (person(api), f"{uuid4().hex}@nowhere.example", "no address"):
        with statements(api.bench) as sent:
            answer = api.post("/auth/password-reset", {"email": email}, who=None)
        outcomes.append((answer.status, answer.json, sent))
    assert outcomes[0][:2] == (202, {"accepted": True})
    assert outcomes[0] == outcomes[1] == outcomes[2]


def test_an_organisation_that_is_not_mine_is_like_one_that_is_not_there(api: Api) -> None:
    """At the log-in and when switching."""
    email = person(api)
    one = client(api, email)
    assert said(log_in(api, email, tenant="globex")) == said(log_in(api, email, tenant="nowhere"))
    switches = [one.call("POST", "/auth/switch-tenant", {"tenant": slug}) for slug in ("globex", "nowhere")]
    assert said(switches[0]) == said(switches[1])
    assert switches[0].status == 404


# -- several organisations


def test_switching_moves_the_session_and_leaves_nothing_behind(api: Api) -> None:
    """The tokens of the former organisation are dead, those of the answer are good there only."""
    email = person(api, "acme", "globex")
    choice = log_in(api, email)
    assert choice.status == 422
    assert [t["slug"] for t in choice.json["tenants"]] == ["acme", "globex"]
    one = client(api, email, tenant="acme")
    assert [t["slug"] for t in one.call("GET", "/auth/tenants").json] == ["acme", "globex"]
    answer = one.call("POST", "/auth/switch-tenant", {"tenant": "globex"})
    assert answer.status == 200
    two = Client(api, answer.json)
    assert two.session["session_id"] == one.session["session_id"]
    assert two.call("GET", "/auth/me").json["tenant_slug"] == "globex"
    assert two.call("GET", "/projects").json["items"][0]["name"] == "Demo of globex"
    assert not one.alive()
    assert Client(api, two.refresh().json).call("GET", "/auth/me").json["tenant_slug"] == "globex"


def test_a_refresh_token_from_before_a_switch_is_a_reuse(api: Api) -> None:
    """It was spent by the switch."""
    one = client(api, person(api, "acme", "globex"), tenant="acme")
    two = Client(api, one.call("POST", "/auth/switch-tenant", {"tenant": "globex"}).json)
    assert one.refresh().status == 401
    assert not two.alive()


def test_an_organisation_sees_the_sign_ins_of_its_members_here_and_nothing_else(api: Api) -> None:
    """Neither log-ins elsewhere, nor what was before the person came, nor people who are no members."""
    email = person(api, "globex")
    client(api, email)
    stranger = client(api, person(api, "globex"))
    api.bench.acme.owner.send(AddMember(email, ("viewer",)))
    log_in(api, email, "wrong horse battery")
    one = client(api, email, tenant="acme")
    client(api, email, tenant="globex")
    path = f"/audit/sign-ins?user_id={one.session['user_id']}"
    assert [row["kind"] for row in api.get(path).json["items"]] == ["login", "login_failed"]
    assert [row["kind"] for row in api.get(path, org="globex").json["items"]] == [
        "login",
        "login_failed",
        "login",
    ]
    assert api.get(f"/audit/sign-ins?user_id={stranger.session['user_id']}").json["items"] == []
    assert one.call("GET", "/audit/sign-ins").status == 403


def test_sign_ins_come_in_pages(api: Api) -> None:
    """Each row once, the newest first."""
    one = client(api)
    for _ in range(4):
        client(api, one.session["email"])
    path, seen = f"/audit/sign-ins?user_id={one.session['user_id']}&limit=2", list[str]()
    cursor: str | None = ""
    while cursor is not None:
        page = api.get(path + (f"&cursor={cursor}" if cursor else "")).json
        seen += [row["id"] for row in page["items"]]
        cursor = page["next_cursor"]
    assert len(seen) == len(set(seen)) == 5
    assert seen == sorted(seen, reverse=True)


# -- links that set a password


def membership(api: Api, email: str, org: str = "acme") -> UUID:
    """The membership of a person."""
    return next(m.membership_id for m in api.bench.orgs[org].owner.query(ListMembers()) if m.email == email)


def test_a_link_works_once_and_ends_every_session(api: Api) -> None:
    """Too weak a password does not use it up; afterwards it and its like are dead."""
    email = person(api)
    one, where = client(api, email), f"/members/{membership(api, email)}/password-reset"
    first, second = (api.post(where).json["token"] for _ in range(2))
    confirm = "/auth/password-reset/confirm"
    weak = api.post(confirm, {"token": first, "new_password": "password123"}, who=None)
    assert (weak.status, weak.json["errors"][0]["code"]) == (422, "common")
    assert one.alive()
    assert api.post(confirm, {"token": first, "new_password": NEW_PASSWORD}, who=None).json == {"ended": 1, "keys": 0}
    assert not one.alive()
    for dead in (first, second, "x" * 43, ""):
        answer = api.post(confirm, {"token": dead, "new_password": NEW_PASSWORD + "!"}, who=None)
        assert (answer.status, answer.json["errors"][0]["code"]) == (422, "dead-link")
    assert log_in(api, email, NEW_PASSWORD).status == 200


def test_a_link_takes_the_lock_away(api: Api) -> None:
    """Whoever forgot the password has tried a few before."""
    email = person(api)
    for _ in range(6):
        log_in(api, email, "wrong horse battery")
    token = api.post(f"/members/{membership(api, email)}/password-reset").json["token"]
    api.post("/auth/password-reset/confirm", {"token": token, "new_password": NEW_PASSWORD}, who=None)
    assert log_in(api, email, NEW_PASSWORD).status == 200


def test_a_link_grows_old(api: Api, cluster: Cluster) -> None:
    """A day for one that was handed over."""
    email = person(api)
    token = api.post(f"/members/{membership(api, email)}/password-reset").json["token"]
    with psycopg.connect(cluster.superuser_dsn(api.bench.dsns)) as conn:
        conn.execute("UPDATE alm.one_time_tokens SET expires_at = now() WHERE used_at IS NULL")
    answer = api.post("/auth/password-reset/confirm", {"token": token, "new_password": NEW_PASSWORD}, who=None)
    assert answer.json["errors"][0]["code"] == "dead-link"


def test_links_are_for_members_of_this_organisation_alone_and_not_above_oneself(api: Api) -> None:
    """Otherwise an administrator here could take over an account that others trust, or one with more rights."""
    bench = api.bench
    shared = person(api, "acme", "globex")
    with pytest.raises(Conflict, match="cannot be made here"):
        bench.acme.owner.send(IssuePasswordReset(membership(api, shared)))
    with pytest.raises(NotFound):
        bench.acme.owner.send(IssuePasswordReset(membership(api, "viewer@globex.example", "globex")))
    with pytest.raises(AccessDenied):
        bench.acme.manager.send(IssuePasswordReset(membership(api, "owner@acme.example")))
    email = person(api)
    for _ in range(3):
        bench.acme.owner.send(IssuePasswordReset(membership(api, email)))
    with pytest.raises(Conflict, match="within an hour"):
        bench.acme.owner.send(IssuePasswordReset(membership(api, email)))


def test_a_password_is_in_no_answer_and_no_log(api: Api, capfd: pytest.CaptureFixture[str]) -> None:
    """Neither a right nor a wrong one."""
    secret = f"marker-{uuid4().hex}"
    answers = [log_in(api, person(api), secret), log_in(api, secret, secret)]
    answers.append(api.post("/auth/refresh", {"refresh_token": secret}, who=None))
    answers.append(
        api.post("/auth/register", {"email": "a@b.example", "display_name": "A", "password": secret}, who=None)
    )
    assert all(secret not in json.dumps(answer.json) for answer in answers)
    shown = capfd.readouterr()
    assert secret not in shown.out + shown.err
