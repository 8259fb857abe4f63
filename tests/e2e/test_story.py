"""The story of the first slice, in real Lab and real Voila against a real server."""

from __future__ import annotations

import json
import re
from typing import Any

import psutil
import pytest
from playwright.sync_api import Browser, Page, expect

from alm_workbench import demo
from tests.e2e.conftest import Lab, View, open_view, start_lab, stop_lab

pytestmark = pytest.mark.browser
SLOW = 120_000


def fresh(lab: Lab, path: str = "") -> str:
    """The owner's address of Lab, without the tabs that other tests left."""
    return lab.url.replace("/lab?", f"/lab{path}?reset&")


def open_manifest(view: View, lab: Lab) -> Page:
    """Lab with the safety process and its graph."""
    page = view.page
    page.goto(fresh(lab))
    page.get_by_text("Open the safety process").click(timeout=SLOW)
    expect(page.locator(".react-flow__node")).to_have_count(8, timeout=SLOW)
    return page


def test_the_first_screen_leads_on(view: View, lab: Lab) -> None:
    """Lab opens with the start page: who, which organisation, which projects, and what to do next."""
    view.page.goto(fresh(lab))
    start = view.page.locator(".alm-Start")
    expect(start.get_by_text("Open the safety process")).to_be_visible(timeout=SLOW)
    expect(start).to_contain_text("Demo Organisation")
    expect(start).to_contain_text("DEMO")
    expect(start).to_contain_text("acme.braking/safety")
    view.page.wait_for_timeout(500)
    view.shot("lab-start")
    assert (view.outside, view.errors) == ([], [])


def test_text_graph_errors_save_and_activate(view: View, lab: Lab) -> None:
    """A node leads to its text; an error is marked at its place; the process is saved and put into force."""
    page = open_manifest(view, lab)
    view.shot("lab-manifest")
    source = (lab.data_dir / "workspace" / "alm_meta" / "manifests" / "safety.alm").read_text("utf-8").splitlines()
    line = next(n for n, text in enumerate(source, 1) if '{id: "approved"' in text)
    page.locator(".react-flow__node", has_text="Approved").click()
    expect(page.locator("#jp-main-statusbar")).to_contain_text(f"Ln {line},", timeout=SLOW)
    page.keyboard.press("End")
    page.keyboard.type(" ghost")
    expect(page.locator(".alm-Problems-list button").first).to_be_visible(timeout=SLOW)
    expect(page.locator(".cm-lintRange-error, .cm-lint-marker-error").first).to_be_visible()
    place = page.locator(".alm-Problems-place").first.inner_text()
    assert str(line) in place or str(line + 1) in place, place
    view.shot("lab-manifest-error")
    for _ in range(3):
        page.keyboard.press("Control+z")
    expect(page.get_by_text("No problems")).to_be_visible(timeout=SLOW)
    page.get_by_role("button", name="Save version").click()
    dialog = page.locator(".jp-Dialog")
    dialog.get_by_role("textbox").fill("Reviewed in the browser test")
    dialog.get_by_role("button", name="Save version").click()
    toast = page.locator(".Toastify__toast")
    expect(toast.first).to_be_visible(timeout=SLOW)
    page.get_by_role("button", name="Activate for project").click()
    expect(dialog).to_contain_text("DEMO", timeout=SLOW)
    view.shot("lab-activate")
    dialog.get_by_role("button", name="Activate").click()
    expect(page.get_by_text("is now in force").first).to_be_visible(timeout=SLOW)
    assert (view.outside, view.errors) == ([], [])


def test_dark_theme(view: View, lab: Lab) -> None:
    """Editor and graph in the dark theme."""
    settings = lab.data_dir / "lab" / "settings" / "@jupyterlab" / "apputils-extension" / "themes.jupyterlab-settings"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(json.dumps({"theme": "JupyterLab Dark"}), "utf-8")
    try:
        page = view.page
        page.goto(fresh(lab, "/tree/alm_meta/manifests/safety.alm"))
        page.get_by_role("button", name="Show graph").click(timeout=SLOW)
        expect(page.locator(".react-flow__node")).to_have_count(8, timeout=SLOW)
        expect(page.locator("body")).to_have_attribute("data-jp-theme-light", "false", timeout=SLOW)
        page.wait_for_timeout(800)
        view.shot("lab-manifest-dark")
    finally:
        settings.unlink()


