"""The file browser of profile *team*: every access to a file happens as the kernel user."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from jupyter_server.files.handlers import FilesHandler
from jupyter_server.services.contents.filecheckpoints import FileCheckpoints
from jupyter_server.services.contents.largefilemanager import LargeFileManager
from traitlets import default

from alm_workbench.server.kernel_user import KernelUser

JUPYTERS = "jupyter_server.services.contents"


class TeamFiles(LargeFileManager):
    """Jupyter's file manager with another identity; synchronous, so that the identity never outlives a call."""

    user: KernelUser | None = None

    @default("checkpoints_class")
    def _plain_checkpoints(self) -> type[FileCheckpoints]:
        return FileCheckpoints

    @default("files_handler_class")
    def _through_this_manager(self) -> type[FilesHandler]:
        # the default one opens files itself
        return FilesHandler

    @default("files_handler_params")
    def _no_parameters(self) -> dict[str, Any]:
        return {"path": self.root_dir}


def as_user(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method whose file accesses are the kernel user's; refuses to work without one."""

    @functools.wraps(method)
    def call(self: TeamFiles, *args: Any, **more: Any) -> Any:
        if TeamFiles.user is None:
            raise PermissionError("no kernel user is set")
        with TeamFiles.user.files():
            return method(self, *args, **more)

    return call


def public_methods() -> dict[str, Callable[..., Any]]:
    """Every method that handlers may call, however deep it is inherited."""
    found: dict[str, Callable[..., Any]] = {}
    for base in LargeFileManager.__mro__:
        if base.__module__.startswith(JUPYTERS):
            for name, value in vars(base).items():
                if not name.startswith("_") and callable(value) and not isinstance(value, type):
                    found.setdefault(name, value)
    return found


for _name, _method in public_methods().items():
    if type(_method).__name__ == "function":
        setattr(TeamFiles, _name, as_user(_method))
