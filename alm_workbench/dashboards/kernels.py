"""Kernels behind dashboards: no secret in their environment, no execution from outside, one session each."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_client.jsonutil import json_default
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_core.utils import ensure_async
from jupyter_server.auth.identity import User
from jupyter_server.base.handlers import APIHandler, JupyterHandler
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from tornado import web
from traitlets import List, Unicode
from voila.tornado.kernel_websocket_handler import VoilaKernelWebsocketHandler

from alm_workbench.dashboards.components import IN_DASHBOARD
from alm_workbench.server.identity import AlmAuthorizer, AlmUser

KEPT = frozenset(
    {"PATH", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TMP", "TEMP", "SYSTEMROOT", "LD_LIBRARY_PATH", "PYTHONPATH"}
)
KEPT_FROM_VOILA = frozenset({"VOILA_BASE_URL", "VOILA_SERVER_URL"})
SOCKET_MESSAGES = ("comm_open", "comm_close", "comm_msg", "comm_info_request", "kernel_info_request")
SOURCE_TREE = Path(__file__).resolve().parents[2]
MAX_PER_SESSION = 4
MAX_KERNELS = 40


def kernel_environment(own: Mapping[str, str], wished: Mapping[str, str], home: Path) -> dict[str, str]:
    """What a dashboard kernel may know: an allow-list of harmless names, and an empty home of its own."""
    kept = {name: value for name, value in own.items() if name in KEPT or name.startswith("LC_")}
    asked = {name: str(value) for name, value in wished.items() if name in KEPT_FROM_VOILA}
    if "site-packages" not in SOURCE_TREE.parts:
        # a source tree that was started without being installed
        kept["PYTHONPATH"] = os.pathsep.join(filter(None, [str(SOURCE_TREE), kept.get("PYTHONPATH", "")]))
    places = {
        name: str(home) for name in ("HOME", "USERPROFILE", "IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR")
    }
    return kept | asked | places | {IN_DASHBOARD: "1", "PYTHONNOUSERSITE": "1", "PYTHONDONTWRITEBYTECODE": "1"}


class ScrubbedKernelManager(AsyncMappingKernelManager):
    """Starts kernels with the environment above, whatever was asked for."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)  # type: ignore[no-untyped-call]
        self.kernel_home = tempfile.TemporaryDirectory(prefix="alm-kernel-")

    async def start_kernel(self, **kwargs: Any) -> str:  # type: ignore[override]
        """Start a kernel; its id."""
        if len(self) >= MAX_KERNELS:
            raise web.HTTPError(503, "Too many dashboards are open")
        wished = kwargs.pop("env", None) or {}
        kwargs["env"] = kernel_environment(os.environ, wished, Path(self.kernel_home.name))
        kernel_id: str = await super()._async_start_kernel(**kwargs)
        return kernel_id


class NativeKernelSpecs(KernelSpecManager):
    """Only the Python this server runs on: kernel descriptions in a user's directories do not count."""

    kernel_dirs = List(Unicode(), default_value=[])

    def _kernel_dirs_default(self) -> list[str]:
        return []


@dataclass(slots=True)
class KernelOwners:
    """Which log-in session each kernel was started for."""

    sessions: dict[str, str] = field(default_factory=dict)

    def claim(self, kernel_id: str, session_id: str) -> list[str]:
        """Note the owner of a new kernel; the older ones of this session that are too many."""
        self.sessions[kernel_id] = session_id
        mine = [kernel for kernel, session in self.sessions.items() if session == session_id]
        return mine[:-MAX_PER_SESSION]

    def owns(self, kernel_id: str, session_id: str) -> bool:
        """Whether a session started this kernel."""
        return bool(session_id) and self.sessions.get(kernel_id) == session_id

    def forget(self, alive: set[str]) -> None:
        """Drop the kernels that are gone."""
        self.sessions = {kernel: session for kernel, session in self.sessions.items() if kernel in alive}


class SessionKernels:
    """The kernel manager as one page request sees it: what it starts belongs to the session of the request."""

    def __init__(self, manager: Any, owners: KernelOwners, session_id: str) -> None:
        self._manager, self._owners, self._session = manager, owners, session_id

    def __getattr__(self, name: str) -> Any:
        return getattr(self._manager, name)

    async def start_kernel(self, **kwargs: Any) -> str:
        """Start a kernel for this session, and stop those it has left behind."""
        kernel_id: str = await self._manager.start_kernel(**kwargs)
        self._owners.forget(set(self._manager.list_kernel_ids()))
        for old in self._owners.claim(kernel_id, self._session):
            await ensure_async(self._manager.shutdown_kernel(old, now=True))
        return kernel_id


class DashboardAuthorizer(AlmAuthorizer):
    """Our own pages and API, and the socket of one's own kernel; nothing else of Jupyter."""

    def is_authorized(self, handler: JupyterHandler, user: User, action: str, resource: str) -> bool:
        """Whether ``user`` may do ``action`` on ``resource``."""
        if not isinstance(user, AlmUser):
            return False
        if resource == "kernels":
            owners = handler.settings["alm_kernel_owners"]
            kernel_id = getattr(handler, "kernel_id", "")
            return isinstance(handler, OwnKernelSocket) and owners.owns(kernel_id, user.session_id)
        return resource == "alm"


class OwnKernelSocket(VoilaKernelWebsocketHandler):  # type: ignore[misc]
    """The socket between a page's widgets and the kernel that rendered them."""

    auth_resource = "alm"

    async def pre_get(self) -> None:
        """Refuse before anything tells whether a kernel with this id exists."""
        if not await ensure_async(self.authorizer.is_authorized(self, self.current_user, "execute", "kernels")):
            raise web.HTTPError(403)
        if self.kernel_id not in self.kernel_manager:
            raise web.HTTPError(404)
        await super().pre_get()


class OwnKernelHandler(APIHandler):
    """Base of what a page may ask about the kernel that rendered it; 403 for any other kernel."""

    auth_resource = "alm"

    def check_owner(self, kernel_id: str) -> None:
        """Refuse everybody but the session that the kernel was started for."""
        owners, user = self.settings["alm_kernel_owners"], self.current_user
        if not isinstance(user, AlmUser) or not owners.owns(kernel_id, user.session_id):
            raise web.HTTPError(403)


class OwnKernelModel(OwnKernelHandler):
    """Whether one's kernel still runs, which the widgets' front end asks before it connects."""

    @web.authenticated
    async def get(self, kernel_id: str) -> None:
        """Name and state of the kernel; 404 when it has gone."""
        self.check_owner(kernel_id)
        if kernel_id not in self.kernel_manager:
            raise web.HTTPError(404)
        model = await ensure_async(self.kernel_manager.kernel_model(kernel_id))  # type: ignore[no-untyped-call]
        await self.finish(json.dumps(model, default=json_default))


class OwnKernelShutdown(OwnKernelHandler):
    """Stops a kernel when its page is closed."""

    @web.authenticated
    async def post(self, kernel_id: str) -> None:
        """204 when it is stopped, or was already."""
        self.check_owner(kernel_id)
        if kernel_id in self.kernel_manager:
            await ensure_async(self.kernel_manager.shutdown_kernel(kernel_id))  # type: ignore[no-untyped-call]
        self.set_status(204)
        await self.finish()
