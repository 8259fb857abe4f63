"""The command line as a user meets it: one clear sentence, an exit code, and nothing made by the way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from alm_workbench import resources
from alm_workbench.composition import opened
from alm_workbench.config import Settings
from tests.factories.workbench import make_org


def alm(*arguments: str | Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run `alm` in a process of its own."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("ALM_")} | (env or {})
    command = [sys.executable, "-m", "alm_workbench", *map(str, arguments)]
    return subprocess.run(command, env=clean, capture_output=True, text=True, timeout=180, check=False)


def sentence(done: subprocess.CompletedProcess[str]) -> str:
    """What a refused command said: exit code 2, no traceback."""
    assert done.returncode == 2, (done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("alm: ")
    return done.stderr.strip()


@pytest.mark.parametrize(
    "arguments",
    [("db", "check-rls"), ("db", "current"), ("backup", "x.tar"), ("tenant", "members"), ("mirror", "status")],
)
def test_commands_that_only_look_make_nothing(data_dir: Path, arguments: tuple[str, ...]) -> None:
    """A mistyped data directory gets a sentence, not a new database."""
    place = data_dir / "typo"
    assert "There is no workbench in" in sentence(alm(*arguments, "--data-dir", place))
    assert not place.exists()


def test_a_wrong_address_of_the_database_is_one_sentence(data_dir: Path) -> None:
    """Nobody there, or an unreadable address: said without the password."""
    for dsn, words in (
        ("postgresql://nobody:s3cret@127.0.0.1:1/x", "No PostgreSQL server answers"),
        ("what?", "ALM_DSN"),
    ):
        said = sentence(alm("db", "current", "--data-dir", data_dir / "d", env={"ALM_DSN": dsn}))
        assert words in said
        assert "s3cret" not in said


def test_manifest_commands_need_no_server(tmp_path: Path) -> None:
    """check: 0 sound, 1 with errors and their place, 2 unreadable with the place; graph says the same."""
    good = resources.path("alm_meta", "presets", "basic.alm")
    assert alm("manifest", "check", good).returncode == 0
    bad = tmp_path / "bad.alm"
    bad.write_text(good.read_text("utf-8").replace('initial: "', 'initial: "x', 1), "utf-8")
    done = alm("manifest", "check", bad)
    assert (done.returncode, f"{bad}:" in done.stdout) == (1, True)
    assert alm("manifest", "graph", bad).returncode == 2
    answer = json.loads(alm("manifest", "check", "--json", bad).stdout)[str(bad)]
    assert answer["ok"] is False
    binary = tmp_path / "binary.alm"
    binary.write_bytes(b'@schema 2\n@name "\xff"\n')
    assert f"{binary}:2:8" in sentence(alm("manifest", "check", binary))


def test_a_data_directory_belongs_to_one_database_and_a_restore_to_its_owner(data_dir: Path) -> None:
    """Another ALM_DSN is refused; a restored database gets no demo, but asks who owns it."""
    first, second, file = data_dir / "first", data_dir / "second", data_dir / "all.tar"
    with opened(Settings(first).prepare(), env={}) as runtime:
        make_org(runtime, "acme")
        other = {"ALM_DSN": "postgresql://a:b@127.0.0.1:1/x"}
        assert "belongs to an embedded database" in sentence(alm("db", "current", "--data-dir", first, env=other))
        assert alm("db", "check-rls", "--data-dir", first).returncode == 0
        assert alm("backup", file, "--data-dir", first).returncode == 0
        missing = sentence(alm("tenant", "members", "--data-dir", first))
        assert "no owner yet" in missing
    restored = alm("restore", file, "--data-dir", second)
    assert restored.returncode == 0, restored.stderr
    assert "alm tenant own acme" in restored.stderr
    refused = sentence(alm("lab", "--no-browser", "--data-dir", second, "--port", "18888"))
    assert "say who does" in refused
    assert "acme" in refused
    assert alm("tenant", "own", "acme", "owner@acme.example", "--data-dir", second).returncode == 0
    members = json.loads(alm("tenant", "members", "--json", "--data-dir", second).stdout)
    assert {m["email"] for m in members} >= {"owner@acme.example", "viewer@acme.example"}
