"""WebSockets: a browser opens them across sites without asking, so each looks at where the page came from itself."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.web import RequestHandler
from tornado.websocket import WebSocketHandler, websocket_connect

from tests.factories.lab import ROOT, Lab
from tests.factories.ports import free_port
from tests.factories.workbench import Api
from tests.integration.dashboards.conftest import Dashboards, write_notebooks
from tests.integration.dashboards.test_kernels import kernel_of

ALL_OF_LAB = """
import json, sys
from pathlib import Path
from tornado.websocket import WebSocketHandler
from alm_workbench.config import Settings
from alm_workbench.server.lab import LabOptions
from alm_workbench.server.lab_app import lab_config, make_lab
settings = Settings(Path(sys.argv[1])).prepare()
settings.workspace_dir.mkdir()
server = make_lab(lab_config(settings, LabOptions(port=int(sys.argv[2]), browser=False), 'x' * 24, settings.workspace_dir))
def rules(router):
    for rule in router.rules:
        if hasattr(rule.target, 'rules'):
            yield from rules(rule.target)
        elif isinstance(rule.target, type) and issubclass(rule.target, WebSocketHandler):
            yield rule.matcher.regex.pattern
app = server.web_app
print('SOCKETS', json.dumps(sorted({*rules(app.default_router), *rules(app.wildcard_router)})))
"""
FOREIGN = (
    "http://evil.example",
    "https://127.0.0.1.evil.example",
    "http://127.0.0.1:1",
    "http://evil.example#127.0.0.1",
    "null",
    "file://",
)


@dataclass
class Site:
    """A server with the cookies of somebody who is logged in, and its sockets."""

    url: str
    cookies: str
    sockets: list[str]

    def status(self, path: str, origin: str) -> int:
        """101 for a socket that opens, else the status of the refusal."""
        return asyncio.run(self._open(path, origin))

    async def _open(self, path: str, origin: str) -> int:
        headers = {"Origin": origin, "Cookie": self.cookies}
        try:
            link = await websocket_connect(HTTPRequest(self.url.replace("http", "ws", 1) + path, headers=headers))
        except HTTPClientError as error:
            return error.code
        link.close()
        while await link.read_message() is not None:
            pass
        return 101


def cookies_of(client: httpx.Client) -> str:
    """The cookie header that a browser would send."""
    return "; ".join(f"{name}={value}" for name, value in client.cookies.items())


@pytest.fixture(scope="module")
def lab(running_lab: Lab) -> Iterator[Site]:
    """JupyterLab with the owner logged in: the sockets of a kernel, a terminal, the event log and language servers."""
    kernel = running_lab.kernel()
    _, terminal = running_lab.call("POST", "/api/terminals", {})
    name = json.loads(terminal)["name"]
    with httpx.Client(base_url=running_lab.url, timeout=30) as client:
        assert client.get(f"/lab?token={running_lab.token}").status_code == 200
        paths = [f"/api/kernels/{kernel.id}/channels", f"/terminals/websocket/{name}"]
        paths += ["/api/events/subscribe", "/lsp/ws/none"]
        yield Site(running_lab.url, cookies_of(client), paths)
    running_lab.call("DELETE", f"/api/terminals/{name}")
    kernel.stop()


@pytest.fixture(scope="module")
def dashboards(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The dashboards with a page of widgets open, whose kernel has a socket."""
    home = tmp_path_factory.mktemp("sockets")
    (home / "secrets").mkdir(mode=0o700)
    running = Dashboards(write_notebooks(home / "notebooks"), home / "secrets").start()
    try:
        client = running.browser("alice@example.org")
        kernel = kernel_of(client.get("/dashboards/sliders").text)
        yield Site(running.url, cookies_of(client), [f"/api/kernels/{kernel}/channels"])
        client.close()
    finally:
        running.stop()


def test_the_list_of_labs_sockets_is_complete(lab: Site, tmp_path: Path) -> None:
    """A new one, of Jupyter or of an extension, has to be added to the test below."""
    done = subprocess.run(
        [sys.executable, "-c", ALL_OF_LAB, str(tmp_path), str(free_port())],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=90,
        check=True,
    )
    patterns = json.loads(done.stdout.split("SOCKETS ", 1)[1].splitlines()[0])
    known = {"/api/kernels", "/terminals/websocket", "/api/events/subscribe", "/lsp/ws"}
    assert {p for p in patterns if not any(p.startswith(k) for k in known)} == set()
    assert len({next(k for k in known if p.startswith(k)) for p in patterns}) == len(lab.sockets)


def test_the_api_has_no_socket_beyond_those_tested(api: Api) -> None:
    """Its routes are plain requests."""
    from alm_workbench.server.routes import alm_handlers

    handlers: list[type[RequestHandler]] = [rule[1] for rule in alm_handlers(api.application, "/")]
    assert [h.__name__ for h in handlers if isinstance(h, type) and issubclass(h, WebSocketHandler)] == []


@pytest.mark.parametrize("number", range(4))
def test_lab_refuses_sockets_of_foreign_pages(lab: Site, number: int) -> None:
    """With the owner's cookie, whatever the origin pretends to be; its own pages get through."""
    path = lab.sockets[number]
    assert {origin: lab.status(path, origin) for origin in FOREIGN} == dict.fromkeys(FOREIGN, 403)
    assert lab.status(path, lab.url) == 101


def test_dashboards_refuse_sockets_of_foreign_pages(dashboards: Site) -> None:
    """With the visitor's cookie, to a kernel that is his; the page itself gets through."""
    for path in dashboards.sockets:
        assert {o: dashboards.status(path, o) for o in FOREIGN} == dict.fromkeys(FOREIGN, 403)
        assert dashboards.status(path, dashboards.url) == 101
