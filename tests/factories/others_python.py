"""A Python that every user of the machine may run, wherever the one of the tests lies."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.factories.database import short_dir

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = shutil.ignore_patterns("site-packages", "test", "tests", "idlelib", "__pycache__", "config-*")


def stranger(*not_these: str) -> pwd.struct_passwd | None:
    """A user of this machine who is nobody in particular; None where root is not ours or there is no such user."""
    if os.geteuid() != 0:
        return None
    for name in ("games", "daemon", "bin", "www-data", "nobody"):
        if name not in not_these:
            try:
                return pwd.getpwnam(name)
            except KeyError:
                continue
    return None


@dataclass(frozen=True)
class OthersPython:
    """Where it is, and what its environment needs."""

    path: str
    env: dict[str, str]


def may_run(python: str, user: pwd.struct_passwd) -> bool:
    """Whether somebody else can start a Python and load the kernel with it."""
    options = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    try:
        done = subprocess.run([python, "-c", "import ipykernel"], cwd="/", capture_output=True, check=False, **options)  # type: ignore[call-overload]
    except OSError:
        return False
    return bool(done.returncode == 0)


@contextmanager
def python_for(user: pwd.struct_passwd) -> Iterator[OthersPython]:
    """A Python with our packages that ``user`` may run: ours, or a copy of its base with a way to them."""
    if may_run(sys.executable, user):
        yield OthersPython(sys.executable, {})
        return
    home = short_dir("alm-python-")
    home.chmod(0o755)
    try:
        # the copy would otherwise find another build's library on the machine
        yield OthersPython(str(copied(home)), {"LD_LIBRARY_PATH": str(home / "base/lib")})
    finally:
        shutil.rmtree(home, ignore_errors=True)


def copied(home: Path) -> Path:
    """The base installation without what it does not need, and an environment on top that leads to our packages."""
    base, version = Path(sys.base_prefix), f"python{sys.version_info.major}.{sys.version_info.minor}"
    (home / "base/bin").mkdir(parents=True)
    shutil.copy(base / "bin" / version, home / "base/bin" / version)
    shutil.copytree(base / "lib" / version, home / "base/lib" / version, ignore=LEFT_OUT, symlinks=True)
    for library in (base / "lib").glob("libpython*"):
        shutil.copy(library, home / "base/lib" / library.name)
    packages = home / "venv/lib" / version / "site-packages"
    packages.mkdir(parents=True)
    python = home / "venv/bin/python"
    python.parent.mkdir()
    python.symlink_to(home / "base/bin" / version)
    (home / "venv/pyvenv.cfg").write_text(f"home = {home / 'base/bin'}\ninclude-system-site-packages = false\n")
    installed = [path for path in sys.path if path.endswith("site-packages")]
    lines = [f"import site; site.addsitedir({path!r})" for path in installed]
    (packages / "ours.pth").write_text("\n".join([*lines, str(ROOT), ""]))
    for name in ("share", "etc"):
        if (Path(sys.prefix) / name).exists():
            (home / "venv" / name).symlink_to(Path(sys.prefix) / name)
    return python
