"""Kernels of Lab: each gets a token with its user's rights, and none of the server's secrets."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager, ServerKernelManager
from traitlets import List, Unicode

from alm_workbench.server.kernel_user import KernelUser, team_environment

TokenFor = Callable[[UUID, UUID, str], str]
SECRET_PREFIXES = ("ALM_", "PG", "JUPYTER_TOKEN", "JUPYTERHUB_API_TOKEN")
KEPT = frozenset({"ALM_API_URL"})


class AlmKernelManager(AsyncMappingKernelManager):
    """Starts kernels with ``ALM_API_URL`` and a ``ALM_TOKEN`` that is dead with the kernel."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)  # type: ignore[no-untyped-call]
        self.token_for: TokenFor | None = None
        self.api_url = ""
        self.owner: tuple[UUID, UUID] | None = None
        self.user: KernelUser | None = None
        self.home = Path()
        self._output: int | None = None

    def run_as(self, user: KernelUser, home: Path) -> None:
        """Start kernels as another user of the system from now on, with this home and no variable but harmless ones."""
        self.user, self.home = user, home
        # the usual place lies in the home of whoever runs the server
        self.connection_dir = tempfile.mkdtemp(prefix="alm-kernels-")
        os.chmod(self.connection_dir, 0o711)  # noqa: S103 - files in it are the kernel user's alone, names are random
        with user.files():
            self._output = os.open(home / "kernels.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)

    def pre_start_kernel(self, kernel_name: str | None, kwargs: Any) -> Any:
        """Give the kernel that is about to start its environment, and its user."""
        manager: Any
        manager, name, kernel_id = super().pre_start_kernel(kernel_name, kwargs)
        kwargs["env"] = self.environment(kwargs.get("env") or os.environ, kernel_id)
        if self.user is not None:
            manager.user = self.user
            # the server's own output may be a terminal, from which whoever holds it can read
            kwargs.update(self.user.process(), stdout=self._output, stderr=self._output)
            kwargs["cwd"] = kwargs.get("cwd") or self.root_dir
        return manager, name, kernel_id

    def environment(self, given: Mapping[str, str], kernel_id: str) -> dict[str, str]:
        """``given`` without secrets, with the address of the API and the kernel's own token."""
        env = scrubbed(given) if self.user is None else team_environment(given, self.user, self.home)
        who = asking() or self.owner
        if self.token_for is not None and who is not None:
            env["ALM_API_URL"] = self.api_url
            env["ALM_TOKEN"] = self.token_for(*who, kernel_id)
        return env

    def lives(self, kernel_id: str) -> bool:
        """Whether a kernel's process runs; what it left behind must not use its token any longer."""
        manager: Any = self._kernels.get(kernel_id)
        process = getattr(getattr(manager, "provisioner", None), "process", None)
        return process is not None and process.poll() is None

    def forget_user(self) -> None:
        """Remove the connection files of a server that ends, and let go of the kernels' log."""
        if self.user is not None:
            shutil.rmtree(self.connection_dir, ignore_errors=True)
        if self._output is not None:
            os.close(self._output)
            self._output = None


class AlmKernel(ServerKernelManager):
    """One kernel; what it needs to connect is readable by its user alone."""

    user: KernelUser | None = None

    def write_connection_file(self, **kwargs: Any) -> None:
        """Write the file and hand it to the kernel's user."""
        super().write_connection_file(**kwargs)
        if self.user is not None:
            os.chown(self.connection_file, self.user.uid, self.user.gid)


class NativeKernel(KernelSpecManager):
    """Only the Python this server runs on: a kernel description is a command, and whoever may write one chooses it."""

    kernel_dirs = List(Unicode(), default_value=[])

    def _kernel_dirs_default(self) -> list[str]:
        return []


def scrubbed(env: Mapping[str, str]) -> dict[str, str]:
    """An environment without what only the server may know."""
    return {k: v for k, v in env.items() if k in KEPT or not k.startswith(SECRET_PREFIXES)}


def asking() -> tuple[UUID, UUID] | None:
    """Who sent the request that is being handled now."""
    from jupyter_server import CallContext

    handler = CallContext.get(CallContext.JUPYTER_HANDLER)
    user = getattr(handler, "current_user", None)
    principal = getattr(user, "principal", None)
    if principal is None or principal.user_id is None:
        return None
    return principal.user_id, principal.tenant_id
