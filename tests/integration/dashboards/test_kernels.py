"""Kernels behind dashboards: what they know, whom they obey, when they go."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from tornado.web import HTTPError

from alm_workbench.dashboards.app import _shut_down
from tests.factories.ports import free_port
from tests.integration.dashboards.conftest import SECRET, Dashboards, ended, write_notebooks

SOCKET = "/api/kernels/{}/channels"


def kernel_of(page: str) -> str:
    """The id of the kernel that rendered a page with widgets."""
    found = re.search(r'"kernelId": ?"([^"]+)"', page)
    assert found is not None
    return found[1]


def talk(server: Dashboards, client: httpx.Client | None, kernel: str, kind: str = "", **content: Any) -> list[str]:
    """Open a kernel's socket and send one message; the kinds of the answers. Raises when the socket is refused."""
    import websocket

    cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items()) if client else None
    origin = content.pop("origin", server.url)
    address = f"ws://127.0.0.1:{server.port}{SOCKET.format(kernel)}?session_id=x"
    link = websocket.create_connection(address, cookie=cookies, origin=origin, timeout=1.5)
    header = {
        "msg_id": uuid.uuid4().hex,
        "username": "",
        "session": "x",
        "msg_type": kind,
        "version": "5.3",
        "date": "",
    }
    message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
    link.send(json.dumps({**message, "buffers": []}))
    answers: list[str] = []
    try:
        while True:
            received = link.recv()
            answer = json.loads(received)
            if answer.get("parent_header", {}).get("msg_id") == header["msg_id"]:
                answers.append(answer["header"]["msg_type"])
    except websocket.WebSocketTimeoutException:
        return answers
    finally:
        link.close()


def refused(server: Dashboards, client: httpx.Client | None, kernel: str, **more: Any) -> int:
    """The status with which a socket is refused."""
    import websocket

    with pytest.raises(websocket.WebSocketBadStatusException) as caught:
        talk(server, client, kernel, "kernel_info_request", **more)
    status: int = caught.value.status_code
    return status


def test_a_light_page_shows_components_and_leaves_no_kernel(server: Dashboards) -> None:
    before = len(server.kernels())
    page = server.browser("alice@example.org").get("/dashboards/light").text
    assert '<alm-report name="x" title-en="&lt;script&gt;alert(&quot;t&quot;)&lt;/script&gt;"></alm-report>' in page
    assert "from alm_workbench" not in page, "the code of a dashboard is not shown"
    assert "kernel_id" not in page
    assert "kernelId" not in page
    assert len(server.kernels()) == before


def test_a_light_page_is_rendered_once_for_everybody(server: Dashboards) -> None:
    first = server.browser("alice@example.org").get("/dashboards/light").text
    started = time.monotonic()
    second = server.browser("bob@example.org").get("/dashboards/light").text
    assert time.monotonic() - started < 1.0
    inside = re.compile(r"<pre>ENVIRONMENT.*?</pre>", re.DOTALL)
    assert inside.findall(first) == inside.findall(second)
    assert "Alice" in first
    assert "Alice" not in second, "the viewer's name is not part of what is shared"


def test_a_light_page_follows_its_notebook(server: Dashboards) -> None:
    path = server.notebooks / "follow.ipynb"
    client = server.browser("alice@example.org")
    path.write_text((server.notebooks / "light.ipynb").read_text().replace("ENVIRONMENT", "FIRST"))
    assert "FIRST" in client.get("/dashboards/follow").text
    path.write_text(path.read_text().replace("FIRST", "SECOND"))
    assert "SECOND" in client.get("/dashboards/follow").text
    path.unlink()
    assert client.get("/dashboards/follow").status_code == 404


def test_a_failing_cell_shows_a_sentence_and_no_traceback(server: Dashboards) -> None:
    page = server.browser("alice@example.org").get("/dashboards/broken").text
    assert "could not be prepared" in page
    assert "ZeroDivisionError" not in page
    assert "1 / 0" not in page


