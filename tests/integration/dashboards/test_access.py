"""Who gets in, and what is simply not there."""

from __future__ import annotations

import pytest

from tests.integration.dashboards.conftest import Dashboards, login, new_client
from tests.integration.dashboards.people import PASSWORD

CLOSED = ["/", "/dashboards/light", "/dashboards/sliders", "/voila/tree", "/lab", "/anything"]
ABSENT = [
    ("GET", "/api/kernels"),
    ("POST", "/api/kernels"),
    ("GET", "/api/contents"),
    ("GET", "/api/contents/light.ipynb"),
    ("GET", "/api/sessions"),
    ("GET", "/api/terminals"),
    ("POST", "/api/terminals"),
    ("GET", "/files/light.ipynb"),
    ("GET", "/voila/files/secret.txt"),
    ("GET", "/voila/files/light.ipynb"),
    ("GET", "/voila/api/contents/"),
    ("GET", "/voila/render/light.ipynb"),
    ("GET", "/voila/tree"),
    ("GET", "/dashboards/..%2Flight"),
    ("GET", "/dashboards/torn"),
    ("GET", "/lab"),
]


@pytest.mark.parametrize("path", CLOSED)
def test_a_page_without_a_session_leads_to_the_log_in_and_starts_no_kernel(server: Dashboards, path: str) -> None:
    before = len(server.kernels())
    answer = server.browser().get(path)
    assert answer.status_code == 302
    assert answer.headers["location"].startswith("/login?next=")
    assert len(server.kernels()) == before


def test_a_token_in_the_address_opens_nothing(server: Dashboards) -> None:
    for token in ("t0ken", "j0ken", "x"):
        assert server.browser().get("/dashboards/light", params={"token": token}).status_code == 302
        headers = {"Authorization": f"token {token}"}
        assert server.browser().get("/dashboards/light", headers=headers).status_code == 302


def test_the_api_answers_401_without_a_session(server: Dashboards) -> None:
    assert server.browser().get("/test/me").status_code == 401


@pytest.mark.parametrize(("method", "path"), ABSENT)
def test_nothing_of_jupyter_is_served_even_to_members(server: Dashboards, method: str, path: str) -> None:
    client, before = server.browser("bob@example.org"), len(server.kernels())
    answer = client.request(method, path, headers={"X-XSRFToken": client.cookies["_xsrf"]})
    assert answer.status_code in (404, 405)
    assert "not for visitors" not in answer.text
    assert len(server.kernels()) == before


def test_a_log_in_gives_a_cookie_that_scripts_and_other_sites_cannot_use(server: Dashboards) -> None:
    answer = login(server.browser(), "alice@example.org")
    session = next(c for c in answer.headers.get_list("set-cookie") if c.startswith("alm-session-"))
    assert "HttpOnly" in session
    assert "SameSite=Lax" in session
    assert "Secure" not in session  # plain http on this machine; set as soon as the request came by https


def test_the_cookie_is_secure_behind_https(server: Dashboards) -> None:
    client = server.browser()
    client.headers["X-Scheme"] = "https"
    # the server believes proxies only when it is told to, so plain requests stay plain
    assert "Secure" not in login(client, "alice@example.org").headers["set-cookie"]


@pytest.mark.parametrize(
    ("email", "password"),
    [("alice@example.org", "no such phrase"), ("nobody@example.org", PASSWORD), ("", ""), ("a", "")],
)
def test_a_wrong_log_in_says_so_and_gives_no_session(server: Dashboards, email: str, password: str) -> None:
    client = server.browser()
    answer = login(client, email, password)
    assert answer.status_code == 401
    assert 'role="alert"' in answer.text
    assert not any(name.startswith("alm-session") for name in client.cookies)
    assert password not in answer.text or not password


def test_a_log_in_without_the_forms_token_is_refused_and_shows_the_form_again(server: Dashboards) -> None:
    answer = server.browser().post("/login", data={"email": "alice@example.org", "password": PASSWORD})
    assert answer.status_code == 403
    assert "open for too long" in answer.text
    assert "set-cookie" not in answer.headers or "alm-session" not in answer.headers["set-cookie"]


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_the_way_on_after_a_log_in_stays_on_this_server(server: Dashboards, target: str) -> None:
    assert login(server.browser(), "alice@example.org", next=target).headers["location"] == "/"


def test_the_way_on_keeps_the_page_that_was_asked_for(server: Dashboards) -> None:
    asked = "/dashboards/light?project=DEMO"
    assert login(server.browser(), "alice@example.org", next=asked).headers["location"] == asked


def test_members_of_several_tenants_choose_once(server: Dashboards) -> None:
    client = server.browser()
    answer = login(client, "mira@example.org")
    assert answer.status_code == 200
    assert PASSWORD not in answer.text
    fields = dict(part.split('" value="') for part in _hidden(answer.text))
    chosen = client.post("/login", data={**fields, "tenant": "globex"})
    assert chosen.status_code == 303
    assert client.get("/test/me").json() == {"email": "mira@example.org", "tenant": "Globex"}
    again = server.browser()
    again.cookies.set("_xsrf", client.cookies["_xsrf"])
    assert again.post("/login", data={**fields, "tenant": "acme"}).status_code == 401, "a ticket works once"


def _hidden(page: str) -> list[str]:
    return [part.split('">')[0] for part in page.split('<input type="hidden" name="')[1:]]


def test_logging_out_ends_copies_of_the_cookie_too(server: Dashboards) -> None:
    client = server.browser("alice@example.org")
    copy = new_client(server.url, cookies=dict(client.cookies))
    assert copy.get("/?all=1").status_code == 200
    assert client.post("/logout", data={"_xsrf": client.cookies["_xsrf"]}).status_code == 303
    assert copy.get("/?all=1").status_code == 302


def test_a_link_on_another_site_cannot_log_anybody_out(server: Dashboards) -> None:
    client = server.browser("alice@example.org")
    answer = client.get("/logout", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 200
    assert client.get("/?all=1").status_code == 200
    assert client.post("/logout").status_code == 403


def test_a_forged_or_foreign_cookie_is_no_session(server: Dashboards) -> None:
    client = server.browser("alice@example.org")
    name = next(name for name in client.cookies if name.startswith("alm-session"))
    for value in ("x", client.cookies[name][:-4] + "aaaa", client.cookies[name].replace("|", ".")):
        forged = new_client(server.url)
        forged.cookies.set(name, value)
        assert forged.get("/?all=1").status_code == 302


def test_requests_that_change_something_need_the_double_submit(server: Dashboards) -> None:
    client = server.browser("alice@example.org")
    assert client.post("/test/me").status_code == 403
    assert client.post("/test/me", headers={"X-XSRFToken": client.cookies["_xsrf"]}).status_code == 200


@pytest.mark.parametrize("path", ["/login", "/?all=1", "/dashboards/light", "/dashboards/sliders", "/nothing"])
def test_every_page_closes_itself_to_other_hosts(server: Dashboards, path: str) -> None:
    client = server.browser("alice@example.org")
    answer = client.get(path + ("?lang=en" if path == "/login" else ""))
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "http" not in policy.replace("https:", "http:").replace("http-equiv", "")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert "//cdn" not in answer.text
    assert "fonts.googleapis" not in answer.text
    if not path.endswith("sliders"):
        assert "unsafe-eval" not in policy
        assert "script-src 'self' 'unsafe-inline'" not in policy
