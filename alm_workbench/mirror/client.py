"""The server's side of the query process: starts it when it is needed, and again when it has died."""

from __future__ import annotations

import itertools
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from alm_workbench.contexts.reporting.domain import MirrorAnswer, MirrorRights, MirrorUnavailable, QueryTimedOut
from alm_workbench.errors import from_problem
from alm_workbench.mirror.frames import read_frame, write_frame
from alm_workbench.mirror.worker import WorkerOptions

log = logging.getLogger(__name__)

GRACE = 5.0
"""Seconds that a query may ignore its interruption before its process is killed."""

KEPT_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "TEMP", "TMP", "LD_LIBRARY_PATH")

Answer = tuple[dict[str, Any], bytes]


class QueryProcess:
    """One child process for all queries of this server; safe to call from many threads."""

    def __init__(self, root: Path, options: WorkerOptions | None = None, *, log_file: Path | None = None) -> None:
        self._root = root
        self._options = options or WorkerOptions()
        self._log_file = log_file
        self._ids = itertools.count(1)
        self._lock = threading.Lock()
        self._pending: dict[int, tuple[subprocess.Popen[bytes], Future[Answer]]] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._readers: list[threading.Thread] = []
        self._closed = False

    @property
    def pid(self) -> int | None:
        """The child's process id while it runs."""
        process = self._process
        return process.pid if process and process.poll() is None else None

    def start(self) -> None:
        """Start the child now rather than with the first query."""
        with self._lock:
            if not self._closed:
                self._running()

    def query(
        self,
        rights: MirrorRights,
        sql: str,
        params: Mapping[str, Any] | Sequence[Any] | None = None,
        *,
        limit: int,
        timeout: float,
    ) -> MirrorAnswer:
        """Run one SELECT; raises ``QueryRejected``, ``QueryTimedOut`` or ``MirrorUnavailable``."""
        request = {
            "rights": rights.to_data(),
            "sql": sql,
            "params": _plain_params(params),
            "limit": limit,
            "timeout": timeout,
        }
        head, body = self._call(request, timeout)
        if "problem" in head:
            raise from_problem(head["problem"])
        return MirrorAnswer(
            arrow=body,
            as_of=datetime.fromisoformat(head["as_of"]),
            version=head["version"],
            rows=head["rows"],
            truncated=head["truncated"],
            elapsed_ms=head["elapsed_ms"],
        )

    def close(self) -> None:
        """End the child; later queries are refused."""
        with self._lock:
            self._closed = True
            process, self._process = self._process, None
        if process:
            _end(process)
        for reader in self._readers:
            reader.join(GRACE)

    def _call(self, request: dict[str, Any], timeout: float) -> Answer:
        process, future, number = self._send(request)
        try:
            # with all workers busy a query waits for its turn first, so the others' limits count too
            return future.result(timeout * 2 + GRACE)
        except TimeoutError:
            log.warning("the query process did not stop a query; it is killed")
            process.kill()
            raise QueryTimedOut(f"The query was stopped after {timeout:g} s") from None
        finally:
            with self._lock:
                self._pending.pop(number, None)

    def _send(self, request: dict[str, Any]) -> tuple[subprocess.Popen[bytes], Future[Answer], int]:
        future: Future[Answer] = Future()
        with self._lock:
            if self._closed:
                raise MirrorUnavailable("The server is stopping")
            number = next(self._ids)
            for _ in range(2):  # the child may have died since the last query
                process = self._running()
                assert process.stdin is not None
                self._pending[number] = (process, future)
                try:
                    write_frame(process.stdin, {**request, "id": number})
                    return process, future, number
                except OSError:
                    del self._pending[number]
                    process.kill()
                    process.wait()
        raise MirrorUnavailable("The query process cannot be started")

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._process = self._start()
        return self._process

    def _start(self) -> subprocess.Popen[bytes]:
        environment = {name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ}
        environment["PYTHONPATH"] = str(Path(__file__).parents[2])
        errors: IO[bytes] | int = self._log_file.open("ab") if self._log_file else subprocess.DEVNULL
        try:
            process = subprocess.Popen(
                [sys.executable, "-m", "alm_workbench.mirror.worker", str(self._root), self._options.to_json()],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=environment,
                cwd=self._root,
                start_new_session=True,
            )
        except OSError as error:
            raise MirrorUnavailable(f"The query process cannot be started: {error}") from error
        finally:
            if not isinstance(errors, int):
                errors.close()
        reader = threading.Thread(target=self._read, args=(process,), name="mirror-answers", daemon=True)
        reader.start()
        self._readers = [*(thread for thread in self._readers if thread.is_alive()), reader]
        return process

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        """Hand answers to those who wait; when the process ends, tell the rest."""
        assert process.stdout is not None
        with suppress(EOFError, OSError, ValueError):
            while True:
                head, body = read_frame(process.stdout)
                with self._lock:
                    waiting = self._pending.pop(head["id"], None)
                if waiting:
                    waiting[1].set_result((head, body))
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):  # what was not yet written is of no use any more
                if pipe:
                    pipe.close()
        with self._lock:
            lost = [number for number, (owner, _) in self._pending.items() if owner is process]
            futures = [self._pending.pop(number)[1] for number in lost]
        for future in futures:
            future.set_exception(MirrorUnavailable("The query process ended while it worked on this; try again"))


def _plain_params(params: Mapping[str, Any] | Sequence[Any] | None) -> dict[str, Any] | list[Any] | None:
    def plain(value: Any) -> Any:
        return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)

    if params is None:
        return None
    if isinstance(params, Mapping):
        return {name: plain(value) for name, value in params.items()}
    return [plain(value) for value in params]


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.stdin:
        with suppress(OSError):
            process.stdin.close()
    try:
        process.wait(2)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
