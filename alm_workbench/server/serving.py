"""``alm serve``: the REST API on a port, in one process or in several that share it.

With several, the parent answers nothing itself: it keeps the mirror, the outbox, the jobs and the embedded database going,
and starts a child again that ended. A child ends with its parent, however that ended: it reads from a pipe that the parent
holds.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog
from tornado.web import Application as Web

from alm_workbench import __version__
from alm_workbench.composition import Runtime, opened
from alm_workbench.config import Settings
from alm_workbench.server import connections
from alm_workbench.server.application import Application
from alm_workbench.server.handlers import MAX_BODY
from alm_workbench.server.lab import check_port
from alm_workbench.server.routes import alm_handlers

log = structlog.get_logger(__name__)
Say = Callable[[str], None]
LONGEST_WAIT = 30.0


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen."""

    ip: str
    port: int


def serve_alone(settings: Settings, address: Address, say: Say) -> None:
    """Everything in one process, until SIGINT or SIGTERM."""
    check_port(address.ip, address.port)
    with opened(settings, progress=say) as runtime:
        runtime.start_background()
        asyncio.run(answer(runtime, address, started=lambda: say(described(address))))


def serve_child(settings: Settings, address: Address) -> None:
    """One of several that answer on a port; ends when its input does."""
    with opened(settings, upgrade=False) as runtime:
        asyncio.run(answer(runtime, address, shared=True, until_input_ends=True))


def serve_many(settings: Settings, address: Address, processes: int, say: Say) -> None:
    """Several processes on one port, until SIGINT or SIGTERM."""
    check_port(address.ip, address.port)
    with opened(settings, progress=say, pool_size=2) as runtime:
        runtime.start_background(warm=False)
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        children = [Child(settings.data_dir, address) for _ in range(processes)]
        say(f"{described(address)} ({processes} processes)")
        try:
            while not stop.wait(0.2):
                for child in children:
                    child.keep_alive()
        finally:
            for child in children:
                child.release()
            for child in children:
                child.end()


def described(address: Address) -> str:
    """The sentence that says where we are."""
    return f"REST API: http://{address.ip}:{address.port}/alm/api/v1/openapi.json"


async def answer(
    runtime: Runtime,
    address: Address,
    *,
    shared: bool = False,
    until_input_ends: bool = False,
    started: Callable[[], None] = lambda: None,
) -> None:
    """Answer requests until a signal, or the end of the input; running requests are finished."""
    done, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, done.set)
    if until_input_ends:
        loop.add_reader(sys.stdin.fileno(), done.set)
    application = Application.of(runtime)
    application.about = {"version": __version__, "profile": "server", "dashboards_url": None}
    connections.use_everywhere()
    web = Web(list(alm_handlers(application, "/")), xsrf_cookies=True)
    server = web.listen(
        address.port, address.ip, reuse_port=shared, max_buffer_size=2 * MAX_BODY, max_body_size=MAX_BODY
    )
    started()
    try:
        await done.wait()
    finally:
        server.stop()
        await server.close_all_connections()
        application.close()


class Child:
    """One answering process; started again with growing waits when it ends by itself."""

    def __init__(self, data_dir: Path, address: Address) -> None:
        self._command = [
            sys.executable, "-m", "alm_workbench", "serve", "--child",
            "--port", str(address.port), "--ip", address.ip, "--data-dir", str(data_dir),
        ]  # fmt: skip
        self._wait, self._begun = 0.5, 0.0
        self._process = self._start()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def keep_alive(self) -> None:
        """Start it again when it ended; at once after a good while, later when it keeps failing."""
        if self._process.poll() is None:
            return
        lived = time.monotonic() - self._begun
        self._wait = 0.5 if lived > LONGEST_WAIT else self._wait
        if lived < self._wait:
            return
        log.warning("serve.child_ended", pid=self.pid, code=self._process.returncode)
        self._wait = min(self._wait * 2, LONGEST_WAIT)
        self._process = self._start()

    def release(self) -> None:
        """Let it finish what it is at, and end."""
        if self._process.stdin is not None:
            self._process.stdin.close()

    def end(self, timeout: float = 15.0) -> None:
        """Wait for its end; kill it after ``timeout`` seconds."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout)
            return
        self._process.kill()
        self._process.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        self._begun = time.monotonic()
        # a session of its own: Ctrl-C at the terminal reaches the parent, which tells the children
        return subprocess.Popen(self._command, stdin=subprocess.PIPE, start_new_session=True)
