"""The pages of accounts in a real server: what they let people do, without a script, and what they let nobody do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest

from alm_workbench.contexts.auth.messages import CreateAccount, FindUser, IssuePasswordReset
from alm_workbench.contexts.auth.session_messages import LogIn
from alm_workbench.contexts.tenant.invitation_messages import InviteMember
from alm_workbench.contexts.tenant.people_messages import AddMember, ListMembers
from alm_workbench.server.login_texts import LOGIN_TEXTS
from tests.factories.pages import XSRF, Pages, serving, submit
from tests.factories.workbench import PASSWORD, Bench

NEW_PASSWORD = "seven purple anvils"
EN, TR = LOGIN_TEXTS["en"], LOGIN_TEXTS["tr"]
PATHS = ("/login", "/register", "/invite?token=x", "/forgot", "/reset?token=x", "/switch", "/password", "/logout")


@pytest.fixture(scope="module")
def pages(workbench: Bench) -> Iterator[Pages]:
    """The server, with a mail server in its settings that nothing here reaches."""
    mail = {"ALM_SMTP_URL": "smtp://127.0.0.1:1?from=a@b.example", "ALM_PUBLIC_URL": "http://alm.example"}
    with serving(workbench, **mail) as running:
        yield running


def new_person(bench: Bench, *orgs: str) -> str:
    """An account, a member of organisations; the address."""
    address = f"p{uuid4().hex[:8]}@people.example"
    bench.runtime.mediator.as_principal(None).send(CreateAccount(address, "Pat Person", PASSWORD))
    for org in orgs:
        bench.orgs[org].owner.send(AddMember(address, ("viewer",)))
    return address


def invited(bench: Bench, address: str | None = None) -> tuple[str, str]:
    """An invitation: for whom, and the page's address."""
    address = address or f"n{uuid4().hex[:8]}@people.example"
    return address, f"/invite?token={bench.acme.owner.send(InviteMember(address, ('viewer',))).token}"


def who(browser: httpx.Client) -> Any:
    """Who the browser is for the API."""
    answer = browser.get("/alm/api/v1/auth/me")
    return answer.json() if answer.status_code == 200 else None


@pytest.mark.parametrize("path", PATHS)
def test_pages_are_closed_to_everything_from_outside(pages: Pages, workbench: Bench, path: str) -> None:
    """No script, no frame, nothing from elsewhere; never kept; for nobody and for somebody."""
    for address in (None, new_person(workbench, "acme")):
        with pages.browser(address) as browser:
            answer = browser.get(path, follow_redirects=True)
        if answer.url.path == "/" or answer.url.path.startswith("/dashboards"):
            continue  # logged in already: not a page of accounts
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "form-action 'self'" in policy
        assert "unsafe" not in policy
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert "<script" not in answer.text
        assert not re.search(r"(?:src|href|action)=\"(?:https?:)?//", answer.text)
        assert not re.search(r"<[^>]+\son\w+=", answer.text)


@pytest.mark.parametrize("path", ["/login", "/register", "/forgot", "/reset", "/switch", "/password", "/logout"])
def test_forms_of_other_sites_do_nothing(pages: Pages, workbench: Bench, path: str) -> None:
    """Without the double submit nothing is done, cookie or not."""
    address = new_person(workbench, "acme", "globex")
    with pages.browser() as browser:
        ticket = submit(browser, "/login", email=address, password=PASSWORD)
        choice = re.search(r'name="choice" value="([^"]+)"', ticket.text)
        assert choice
        submit(browser, "/login", choice=choice[1], tenant="acme")
        forged = {"tenant": "globex", "current_password": PASSWORD, "new_password": NEW_PASSWORD, "email": address}
        for headers in ({}, {"Origin": "https://evil.example"}):
            assert browser.post(path, data=forged, headers=headers).status_code in (303, 403, 404)
        assert who(browser)["tenant_slug"] == "acme"
    workbench.runtime.mediator.as_principal(None).send(LogIn(address, PASSWORD, "acme"))


