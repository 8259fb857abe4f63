"""Secrets come from where they are kept, are shown to nobody, and production refuses weak settings."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from alm_workbench.config import Settings, environment
from alm_workbench.errors import ConfigurationError
from alm_workbench.production import WeakSettings, masked, refuse_weak, weaknesses
from alm_workbench.secret_sources import COMMAND, find_secrets, with_secrets
from alm_workbench.storage.bootstrap import Dsns
from tests.factories.workbench import make_bench

GOOD = "kQ7wz0Vt3mYb8sXn1cRf5gHj2pLd6uAe9TiO4"
PUBLIC = {"ALM_ENV": "production", "ALM_PUBLIC_URL": "https://alm.example.org/"}


def alm(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the command line with nothing of ours in its environment but ``env``."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ALM_")}
    command = [sys.executable, "-m", "alm_workbench", *arguments]
    return subprocess.run(command, env=clean | env, capture_output=True, text=True, timeout=60, check=False)


# -- where secrets come from


def test_the_variable_a_file_and_a_command(tmp_path: Path) -> None:
    """In this order; the command is asked for what nobody else holds, and holds its tongue about the rest."""
    file = tmp_path / "dsn"
    file.write_text("postgresql://from-file/\n")
    script = tmp_path / "vault.py"
    script.write_text(
        "import sys\nprint({'ALM_SMTP_URL': 'smtps://from-command', 'ALM_DSN': 'no'}.get(sys.argv[1], ''))"
    )
    env = {"ALM_SECRET": GOOD, "ALM_DSN_FILE": str(file), COMMAND: f"{shlex.quote(sys.executable)} {script}"}
    found = find_secrets(env)
    assert {name: secret.value for name, secret in found.items()} == {
        "ALM_SECRET": GOOD,
        "ALM_DSN": "postgresql://from-file/",
        "ALM_SMTP_URL": "smtps://from-command",
    }
    assert [found[n].source for n in found] == ["variable ALM_SECRET", f"file {file}", f"command {COMMAND}"]
    assert with_secrets(env)["ALM_SMTP_URL"] == "smtps://from-command"
    assert GOOD not in repr(found)


def test_a_command_is_no_shell_line(tmp_path: Path) -> None:
    """What looks like one stays an argument."""
    mark = tmp_path / "made"
    with pytest.raises(ConfigurationError, match=r"not one line|ended with|cannot be run"):
        find_secrets({COMMAND: f"printf '%s\\n%s\\n' ; touch {mark}"})
    assert not mark.exists()


@pytest.mark.parametrize(
    ("env", "words"),
    [
        ({"ALM_DSN": "x", "ALM_DSN_FILE": "/y"}, "Both ALM_DSN and ALM_DSN_FILE"),
        ({"ALM_SECRET_FILE": "/nowhere/at/all"}, r"ALM_SECRET_FILE names /nowhere/at/all.*No such file"),
        ({"ALM_SECRET_FILE": os.devnull}, "is empty"),
        ({"ALM_SECRET_FILE": sys.executable}, "it is not text"),
        ({COMMAND: "/nowhere/vault"}, "cannot be run to fetch ALM_SECRET"),
        ({COMMAND: "sh -c 'echo half-a-secret; exit 3'"}, "ended with 3"),
        ({COMMAND: "'unbalanced"}, "No closing quotation"),
    ],
)
def test_a_source_that_fails_says_so_in_one_sentence(env: Mapping[str, str], words: str) -> None:
    """It names the variable, never what was read."""
    with pytest.raises(ConfigurationError, match=words) as error:
        find_secrets(env)
    assert "half-a-secret" not in str(error.value)


def test_the_signing_secret_is_what_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file is made then; a short one is refused everywhere, not only in production."""
    settings = Settings(tmp_path).prepare()
    (tmp_path / "given").write_text(GOOD)
    monkeypatch.setenv("ALM_SECRET_FILE", str(tmp_path / "given"))
    assert settings.token_secret() == GOOD
    assert not (settings.secrets_dir / "token.key").exists()
    (tmp_path / "short").write_text("short")
    monkeypatch.setenv("ALM_SECRET_FILE", str(tmp_path / "short"))
    with pytest.raises(ConfigurationError, match="has 5 characters"):
        settings.token_secret()


def test_a_command_runs_once_for_the_same_question(tmp_path: Path) -> None:
    """Vaults are slow, and settings are looked at often."""
    log = tmp_path / "calls"
    command = f"sh -c 'echo $0 >> {log}; echo {GOOD}'"
    for _ in range(3):
        assert environment({COMMAND: command})["ALM_SECRET"] == GOOD
    assert len(log.read_text().split()) == len(set(log.read_text().split()))


# -- what is shown


@pytest.mark.parametrize(
    "secret",
    [
        "postgresql://app:hunter2@db.example:5432/alm?sslmode=require",
        "postgresql://db/alm?user=app&password=hunter2",
        "host=db user=app password=hunter2",
        "smtps://mail:hunter2@mail.example",
        "hunter2",
    ],
)
def test_a_masked_secret_shows_no_password(secret: str) -> None:
    """An address keeps its host, so that one sees where it leads."""
    assert "hunter2" not in masked(secret)
    if "@" in secret:
        assert secret.rsplit("@", 1)[1] in masked(secret)


