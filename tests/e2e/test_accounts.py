"""The pages of accounts in Chromium without scripts, in both languages and both themes; pictures in `test-results/`."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page

from alm_workbench.contexts.tenant.invitation_messages import InviteMember
from alm_workbench.server.login_texts import LOGIN_TEXTS
from tests.e2e.conftest import RESULTS
from tests.factories.pages import Pages, serving
from tests.factories.workbench import PASSWORD, Bench

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def pages(workbench: Bench) -> Iterator[Pages]:
    """A server with the pages."""
    with serving(workbench) as running:
        yield running


def picture(page: Page, name: str) -> None:
    """Keep what a person sees, and see that nothing sticks out."""
    RESULTS.mkdir(exist_ok=True)
    page.screenshot(path=str(RESULTS / f"accounts-{name}.png"))
    box = page.locator("main").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 360


@pytest.mark.parametrize(("language", "theme"), [("en", "light"), ("tr", "dark")])
def test_a_person_joins_changes_the_password_and_leaves_by_keyboard_alone(
    browser: Browser, pages: Pages, workbench: Bench, language: str, theme: str
) -> None:
    """On a narrow screen, without scripts: every step is a form that Enter sends, with the cursor where it is needed."""
    texts = LOGIN_TEXTS[language]
    address = f"a-rather-long-name-{uuid4().hex[:8]}@department.of.a.long.company.example"
    token = workbench.acme.owner.send(InviteMember(address, ("viewer",))).token
    context = browser.new_context(
        java_script_enabled=False,
        locale=language,
        color_scheme=theme,  # type: ignore[arg-type]
        viewport={"width": 360, "height": 740},
    )
    page = context.new_page()
    page.goto(f"{pages.url}/invite?token={token}")
    picture(page, f"invite-{language}-{theme}")
    page.wait_for_selector("input:focus")
    page.keyboard.type("Nora Newcomer")
    page.keyboard.press("Tab")
    page.keyboard.type("password12")
    page.keyboard.press("Enter")
    page.wait_for_selector("#password-problem")
    assert page.locator("#password-problem").inner_text() == texts["p_common"]
    picture(page, f"invite-wrong-{language}-{theme}")
    page.wait_for_selector("input:focus")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/invite" not in url)
    page.goto(f"{pages.url}/password")
    page.wait_for_selector("input:focus")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Tab")
    page.keyboard.type("seven purple anvils")
    page.keyboard.press("Enter")
    page.wait_for_selector("[role=status]")
    assert page.locator("[role=status]").inner_text() == texts["password_changed"]
    page.goto(f"{pages.url}/switch")
    assert page.locator("[aria-current=true]").first.inner_text().startswith("Acme")
    picture(page, f"switch-{language}-{theme}")
    page.goto(f"{pages.url}/logout")
    assert page.locator("[role=status]").inner_text() == texts["logged_out"]
    picture(page, f"login-{language}-{theme}")
    context.close()
