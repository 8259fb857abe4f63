"""People, history and administration in real Lab: commands, status bar, widgets in a notebook, and a session that ends."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from alm_workbench import demo
from tests.e2e.conftest import Lab, View, open_view

pytestmark = pytest.mark.browser
SLOW = 120_000
STEP = 5_000
DEMO = "DEMO"
MARKUP = "<img src=x onerror=document.title='stolen'> a very long text " + "x" * 300


def api(lab: Lab, method: str, path: str, body: Any = None, version: int | None = None) -> Any:
    """One request as the owner."""
    base, token = lab.url.split("lab?token=")
    headers = {"Authorization": f"token {token}", "Content-Type": "application/json"}
    headers |= {} if version is None else {"If-Match": f'"{version}"'}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{base}alm/api/v1{path}", data=data, method=method, headers=headers)
    with urllib.request.urlopen(request, timeout=60) as reply:
        return json.loads(reply.read())


@pytest.fixture(scope="module")
def item(lab: Lab) -> dict[str, Any]:
    """An item with three versions, one of them hostile and long; its project is not the first of the list."""
    projects = api(lab, "GET", "/projects")["items"]
    project = next(one for one in projects if one["key"] == DEMO)
    if all(one["key"] != "ASIDE" for one in projects):
        process = project["active_version_id"]
        api(lab, "POST", "/projects", {"key": "ASIDE", "name": "Another", "manifest_version_id": process})
    made = api(
        lab, "POST", f"/projects/{project['id']}/artifacts", {"artifact_type": "task", "title": "Check the brakes"}
    )
    for title in (MARKUP, "Check the brakes twice"):
        made = api(lab, "PATCH", f"/artifacts/{made['id']}", {"title": title}, made["version"])
    return made  # type: ignore[no-any-return]


def open_lab(view: View, lab: Lab) -> Page:
    """Lab with its start page."""
    page = view.page
    page.goto(lab.url.replace("/lab?", "/lab?reset&"))
    expect(page.locator(".alm-Start")).to_be_visible(timeout=SLOW)
    expect(page.locator(".alm-Status-button").first).to_contain_text("·", timeout=SLOW)
    return page


def command(page: Page, name: str, shows: Locator) -> None:
    """Run a command from the palette, by keyboard only, until what it shows is there.

    The palette goes away when anything else takes the focus, which a page that is still opening does: then once more.
    """
    palette = page.locator("#modal-command-palette")
    box = palette.locator("input")
    until = time.monotonic() + SLOW / 1000
    while True:
        try:
            if palette.is_hidden():
                page.keyboard.press("Control+Shift+C")
            box.fill(name, timeout=STEP)
            expect(palette.locator(".lm-mod-active")).to_contain_text(name, timeout=STEP)
            box.press("Enter", timeout=STEP)
            expect(palette).to_be_hidden(timeout=STEP)
            expect(shows).to_be_visible(timeout=3 * STEP)
            return
        except (PlaywrightTimeout, AssertionError):
            if time.monotonic() > until:
                raise


@pytest.fixture
def settings(lab: Lab) -> Iterator[Any]:
    """Settings of Lab for one test: `settings(theme=…, locale=…)`."""
    written: list[Path] = []

    def write(theme: str = "JupyterLab Light", locale: str = "en") -> None:
        folder = lab.data_dir / "lab" / "settings" / "@jupyterlab"
        for path, values in (
            (folder / "apputils-extension" / "themes.jupyterlab-settings", {"theme": theme}),
            (folder / "translation-extension" / "plugin.jupyterlab-settings", {"locale": locale}),
        ):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(values), "utf-8")
            written.append(path)

    yield write
    for path in written:
        path.unlink(missing_ok=True)


def only_the_demo(route: Route) -> None:
    """Let the server answer, and leave one project in its list."""
    reply = route.fetch()
    page = reply.json()
    page["items"] = [one for one in page["items"] if one["key"] == DEMO]
    route.fulfill(response=reply, json=page)


def test_the_history_of_an_item(view: View, lab: Lab, item: dict[str, Any]) -> None:
    """From the palette to the versions of an item, one of them opened, two compared: by keyboard, text as text."""
    page = open_lab(view, lab)
    asked = page.locator(".jp-Dialog")
    key, project = asked.get_by_label("Key of the item"), asked.get_by_label("Project")
    command(page, "History of an Item", key)
    expect(key).to_be_focused()
    expect(project.locator("option:checked")).to_contain_text("ASIDE")
    page.keyboard.press("Enter")
    expect(asked.get_by_role("alert")).to_contain_text("Type the key of an item")
    page.keyboard.type(item["key"])
    page.keyboard.press("Enter")
    expect(asked.get_by_role("alert")).to_have_text(f"There is no item {item['key']} for you in ASIDE.")
    expect(key).to_have_value(item["key"])
    view.shot("trust-history-ask")
    page.keyboard.press("Shift+Tab")
    page.keyboard.type(DEMO)
    expect(project.locator("option:checked")).to_contain_text(DEMO)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(asked).to_have_count(0, timeout=SLOW)
    timeline = page.locator("alm-audit-timeline")
    expect(timeline.get_by_role("heading", name=f"History of {item['key']}")).to_be_visible(timeout=SLOW)
    versions = timeline.locator(".entry > button")
    expect(versions).to_have_count(3)
    versions.first.focus()
    page.keyboard.press("ArrowDown")
    expect(versions.nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    expect(timeline.locator("ins").first).to_contain_text("<img src=x")
    view.shot("trust-history")
    timeline.get_by_role("button", name="Show the whole version").click()
    expect(timeline.get_by_role("heading", name="Version 2 as it was")).to_be_visible()
    for number in (1, 3):
        timeline.get_by_role("checkbox", name=f"Compare version {number}").check()
    timeline.get_by_role("button", name="Compare versions 1 and 3").click()
    dialog = timeline.get_by_role("dialog")
    expect(dialog).to_contain_text("Check the brakes twice")
    expect(dialog.get_by_role("button")).to_have_text(["Close"])
    view.shot("trust-compare")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    timeline.get_by_role("searchbox").fill("no such thing")
    expect(timeline).to_contain_text("No version matches the filters")
    assert page.locator("alm-audit-timeline img").count() == 0
    assert "stolen" not in page.title()
    assert page.locator(".jp-MainAreaWidget:has(alm-audit-timeline) > .jp-Toolbar").is_hidden()
    open_lab(view, lab)  # nothing else is open: what was chosen last is remembered
    command(page, "History of an Item", key)
    expect(key).to_be_focused()
    expect(project.locator("option:checked")).to_contain_text(DEMO)
    page.keyboard.press("Escape")
    expect(asked).to_have_count(0)
    assert (view.outside, view.errors) == ([], [])


def test_inviting_and_the_panel(view: View, lab: Lab) -> None:
    """An administrator invites by keyboard; the link is told once; every tab opens; other shortcuts still work."""
    page = open_lab(view, lab)
    panel = page.locator("alm-admin-panel")
    command(page, "Administration", panel)
    expect(panel.get_by_role("tab", name="Members")).to_have_attribute("aria-selected", "true", timeout=SLOW)
    expect(panel).to_contain_text(f"engineer@{demo.DOMAIN}")
    panel.get_by_role("tab", name="Members").focus()
    page.keyboard.press("ArrowRight")
    panel.get_by_role("button", name="Invite").press("Enter")
    address = panel.get_by_label("E-mail address")
    expect(address).to_be_focused()
    page.keyboard.type("dabbc@demo.example")  # letters that are shortcuts of Lab
    page.keyboard.press("Enter")
    server = lab.url.split("lab?")[0]
    expect(panel.locator(".secret code")).to_contain_text(f"{server}invite?token=", timeout=SLOW)
    view.shot("trust-invited")
    panel.get_by_role("button", name="Close").click()
    expect(panel.get_by_role("cell", name="dabbc@demo.example", exact=True)).to_be_visible()
    expect(panel).not_to_contain_text("token=")
    for name in ("Roles", "API keys", "Refusals", "Sign-ins", "Organisation"):
        panel.get_by_role("tab", name=name).click()
        expect(panel.locator(".loading")).to_have_count(0, timeout=SLOW)
        expect(panel.locator('[role="alert"]')).to_have_count(0)
        view.shot(f"trust-admin-{name.split()[0].lower()}")
    command(page, "Switch Organisation", page.locator("alm-tenant-switcher"))
    expect(page.locator("alm-tenant-switcher")).to_contain_text("You are here")
    page.keyboard.press("Escape")
    expect(page.locator("alm-tenant-switcher")).to_have_count(0)
    assert (view.outside, view.errors) == ([], [])


def test_dark_and_turkish(view: View, lab: Lab, item: dict[str, Any], settings: Any) -> None:
    """The same in the dark theme and in Turkish; somebody who sees one project is not asked for it."""
    settings(theme="JupyterLab Dark", locale="tr_TR")
    view.page.route("**/alm/api/v1/projects?limit=200*", only_the_demo)
    page = open_lab(view, lab)
    panel = page.locator("alm-admin-panel")
    command(page, "Yönetim", panel)
    expect(panel.get_by_role("tab", name="Üyeler")).to_be_visible(timeout=SLOW)
    expect(panel).to_have_attribute("theme", "dark")
    page.wait_for_timeout(500)
    view.shot("trust-admin-dark-turkish")
    key = page.locator(".jp-Dialog").get_by_label("Öğenin anahtarı")
    command(page, "Bir Öğenin Geçmişi", key)
    expect(key).to_be_focused()
    expect(page.locator(".jp-Dialog select")).to_have_count(0)
    page.keyboard.type("YOK-1")
    page.keyboard.press("Enter")
    expect(page.locator(".jp-Dialog").get_by_role("alert")).to_contain_text("YOK-1")
    view.shot("trust-history-ask-dark-turkish")
    page.keyboard.type(item["key"])  # over the wrong one, which is selected
    page.keyboard.press("Enter")
    timeline = page.locator("alm-audit-timeline")
    expect(timeline).to_contain_text(f"{item['key']} geçmişi", timeout=SLOW)
    timeline.locator(".entry > button").nth(1).click()
    view.shot("trust-history-dark-turkish")
    assert view.errors == []


def test_widgets_in_a_notebook(view: View, lab: Lab, item: dict[str, Any]) -> None:
    """In a notebook the same widgets ask through the kernel; what is typed into a form is no command of the notebook."""
    cells = [
        "import alm_workbench as alm\nwb = alm.connect()\nfrom alm_workbench.notebook.widgets import *",
        f"AuditTimeline('Artifact', '{item['id']}', workbench=wb, caption='{item['key']}')",
        "LoginWidget(email='', variable='other')",
    ]
    path = lab.data_dir / "workspace" / "trust.ipynb"
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)"}}
    book = {
        "cells": [
            {"cell_type": "code", "id": f"c{n}", "metadata": {}, "outputs": [], "execution_count": None, "source": text}
            for n, text in enumerate(cells)
        ],
        "metadata": kernel,
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    path.write_text(json.dumps(book), "utf-8")
    page = view.page
    page.goto(lab.url.replace("/lab?", "/lab/tree/trust.ipynb?reset&"))
    expect(page.locator("#jp-main-statusbar")).to_contain_text("Idle", timeout=SLOW)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    timeline = page.locator("alm-audit-timeline")
    expect(timeline.locator(".entry > button")).to_have_count(3, timeout=SLOW)
    timeline.locator(".entry > button").nth(1).click()
    expect(timeline.locator("ins").first).to_contain_text("<img src=x")
    view.shot("trust-notebook")
    login = page.locator("alm-login")
    login.get_by_label("E-mail address").click()
    page.keyboard.type(f"engineer@{demo.DOMAIN}")
    page.keyboard.press("Tab")
    page.keyboard.type("not the password, dd bb aa")
    page.keyboard.press("Enter")
    expect(login.get_by_role("alert")).to_be_visible(timeout=SLOW)
    view.shot("trust-login-refused")
    login.get_by_label("Password", exact=True).fill(lab.password)
    page.keyboard.press("Enter")
    expect(login).to_contain_text("Logged in as", timeout=SLOW)
    view.shot("trust-login-done")
    assert page.locator(".jp-Notebook .jp-CodeCell").count() == len(cells)
    page.keyboard.press("Control+s")
    page.wait_for_timeout(1500)
    assert lab.password not in path.read_text("utf-8")
    assert (view.outside, view.errors) == ([], [])


def test_a_session_that_ends_is_asked_for_again(browser: Browser, lab: Lab) -> None:
    """When the session is gone Lab asks for the log-in, in a dialog, keeps the page, and goes on afterwards."""
    view = open_view(browser)
    page = view.page
    page.goto(f"{lab.url.split('?')[0].removesuffix('lab')}login?next=/lab%3Freset")
    page.get_by_label("E-mail").fill(f"owner@{demo.DOMAIN}")
    page.get_by_label("Password", exact=True).fill(lab.password)
    page.keyboard.press("Enter")
    expect(page.locator(".alm-Start")).to_be_visible(timeout=SLOW)
    expect(page.locator(".alm-Status-button").first).to_contain_text("·", timeout=SLOW)
    panel = page.locator("alm-admin-panel")
    command(page, "Administration", panel)
    expect(panel.get_by_role("tab", name="Members")).to_be_visible(timeout=SLOW)
    for cookie in view.context.cookies():
        if cookie["name"].startswith("alm-session-"):
            view.context.clear_cookies(name=cookie["name"])
    # not a real click: the dialog may be there before it, when Lab asks who it is by itself
    panel.get_by_role("tab", name="Roles").dispatch_event("click")
    dialog = page.locator(".jp-Dialog", has=page.locator("alm-login"))
    expect(dialog).to_contain_text("Your session has ended", timeout=SLOW)
    view.shot("trust-session-ended")
    dialog.get_by_label("E-mail address").fill(f"owner@{demo.DOMAIN}")
    dialog.get_by_label("Password", exact=True).fill("wrong one")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_be_visible(timeout=SLOW)
    dialog.get_by_label("Password", exact=True).fill(lab.password)
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0, timeout=SLOW)
    again, shown = panel.get_by_role("button", name="Try again"), panel.get_by_text("engineer", exact=True).first
    expect(again.or_(shown).first).to_be_visible(timeout=SLOW)
    if again.is_visible():
        again.click()
    expect(shown).to_be_visible(timeout=SLOW)
    assert view.outside == []
    view.context.close()