def test_config_show_masks(tmp_path: Path) -> None:
    """For people and for programs; each setting says where it comes from."""
    (tmp_path / "dsn").write_text("postgresql://app:hunter2@db/alm")
    given = {"ALM_SECRET": GOOD, "ALM_DSN_FILE": str(tmp_path / "dsn"), "ALM_SMTP_URL": "smtp://u:hunter2@m"}
    for options in ([], ["--json"]):
        done = alm("config", "show", "--data-dir", str(tmp_path / "data"), *options, **given)
        assert done.returncode == 0, done.stderr
        assert "hunter2" not in done.stdout + done.stderr
        assert GOOD not in done.stdout + done.stderr
    lines = {line["name"]: line for line in json.loads(done.stdout)}
    assert lines["ALM_DSN"]["value"] == "postgresql://app:***@db/alm"
    assert lines["ALM_DSN"]["source"] == f"file {tmp_path / 'dsn'}"
    assert lines["ALM_DATA_DIR"]["value"] == str(tmp_path / "data")
    assert not (tmp_path / "data").exists()


# -- production


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"ALM_SECRET": "changeme"}, "ALM_SECRET has 8 characters"),
        ({"ALM_SECRET": "change-me-please-change-me-please-1"}, "ALM_SECRET can be guessed"),
        ({"ALM_SECRET": "a" * 64}, "ALM_SECRET can be guessed"),
        ({"ALM_PUBLIC_URL": ""}, "ALM_PUBLIC_URL must be the https:// address"),
        ({"ALM_PUBLIC_URL": "http://alm.example.org"}, "ALM_PUBLIC_URL must be the https:// address"),
        ({"ALM_REGISTRATION": "open"}, "ALM_REGISTRATION is open"),
        ({"ALM_CORS_ORIGINS": "https://a.example,http://b.example"}, "ALM_CORS_ORIGINS holds 'http://b.example'"),
        ({"ALM_DSN": "postgresql://alm:alm@/alm"}, "ALM_DSN has a password for alm that can be guessed"),
        ({"ALM_DSN": "host=/run user=app password=postgres123456"}, "ALM_DSN has a password for app"),
        ({"ALM_WORKER_DSN": f"postgresql://w:{GOOD}@db/alm?sslmode=disable"}, "ALM_WORKER_DSN reaches db without TLS"),
        ({"ALM_OWNER_DSN": "postgresql://[broken"}, "ALM_OWNER_DSN cannot be read"),
        ({"PYTHONDEVMODE": "1"}, "debugging switched on"),
    ],
)
def test_production_refuses(change: dict[str, str], words: str) -> None:
    """Each weakness is one sentence; the same settings pass in development."""
    refuse_weak({**PUBLIC, **change, "ALM_ENV": "development"})
    with pytest.raises(WeakSettings, match=words) as error:
        refuse_weak({**PUBLIC, **change})
    assert error.value.exit_code == 1
    assert error.value.detail.count("\n") == 0


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"ALM_SECRET": GOOD},
        {"ALM_DSN": f"postgresql://app:{GOOD}@db/alm?sslmode=verify-full"},
        {"ALM_DSN": "postgresql://app@/alm?host=/run/postgresql"},
        {"ALM_REGISTRATION": "closed", "ALM_CORS_ORIGINS": "https://a.example"},
    ],
)
def test_production_starts_with_good_settings(more: dict[str, str]) -> None:
    """What is left out is made: a random secret, an embedded database with random passwords."""
    assert list(weaknesses({**PUBLIC, **more})) == []


def test_an_unknown_environment_is_a_typing_error() -> None:
    """Not silently development."""
    with pytest.raises(ConfigurationError, match="'prod'; it may be development or production"):
        refuse_weak({"ALM_ENV": "prod"})


@pytest.mark.parametrize("command", ["serve", "lab", "dashboards"])
def test_nothing_starts_with_a_weak_secret(command: str, tmp_path: Path) -> None:
    """Exit code 1, and not even a database is made."""
    options = ["--no-browser", "--no-demo"] if command == "lab" else []
    done = alm(command, *options, "--data-dir", str(tmp_path), ALM_SECRET="changeme", **PUBLIC)
    assert done.returncode == 1, done.stderr
    assert "ALM_SECRET has 8 characters" in done.stderr
    assert not (tmp_path / "pg").exists()


def test_the_demo_has_no_place_in_production(tmp_path: Path) -> None:
    """Neither a new one nor one that is there already."""
    done = alm("lab", "--no-browser", "--data-dir", str(tmp_path), **PUBLIC)
    assert (done.returncode, "--no-demo" in done.stderr) == (1, True)


def test_a_database_with_the_demo_is_not_served(db: Dsns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its people share one password."""
    runtime = make_bench(db, tmp_path, ()).runtime
    from alm_workbench.contexts.auth.messages import CreateAccount
    from alm_workbench.server.application import Application

    for name, value in PUBLIC.items():
        monkeypatch.setenv(name, value)
    Application.of(runtime).close()
    runtime.mediator.as_principal(None).send(CreateAccount("manager@demo.example", "Manager"))
    with pytest.raises(WeakSettings, match="demo organisation"):
        Application.of(runtime)
    runtime.mirror.stop()
    runtime.engine.dispose()


def test_config_check_says_it_beforehand() -> None:
    """Exit code 1 with every sentence, 0 when all is well."""
    wrong = alm("config", "check", ALM_ENV="production", ALM_REGISTRATION="open")
    assert wrong.returncode == 1
    assert "ALM_PUBLIC_URL" in wrong.stderr
    assert "ALM_REGISTRATION" in wrong.stderr
    assert alm("config", "check", **PUBLIC).returncode == 0
