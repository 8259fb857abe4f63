"""The dashboards in a real browser, on the real mirror: what managers see, in which language, and when things fail."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from alm_workbench import demo
from tests.e2e.conftest import Lab, View, open_view

pytestmark = pytest.mark.browser
SLOW = 60_000
COMPONENTS = 8
UNAVAILABLE = {
    "type": "/errors/mirror-unavailable",
    "title": "The reporting data is not available right now",
    "detail": "It is being built",
    "status": 503,
    "correlation_id": "c-42",
}


def wait_for(url: str) -> None:
    """The dashboards are a process of their own, which may answer a little after Lab."""
    until = time.monotonic() + SLOW / 1000
    while time.monotonic() < until:
        try:
            httpx.get(url)
            return
        except httpx.TransportError:
            time.sleep(0.2)
    raise AssertionError(f"{url} does not answer")


def overview(view: View, lab: Lab, query: str = "") -> Page:
    """Log in as a manager and wait for the whole overview."""
    page = view.page
    wait_for(lab.dashboards)
    page.goto(f"{lab.dashboards}dashboards/project_overview{query}")
    page.locator("#email").fill(f"manager@{demo.DOMAIN}")
    page.locator("#password").fill(lab.password)
    page.keyboard.press("Enter")
    expect(page.locator("[data-state=ready]")).to_have_count(COMPONENTS, timeout=SLOW)
    return page


@pytest.fixture
def manager(browser: Browser, lab: Lab) -> Iterator[View]:
    """A manager in front of the overview."""
    view = open_view(browser)
    overview(view, lab)
    yield view
    view.context.close()


def test_the_overview_shows_figures_charts_and_activity(manager: View) -> None:
    page = manager.page
    total = page.locator("alm-kpi").first.locator(".value")
    assert int(total.inner_text()) > 0
    assert page.locator("alm-report svg").count() == 3
    expect(page.locator("alm-table tbody tr").first).to_be_visible()
    expect(page.locator("alm-as-of")).to_contain_text("Data as of")
    manager.shot("dashboard-light")
    assert (manager.outside, manager.errors) == ([], [])


def test_every_chart_has_a_table_twin_a_query_and_a_csv(manager: View) -> None:
    page = manager.page
    chart = page.locator("alm-report").first
    chart.get_by_role("button", name="Show as table").click()
    expect(chart.get_by_role("table")).to_be_visible()
    chart.locator("th button").nth(1).click()
    expect(chart.locator("th[aria-sort=ascending]")).to_have_count(1)
    chart.get_by_role("button", name="Show query").click()
    expect(chart.locator("pre")).to_contain_text(re.compile("select", re.I))
    with page.expect_download() as download:
        chart.get_by_role("button", name="Download CSV").click()
    assert download.value.suggested_filename.startswith("DEMO-counts_by_type_state-")


def test_the_page_speaks_turkish_and_follows_a_dark_system(browser: Browser, lab: Lab) -> None:
    view = open_view(browser, locale="tr-TR", color_scheme="dark")
    page = overview(view, lab)
    expect(page.get_by_role("heading", name="Proje özeti")).to_be_visible()
    expect(page.get_by_role("button", name="Tablo olarak göster").first).to_be_visible()
    assert page.locator("alm-report").first.get_attribute("theme") == "dark"
    view.shot("dashboard-dark-turkish")
    assert (view.outside, view.errors) == ([], [])
    view.context.close()


def test_a_narrow_window_needs_no_sideways_scrolling(manager: View) -> None:
    manager.page.set_viewport_size({"width": 390, "height": 844})
    manager.page.wait_for_timeout(400)
    assert manager.page.evaluate("document.documentElement.scrollWidth") <= 390
    manager.shot("dashboard-narrow")


def test_a_failure_is_shown_with_its_reference_and_can_be_retried(manager: View) -> None:
    page = manager.page
    page.route(re.compile("/reports/"), lambda route: answer(route, 503, UNAVAILABLE))
    page.reload()
    problem = page.locator("alm-report").first.get_by_role("alert")
    expect(problem).to_contain_text("not available right now", timeout=SLOW)
    expect(problem).to_contain_text("c-42")
    manager.shot("dashboard-error")
    page.unroute_all()
    problem.get_by_role("button", name="Retry").click()
    expect(page.locator("alm-report svg").first).to_be_visible(timeout=SLOW)


def test_an_empty_project_says_so(manager: View) -> None:
    page = manager.page

    def empty(route: Route) -> None:
        reply = route.fetch()
        route.fulfill(response=reply, json={**reply.json(), "rows": []})

    page.route(re.compile("/reports/"), empty)
    page.reload()
    expect(page.locator("[data-state=empty]")).to_have_count(COMPONENTS, timeout=SLOW)
    expect(page.get_by_text("No items yet").first).to_be_visible()
    manager.shot("dashboard-empty")
    page.unroute_all(behavior="ignoreErrors")


def test_a_session_that_ended_leads_to_the_log_in_and_back(manager: View) -> None:
    page = manager.page
    here = page.url
    manager.context.clear_cookies()
    page.wait_for_timeout(2100)  # answers are shared among the components for two seconds
    page.locator("alm-report").first.evaluate("element => element.reload(true)")
    page.wait_for_url(re.compile("/login"), timeout=SLOW)
    assert "next=" in page.url
    assert here.split("/dashboards/")[1].split("?")[0] in page.url


def test_the_owner_needs_no_second_log_in(view: View, lab: Lab) -> None:
    wait_for(lab.dashboards)
    view.page.goto(lab.url)
    view.page.goto(lab.dashboards)
    expect(view.page.locator(".who")).to_be_visible(timeout=SLOW)
    expect(view.page.get_by_role("link", name="JupyterLab")).to_be_visible()


def test_the_same_components_work_in_a_notebook_in_lab(view: View, lab: Lab) -> None:
    """A cell of JupyterLab shows a report with the owner's own session."""
    page = view.page
    page.goto(lab.url)
    cell: dict[str, object] = {"cell_type": "code", "id": "a", "metadata": {}, "execution_count": None, "outputs": []}
    code = 'from alm_workbench.dashboards import Report, Row\nRow(Report("throughput_by_week"))'
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = {
        "cells": [{**cell, "source": code}],
        "metadata": {"kernelspec": kernel},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    base, token = lab.url.split("lab?token=")
    saved = view.context.request.put(
        f"{base}api/contents/component.ipynb",
        headers={"Authorization": f"token {token}", "Content-Type": "application/json"},
        data=json.dumps({"type": "notebook", "format": "json", "content": notebook}),
    )
    assert saved.ok
    page.goto(f"{base}lab/tree/component.ipynb?reset")
    # JupyterLab asks which kernel to take when a cell runs before there is one
    expect(page.get_by_text("Python 3 (ipykernel) | Idle")).to_be_visible(timeout=SLOW)
    page.locator(".jp-Notebook .jp-CodeCell").first.click(timeout=SLOW)
    page.keyboard.press("Control+Enter")
    expect(page.locator(".jp-OutputArea alm-report[data-state=ready] svg").first).to_be_visible(timeout=SLOW)
    view.shot("component-in-lab")


def answer(route: Route, status: int, body: object) -> None:
    """Reply in the server's place."""
    route.fulfill(status=status, content_type="application/problem+json", body=json.dumps(body))


def test_the_mirror_follows_what_happens(lab: Lab) -> None:
    """A change through the API is in the mirror soon, without anybody asking for it."""
    server = json.loads((lab.data_dir / "run" / "server.json").read_text("utf-8"))
    with httpx.Client(
        base_url=f"{server['url']}alm/api/v1", headers={"Authorization": f"Bearer {server['token']}"}, timeout=30
    ) as client:
        project = next(p for p in client.get("/projects").json()["items"] if p["key"] == "DEMO")
        made = client.post(f"/projects/{project['id']}/artifacts", json={"artifact_type": "task", "title": "Seen soon"})
        assert made.status_code == 201
        until = time.monotonic() + SLOW / 1000
        found: list[object] = []
        while not found and time.monotonic() < until:
            time.sleep(0.5)
            asked = {"sql": "select key from artifacts where key = $key", "params": {"key": made.json()["key"]}}
            found = client.post("/sql", json=asked).json()["rows"]
    assert found == [[made.json()["key"]]]


def test_another_language_shows_the_same_project(browser: Browser, lab: Lab) -> None:
    """Whoever chose a project stays with it in another language."""
    server = json.loads((lab.data_dir / "run" / "server.json").read_text("utf-8"))
    made = httpx.post(
        f"{server['url']}alm/api/v1/projects",
        json={"key": "OTHER", "name": "Another project"},
        headers={"Authorization": f"Bearer {server['token']}"},
    )
    assert made.status_code == 201
    view = open_view(browser)
    page = overview(view, lab)
    page.locator("alm-project-filter select").select_option(label="OTHER · Another project")
    page.locator("a[hreflang=tr]").click()
    expect(page.locator("html")).to_have_attribute("lang", "tr", timeout=SLOW)
    assert "project=OTHER" in page.url
    view.context.close()
