"""Profile *team*: kernels and the files of the workspace belong to another user of the operating system.

The server keeps the secrets, so it must not be the one who reads and writes files on behalf of code that a kernel runs:
a link in the workspace would lead it anywhere. It takes the kernel user's identity for every access to these files
(``setfsuid(2)``, per thread), and starts kernels under that user.
"""

from __future__ import annotations

import ctypes
import functools
import json
import os
import pwd
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alm_workbench.config import Settings
from alm_workbench.errors import ConfigurationError

KEPT = frozenset({"PATH", "LANG", "LANGUAGE", "TZ", "LD_LIBRARY_PATH", "PYTHONPATH"})
SOURCE_TREE = Path(__file__).resolve().parents[2]
_PROBE = """
import importlib.util, json, os, sys
def closed(path):
    try:
        open(path, 'rb').close()
    except OSError:
        return True
    return False
def listed(path):
    try:
        os.listdir(path)
    except OSError:
        return False
    return True
ask = json.load(sys.stdin)
print(json.dumps({
    'kernel': importlib.util.find_spec('ipykernel') is not None,
    'workspace': all(os.access(p, os.R_OK | os.W_OK | os.X_OK) for p in ask['own']),
    'leaks': [p for p in ask['files'] if not closed(p)] + [p for p in ask['folders'] if listed(p)],
}))
"""


@dataclass(frozen=True, slots=True)
class KernelUser:
    """Who kernels run as."""

    name: str
    uid: int
    gid: int

    def process(self) -> dict[str, Any]:
        """Arguments that make ``subprocess`` start a child as this user, without any further group."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    @contextmanager
    def files(self) -> Iterator[None]:
        """Files are opened, made and looked for as this user meanwhile, by this thread alone; may be nested."""
        if os.getgroups():  # they would hold for these files too; whoever may be anybody needs none
            os.setgroups([])
        libc = _libc()
        gid, uid = libc.setfsgid(self.gid), libc.setfsuid(self.uid)
        try:
            # setfsuid has no way to say that it failed; -1 changes nothing and tells who we are
            if libc.setfsuid(-1) != self.uid:
                raise PermissionError(f"cannot take the identity of {self.name}")
            yield
        finally:
            libc.setfsuid(uid)
            libc.setfsgid(gid)


@functools.cache
def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True)


def find_kernel_user(name: str) -> KernelUser:
    """The user of that name; raises ``ConfigurationError`` where kernels cannot or must not run as it."""
    if not sys.platform.startswith("linux"):
        raise ConfigurationError("Profile team needs Linux; use --profile personal.")
    if os.geteuid() != 0:
        raise ConfigurationError(
            "Profile team starts kernels as another user, which only root may; start as root or use --profile personal."
        )
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        raise ConfigurationError(f"There is no user {name!r} on this machine; make one for --kernel-user.") from None
    if entry.pw_uid == 0:
        raise ConfigurationError("The kernel user must not be root; name another with --kernel-user.")
    return KernelUser(entry.pw_name, entry.pw_uid, entry.pw_gid)


def refuse_owner_of_data(user: KernelUser, settings: Settings) -> None:
    """The database's own user may read all of its files; raises ``ConfigurationError`` when kernels would be it."""
    for place in (settings.data_dir, settings.data_dir / "pg", settings.data_dir / "pg" / "pgdata"):
        if place.exists() and place.stat().st_uid == user.uid:
            raise ConfigurationError(
                f"{user.name} owns {place}, so kernels of that user could read the data of every organisation; "
                "name another user with --kernel-user."
            )


def own_places(user: KernelUser, settings: Settings) -> tuple[Path, Path]:
    """The workspace and the home of a kernel user, made on first use; nobody else looks inside."""
    made = []
    for kind in ("workspaces", "homes"):
        parent = settings.data_dir / kind
        parent.mkdir(mode=0o711, exist_ok=True)
        place = parent / user.name
        if not place.exists():
            place.mkdir(mode=0o700)
            os.chown(place, user.uid, user.gid)
        made.append(place)
    return made[0], made[1]


def check_isolation(user: KernelUser, settings: Settings, own: tuple[Path, ...]) -> None:
    """Look, as that user, at what a kernel must and must not reach; raises ``ConfigurationError`` on the first fault."""
    secret_files = [p for p in settings.secrets_dir.rglob("*") if p.is_file()]
    question = {
        "own": [str(p) for p in own],
        "files": [*map(str, secret_files), f"/proc/{os.getpid()}/environ", f"/proc/{os.getpid()}/mem"],
        "folders": [str(p) for p in (settings.secrets_dir, settings.run_dir, settings.mirror_dir, settings.log_dir)],
    }
    done = subprocess.run(
        [sys.executable, "-c", _PROBE],
        input=json.dumps(question),
        capture_output=True,
        text=True,
        cwd="/",
        env=team_environment(os.environ, user, own[-1]),
        check=False,
        **user.process(),
    )
    if done.returncode:
        raise ConfigurationError(
            f"{user.name} may not run {sys.executable} ({done.stderr.strip().splitlines()[-1:] or ['no reason given']}); "
            "install the workbench where every user may read it, such as below /opt."
        )
    seen = json.loads(done.stdout)
    if not seen["kernel"]:
        raise ConfigurationError(
            f"{user.name} cannot load the kernel of {sys.executable}; check who may read its packages."
        )
    if not seen["workspace"]:
        raise ConfigurationError(
            f"{user.name} may not enter {own[0]}; allow it with 'chmod o+x' on {settings.data_dir} and above."
        )
    if seen["leaks"]:
        raise ConfigurationError(
            f"{user.name} can read {seen['leaks'][0]}, which kernels must not; close it with chmod."
        )


def team_environment(env: Mapping[str, str], user: KernelUser, home: Path) -> dict[str, str]:
    """What a kernel of another user may know: names on a list, and who it is. Secrets have many names, these have few."""
    kept = {name: value for name, value in env.items() if name in KEPT or name.startswith("LC_")}
    if "site-packages" not in SOURCE_TREE.parts:
        # a source tree that was started without being installed
        kept["PYTHONPATH"] = os.pathsep.join(filter(None, [str(SOURCE_TREE), kept.get("PYTHONPATH", "")]))
    kept.setdefault("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.defpath]))
    return kept | {"HOME": str(home), "USER": user.name, "LOGNAME": user.name}
