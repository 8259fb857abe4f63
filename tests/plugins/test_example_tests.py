"""The example plugin's own tests: a third party's, with the suites that the workbench ships."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.factories.packages import ROOT

EXAMPLE = ROOT / "extensions" / "alm-example"


def test_the_example_passes_its_tests() -> None:
    """Run as its author would, without this project's configuration."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", "tests"],
        cwd=EXAMPLE,
        env={**os.environ, "PYTHONPATH": f"{EXAMPLE}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "12 passed" in done.stdout
