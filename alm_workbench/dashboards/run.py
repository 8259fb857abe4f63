"""Starts the dashboards server: what ``alm dashboards`` runs, and what ``alm lab`` starts as a child."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alm_workbench.server.identity import Owner, Runner, load_cookie_secret
from alm_workbench.server.sessions import SessionService


@dataclass(frozen=True, slots=True)
class DashboardSettings:
    """How to serve the dashboards.

    ``secrets_dir`` holds the cookie secret that Lab shares, so that one log-in serves both. ``owner`` sees a link to
    ``lab_url``. With ``parent_pid`` the server ends when that process, its parent, is gone.
    """

    secrets_dir: Path
    notebooks: Path
    port: int = 8866
    ip: str = "127.0.0.1"
    base_url: str = "/"
    lab_url: str = ""
    owner: Owner | None = None
    cull_seconds: int = 600
    parent_pid: int | None = None


def announce(url: str) -> None:
    """Say where the dashboards are."""
    print(f"Dashboards: {url}", flush=True)


def main(
    settings: DashboardSettings,
    service: SessionService,
    api_rules: Sequence[Any],
    *,
    run: Runner[Any] | None = None,
    on_ready: Callable[[str], None] = announce,
) -> int:
    """Serve until SIGINT or SIGTERM; 0 then. Raises ``ConfigurationError`` when the port is taken.

    ``api_rules`` are the tornado rules of the REST API below ``settings.base_url``. Every kernel is stopped on the way
    out. ``run`` calls a blocking function on the application's own threads.
    """
    from alm_workbench.dashboards.app import AlmVoila

    # the one application of this process: its log is where handlers and renderers write to
    app = AlmVoila.instance(
        notebooks=settings.notebooks,
        api_rules=api_rules,
        bind=lambda identity: identity.bind(service, owner=settings.owner, lab_here=False, run=run),
        cookie_secret=load_cookie_secret(settings.secrets_dir),
        port=settings.port,
        ip=settings.ip,
        base_url=settings.base_url,
        lab_url=settings.lab_url,
        cull_seconds=settings.cull_seconds,
        parent_pid=settings.parent_pid,
        on_ready=on_ready,
    )
    app.initialize()
    app.start()
    return 0
