"""``alm status`` and ``alm doctor``."""

from __future__ import annotations

import json
import platform
import shutil
import sys
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

from alm_workbench import __version__
from alm_workbench.commands.common import data_dir_option, json_option, show
from alm_workbench.config import Settings, settings
from alm_workbench.errors import AlmError

ENOUGH_BYTES = 1_000_000_000


@click.command()
@data_dir_option
@json_option
def status(data_dir: str | None, as_json: bool) -> int:
    """What runs on this data directory; exit code 1 when nothing does."""
    found = settings(data_dir)
    server = running(found)
    data = {"version": __version__, "data_dir": str(found.data_dir), "server": server}

    def lines() -> list[str]:
        out = [f"ALM Workbench {__version__}", f"data       {found.data_dir}"]
        if server is None:
            return [*out, "server     not running; start it with `alm lab`"]
        return [
            *out,
            f"server     {server['url']} (pid {server['pid']})",
            f"health     {server['health'].get('status')}",
        ]

    show(data, as_json, lines)
    return 0 if server else 1


def running(found: Settings) -> dict[str, Any] | None:
    """The running server with its health; None when there is none."""
    import psutil

    try:
        data = json.loads(found.server_file.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    if not psutil.pid_exists(int(data.get("pid", 0))):
        return None
    try:
        with urllib.request.urlopen(f"{data['url']}alm/health/ready", timeout=5) as reply:  # noqa: S310 - our own file
            health = json.loads(reply.read())
    except (OSError, ValueError) as error:
        health = {"status": "failing", "detail": str(error)}
    return {"url": data["url"], "pid": data["pid"], "health": health}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: fine or not, and how to mend it."""

    name: str
    ok: bool
    detail: str
    mend: str = ""


@click.command()
@data_dir_option
@json_option
def doctor(data_dir: str | None, as_json: bool) -> int:
    """What is wrong with this installation, and how to mend it; exit code 1 when something is."""
    found = settings(data_dir)
    checks = [
        run(check, found)
        for check in (check_python, check_space, check_data, check_extension, check_plugins, check_database)
    ]
    show(
        checks,
        as_json,
        lambda: [f"{'ok ' if c.ok else 'BAD'}  {c.name:12} {c.detail}{'' if c.ok else f' — {c.mend}'}" for c in checks],
    )
    return 0 if all(check.ok for check in checks) else 1


def run(check: Callable[[Settings], Check], found: Settings) -> Check:
    """A check that fails in an unexpected way has found something."""
    try:
        return check(found)
    except AlmError as error:
        return Check(check.__name__.removeprefix("check_"), False, error.detail, "see above")


def check_python(found: Settings) -> Check:
    """A supported Python."""
    ok = sys.version_info >= (3, 11)
    return Check("python", ok, platform.python_version(), "install Python 3.11 or newer")


def check_space(found: Settings) -> Check:
    """Room for data."""
    place = next(p for p in (found.data_dir, *found.data_dir.parents) if p.exists())
    free = shutil.disk_usage(place).free
    return Check(
        "disk", free > ENOUGH_BYTES, f"{free / 1e9:.1f} GB free", "free some space, or choose another --data-dir"
    )


def check_data(found: Settings) -> Check:
    """A data directory we can write."""
    if not found.data_dir.exists():
        return Check("data", True, f"{found.data_dir} (made by the first start)")
    found.prepare()
    return Check("data", True, str(found.data_dir))


def check_extension(found: Settings) -> Check:
    """The Lab extension and the dashboards' bundle."""
    from jupyter_core.paths import jupyter_path

    from alm_workbench.server.lab_app import PACKAGED

    places = [PACKAGED / "package.json"]
    from pathlib import Path

    places += [Path(p) / "labextensions" / "alm-workbench" / "package.json" for p in jupyter_path()]
    there = next((p for p in places if p.exists()), None)
    return Check(
        "extension",
        there is not None,
        str(there.parent) if there else "not found",
        "run `make install`, or install the wheel",
    )


def check_plugins(found: Settings) -> Check:
    """Plugins that load."""
    from alm_workbench.shared.plugins import Plugins

    broken = [f"{i.name}: {i.error}" for i in Plugins().infos if i.error]
    return Check("plugins", not broken, "; ".join(broken) or "all loaded", "update or uninstall the plugin")


def check_database(found: Settings) -> Check:
    """A database that answers, at the newest schema."""
    from alm_workbench.databases import database_of, rls_findings, schema_revision, there_is_a_workbench

    if not there_is_a_workbench(found):
        return Check("database", True, "none yet; `alm lab` makes it")
    with database_of(found, upgrade=False) as database:
        revision, head = schema_revision(database)
        if revision is None:
            return Check("database", True, "empty; the first start fills it")
        if revision != head:
            return Check("database", False, f"schema {revision}, newest is {head}", "run `alm db upgrade`")
        findings = rls_findings(database)
        return Check(
            "database", not findings, f"schema {revision}, {len(findings)} isolation findings", "run `alm db check-rls`"
        )