def test_a_kernel_knows_no_secret_of_the_server(server: Dashboards) -> None:
    client = server.browser("alice@example.org")
    kernel_of(client.get("/dashboards/sliders").text)
    raw = b"\0".join(Path(f"/proc/{kernel.pid}/environ").read_bytes() for kernel in server.kernels())
    assert raw
    for secret in (SECRET, "s3cret", "t0ken", "j0ken", "ALM_DSN", "ALM_TOKEN", "JUPYTER_TOKEN"):
        assert secret.encode() not in raw
    names = {entry.split(b"=")[0].decode() for entry in raw.split(b"\0") if entry}
    allowed = {
        "PATH",
        "HOME",
        "USERPROFILE",
        "TMPDIR",
        "TZ",
        "PYTHONPATH",
        "LANG",
        "LANGUAGE",
        "IPYTHONDIR",
        "TEMP",
        "TMP",
    }
    known = {"PYTHONNOUSERSITE", "PYTHONDONTWRITEBYTECODE", "ALM_DASHBOARD", "LD_LIBRARY_PATH"}
    prefixes = ("LC_", "JPY_", "VOILA_", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR")
    rest = {name for name in names - allowed - known if not name.startswith(prefixes)}
    assert not rest
    page = client.get("/dashboards/light").text
    assert "s3cret" not in page
    assert '"HOME": "/root"' not in page


def test_a_socket_opens_only_for_the_session_that_rendered_the_page(server: Dashboards) -> None:
    alice, bob, elsewhere = (server.browser(f"{name}@example.org") for name in ("alice", "bob", "alice"))
    kernel = kernel_of(alice.get("/dashboards/sliders").text)
    assert refused(server, None, kernel) == 403
    assert refused(server, bob, kernel) == 403
    assert refused(server, elsewhere, kernel) == 403, "another log-in of the same person is another session"
    assert refused(server, alice, kernel, origin="http://evil.example") == 403
    assert refused(server, alice, str(uuid.uuid4())) == 403
    address = f"/api/kernels/{kernel}"
    assert [who.get(address).status_code for who in (server.browser(), bob, elsewhere, alice)] == [403, 403, 403, 200]
    for method in ("DELETE", "POST", "PATCH"):
        asked = alice.request(method, address, headers={"X-XSRFToken": alice.cookies["_xsrf"]})
        assert asked.status_code == 405
    assert "kernel_info_reply" in talk(server, alice, kernel, "kernel_info_request")


def test_nothing_can_be_executed_or_looked_up_over_the_socket(server: Dashboards, tmp_path: Path) -> None:
    alice = server.browser("alice@example.org")
    kernel = kernel_of(alice.get("/dashboards/sliders").text)
    proof = tmp_path / "proof"
    code = f"open({str(proof)!r}, 'w').write('x')"
    assert talk(server, alice, kernel, "execute_request", code=code, silent=False, allow_stdin=False) == []
    assert not proof.exists()
    assert talk(server, alice, kernel, "inspect_request", code="os", cursor_pos=2, detail_level=0) == []
    assert talk(server, alice, kernel, "complete_request", code="os.", cursor_pos=3) == []
    assert talk(server, alice, kernel, "history_request", hist_access_type="tail", n=9) == []
    assert talk(server, alice, kernel, "shutdown_request", restart=False) == []


def test_only_its_own_session_may_stop_a_kernel(server: Dashboards) -> None:
    alice, bob = server.browser("alice@example.org"), server.browser("bob@example.org")
    kernel = kernel_of(alice.get("/dashboards/sliders").text)
    before = len(server.kernels())
    address = f"/voila/api/shutdown/{kernel}"
    assert server.browser().post(address).status_code == 403
    assert bob.post(address, headers={"X-XSRFToken": bob.cookies["_xsrf"]}).status_code == 403
    assert alice.post(address).status_code == 403, "without the double submit"
    assert len(server.kernels()) == before
    assert alice.post(address, headers={"X-XSRFToken": alice.cookies["_xsrf"]}).status_code == 204
    assert server.settled(before - 1)


def test_one_session_keeps_only_a_few_kernels(server: Dashboards) -> None:
    client, before = server.browser("bob@example.org"), len(server.kernels())
    kernels = [kernel_of(client.get("/dashboards/sliders").text) for _ in range(5)]
    assert len(set(kernels)) == 5
    assert server.settled(before + 4)
    assert refused(server, client, kernels[0]) in (403, 404)


def test_idle_kernels_are_culled(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    server = Dashboards(write_notebooks(tmp_path / "notebooks"), tmp_path / "secrets", cull=4).start()
    try:
        server.browser("alice@example.org").get("/dashboards/sliders")
        assert server.kernels()
        assert server.settled(0, within=25)
    finally:
        server.stop()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_server_and_every_kernel(tmp_path: Path, number: signal.Signals) -> None:
    (tmp_path / "secrets").mkdir()
    server = Dashboards(write_notebooks(tmp_path / "notebooks"), tmp_path / "secrets").start()
    server.browser("alice@example.org").get("/dashboards/sliders")
    kernels = server.kernels()
    assert kernels
    assert server.process is not None
    server.process.send_signal(number)
    try:
        assert server.process.wait(20) == 0
    finally:
        server.stop()
    _, alive = psutil.wait_procs(kernels, timeout=5)
    assert not alive


def test_a_kernel_that_is_starting_does_not_stop_the_stopping() -> None:
    """The manager does not know yet, or no more, what it lists: it is asked again until nothing is left."""

    class Manager:
        calls = 0

        async def shutdown_all(self, now: bool) -> None:
            self.calls += 1
            if self.calls < 3:
                raise HTTPError(404, "Kernel does not exist")

    manager = Manager()
    asyncio.run(_shut_down(manager))
    assert manager.calls == 3


def test_the_server_goes_when_its_parent_has_gone(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    write_notebooks(tmp_path / "notebooks")
    port = free_port()
    serve = Path(__file__).parent / "serve.py"
    script = (
        "import os, subprocess, sys, time\n"
        f"child = subprocess.Popen([sys.executable, {str(serve)!r}, '{port}', {str(tmp_path / 'notebooks')!r},"
        f" {str(tmp_path / 'secrets')!r}, '600', str(os.getpid())], stdout=subprocess.PIPE, text=True)\n"
        "child.stdout.readline()\nprint(child.pid, flush=True)\ntime.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    ended(parent)
    child.wait(timeout=15)


def test_a_taken_port_is_one_sentence_and_an_exit_code(server: Dashboards, tmp_path: Path) -> None:
    serve = Path(__file__).parent / "serve.py"
    arguments = [sys.executable, str(serve), str(server.port), str(server.notebooks), str(server.secrets), "600"]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert f"Port {server.port} for the dashboards is in use; choose another one" in done.stderr
    assert "Traceback" not in done.stderr
