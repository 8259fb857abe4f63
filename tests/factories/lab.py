"""A real ``alm lab`` in a process of its own, and kernels that run code in it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from tests.factories.ports import free_port

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Lab:
    """One run of ``alm lab``; ``options`` and ``env`` come on top of what tests need."""

    data_dir: Path
    dashboards: bool = False
    options: list[str] = field(default_factory=list)
    python: str = sys.executable
    env: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    token: str = ""
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """What it prints."""
        return self.data_dir / "lab-output.log"

    def start(self, seconds: float = 90.0) -> Lab:
        """Start it, and wait until it says that it is ready."""
        command = [self.python, "-m", "alm_workbench", "lab", "--no-browser", "--no-demo"]
        command += [] if self.dashboards else ["--no-dashboards"]
        command += ["--port", str(self.port), "--data-dir", str(self.data_dir), *self.options]
        known = {k: v for k, v in os.environ.items() if not k.startswith("ALM_")}
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=known | self.env, stdin=subprocess.DEVNULL, stdout=out, stderr=out
            )
        self.log.chmod(0o600)
        until = time.monotonic() + seconds
        while time.monotonic() < until and self.process.poll() is None:
            if "Ready after" in (text := self.log.read_text("utf-8")):
                self.token = re.findall(r"lab\?token=(\S+)", text)[0]
                return self
            time.sleep(0.1)
        raise AssertionError(f"alm lab did not start:\n{self.log.read_text('utf-8')}")

    def printed(self, name: str) -> str:
        """What follows a word in what it says at the start."""
        found = re.search(rf"^  {name} +(.+)$", self.log.read_text("utf-8"), re.MULTILINE)
        assert found is not None, name
        return found[1]

    def stop(self) -> None:
        """Ask it to end, and wait."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, bytes]:
        """One request with the owner's token."""
        given = {"Authorization": f"token {self.token}", "Content-Type": "application/json"} | headers
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method, headers=given)
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:
                return reply.status, reply.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def kernel(self, path: str = "") -> Kernel:
        """A new kernel, its working directory at ``path`` of the workspace."""
        status, body = self.call("POST", "/api/kernels", {"name": "python3", "path": path})
        assert status == 201, body
        return Kernel(self, json.loads(body)["id"])


@dataclass
class Kernel:
    """A kernel of a Lab."""

    lab: Lab
    id: str

    def run(self, code: str, seconds: float = 60.0) -> str:
        """What a piece of code prints; fails the test when it raises."""
        return asyncio.run(asyncio.wait_for(self._run(code), seconds))

    async def _run(self, code: str) -> str:
        url = f"ws://127.0.0.1:{self.lab.port}/api/kernels/{self.id}/channels"
        socket_ = await websocket_connect(HTTPRequest(url, headers={"Authorization": f"token {self.lab.token}"}))
        try:
            number = uuid.uuid4().hex
            await socket_.write_message(json.dumps(execute_request(number, code)))
            out = ""
            while True:
                message = json.loads(str(await socket_.read_message()))
                if message["parent_header"].get("msg_id") != number:
                    continue
                if message["msg_type"] == "stream":
                    out += message["content"]["text"]
                elif message["msg_type"] == "error":
                    raise AssertionError("\n".join(message["content"]["traceback"]))
                elif message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                    return out  # on the same channel as the output, so nothing is missed
        finally:
            socket_.close()
            while await socket_.read_message() is not None:
                pass

    def value(self, expression: str, setup: str = "") -> Any:
        """The value of an expression, by JSON."""
        return json.loads(self.run(f"import json\n{setup}\nprint(json.dumps({expression}))"))

    def stop(self) -> None:
        """Shut it down."""
        status, body = self.lab.call("DELETE", f"/api/kernels/{self.id}")
        assert status == 204, body


def execute_request(number: str, code: str) -> dict[str, Any]:
    """A message that asks a kernel to run code."""
    header = {
        "msg_id": number,
        "msg_type": "execute_request",
        "username": "",
        "session": "test",
        "version": "5.3",
        "date": "",
    }
    content = {
        "code": code,
        "silent": False,
        "store_history": False,
        "user_expressions": {},
        "allow_stdin": False,
    }
    return {
        "header": header,
        "parent_header": {},
        "metadata": {},
        "content": content,
        "channel": "shell",
        "buffers": [],
    }