def test_whoever_is_invited_makes_an_account_and_is_in(pages: Pages, workbench: Bench) -> None:
    """The address is the invitation's, whatever the form says; the session is a cookie that no script reads."""
    address, path = invited(workbench)
    with pages.browser() as browser:
        page = browser.get(path)
        assert "Acme" in page.text
        assert address in page.text
        answer = submit(browser, path, display_name="Nora <b>New</b>", password=PASSWORD, email="eve@evil.example")
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        (cookie,) = [c for c in answer.headers.get_list("set-cookie") if c.startswith("alm-session-")]
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        me = who(browser)
        assert (me["email"], me["display_name"], me["tenant_slug"]) == (address, "Nora <b>New</b>", "acme")
        assert EN["invitation_dead"] in browser.get(path).text


def test_what_is_wrong_is_said_beside_the_field_and_nothing_is_lost(pages: Pages, workbench: Bench) -> None:
    """In the page's language; the name stays, the password does not."""
    address, path = invited(workbench)
    with pages.browser() as browser:
        answer = submit(browser, path + "&lang=tr", display_name='"><i>Nora', password="password12")
        assert answer.status_code == 422
        assert TR["p_common"] in answer.text
        assert "&#34;&gt;&lt;i&gt;Nora" in answer.text
        assert "password12" not in answer.text
        assert 'aria-describedby="password-problem"' in answer.text
    assert workbench.runtime.mediator.as_principal(None).query(FindUser(address)) is None


def test_whoever_has_no_open_organisation_is_told_so_with_the_right_password_only(
    pages: Pages, workbench: Bench
) -> None:
    """Not that the password is wrong; a wrong one is all that somebody else hears of."""
    address = new_person(workbench)
    with pages.browser() as browser:
        right = submit(browser, "/login", email=address, password=PASSWORD)
        wrong = submit(browser, "/login", email=address, password="not this one at all")
    assert (right.status_code, wrong.status_code) == (401, 401)
    assert EN["homeless"] in right.text
    assert EN["wrong"] in wrong.text
    assert EN["homeless"] not in wrong.text


def test_whoever_has_an_account_joins_with_it(pages: Pages, workbench: Bench) -> None:
    """Logs in, comes back, joins, and is in the organisation at once; somebody else cannot."""
    address = new_person(workbench, "globex")
    _, path = invited(workbench, address)
    with pages.browser() as browser:
        page = browser.get(path)
        assert EN["have_account"] in page.text
        login = f"/login?next={quote(path, safe='')}"
        assert f'href="{login}"' in page.text.replace("/login?next=/invite", "/login?next=%2Finvite")
        answer = submit(browser, login, email=address, password=PASSWORD, next=path)
        assert answer.headers["location"] == path
        assert who(browser)["tenant_slug"] == "globex"
        answer = submit(browser, path, action="join")
        assert answer.status_code == 303
        assert who(browser)["tenant_slug"] == "acme"
    _, path = invited(workbench)
    with pages.browser(new_person(workbench, "globex")) as browser:
        assert EN["join_other"] in browser.get(path).text
        assert submit(browser, path, action="join").status_code != 303
        assert who(browser)["tenant_slug"] == "globex"


def test_nobody_registers_without_an_invitation(pages: Pages) -> None:
    """The page says so instead of a form, and a form of one's own is refused."""
    with pages.browser() as browser:
        page = browser.get("/register")
        assert EN["registration_closed"] in page.text
        assert "<form" not in page.text
        token = XSRF.search(browser.get("/login").text)
        assert token
        body = {"_xsrf": token[1], "email": "a@b.example", "display_name": "A", "password": PASSWORD}
        assert browser.post("/register", data=body).status_code == 403


