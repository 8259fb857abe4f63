"""Every page of ours, on a real Lab and a real dashboards server: nothing from outside, nothing inline, no frames."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser

import httpx
import pytest

from alm_workbench.server.identity import AlmIdentityProvider
from tests.factories.lab import Lab

WIDGET_PAGES: frozenset[str] = frozenset()
"""Pages that ipywidgets need, which start with inline scripts; see FULL_POLICY of the dashboards."""


@dataclass
class Places:
    """The two servers with a visitor who is logged in, and one who is not."""

    lab: str
    dashboards: str
    member: httpx.Client
    nobody: httpx.Client


@pytest.fixture
def places(running_lab: Lab) -> Iterator[Places]:
    """`alm lab` with its dashboards; the member is logged in anew for each test, one of them logs out."""
    accept = {"Accept": "text/html"}
    dashboards = running_lab.printed("Dashboards").rstrip("/")
    with httpx.Client(timeout=60, headers=accept) as member, httpx.Client(timeout=60, headers=accept) as nobody:
        member.get(f"{running_lab.url}/lab?token={running_lab.token}")
        yield Places(running_lab.url, dashboards, member, nobody)


def own_paths() -> list[str]:
    """The pages of accounts that both servers have, from where they are registered."""
    return [str(path) for path, *_ in AlmIdentityProvider().get_handlers()]


class Inline(HTMLParser):
    """Collects what a policy without `unsafe-inline` would block, and addresses of other hosts."""

    def __init__(self) -> None:
        super().__init__()
        self.handlers: list[str] = []
        self.scripts: list[str] = []
        self.outside: list[str] = []
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        self.handlers += [f"{tag} {name}" for name in known if name.startswith("on")]
        if tag == "script" and not known.get("src") and known.get("type", "") not in ("application/json", "importmap"):
            self.scripts.append(str(attrs))
        for name in ("src", "href", "action", "data", "poster"):
            address = known.get(name) or ""
            if address.startswith("javascript:"):
                self.handlers.append(f"{tag} {name}")
            if tag not in ("a", "form") and re.match(r"(https?:)?//", address):
                self.outside.append(address)


def directives(answer: httpx.Response) -> dict[str, list[str]]:
    """The policy of an answer."""
    policy = answer.headers["content-security-policy"]
    parts = [part.split() for part in policy.split(";") if part.strip()]
    return {part[0]: part[1:] for part in parts}


def check(answer: httpx.Response, places: Places) -> None:
    """What holds for every page of ours; a log-in may lead to our dashboards, and nowhere else."""
    policy = directives(answer)
    policy["form-action"] = [source for source in policy["form-action"] if source != places.dashboards]
    assert policy["default-src"] == ["'none'"]
    assert policy["base-uri"] == ["'none'"]
    assert policy["frame-ancestors"] in (["'none'"], ["'self'"])
    assert policy["form-action"] == ["'self'"]
    scripts = policy.get("script-src", [])
    assert set(scripts) <= {"'self'"}, scripts
    sources = {source for name, values in policy.items() for source in values if not source.startswith("'nonce-")}
    assert sources <= {"'none'", "'self'", "'unsafe-inline'", "data:", "blob:"}, policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    page = Inline()
    page.feed(answer.text)
    assert (page.handlers, page.scripts, page.outside) == ([], [], [])
    nonces = [source[7:-1] for source in policy.get("style-src", []) if source.startswith("'nonce-")]
    for style in re.findall(r"<style([^>]*)>", answer.text):
        assert any(f'nonce="{nonce}"' in style for nonce in nonces) or "'unsafe-inline'" in policy["style-src"], style


@pytest.mark.parametrize("path", own_paths())
@pytest.mark.parametrize("server", ["lab", "dashboards"])
@pytest.mark.parametrize("who", ["member", "nobody"])
def test_account_pages(places: Places, server: str, path: str, who: str) -> None:
    """Log-in, log-out, registration, passwords, organisations: with and without a session, in both languages."""
    for language in ("en", "tr"):
        client: httpx.Client = getattr(places, who)
        answer = client.get(f"{getattr(places, server)}{path}?lang={language}&token=x")
        hops = 0
        while answer.is_redirect and hops < 3:
            answer, hops = client.get(answer.next_request.url if answer.next_request else ""), hops + 1
        if "text/html" in answer.headers["content-type"] and not answer.url.path.startswith("/lab"):
            check(answer, places)
        assert "\ufffd" not in answer.text


def test_nonces_are_new_each_time(places: Places) -> None:
    """One that can be guessed opens the policy again."""
    seen = {str(directives(places.nobody.get(f"{places.lab}/login"))["style-src"]) for _ in range(3)}
    assert len(seen) == 3


def test_pages_of_the_dashboards(places: Places) -> None:
    """The list, every dashboard that ships, and what is not there."""
    index = places.member.get(f"{places.dashboards}/?all=1")
    found = sorted(set(re.findall(r'href="(/dashboards/[a-z0-9_-]+)', index.text)))
    assert found
    for path in ["/?all=1", *found, "/nothing"]:
        answer = places.member.get(places.dashboards + path)
        assert answer.status_code == (404 if path == "/nothing" else 200)
        if path not in WIDGET_PAGES:
            check(answer, places)


@pytest.mark.parametrize("path", ["/lab", "/lab/tree/x", "/api/contents/nothing", "/nothing/at/all"])
def test_jupyters_own_pages_are_in_no_foreign_frame(places: Places, path: str) -> None:
    """They are JupyterLab's, and start with inline scripts; what we say about frames and types holds for them too."""
    answer = places.member.get(places.lab + path)
    assert directives(answer)["frame-ancestors"] == ["'self'"]
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/alm/api/v1/projects", "/alm/api/v1/nothing", "/alm/health/live"])
@pytest.mark.parametrize("server", ["lab", "dashboards"])
def test_answers_that_are_no_pages_load_nothing(places: Places, server: str, path: str) -> None:
    """Whatever a browser makes of them."""
    answer = places.member.get(getattr(places, server) + path)
    assert directives(answer)["default-src"] == ["'none'"]
    assert directives(answer)["frame-ancestors"] == ["'none'"]
    assert answer.headers["x-content-type-options"] == "nosniff"
