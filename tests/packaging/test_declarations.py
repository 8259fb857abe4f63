"""What is declared twice agrees, and no declaration names a machine."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

from alm_workbench import __version__
from scripts.conda_environment import environment_text
from tests.factories.packages import ROOT

NPM = ("extensions/jupyterlab-alm", "extensions/ui")


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    """The table `project` of pyproject.toml."""
    table: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return table


def locked() -> dict[str, set[str]]:
    """Versions in the lock by package; some packages have one for each Python version."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)==([^\s;\\]+)", (ROOT / "requirements.lock").read_text("utf-8"), re.M):
        found.setdefault(canonical(name), set()).add(version)
    return found


def canonical(name: str) -> str:
    """A distribution's name in its one form."""
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("package", NPM)
def test_one_version(project: dict[str, Any], package: str) -> None:
    """pyproject.toml, package.json, its lock and `alm_workbench.__version__` say the same."""
    own = json.loads((ROOT / package / "package.json").read_text("utf-8"))["version"]
    lock = json.loads((ROOT / package / "package-lock.json").read_text("utf-8"))
    assert {project["version"], own, lock["version"], lock["packages"][""]["version"]} == {__version__}


def test_the_lock_satisfies_pyproject(project: dict[str, Any]) -> None:
    """Every dependency is in requirements.lock at versions that its range allows (`make lock` writes it)."""
    versions = locked()
    for text in [*project["dependencies"], *project["optional-dependencies"]["dev"]]:
        requirement = Requirement(text)
        found = versions.get(canonical(requirement.name), set())
        assert found, f"{text} is not in requirements.lock; run `make lock`"
        assert all(requirement.specifier.contains(v, prereleases=True) for v in found), f"{text}: the lock has {found}"


def test_every_locked_package_has_hashes() -> None:
    """What is installed for development is exactly what was locked."""
    blocks = re.split(r"^(?=[\w.-]+==)", (ROOT / "requirements.lock").read_text("utf-8"), flags=re.M)
    assert [b.split()[0] for b in blocks if "==" in b and "--hash=sha256:" not in b] == []


def test_conda_says_the_same() -> None:
    """environment.yml is what `scripts/conda_environment.py --write` makes of pyproject.toml."""
    text = (ROOT / "environment.yml").read_text("utf-8")
    assert text == environment_text(ROOT / "pyproject.toml"), (
        "run `.venv/bin/python scripts/conda_environment.py --write`"
    )
    environment = yaml.safe_load(text)
    assert environment["channels"] == ["conda-forge"]
    assert "nodejs>=20" in environment["dependencies"]


@pytest.mark.parametrize("package", NPM)
def test_npm_locks_name_no_registry(package: str) -> None:
    """Locks hold versions and hashes, and leave it to the machine where packages come from."""
    lock = json.loads((ROOT / package / "package-lock.json").read_text("utf-8"))
    assert [name for name, entry in lock["packages"].items() if "resolved" in entry] == []
    assert "omit-lockfile-registry-resolved=true" in (ROOT / package / ".npmrc").read_text("utf-8").split()


@pytest.mark.parametrize("package", NPM)
def test_npm_locks_are_complete(package: str) -> None:
    """`npm ci` works on every platform: what the lock asks for is in the lock."""
    packages = json.loads((ROOT / package / "package-lock.json").read_text("utf-8"))["packages"]
    missing = {
        name
        for entry in packages.values()
        for name in entry.get("optionalDependencies", {})
        if name.startswith(("@rollup/", "@esbuild/", "@rspack/")) and f"node_modules/{name}" not in packages
    }
    assert missing == set()


def test_nothing_committed_names_a_machine() -> None:
    """No address of a package index or mirror, and no home directory, in any tracked file."""
    strange = re.compile(
        rb"(?i)\b(--index-url|--extra-index-url|--find-links|--trusted-host)\b|/root/|/home/[a-z]+/|/Users/[a-z]+/"
    )
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True)
    if done.returncode != 0:
        pytest.skip("not a git checkout")
    files = [
        ROOT / name for name in done.stdout.decode().split("\0") if name and not name.startswith("tests/packaging/")
    ]
    found = [str(f.relative_to(ROOT)) for f in files if f.is_file() and strange.search(f.read_bytes())]
    assert found == []


def test_the_example_fits(project: dict[str, Any]) -> None:
    """The example plugin allows this version of the workbench."""
    text = (ROOT / "extensions/alm-example/pyproject.toml").read_text("utf-8")
    (requirement,) = (
        Requirement(t) for t in tomllib.loads(text)["project"]["dependencies"] if t.startswith("alm-workbench")
    )
    assert requirement.specifier.contains(project["version"])


@pytest.mark.parametrize(
    "target", ["install", "lab", "test", "lint", "types", "js", "wheel", "bench", "docs-check", "clean"]
)
def test_make_help_names_every_target(target: str) -> None:
    """`make` and `make help` list the targets with a sentence each."""
    done = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert re.search(rf"^  make {target} +\w", done.stdout, re.M)


def test_the_makefile_says_what_is_missing(tmp_path: Path) -> None:
    """Without a new enough Python, or without Node, one sentence and not a trace."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("bash", "dirname", "cat"):
        (tools / name).symlink_to(f"/usr/bin/{name}")
    scripts = tmp_path / "project" / "scripts"
    scripts.mkdir(parents=True)
    for script, sentence in {
        "install_python.sh": "Python 3.11 or newer is needed",
        "check_node.sh": "needs Node 20 or newer",
    }.items():
        (scripts / script).write_bytes((ROOT / "scripts" / script).read_bytes())
        done = subprocess.run(
            [str(tools / "bash"), str(scripts / script)], env={"PATH": str(tools)}, capture_output=True, text=True
        )
        assert done.returncode == 2
        assert sentence in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
