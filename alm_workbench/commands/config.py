"""``alm config``: what this installation is told, and whether that is fit for production."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import click

from alm_workbench.commands.common import data_dir_option, json_option, show, table
from alm_workbench.config import environment, settings
from alm_workbench.production import VARIABLE, WeakSettings, is_production, masked, weaknesses
from alm_workbench.secret_sources import COMMAND, SECRETS, find_secrets

PLAIN: Mapping[str, tuple[str, str]] = {
    VARIABLE: ("development", "development or production, which refuses weak settings"),
    "ALM_DATA_DIR": ("", "where the data lies"),
    "ALM_PUBLIC_URL": ("", "the address people use; links in mails begin with it"),
    "ALM_REGISTRATION": ("invited", "who may make an account: invited, open or closed"),
    "ALM_CORS_ORIGINS": ("", "pages of other sites that may read answers"),
    "ALM_TRUSTED_PROXIES": ("", "addresses of proxies whose word about clients is believed"),
    "ALM_LANG": ("", "language of the command line"),
    "ALM_LOG": ("", "text or json"),
    "ALM_PG_BIN": ("", "programs of a PostgreSQL to use in place of the embedded one"),
    COMMAND: ("", "command that prints a secret, called with its name"),
}
"""Settings that anybody may see: what holds without them, and what they are for."""
SECRET_MEANING: Mapping[str, str] = {
    "ALM_SECRET": "signs tokens",
    "ALM_DSN": "database, role of the application",
    "ALM_OWNER_DSN": "database, role of migrations",
    "ALM_WORKER_DSN": "database, role of background work",
    "ALM_MIRROR_DSN": "database, role of the mirror",
    "ALM_SMTP_URL": "mail server",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One setting as it is shown; a secret is masked."""

    name: str
    value: str
    source: str
    meaning: str


@click.group()
def config() -> None:
    """Settings of this installation."""


@config.command("show")
@data_dir_option
@json_option
def show_(data_dir: str | None, as_json: bool) -> None:
    """Every setting with where it comes from; secrets are masked."""
    lines = effective(os.environ, data_dir)
    rows: list[list[Any]] = [[line.name, line.value or "-", line.source, line.meaning] for line in lines]
    show(lines, as_json, lambda: table(rows, ["setting", "value", "from", "meaning"]))


@config.command("check")
def check() -> None:
    """Whether a server with these settings may go into production; exit code 1 when not."""
    env = environment()
    is_production(env)
    if wrong := list(weaknesses(env)):
        raise WeakSettings("\n  ".join(wrong))
    click.echo("These settings are fit for production.")


def effective(env: Mapping[str, str], data_dir: str | None) -> list[Line]:
    """All settings, plain ones first; raises ``ConfigurationError`` where a source of secrets fails."""
    found = settings(data_dir)
    lines = []
    for name, (default, meaning) in PLAIN.items():
        given = env.get(name, "").strip()
        if name == COMMAND and given:
            given = f"{given.split()[0]} …"  # its arguments may open the vault
        lines.append(Line(name, given or default, f"variable {name}" if given else "default", meaning))
    place = "option --data-dir" if data_dir else lines[1].source
    lines[1] = Line("ALM_DATA_DIR", str(found.data_dir), place, lines[1].meaning)
    secrets = find_secrets(env)
    for name in SECRETS:
        secret = secrets.get(name)
        if secret is not None:
            lines.append(Line(name, masked(secret.value), secret.source, SECRET_MEANING[name]))
        else:
            lines.append(Line(name, *made(name, found.secrets_dir), SECRET_MEANING[name]))
    return lines


def made(name: str, secrets_dir: Any) -> tuple[str, str]:
    """What holds where a secret is not given: a file of this installation, the embedded database, or nothing."""
    if name == "ALM_SECRET":
        file = secrets_dir / "token.key"
        return ("***", f"file {file}") if file.exists() else ("", "made at the first start")
    return ("", "not set") if name == "ALM_SMTP_URL" else ("", "the embedded database, or made from ALM_DSN")
