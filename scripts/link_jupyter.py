"""Let every Jupyter of this environment find the extension in the source tree: a link and a copied server config.

A wheel installs the same two things; `make install` calls this for the editable install.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def link(prefix: Path) -> None:
    """Put both under an environment's prefix, replacing what an earlier run or a wheel left there."""
    lab = prefix / "share" / "jupyter" / "labextensions" / "alm-workbench"
    lab.parent.mkdir(parents=True, exist_ok=True)
    if lab.is_symlink():
        lab.unlink()
    elif lab.exists():
        shutil.rmtree(lab)
    built = ROOT / "alm_workbench" / "labextension"
    try:
        lab.symlink_to(os.path.relpath(built, lab.parent), target_is_directory=True)
    except OSError:  # no links on this file system
        shutil.copytree(built, lab)
    shutil.copyfile(ROOT / "extensions" / "jupyterlab-alm" / "install.json", built / "install.json")
    config = prefix / "etc" / "jupyter" / "jupyter_server_config.d" / "alm_workbench.json"
    config.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(ROOT / "deploy" / "jupyter" / "jupyter_server_config.json", config)


if __name__ == "__main__":
    if sys.prefix == sys.base_prefix:
        sys.exit("Run this with the Python of a virtual environment, never with the system's.")
    link(Path(sys.prefix))
