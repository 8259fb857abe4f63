"""The example plugin, packaged as a third party would: installed, used, removed; its data stays, read-only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from alm_workbench.storage.bootstrap import Dsns
from tests.factories.packages import ROOT, Environment, build_wheel

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).with_name("in_environment.py")
BROKEN = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "alm-broken"
version = "0.1.0"
[project.entry-points.alm_workbench]
alm-broken = "alm_broken"
[tool.hatch.build.targets.wheel]
packages = ["alm_broken"]
"""


def inside(clean: Environment, dsns: Dsns, data_dir: Path, step: str) -> dict[str, Any]:
    """Run one step of the script in the environment, on the database of the test; what it printed as JSON."""
    variables = {
        "ALM_DSN": dsns.app,
        "ALM_OWNER_DSN": dsns.owner,
        "ALM_WORKER_DSN": dsns.worker,
        "ALM_MIRROR_DSN": dsns.mirror,
    }
    out = clean.run("python", SCRIPT, step, data_dir, **variables)
    answer: dict[str, Any] = json.loads(out.strip().splitlines()[-1])
    return answer


def listed(clean: Environment, *, code: int = 0) -> dict[str, str | None]:
    """Name and error of the third-party plugins, as `alm plugins list` shows them."""
    program = "import subprocess, sys; d = subprocess.run(sys.argv[1:], capture_output=True, text=True); print(d.returncode); print(d.stdout)"
    first, _, rest = clean.run(
        "python", "-c", program, clean.prefix / "bin" / "alm", "plugins", "list", "--json"
    ).partition("\n")
    assert int(first) == code
    return {info["name"]: info["error"] for info in json.loads(rest) if not info["built_in"]}


def test_a_plugin_comes_and_goes(clean: Environment, module_db: Dsns, tmp_path: Path) -> None:
    """Install: function, report, widget and messages work. Uninstall: its data is readable and not writable."""
    data_dir = tmp_path / "data"
    assert listed(clean) == {}
    clean.install(build_wheel(ROOT / "extensions" / "alm-example", tmp_path / "wheels"))
    assert listed(clean) == {"alm-example": None}

    used = inside(clean, module_db, data_dir, "use")
    assert used["created"] == "S3 E4 C2 passed the guard"
    assert "riskScore" in used["refused"]
    assert used["report"] == [[9, 1], [3, 2]]
    assert used["widget"] == ["RiskBadge", 9, "C"]
    assert used["appetite"] == {"score": 8, "asil": "B"}
    assert used["routes"] == ["GET /risk/appetite", "PUT /risk/appetite"]

    clean.uninstall("alm-example")
    assert listed(clean) == {}
    left = inside(clean, module_db, data_dir, "after")
    assert left["values"] == [{"key": "risk_appetite", "value": 8, "writable": False}]
    assert left["refused"] == [
        "Conflict",
        "the plugin alm-example is not installed; what it kept can be read but not changed",
    ]
    assert left["reports"] == []
    assert left["history"] == ["INITIAL"]


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("import nowhere_to_be_found", "ModuleNotFoundError: No module named 'nowhere_to_be_found'"),
        (
            "from alm_workbench.shared.plugins import hookimpl\n@hookimpl\ndef alm_functions():\n    raise RuntimeError('no functions today')\n",
            "RuntimeError: no functions today",
        ),
        (
            "from alm_workbench.shared.plugins import hookimpl\n@hookimpl\ndef alm_reports():\n    return 5\n",
            "TypeError: 'int' object is not iterable",
        ),
    ],
    ids=["at import", "in a hook", "a wrong answer"],
)
def test_a_broken_plugin_is_listed_and_left_out(clean: Environment, tmp_path: Path, code: str, error: str) -> None:
    """It is shown with its error, `alm plugins list` ends with 1, and the other plugins work."""
    package = tmp_path / "broken"
    (package / "alm_broken").mkdir(parents=True)
    (package / "pyproject.toml").write_text(BROKEN, "utf-8")
    (package / "alm_broken" / "__init__.py").write_text(code, "utf-8")
    clean.install(build_wheel(package, tmp_path / "wheels"))
    try:
        assert listed(clean, code=1) == {"alm-broken": error}
        assert clean.run("alm", "--version")
    finally:
        clean.uninstall("alm-broken")
