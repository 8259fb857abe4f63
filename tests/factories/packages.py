"""Wheels built from this source tree, and clean environments to install them into.

def test_x(wheel: Path): ...          the built wheel of the workbench
def test_y(clean: Environment): ...   a new environment of the module that holds the wheel and nothing of the source tree
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "requirements.lock"
BUILT = (ROOT / "alm_workbench/labextension/package.json", ROOT / "alm_workbench/server/static/alm-report.js")


def run(arguments: Sequence[str | Path], **options: object) -> subprocess.CompletedProcess[str]:
    """Run a program to its end; fails the test with everything that it printed."""
    done = subprocess.run(
        [str(a) for a in arguments],
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        **options,  # type: ignore[call-overload]
    )
    assert done.returncode == 0, f"{' '.join(map(str, arguments))} ended with {done.returncode}:\n{done.stdout}"
    return done  # type: ignore[no-any-return]


def uv(*arguments: str | Path, **options: object) -> None:
    """Run uv, from its cache if that holds everything."""
    program = Path(sys.executable).with_name("uv")
    try:
        run([program, "--quiet", "--offline", *arguments], **options)
    except AssertionError:
        run([program, "--quiet", *arguments], **options)


@dataclass(frozen=True)
class Environment:
    """A virtual environment without the source tree; its programs run in a directory of their own, without Node."""

    prefix: Path
    home: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.prefix / "bin" / "python"

    def variables(self, **more: str) -> Mapping[str, str]:
        """What its programs see: only its own programs and the system's, and neither Python path nor settings of ours."""
        path = f"{self.prefix / 'bin'}:/usr/bin:/bin"
        path = ":".join(part for part in path.split(":") if not (Path(part) / "node").exists())
        kept = {name: os.environ[name] for name in ("LANG", "TZ", "UV_CACHE_DIR") if name in os.environ}
        return {**kept, "PATH": path, "HOME": str(self.home), "TMPDIR": "/tmp", **more}

    def install(self, *packages: str | Path) -> None:
        """Install packages, at the versions of the lock where it has one."""
        uv("pip", "install", "--python", self.python, "--constraint", LOCK, *packages)

    def uninstall(self, *packages: str) -> None:
        """Remove packages."""
        uv("pip", "uninstall", "--python", self.python, *packages)

    def run(self, *arguments: str | Path, **more: str) -> str:
        """Run a program of the environment; its output."""
        program = self.prefix / "bin" / arguments[0]
        return run([program, *arguments[1:]], cwd=self.home, env=self.variables(**more), timeout=240).stdout

    def start(self, *arguments: str | Path, log: Path) -> subprocess.Popen[bytes]:
        """Start a program of the environment in a session of its own."""
        with log.open("wb") as out:
            return subprocess.Popen(
                [str(self.prefix / "bin" / arguments[0]), *map(str, arguments[1:])],
                cwd=self.home,
                env=self.variables(),
                stdout=out,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )


def build_wheel(source: Path, target: Path) -> Path:
    """Build a project's wheel with the build tools of this environment."""
    target.mkdir(parents=True, exist_ok=True)
    run([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", target, source])
    (found,) = target.glob("*.whl")
    return found


def make_environment(directory: Path) -> Environment:
    """An empty environment."""
    home = directory / "home"
    home.mkdir(parents=True)
    uv("venv", "--python", sys.executable, directory / "venv")
    return Environment(directory / "venv", home)


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the workbench; the front end must have been built (`make install` does)."""
    target = tmp_path_factory.getbasetemp() / "wheel"
    if target.exists():
        return next(target.glob("*.whl"))
    missing = [str(path.relative_to(ROOT)) for path in BUILT if not path.exists()]
    assert not missing, f"the front end is not built ({', '.join(missing)}); run `make install`"
    return build_wheel(ROOT, target)


@pytest.fixture(scope="module")
def clean(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """A new environment with the wheel and its dependencies at the locked versions."""
    environment = make_environment(tmp_path_factory.mktemp("clean"))
    environment.install(wheel)
    return environment


def leave_nothing(directory: Path) -> None:
    """Remove a data directory that the dropped user of the database may own."""
    shutil.rmtree(directory, ignore_errors=True)
