"""ALM Workbench: declare your process in manifests, live in it from notebooks, dashboards and scripts.

``import alm_workbench as alm`` stays light; everything heavy is loaded when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from alm_workbench.errors import AccessDenied as AccessDenied
    from alm_workbench.errors import AlmError as AlmError
    from alm_workbench.errors import Conflict as Conflict
    from alm_workbench.errors import ImportRejected as ImportRejected
    from alm_workbench.errors import InvalidInput as InvalidInput
    from alm_workbench.errors import ManifestProblem as ManifestProblem
    from alm_workbench.errors import NotFound as NotFound
    from alm_workbench.errors import StaleVersion as StaleVersion
    from alm_workbench.errors import TransitionDenied as TransitionDenied
    from alm_workbench.notebook import Workbench as Workbench
    from alm_workbench.notebook import connect as connect

_LAZY = {
    **dict.fromkeys(
        (
            "AccessDenied",
            "AlmError",
            "Conflict",
            "ImportRejected",
            "InvalidInput",
            "ManifestProblem",
            "NotFound",
            "StaleVersion",
            "TransitionDenied",
        ),
        "alm_workbench.errors",
    ),
    "Workbench": "alm_workbench.notebook",
    "connect": "alm_workbench.notebook",
}

__all__ = ["__version__", *sorted(_LAZY)]


def __getattr__(name: str) -> Any:
    module = _LAZY.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(module), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})


def load_ipython_extension(shell: Any) -> None:
    """``%load_ext alm_workbench``: the magics ``%alm`` and ``%%alm_sql``."""
    from alm_workbench.notebook.magics import register

    register(shell)


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "alm-workbench"}]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    return [{"module": "alm_workbench.server.app"}]
