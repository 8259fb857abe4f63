"""The Jupyter Server extension: ALM routes beside Lab's own, behind one log-in."""

from __future__ import annotations

import atexit
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from alm_workbench.errors import Unavailable
from alm_workbench.server.application import Application
from alm_workbench.server.handlers import ApiHandler
from alm_workbench.server.identity import AlmIdentityProvider, Owner
from alm_workbench.server.kernel_user import KernelUser
from alm_workbench.server.kernels import AlmKernelManager
from alm_workbench.server.routes import alm_handlers
from alm_workbench.server.static_files import static_rules


@dataclass
class Served:
    """What ``alm lab`` hands to the extension of the server it is about to start."""

    application: Application
    owner_user_id: UUID
    owner_tenant_id: UUID
    dashboards_url: str | None
    on_ready: Callable[[Any], None]
    kernel_alive: Callable[[Callable[[str], bool]], None]
    kernel_user: KernelUser | None = None
    kernel_home: Path | None = None


served: Served | None = None


def _load_jupyter_server_extension(server: Any) -> None:
    """Add our routes; without ``alm lab`` around it the server says so instead of failing silently."""
    base = server.web_app.settings["base_url"]
    rules: list[Any] = list(static_rules(base))
    if served is None:
        server.web_app.add_handlers(".*$", [*rules, (rf"{base}alm/(?:api|health)/.*", NotServedHandler)])
        server.log.info("alm_workbench: not started by `alm lab`; the ALM API answers 503")
        return
    server.web_app.add_handlers(".*$", [*rules, *alm_handlers(served.application, base)])
    identity = server.identity_provider
    owner = Owner(served.owner_user_id, served.owner_tenant_id)
    if isinstance(identity, AlmIdentityProvider):
        identity.bind(
            served.application, owner=owner, dashboards_url=served.dashboards_url or "", run=served.application.run
        )
    kernels = server.kernel_manager
    if isinstance(kernels, AlmKernelManager):
        tokens = served.application.tokens
        kernels.owner = (served.owner_user_id, served.owner_tenant_id)
        kernels.token_for = lambda user, tenant, kernel: tokens.issue(user, tenant, "kernel", kernel)[0]
        kernels.api_url = f"{server.connection_url.split('?', 1)[0].rstrip('/').removesuffix('/lab')}/alm/api/v1"
        served.kernel_alive(kernels.lives)
        if served.kernel_user is not None and served.kernel_home is not None:
            kernels.run_as(served.kernel_user, served.kernel_home)
            atexit.register(kernels.forget_user)
    served.on_ready(server)


class NotServedHandler(ApiHandler):
    """Says how to start the workbench, in a server that was not started by it."""

    counted = False

    def initialize(self) -> None:  # type: ignore[override]
        pass

    def check_xsrf_cookie(self) -> None:
        pass

    def prepare(self) -> None:
        raise Unavailable("This Jupyter server runs without the workbench; start it with `alm lab`")


def write_server_file(path: Path, url: str, token: str, pid: int) -> None:
    """Tell this user's scripts where the server is (mode 0600)."""
    import os
    import tempfile

    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump({"url": url, "token": token, "pid": pid}, file)
    os.replace(name, path)
