"""The real thing: `alm lab` on an own data directory, and Chromium in front of it.

Screenshots are kept in `test-results/`; look at them.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.factories.database import short_dir
from tests.factories.ports import free_port

RESULTS = Path(__file__).resolve().parents[2] / "test-results"
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
OURS = re.compile(r"(https?|wss?)://127\.0\.0\.1(:\d+)?/|data:|blob:|about:")


def chromium() -> str | None:
    """The system's Chromium."""
    return os.environ.get("ALM_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


@dataclass
class Lab:
    """A running `alm lab`."""

    data_dir: Path
    process: subprocess.Popen[bytes]
    port: int
    url: str = ""
    dashboards: str = ""
    password: str = ""
    seconds: float = 0.0
    log: Path = field(default_factory=Path)


def start_lab(data_dir: Path, *, timeout: float = 240) -> Lab:
    """Start `alm lab` and wait for the lines that say where it is."""
    port = free_port()
    env = {k: v for k, v in os.environ.items() if not k.startswith(("ALM_", "JUPYTER"))}
    log = data_dir / "lab-output.txt"
    command = [
        sys.executable,
        "-m",
        "alm_workbench",
        "lab",
        "--no-browser",
        "--port",
        str(port),
        "--data-dir",
        str(data_dir),
    ]
    begun = time.monotonic()
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd="/")
    lab = Lab(data_dir, process, port, log=log)
    while time.monotonic() - begun < timeout:
        text = log.read_text("utf-8", "replace")
        if "Ready after" in text:
            lab.seconds = time.monotonic() - begun
            lab.url = re.search(r"JupyterLab\s+(\S+)", text)[1]  # type: ignore[index]
            lab.dashboards = re.search(r"Dashboards\s+(\S+)", text)[1]  # type: ignore[index]
            lab.password = re.search(r"password\s+(\S+)", text)[1]  # type: ignore[index]
            return lab
        if process.poll() is not None:
            raise AssertionError(text)
        time.sleep(0.1)
    process.kill()
    raise AssertionError("alm lab did not answer: " + log.read_text("utf-8", "replace"))


def stop_lab(lab: Lab) -> int:
    """Ctrl-C; the exit code."""
    lab.process.send_signal(signal.SIGINT)
    return lab.process.wait(60)


@pytest.fixture(scope="package")
def lab() -> Iterator[Lab]:
    """One `alm lab` for all browser tests, gone before the others go on."""
    folder = short_dir("alm-lab-")
    running = start_lab(folder)
    yield running
    if running.process.poll() is None:
        stop_lab(running)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Headless Chromium; a machine without one skips these tests, CI never does.

    Playwright keeps an event loop running in this thread, so it ends with the package.
    """
    path = chromium()
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("CI needs Chromium: apt-get install chromium")
        pytest.skip("browser tests need Chromium (apt-get install chromium, or ALM_CHROMIUM=/path)")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield opened
        opened.close()


@dataclass
class View:
    """A browser window that remembers what it asked for and what went wrong."""

    context: BrowserContext
    page: Page
    outside: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def shot(self, name: str) -> None:
        """Keep a screenshot."""
        RESULTS.mkdir(exist_ok=True)
        self.page.screenshot(path=str(RESULTS / f"{name}.png"))


def open_view(browser: Browser, **options: object) -> View:
    """A new window without cookies."""
    context = browser.new_context(viewport={"width": 1600, "height": 950}, **options)  # type: ignore[arg-type]
    view = View(context, context.new_page())
    context.on("request", lambda r: None if OURS.match(r.url) else view.outside.append(r.url))
    view.page.on("pageerror", lambda error: view.errors.append(str(error)))
    return view


@pytest.fixture
def view(browser: Browser) -> Iterator[View]:
    """A browser window of this test's own."""
    opened = open_view(browser)
    yield opened
    opened.context.close()
