"""Where ``alm.connect()`` looks, and what it says when there is nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import alm_workbench as alm
from alm_workbench.config import Settings
from alm_workbench.errors import ConfigurationError, Unavailable
from alm_workbench.notebook.connecting import Address, address, server_file

KERNEL = {"ALM_API_URL": "http://127.0.0.1:8888/alm/api/v1", "ALM_TOKEN": "kernel"}


@pytest.fixture
def own(tmp_path: Path) -> Settings:
    """An empty data directory."""
    return Settings(tmp_path).prepare()


def serving(own: Settings, url: str = "http://127.0.0.1:9/", pid: int | None = None) -> None:
    """Write what a running server writes."""
    own.server_file.write_text(json.dumps({"url": url, "token": "owner", "pid": pid or os.getpid()}), "utf-8")


def dead_pid() -> int:
    """The id of a process that is gone."""
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    process.wait()
    return process.pid


def test_arguments_come_first(own: Settings) -> None:
    """An address with a token is taken as it is."""
    serving(own)
    assert address("http://x/", "t", own, KERNEL) == Address("http://x/", "t", "")


def test_then_the_kernels_environment(own: Settings) -> None:
    """Inside a kernel its own token decides; a data directory given by hand does not ask the environment."""
    serving(own)
    assert address(None, None, own, KERNEL) == Address(KERNEL["ALM_API_URL"], "kernel", "ALM_API_URL")
    found = address(None, None, own, KERNEL, environment=False)
    assert found is not None
    assert found.token == "owner"


def test_then_the_running_server(own: Settings) -> None:
    """Outside a kernel the server's file names address and token; one whose process is gone is ignored."""
    assert address(None, None, own, {}) is None
    serving(own)
    found = address(None, None, own, {})
    assert found is not None
    assert (found.url, found.token) == ("http://127.0.0.1:9/", "owner")
    serving(own, pid=dead_pid())
    assert address(None, None, own, {}) is None


def test_an_address_finds_its_token(own: Settings) -> None:
    """The address of the running server, or of the kernel's, needs no token; any other does."""
    serving(own)
    assert address("http://127.0.0.1:9/lab", None, own, {}) is not None
    found = address("http://127.0.0.1:8888/", None, own, KERNEL)
    assert found is not None
    assert found.token == "kernel"
    with pytest.raises(ConfigurationError, match="token"):
        address("http://elsewhere/", None, own, KERNEL)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"url": 1}', '{"url": "x", "token": "t", "pid": "many"}'])
def test_broken_files_are_ignored(own: Settings, text: str) -> None:
    """Half a file is no server."""
    own.server_file.write_text(text, "utf-8")
    assert server_file(own.server_file) is None


def test_nothing_there_yet(own: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the first start one sentence says what to do."""
    monkeypatch.setenv("ALM_LANG", "en")
    with pytest.raises(ConfigurationError, match="run `alm lab` once"):
        alm.connect(data_dir=own.data_dir)


def test_a_file_of_a_server_that_does_not_answer(own: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the address and the file it came from, at once."""
    monkeypatch.setenv("ALM_LANG", "en")
    serving(own, "http://127.0.0.1:1/")
    with pytest.raises(Unavailable, match=r"No workbench answers at http://127\.0\.0\.1:1.*server\.json"):
        alm.connect(data_dir=own.data_dir)
