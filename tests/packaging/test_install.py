"""The wheel in a clean environment: no source tree, no Node."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from alm_workbench import __version__
from tests.factories.database import short_dir
from tests.factories.packages import ROOT, Environment, leave_nothing
from tests.factories.ports import free_port

pytestmark = pytest.mark.slow
READY_SECONDS = 180


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A directory for data, with a short path."""
    directory = short_dir("alm-wheel-")
    yield directory / "data"
    leave_nothing(directory)


def test_it_runs_from_the_environment(clean: Environment) -> None:
    """`alm --version`; the package and its data come from the environment and not from the source tree."""
    assert __version__ in clean.run("alm", "--version")
    where = clean.run(
        "python", "-c", "import alm_workbench; from alm_workbench import resources; print(resources.path('alm_meta'))"
    ).strip()
    assert where.startswith(str(clean.prefix))
    assert not where.startswith(str(ROOT))


def test_jupyter_finds_both_halves(clean: Environment) -> None:
    """Front end and server extension are installed and enabled without another step, for plain `jupyter lab` too."""
    code = """
import json
from jupyter_core.paths import jupyter_config_path, jupyter_path
from jupyter_server.extension.config import ExtensionConfigManager
from jupyterlab_server.config import get_federated_extensions
server = {}
for path in reversed(jupyter_config_path()):
    server.update(ExtensionConfigManager(read_config_path=[path]).get_jpserver_extensions())
lab = get_federated_extensions(jupyter_path("labextensions"))
print(json.dumps({"lab": lab["alm-workbench"]["version"], "server": server["alm_workbench"]}))
"""
    assert json.loads(clean.run("python", "-c", code)) == {"lab": __version__, "server": True}


def test_the_doctor_finds_nothing(clean: Environment, data_dir: Path) -> None:
    """`alm doctor` is content with a fresh installation."""
    clean.run("alm", "doctor", "--data-dir", data_dir)


def test_third_parties_can_test_with_it(clean: Environment, tmp_path: Path) -> None:
    """Port suites and fakes come with the wheel and need no pytest; fixtures run with the presets and schemas in it."""
    code = """
from alm_workbench.testing.fakes import HmacSigner, HmacVerifier
from alm_workbench.testing.ports import VerificationPortSuite
class Suite(VerificationPortSuite):
    def make_port(self): return HmacVerifier(b"key")
    def make_signer(self): return HmacSigner(b"key")
    def make_stranger(self): return HmacSigner(b"other")
print(len(Suite.names()), Suite().failures())
"""
    assert clean.run("python", "-c", code).split() == ["9", "[]"]
    fixtures = tmp_path / "fixtures"
    shutil.copytree(ROOT / "tests" / "conformance" / "fixtures", fixtures)
    found = json.loads(clean.run("alm", "conformance", fixtures, "--json"))
    assert found["failed"] == 0
    assert found["passed"] > 80


def test_lab_starts_and_stops(clean: Environment, data_dir: Path, tmp_path: Path) -> None:
    """`alm lab` answers, and an interrupt stops everything that it started."""
    port, log = free_port(), tmp_path / "lab.log"
    process = clean.start("alm", "lab", "--no-browser", "--port", str(port), "--data-dir", data_dir, log=log)
    try:
        ready = wait_until_ready(f"http://127.0.0.1:{port}/alm/health/ready", process, log)
        assert ready["status"] == "ok"
        started = psutil.Process(process.pid).children(recursive=True)
        os.kill(process.pid, signal.SIGINT)
        process.wait(60)
        _, alive = psutil.wait_procs(started, timeout=20)
        assert alive == []
        assert [p for p in psutil.process_iter(["cmdline"]) if mentions(p, data_dir)] == []
    finally:
        stop(process)


def wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> dict[str, str]:
    """The answer of the health route as soon as there is one."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, f"ended with {process.returncode}:\n{log.read_text(errors='replace')}"
        try:
            with urllib.request.urlopen(url, timeout=5) as reply:
                answer: dict[str, str] = json.loads(reply.read())
                return answer
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    raise AssertionError(f"not ready after {READY_SECONDS} s:\n{log.read_text(errors='replace')}")


def mentions(process: psutil.Process, directory: Path) -> bool:
    """Whether a process was started on a directory."""
    return any(str(directory) in part for part in process.info["cmdline"] or ())


def stop(process: subprocess.Popen[bytes]) -> None:
    """Leave nothing running, whatever the test found."""
    if process.poll() is None:
        started = psutil.Process(process.pid).children(recursive=True)
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
        for child in psutil.wait_procs(started, timeout=10)[1]:
            child.kill()
