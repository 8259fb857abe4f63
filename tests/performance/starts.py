"""How long it takes until `alm lab` answers, and what `import alm_workbench` costs."""

from __future__ import annotations

import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psutil

from tests.factories.ports import free_port
from tests.performance.measuring import tree_cpu

ALONE = ("--no-browser",)
IMPORT = """
import sys, time
begun = time.perf_counter()
import alm_workbench
print(time.perf_counter() - begun, flush=True)
sys.stdin.read()
"""


def environment(bytecode: Path) -> dict[str, str]:
    """That of the caller without what would change the result; compiled modules are kept in ``bytecode``."""
    dropped = ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH")
    kept = {k: v for k, v in os.environ.items() if k not in dropped and not k.startswith(("ALM_", "COV_", "COVERAGE"))}
    return kept | {"PYTHONPYCACHEPREFIX": str(bytecode)}


def answers(url: str) -> bool:
    """Whether a GET gives 200."""
    try:
        with urllib.request.urlopen(url, timeout=10) as reply:
            return bool(reply.status == 200)
    except (OSError, urllib.error.HTTPError):
        return False


@dataclass
class Lab:
    """A running `alm lab`. ``seconds`` until it answered, ``cpu`` processor seconds of all its processes by then."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path
    seconds: float = 0.0
    cpu: float = 0.0

    @property
    def url(self) -> str:
        """Base of the REST API."""
        return f"http://127.0.0.1:{self.port}/alm/api/v1"

    def stop(self) -> None:
        """Stop it as Ctrl-C does."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start_lab(data_dir: Path, env: Mapping[str, str], *options: str, patience: float = 300.0) -> Lab:
    """Start `alm lab` and wait until its page and its API answer 200; raises ``RuntimeError`` with what it said."""
    port = free_port()
    log = Path(tempfile.mkstemp(prefix="alm-lab-", suffix=".log", dir=data_dir.parent)[1])
    command = [sys.executable, "-m", "alm_workbench", "lab", "--port", str(port), "--data-dir", str(data_dir)]
    with log.open("wb") as output:
        begun = time.perf_counter()
        process = subprocess.Popen(
            [*command, *ALONE, *options], stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=dict(env),
            start_new_session=True,
        )  # fmt: skip
    lab = Lab(process, port, log)
    try:
        page = ready = None
        while not (page and ready):
            if process.poll() is not None or time.perf_counter() - begun > patience:
                raise RuntimeError(f"alm lab did not start: {log.read_text('utf-8', 'replace')[-2000:]}")
            found = re.search(r"http://\S+/lab\?token=\S+\n", log.read_text("utf-8", "replace"))
            page = page or (found is not None and answers(found[0].strip()))
            ready = ready or answers(f"http://127.0.0.1:{port}/alm/health/ready")
            time.sleep(0.05)
        lab.seconds = time.perf_counter() - begun
        postmaster = (data_dir / "pg" / "postmaster.pid").read_text().split()[0]
        lab.cpu = tree_cpu([process.pid, int(postmaster)])
    except BaseException:
        lab.stop()
        raise
    return lab


def give_owner(data_dir: Path, env: Mapping[str, str], slug: str, email: str) -> None:
    """Say whose installation it is: `alm lab` does not guess where organisations are already."""
    command = [sys.executable, "-m", "alm_workbench", "tenant", "own", slug, email, "--data-dir", str(data_dir)]
    subprocess.run(command, env=dict(env), check=True, capture_output=True)


def import_cost(env: Mapping[str, str], times: int) -> tuple[float, float]:
    """Median seconds and MB of `import alm_workbench` in a new interpreter, its bytecode compiled."""
    seconds, megabytes = [], []
    for _ in range(times + 1):  # the first one compiles
        with subprocess.Popen(
            [sys.executable, "-c", IMPORT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=dict(env)
        ) as child:
            assert child.stdout is not None
            assert child.stdin is not None
            seconds.append(float(child.stdout.readline()))
            megabytes.append(psutil.Process(child.pid).memory_info().rss / 2**20)
            child.stdin.close()
    return statistics.median(seconds[1:]), statistics.median(megabytes[1:])
