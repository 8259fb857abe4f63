"""The server is killed in the middle of an import: nothing half-written stays, and the next run finishes it."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

import psycopg

from alm_workbench.composition import opened
from alm_workbench.config import Settings
from tests.factories.ports import free_port
from tests.factories.workbench import PASSWORD, make_org

ROWS = 2000
CONSISTENT = (
    "select count(*) from alm.artifacts a where not exists"
    " (select from alm.audit_snapshots s where s.entity_id = a.id and s.entity_type = 'Artifact')",
    "select count(*) from alm.artifacts a where not exists"
    " (select from alm.outbox_messages o where o.aggregate_id = a.id and o.event_type = 'ArtifactCreated')",
    "select count(*) from alm.artifacts a where not exists"
    " (select from alm.state_history h where h.artifact_id = a.id)",
    "select count(*) from (select ref from alm.external_refs group by tenant_id, system, ref having count(*) > 1) d",
)


class Server:
    """`alm serve` in a process of its own."""

    def __init__(self, data_dir: Path) -> None:
        self.port = free_port()
        command = [
            sys.executable,
            "-m",
            "alm_workbench",
            "serve",
            "--port",
            str(self.port),
            "--data-dir",
            str(data_dir),
        ]
        env = {k: v for k, v in os.environ.items() if not k.startswith("ALM_")}
        self._log = data_dir / f"serve-{self.port}.log"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(command, env=env, stdout=log, stderr=log)
        self.token = ""
        self._wait()
        self.token = self.post("/auth/login", {"email": "engineer@acme.example", "password": PASSWORD})["access_token"]

    def _wait(self) -> None:
        for _ in range(600):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/alm/health/ready", timeout=2):
                    return
            except OSError:
                assert self.process.poll() is None, self._log.read_text()
                time.sleep(0.1)
        raise AssertionError("the server does not answer")

    def post(self, path: str, body: dict[str, Any]) -> Any:
        headers = {"Authorization": f"Bearer {self.token or 'none'}", "Content-Type": "application/json"}
        url = f"http://127.0.0.1:{self.port}/alm/api/v1{path}"
        request = urllib.request.Request(url, json.dumps(body).encode(), headers, method="POST")
        with urllib.request.urlopen(request, timeout=120) as reply:
            return json.loads(reply.read())


def test_kill_in_the_middle_of_an_import(data_dir: Path) -> None:
    """After kill -9 every item has its snapshot, event and history; the import again creates each row once."""
    rows = "id,title,description\n" + "".join(f"K-{n},Imported requirement {n},Text of row {n}\n" for n in range(ROWS))
    settings = Settings(data_dir).prepare()
    with opened(settings, env={}) as runtime:
        project = make_org(runtime, "acme").project.id
        message = {
            "source_name": "big.csv",
            "content": base64.b64encode(rows.encode()).decode(),
            "artifact_type": "requirement",
            "mapping": {"description": "text"},
        }
        admin = runtime.database.server.superuser_dsn("alm")  # type: ignore[union-attr]
        server = Server(data_dir)
        attempt = threading.Thread(target=lambda: expect_broken(server, f"/projects/{project}/imports", message))
        attempt.start()
        time.sleep(0.8)
        server.process.send_signal(signal.SIGKILL)
        server.process.wait(10)
        attempt.join(30)
        again = Server(data_dir)
        try:
            with psycopg.connect(admin, autocommit=True) as sql:
                assert [sql.execute(q).fetchone()[0] for q in CONSISTENT] == [0, 0, 0, 0]  # type: ignore[index]
                before = sql.execute("select count(*) from alm.artifacts").fetchone()[0]  # type: ignore[index]
                assert before in (0, ROWS)
                done = again.post(f"/projects/{project}/imports", message)
                assert (done["created"], done["existing"]) == (ROWS - before, before)
                assert sql.execute("select count(*) from alm.artifacts").fetchone()[0] == ROWS  # type: ignore[index]
                assert [sql.execute(q).fetchone()[0] for q in CONSISTENT] == [0, 0, 0, 0]  # type: ignore[index]
        finally:
            again.process.send_signal(signal.SIGINT)
            assert again.process.wait(20) == 0


def expect_broken(server: Server, path: str, body: dict[str, Any]) -> None:
    """Send a request whose server may die meanwhile."""
    with contextlib.suppress(OSError, http.client.HTTPException):
        server.post(path, body)
