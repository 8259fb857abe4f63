"""What people touch in a notebook: connect, projects, items, reports, SQL. Everything is loaded on first use."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alm_workbench.notebook.artifact import Artifact as Artifact
    from alm_workbench.notebook.artifacts import ArtifactList as ArtifactList
    from alm_workbench.notebook.connecting import connect as connect
    from alm_workbench.notebook.projects import Project as Project
    from alm_workbench.notebook.results import Result as Result
    from alm_workbench.notebook.results import SqlFrame as SqlFrame
    from alm_workbench.notebook.workbench import Workbench as Workbench

_LAZY = {
    "Artifact": "artifact",
    "ArtifactList": "artifacts",
    "connect": "connecting",
    "Project": "projects",
    "Result": "results",
    "SqlFrame": "results",
    "Workbench": "workbench",
}

__all__ = ["Artifact", "ArtifactList", "Project", "Result", "SqlFrame", "Workbench", "connect"]


def __getattr__(name: str) -> Any:
    module = _LAZY.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{module}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})
