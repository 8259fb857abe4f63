"""Who may use a Lab server: its owner and whom the owner trusts; everybody else gets our own routes only."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.factories.ports import free_port
from tests.integration.dashboards.conftest import ended, login, new_client

TOKEN = "owner-token-0123456789"

LAB_ONLY = [
    "/lab",
    "/lab/tree/x.txt",
    "/lab/api/settings",
    "/lab/api/workspaces",
    "/lab/api/listings",
    "/api/me",
    "/api/kernels",
    "/api/kernelspecs",
    "/api/contents",
    "/api/contents/x.txt",
    "/api/sessions",
    "/api/terminals",
    "/api/status",
    "/api/config/x",
    "/api/nbconvert",
    "/files/x.txt",
    "/view/x.txt",
    "/nbconvert/html/x.ipynb",
    "/metrics",
    "/api/spec.yaml",
]


@dataclass
class Lab:
    """A running Lab."""

    url: str

    def browser(self, email: str | None = None, **more: str) -> httpx.Client:
        """A client with cookies, logged in when an e-mail is given."""
        client = new_client(self.url)
        if email is not None:
            assert login(client, email, **more).status_code == 303
        return client


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab with our identity provider."""
    home = tmp_path_factory.mktemp("lab")
    (home / "x.txt").write_text("the owner's file")
    port = free_port()
    places = {f"JUPYTER_{name}_DIR": str(home / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
    command = [sys.executable, str(Path(__file__).parent / "serve_lab.py"), str(port), str(home), TOKEN]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **places})
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", transport=httpx.HTTPTransport(retries=5)) as client:
        assert client.get("/login").status_code == 200
    yield Lab(f"http://127.0.0.1:{port}")
    ended(process)


@pytest.mark.parametrize("path", LAB_ONLY)
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_a_member_without_lab_rights_reaches_nothing_of_jupyter(lab: Lab, path: str, accept: str) -> None:
    # a wildcard over a tenant's rights is no right to run code on this computer
    answer = lab.browser("bob@example.org").get(path, headers={"Accept": accept})
    assert answer.status_code == 403
    assert TOKEN not in answer.text
    assert "the owner's file" not in answer.text


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/api/kernels"), ("POST", "/api/terminals"), ("PUT", "/api/contents/y")]
)
def test_a_member_without_lab_rights_changes_nothing(lab: Lab, method: str, path: str) -> None:
    client = lab.browser("bob@example.org")
    answer = client.request(method, path, headers={"X-XSRFToken": client.cookies["_xsrf"]}, json={})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/static/nothing.js"),
        ("GET", "/static/../../etc/passwd"),
        ("GET", "/custom/nothing.css"),
        ("GET", "/login?next=%ff%fe"),
        ("PUT", "/login"),
        ("DELETE", "/logout"),
        ("GET", "/lab/nothing/here"),
        ("GET", "/nothing"),
        ("GET", "/api/contents/%ff"),
        ("GET", "/lab/extensions/nothing"),
        ("GET", "/kernelspecs/nothing/x"),
        ("POST", "/lab"),
    ],
)
def test_no_error_page_tells_a_member_the_owners_token(lab: Lab, method: str, path: str) -> None:
    client = lab.browser("bob@example.org")
    for headers in ({}, {"Accept": "*/*"}, {"X-XSRFToken": client.cookies["_xsrf"]}):
        answer = client.request(method, path, headers=headers)
        assert answer.status_code >= 400
        assert TOKEN not in answer.text


def test_a_refused_page_says_why_and_leads_to_the_dashboards(lab: Lab) -> None:
    page = lab.browser("bob@example.org").get("/lab").text
    assert "This page is not for this account" in page
    assert 'href="http://127.0.0.1:1/dash"' in page
    turkish = lab.browser("bob@example.org").get("/lab", headers={"Accept-Language": "tr-TR,tr;q=0.9"}).text
    assert 'lang="tr"' in turkish
    assert "Bu sayfa bu hesaba açık değil" in turkish


def test_our_own_routes_are_open_to_every_member(lab: Lab) -> None:
    assert lab.browser("bob@example.org").get("/test/me").json()["email"] == "bob@example.org"
    assert lab.browser().get("/test/me").status_code == 401


def test_nobody_reaches_lab_without_a_session(lab: Lab) -> None:
    client = lab.browser()
    assert client.get("/lab").headers["location"].startswith("/login?next=")
    assert client.get("/api/contents").status_code == 403
    assert client.get("/lab?token=wrong").status_code == 302
    assert client.get("/api/contents", headers={"Authorization": "token wrong"}).status_code == 403


def test_the_owner_comes_by_the_tokenised_address_and_is_a_known_person(lab: Lab) -> None:
    client = lab.browser()
    assert client.get(f"/lab?token={TOKEN}").status_code == 200
    assert client.get("/lab").status_code == 200, "the session is kept in a cookie"
    identity = client.get("/api/me").json()["identity"]
    assert identity["username"] == "alice@example.org"
    assert identity["display_name"] == "Alice Ånderson"
    assert identity["initials"] == "AÅ"
    assert client.get("/test/me").json() == {"email": "alice@example.org", "tenant": "Acme Railways"}


def test_the_owners_token_works_for_scripts_without_the_double_submit(lab: Lab) -> None:
    headers = {"Authorization": f"token {TOKEN}"}
    answer = httpx.put(
        f"{lab.url}/api/contents/made.txt", headers=headers, json={"type": "file", "format": "text", "content": "x"}
    )
    assert answer.status_code == 201


def test_the_owner_may_also_log_in_by_password(lab: Lab) -> None:
    assert lab.browser("alice@example.org").get("/lab").status_code == 200


def test_lab_rights_count_by_name_and_in_the_owners_tenant_only(lab: Lab) -> None:
    trusted, elsewhere = lab.browser(), lab.browser()
    for client, tenant in ((trusted, "acme"), (elsewhere, "globex")):
        page = login(client, "mira@example.org").text
        fields = dict(part.split('">')[0].split('" value="') for part in page.split('<input type="hidden" name="')[1:])
        assert client.post("/login", data={**fields, "tenant": tenant}).status_code == 303
    assert trusted.get("/lab").status_code == 200
    assert elsewhere.get("/lab").status_code == 403, "administrators of other tenants could grant it to themselves"


def test_logging_out_of_lab_leads_to_the_log_in(lab: Lab) -> None:
    client = lab.browser("alice@example.org")
    assert client.get("/logout").headers["location"] == "/login?out=1"
    assert "You are logged out" in client.get("/login?out=1").text
    assert client.get("/lab").status_code == 302