def test_the_page_for_forgotten_passwords_says_the_same_to_everybody(pages: Pages, workbench: Bench) -> None:
    """But for the secret of the form and the nonce of the style."""
    with pages.browser() as browser:
        answers = [
            submit(browser, "/forgot", email=email)
            for email in (new_person(workbench, "acme"), "nobody@people.example", "no address")
        ]
        texts = {re.sub(r'(nonce|value)="[^"]*"', "", answer.text) for answer in answers}
    assert {answer.status_code for answer in answers} == {200}
    assert len(texts) == 1
    assert EN["forgot_sent"] in texts.pop()


def test_a_link_sets_a_new_password(pages: Pages, workbench: Bench) -> None:
    """Once; who was logged in is out, and the log-in page says what happened."""
    address = new_person(workbench, "acme")
    owner = workbench.acme.owner
    member = next(m for m in owner.query(ListMembers()) if m.email == address)
    path = owner.send(IssuePasswordReset(member.membership_id)).path
    with pages.browser(address) as inside, pages.browser() as browser:
        assert who(inside) is not None
        assert submit(browser, path, new_password="password1234").status_code == 422
        answer = submit(browser, path, new_password=NEW_PASSWORD)
        assert answer.status_code == 303
        assert EN["password_set"] in browser.get(answer.headers["location"]).text
        assert EN["p_dead-link"] in browser.get(path).text
        assert who(inside) is None
        assert submit(browser, "/login", email=address, password=NEW_PASSWORD).status_code == 303


def test_a_person_changes_the_password_and_stays_in(pages: Pages, workbench: Bench) -> None:
    """The other browser is out; a wrong current password changes nothing."""
    address = new_person(workbench, "acme")
    with pages.browser(address) as one, pages.browser(address) as two:
        answer = submit(one, "/password", current_password="wrong", new_password=NEW_PASSWORD)
        assert answer.status_code == 422
        assert EN["p_wrong"] in answer.text
        assert (
            EN["password_changed"]
            in submit(one, "/password", current_password=PASSWORD, new_password=NEW_PASSWORD).text
        )
        assert who(one) is not None
        assert who(two) is None


def test_a_person_switches_the_organisation_and_goes_on_where_asked(pages: Pages, workbench: Bench) -> None:
    """All tabs follow, since they share the session; nowhere but on this server, and into nobody else's organisation."""
    address = new_person(workbench, "acme", "globex")
    with pages.browser() as browser:
        ticket = submit(browser, "/login", email=address, password=PASSWORD)
        choice = re.search(r'name="choice" value="([^"]+)"', ticket.text)
        assert choice
        submit(browser, "/login", choice=choice[1], tenant="acme")
        page = browser.get("/switch")
        assert "Acme" in page.text
        assert "Globex" in page.text
        answer = submit(browser, "/switch", tenant="globex", next="//evil.example/")
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert who(browser)["tenant_slug"] == "globex"
        assert submit(browser, "/switch", tenant="nowhere").status_code == 404
        assert who(browser)["tenant_slug"] == "globex"


@pytest.mark.parametrize("path", ["/switch", "/password"])
def test_pages_of_an_account_ask_to_log_in_first_and_come_back(pages: Pages, workbench: Bench, path: str) -> None:
    """The way back is kept."""
    with pages.browser() as browser:
        answer = browser.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/login?next={quote(path, safe='')}")
        form = submit(
            browser, answer.headers["location"], email=new_person(workbench, "acme"), password=PASSWORD, next=path
        )
        assert form.headers["location"] == path
        assert browser.get(path).status_code == 200


@pytest.mark.parametrize("token", ["%00", "%ff", "x" * 5000, "%3Cscript%3E", "..%2f..", "' OR 1=1"])
def test_odd_tokens_are_dead_links(pages: Pages, token: str) -> None:
    """Never an error of the server, never markup."""
    with pages.browser() as browser:
        for page in ("/invite", "/reset"):
            answer = browser.get(f"{page}?token={token}")
            assert answer.status_code < 500
            assert "<script" not in answer.text
