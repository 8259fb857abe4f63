"""A real server on a data directory of its own, and its database, for faults."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg

from alm_workbench.storage import postmaster
from tests.factories.database import short_dir
from tests.factories.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
OWNER = "owner@demo.example"


def wait_until(true: Callable[[], Any], seconds: float, what: str) -> float:
    """Wait for something; the seconds that it took. Raises ``TimeoutError``."""
    begun = time.monotonic()
    while not true():
        if time.monotonic() - begun > seconds:
            raise TimeoutError(f"{what} did not happen within {seconds:.0f} s")
        time.sleep(0.05)
    return time.monotonic() - begun


@dataclass
class Installation:
    """A data directory with the demo, and the server that runs on it."""

    data: Path
    env: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    log_file: Path | None = None

    @classmethod
    def make(cls, data: Path | None = None, *, size: str = "small") -> Installation:
        """A new one with the demo organisation in it."""
        found = cls(data or short_dir("alm-fault-"))
        try:
            found.alm("demo", "seed", "--size", size)
        except BaseException:
            found.remove()
            raise
        return found

    @property
    def base(self) -> str:
        """The address of the API."""
        return f"http://127.0.0.1:{self.port}/alm/api/v1"

    @property
    def log(self) -> Path:
        """What the server said."""
        return self.log_file or self.data / "serve.log"

    @property
    def cluster(self) -> Path:
        """Where the database lies."""
        return self.data / "pg"

    @property
    def password(self) -> str:
        """The password of the demo accounts."""
        return (self.data / "secrets" / "demo-password").read_text().strip()

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ALM_")}
        path = ":".join(part for part in (self.env.get("PYTHONPATH"), str(ROOT)) if part)
        return {**kept, "ALM_DATA_DIR": str(self.data), **self.env, "PYTHONPATH": path}

    def alm(self, *arguments: str, check: bool = True) -> str:
        """Run a command of the command line to its end; its output. With ``check`` it must end well."""
        done = subprocess.run(
            [sys.executable, "-m", "alm_workbench", *arguments, "--data-dir", str(self.data)],
            env=self._environment(), cwd=ROOT, text=True, capture_output=True, check=False, timeout=600,
        )  # fmt: skip
        assert done.returncode == 0 or not check, done.stdout + done.stderr
        return done.stdout

    def start(self, *options: str, seconds: float = 60.0) -> None:
        """Start `alm serve` and wait until it is ready."""
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "alm_workbench", "serve", "--port", str(self.port),
                 "--data-dir", str(self.data), *options],
                env=self._environment(), cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                start_new_session=True,
            )  # fmt: skip
        wait_until(lambda: self.ready() == 200, seconds, f"the start ({self.log.read_text()[-2000:]})")

    def ready(self) -> int:
        """The status of the readiness route; 0 without an answer."""
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/alm/health/ready", timeout=8, trust_env=False).status_code
        except httpx.HTTPError:
            return 0

    def kill(self) -> None:
        """End the server as a power cut would: nothing is said to it. The database lives on."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def stop(self) -> None:
        """End the server as its owner would."""
        if self.process is not None:
            self.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(30)
            self.kill()

    def remove(self) -> None:
        """Stop everything and delete the data."""
        self.stop()
        with suppress(ProcessLookupError, AttributeError):
            os.kill(self.postmaster(), signal.SIGQUIT)
        with suppress(TimeoutError):
            wait_until(lambda: postmaster.running(self.cluster) is None, 10, "the end of the database")
        shutil.rmtree(self.data, ignore_errors=True)

    # -- the database below

    def postmaster(self) -> int:
        """The process id of the database server; raises ``ProcessLookupError`` without one."""
        found = postmaster.running(self.cluster)
        if found is None:
            raise ProcessLookupError
        return found.pid

    def connect(self) -> psycopg.Connection[Any]:
        """A connection as the worker's role, which sees every organisation."""
        password = (self.data / "secrets" / "alm_worker").read_text().strip()
        found = postmaster.running(self.cluster)
        assert found is not None
        return psycopg.connect(
            host=found.socket_dir, port=found.port, user="alm_worker", password=password, dbname="alm", autocommit=True
        )

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows of one statement."""
        with self.connect() as conn:
            return conn.execute(query.encode(), values or None).fetchall()

    # -- who asks

    def token(self, client: httpx.Client, email: str = OWNER) -> str:
        """A bearer token."""
        answer = client.post(f"{self.base}/auth/login", json={"email": email, "password": self.password})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    @contextmanager
    def session(self, email: str = OWNER, timeout: float = 10.0) -> Iterator[httpx.Client]:
        """A client that is logged in."""
        with httpx.Client(base_url=self.base, timeout=timeout, trust_env=False) as client:
            client.headers["Authorization"] = f"Bearer {self.token(client, email)}"
            yield client

    def project(self, client: httpx.Client) -> str:
        """The id of the demo project."""
        return str(client.get("/projects").json()["items"][0]["id"])


RECORDER = """
import os
from alm_workbench.shared.plugins import hookimpl

@hookimpl
def alm_event(event):
    line = f"{event['id']} {event['event_type']} {event['aggregate_id']}\\n".encode()
    handle = os.open(os.environ["RECORDER_FILE"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(handle, line)
        os.fsync(handle)
    finally:
        os.close(handle)
"""


def recorder(folder: Path) -> dict[str, str]:
    """A plugin that writes down every event that reaches a subscriber; the environment that installs it."""
    info = folder / "alm_recorder-1.0.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (folder / "alm_recorder.py").write_text(RECORDER)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: alm-recorder\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[alm_workbench]\nrecorder = alm_recorder\n")
    return {"PYTHONPATH": str(folder), "RECORDER_FILE": str(folder / "events.txt")}


def recorded(folder: Path) -> list[tuple[int, str, str]]:
    """What the recorder heard: id, type and aggregate of each event, in the order of arrival."""
    file = folder / "events.txt"
    lines = file.read_text().splitlines() if file.exists() else []
    return [(int(a), b, c) for a, b, c in (line.split() for line in lines)]
