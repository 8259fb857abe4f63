"""Keys from the command line, on servers that run: made, used, rotated, and ended in every process within seconds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import httpx
import pytest

from tests.factories.lab import Lab

SECONDS = 5.0 + 3.0
"""How long a server may remember a key, and time for a slow machine."""


def alm(lab: Lab, *arguments: str) -> str:
    """Run `alm keys` on the installation of a Lab; what it prints on stdout."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ALM_")}
    command = [sys.executable, "-m", "alm_workbench", "keys", *arguments, "--data-dir", str(lab.data_dir)]
    done = subprocess.run(command, env=clean, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def servers(running_lab: Lab) -> list[str]:
    """Two processes that answer for the same organisation."""
    return [running_lab.url, running_lab.printed("Dashboards").rstrip("/")]


def answers(servers: list[str], key: str) -> list[int]:
    """The status that each server answers with to a key."""
    return [
        httpx.get(f"{url}/alm/api/v1/projects", headers={"X-API-Key": key}, timeout=30).status_code for url in servers
    ]


def test_a_key_from_its_making_to_its_end(running_lab: Lab, servers: list[str]) -> None:
    """The secret is printed alone; the list never shows it; a revocation reaches every process."""
    secret = alm(running_lab, "create", "robot", "--scope", "project:read", "--days", "7").strip()
    assert answers(servers, secret) == [200, 200]
    prefix = secret.split("_")[1]
    listed = alm(running_lab, "list")
    assert prefix in listed
    assert secret not in listed
    second = alm(running_lab, "rotate", prefix, "--grace-hours", "1").strip()
    assert answers(servers, second) == [200, 200] == answers(servers, secret)
    ended = json.loads(alm(running_lab, "revoke", second.split("_")[1], "--json"))
    assert (ended["status"], ended["last_used_at"] is not None) == ("revoked", True)
    until = time.monotonic() + SECONDS
    while time.monotonic() < until and answers(servers, secret) + answers(servers, second) != [401] * 4:
        time.sleep(0.25)
    assert answers(servers, secret) + answers(servers, second) == [401] * 4


def test_a_key_opens_no_page_and_no_kernel(running_lab: Lab, servers: list[str]) -> None:
    """It is for the API; Lab and the dashboards are for people, whatever the key's maker may do there."""
    secret = alm(running_lab, "create", "curious", "--scope", "lab:*", "--scope", "project:read").strip()
    for headers in ({"X-API-Key": secret}, {"Authorization": f"Bearer {secret}"}, {"Authorization": f"token {secret}"}):
        for path in ("/lab", "/api/kernels", "/api/contents", "/files/x"):
            answer = httpx.get(servers[0] + path, headers=headers, timeout=30)
            assert answer.status_code in (302, 403), (path, headers)
            assert running_lab.token not in answer.text
        assert httpx.get(servers[1] + "/", headers=headers, timeout=30).status_code in (302, 403)