def test_turkish(view: View, lab: Lab) -> None:
    """Lab and our part of it speak Turkish."""
    folder = lab.data_dir / "lab" / "settings" / "@jupyterlab" / "translation-extension"
    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / "plugin.jupyterlab-settings"
    settings.write_text(json.dumps({"locale": "tr_TR"}), "utf-8")
    try:
        view.page.goto(fresh(lab))
        start = view.page.locator(".alm-Start")
        expect(start).to_be_visible(timeout=SLOW)
        expect(start).to_contain_text("Projeler", timeout=SLOW)
        view.page.wait_for_timeout(500)
        view.shot("lab-start-turkish")
    finally:
        settings.unlink()


def test_the_tutorial_runs_in_lab(view: View, lab: Lab) -> None:
    """The first tutorial runs from top to bottom in a real kernel, with the kernel's own token only."""
    page = view.page
    page.goto(fresh(lab, "/tree/tutorials/01_first_steps.ipynb"))
    expect(page.locator(".jp-Notebook .jp-CodeCell").first).to_be_visible(timeout=SLOW)
    expect(page.locator("#jp-main-statusbar")).to_contain_text("Idle", timeout=SLOW)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    file = lab.data_dir / "workspace" / "tutorials" / "01_first_steps.ipynb"
    for _ in range(90):
        # only what is near the window is in the page; the saved file tells of all cells
        page.wait_for_timeout(1000)
        page.keyboard.press("Control+s")
        page.wait_for_timeout(300)
        try:
            saved = json.loads(file.read_text("utf-8"))
        except ValueError:  # just being written
            continue
        cells = [c for c in saved["cells"] if c["cell_type"] == "code" and "".join(c["source"]).strip()]
        if all(c["execution_count"] for c in cells) or failed(cells):
            break
    assert failed(cells) == []
    assert all(c["execution_count"] for c in cells)
    kinds = {kind for c in cells for output in c["outputs"] for kind in output.get("data", {})}
    assert {"text/html", "application/vnd.plotly.v1+json"} <= kinds
    page.wait_for_timeout(1000)
    view.shot("lab-tutorial")
    assert view.outside == []


def failed(cells: list[dict[str, Any]]) -> list[str]:
    """The errors of a run notebook."""
    return [f"{o['ename']}: {o['evalue']}" for c in cells for o in c["outputs"] if o["output_type"] == "error"]


def test_managers_see_the_dashboard_after_logging_in(browser: Browser, lab: Lab) -> None:
    """A manager logs in, sees the overview from the mirror, and nothing of the code behind it."""
    view = open_view(browser)
    page = view.page
    page.goto(lab.dashboards)
    assert "/login" in page.url
    view.shot("dashboard-login")
    page.get_by_label(re.compile("mail", re.I)).fill(f"manager@{demo.DOMAIN}")
    page.get_by_label(re.compile("password", re.I)).fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile("wrong|not right|incorrect", re.I)).first).to_be_visible()
    page.get_by_label(re.compile("mail", re.I)).fill(f"manager@{demo.DOMAIN}")
    page.get_by_label(re.compile("password", re.I)).fill(lab.password)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("dashboards|overview|/$"), timeout=SLOW)
    expect(page.get_by_text("Throughput by week")).to_be_visible(timeout=SLOW)
    expect(page.locator("svg, canvas").first).to_be_visible(timeout=SLOW)
    page.wait_for_timeout(1500)
    view.shot("dashboard")
    html = page.content()
    assert "import" not in re.findall(r"<code[^>]*>(.*?)</code>", html, re.S)
    assert "jp-InputArea" not in html
    token = lab.url.split("token=")[1]
    assert token not in html
    assert (view.outside, view.errors) == ([], [])
    lab_page = page.goto(lab.url.split("?")[0])
    assert lab_page is not None
    assert lab_page.status == 403
    view.context.close()


def test_a_second_start_is_quick_and_keeps_the_data(lab: Lab) -> None:
    """Ctrl-C stops all of it, kernels too; the next start finds what was there, and nothing keeps running."""
    children = psutil.Process(lab.process.pid).children(recursive=True)
    assert stop_lab(lab) == 0
    _, alive = psutil.wait_procs(children, timeout=20)
    assert alive == []
    here = str(lab.data_dir)
    assert not [p for p in psutil.process_iter(["cmdline"]) if here in " ".join(p.info["cmdline"] or [])]
    second = start_lab(lab.data_dir)
    password = lab.password
    vars(lab).update(vars(second))  # the tests after this one go on in it
    assert "seeding" not in second.log.read_text("utf-8")
    assert second.password == password
