"""A running dashboards server, browsers with cookies, and a look at its kernels."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.factories.ports import free_port
from tests.integration.dashboards.people import PASSWORD

HERE = Path(__file__).parent
CLIENTS: list[httpx.Client] = []
SECRET = "postgresql://alm_app:s3cret@db/alm"

LITE = """import os, json
from alm_workbench.dashboards import Kpi, Report, Row, Table
print("ENVIRONMENT", json.dumps(dict(os.environ)))
Row(Kpi("project_summary", "total"), Report("x", title='<script>alert("t")</script>'), Table("last_activity"))"""

WIDGETS = """import ipywidgets, os
print("KERNEL", os.getpid())
ipywidgets.IntSlider(description="level")"""


def notebook(code: str, **about: Any) -> str:
    """The text of a notebook with one code cell."""
    cell: dict[str, Any] = {
        "cell_type": "code",
        "id": "a",
        "metadata": {},
        "execution_count": None,
        "outputs": [],
        "source": code,
    }
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    metadata = {"kernelspec": kernel, "alm_dashboard": about}
    return json.dumps({"cells": [cell], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


@dataclass
class Dashboards:
    """A dashboards server in its own process."""

    notebooks: Path
    secrets: Path
    cull: int = 600
    port: int = field(default_factory=free_port)
    parent: str = ""
    process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Dashboards:
        """Start it and wait for its line."""
        environment = os.environ | {
            "ALM_DSN": SECRET,
            "ALM_TOKEN": "t0ken",
            "JUPYTER_TOKEN": "j0ken",
        }
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "serve.py"), *map(str, self.arguments())],
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line == f"Dashboards: {self.url}/\n", line
        return self

    def arguments(self) -> list[Any]:
        return [self.port, self.notebooks, self.secrets, self.cull, self.parent]

    def kernels(self) -> list[psutil.Process]:
        """The kernel processes it has now."""
        assert self.process is not None
        found = []
        for child in psutil.Process(self.process.pid).children(recursive=True):
            try:
                if "ipykernel" in " ".join(child.cmdline()):
                    found.append(child)
            except psutil.NoSuchProcess:
                continue
        return found

    def settled(self, count: int, within: float = 20.0) -> bool:
        """Whether it comes to have that many kernels."""
        until = time.monotonic() + within
        while time.monotonic() < until:
            if len(self.kernels()) == count:
                return True
            time.sleep(0.1)
        return False

    def stop(self) -> None:
        if self.process is not None:
            ended(self.process)

    def browser(self, email: str | None = None, password: str = PASSWORD) -> httpx.Client:
        """A client that keeps cookies; logged in when an e-mail is given."""
        client = new_client(self.url)
        if email is not None:
            answer = login(client, email, password)
            assert answer.status_code == 303, answer.text
        return client


def new_client(url: str, **more: Any) -> httpx.Client:
    """A browser with an empty cookie jar; it is closed when the test is over."""
    client = httpx.Client(base_url=url, timeout=60, headers={"Accept": "text/html"}, **more)
    CLIENTS.append(client)
    return client


@pytest.fixture(autouse=True)
def closed_clients() -> Iterator[None]:
    """No test leaves connections open."""
    yield
    while CLIENTS:
        CLIENTS.pop().close()


def ended(process: subprocess.Popen[str], within: float = 20.0) -> int:
    """Ask a process to end, wait for it, and close its pipes."""
    if process.poll() is None:
        process.terminate()
    try:
        return process.wait(within)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def login(client: httpx.Client, email: str, password: str = PASSWORD, **more: str) -> httpx.Response:
    """Fill in the log-in form."""
    form = client.get("/login").text
    found = re.search(r'name="_xsrf" value="([^"]+)"', form)
    assert found is not None
    return client.post("/login", data={"_xsrf": found[1], "email": email, "password": password, **more})


def write_notebooks(directory: Path) -> Path:
    """The notebooks that the tests serve."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "light.ipynb").write_text(notebook(LITE, title={"en": "Light", "tr": "Hafif"}, order=1))
    (directory / "sliders.ipynb").write_text(notebook(WIDGETS, title="Sliders", widgets=True))
    (directory / "broken.ipynb").write_text(notebook("1 / 0", title="Broken"))
    (directory / "no notebook.ipynb").write_text("{")
    (directory / "torn.ipynb").write_text("{")
    (directory / "secret.txt").write_text("not for visitors")
    return directory


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboards]:
    """One server for all tests that do not stop it."""
    home = tmp_path_factory.mktemp("dashboards")
    (home / "secrets").mkdir(mode=0o700)
    running = Dashboards(write_notebooks(home / "notebooks"), home / "secrets").start()
    client = running.browser("alice@example.org")
    for slug in ("light", "broken"):
        assert client.get(f"/dashboards/{slug}").status_code == 200
    # light dashboards are rendered ahead; afterwards no kernel is left
    assert running.settled(0)
    yield running
    running.stop()
