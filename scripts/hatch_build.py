"""Build hook: the front end into the place where Jupyter looks for it, the data directories into the package."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

LABEXTENSION = "share/jupyter/labextensions/alm-workbench"
SERVER_CONFIG = "etc/jupyter/jupyter_server_config.d/alm_workbench.json"
DATA = ("alm_meta", "migrations", "notebooks")
NPM_PACKAGES = {"extensions/jupyterlab-alm": "build:prod", "extensions/ui": "build"}
BUILT = ("alm_workbench/labextension/package.json", "alm_workbench/server/static/alm-report.js")
LEFT_OUT = {"__pycache__", ".ipynb_checkpoints", "build_log.json", "install.json"}


class FrontEndAndData(BuildHookInterface[Any]):
    """Runs for wheels and source distributions; an editable install takes everything from the source tree."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build what is not built yet, and say which file goes where in a wheel."""
        if version != "standard":
            return
        root = Path(self.root)
        _build_front_end(root)
        if self.target_name != "wheel":
            return
        lab = root / "alm_workbench" / "labextension"
        _same_version(lab / "package.json", self.metadata.version)
        shared = {str(file): f"{LABEXTENSION}/{file.relative_to(lab).as_posix()}" for file in files_below(lab)}
        shared[str(root / "extensions" / "jupyterlab-alm" / "install.json")] = f"{LABEXTENSION}/install.json"
        shared[str(root / "deploy" / "jupyter" / "jupyter_server_config.json")] = SERVER_CONFIG
        build_data["shared_data"].update(shared)
        for name in DATA:
            for file in files_below(root / name):
                build_data["force_include"][str(file)] = f"alm_workbench/_data/{file.relative_to(root).as_posix()}"


def files_below(directory: Path) -> Iterator[Path]:
    """Every file that ships, sorted."""
    for file in sorted(directory.rglob("*")):
        if file.is_file() and file.suffix != ".pyc" and not LEFT_OUT.intersection(file.relative_to(directory).parts):
            yield file


def _build_front_end(root: Path) -> None:
    if all((root / name).exists() for name in BUILT) or os.environ.get("SKIP_JUPYTER_BUILDER"):
        return
    from hatch_jupyter_builder.utils import npm_builder

    for package, script in NPM_PACKAGES.items():
        npm_builder("wheel", "standard", path=str(root / package), build_cmd=script, npm=["npm"])


def _same_version(package_json: Path, version: str) -> None:
    found = json.loads(package_json.read_text("utf-8"))["version"]
    if found != version:
        raise ValueError(
            f"the labextension was built as {found} and the project is {version}; build the front end again"
        )
