"""Kernels of Lab: each gets a token with its user's rights, and none of the server's secrets."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager

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

    def pre_start_kernel(self, kernel_name: str | None, kwargs: Any) -> Any:
        """Give the kernel that is about to start its environment."""
        manager, name, kernel_id = super().pre_start_kernel(kernel_name, kwargs)
        kwargs["env"] = self.environment(kwargs.get("env") or os.environ, kernel_id)
        return manager, name, kernel_id

    def environment(self, given: Mapping[str, str], kernel_id: str) -> dict[str, str]:
        """``given`` without secrets, with the address of the API and the kernel's own token."""
        env = scrubbed(given)
        who = asking() or self.owner
        if self.token_for is not None and who is not None:
            env["ALM_API_URL"] = self.api_url
            env["ALM_TOKEN"] = self.token_for(*who, kernel_id)
        return env


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
