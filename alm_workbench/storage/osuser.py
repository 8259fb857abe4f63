"""PostgreSQL refuses to run as root: which operating system user its processes get instead."""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alm_workbench.storage.errors import StorageError

CANDIDATES = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class OsUser:
    """An existing user that root drops to."""

    name: str
    uid: int
    gid: int

    def subprocess_options(self) -> dict[str, Any]:
        """Keyword arguments for subprocess that make the child run as this user."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def server_user(cluster: Path) -> OsUser | None:
    """The user for the server of `cluster`: None means ourselves; as root its owner, else postgres or nobody."""
    owner = cluster.stat().st_uid if cluster.exists() else None
    if os.geteuid() != 0:
        if owner not in (None, os.geteuid()):
            raise StorageError(
                f"{cluster} belongs to {_name(owner)}, not to {_name(os.geteuid())}.",
                "Run as that user (or as root), or choose another --data-dir.",
            )
        return None
    if owner:
        entry = pwd.getpwuid(owner)
        return OsUser(entry.pw_name, entry.pw_uid, entry.pw_gid)
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return OsUser(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise StorageError(
        "PostgreSQL does not run as root, and there is no user postgres or nobody to run it as.",
        "Start ALM as a normal user, or set ALM_DSN.",
    )


def _name(uid: int | None) -> str:
    try:
        return pwd.getpwuid(uid or 0).pw_name
    except KeyError:
        return f"user {uid}"


def first_blocked(path: Path, user: OsUser) -> Path | None:
    """The first directory above `path` that `user` may not enter, or None."""
    parents = [str(parent) for parent in reversed(path.parents)]
    script = 'for p; do [ -x "$p" ] || { printf %s "$p"; exit 1; }; done'
    done = subprocess.run(
        ["/bin/sh", "-c", script, "sh", *parents],
        capture_output=True,
        text=True,
        cwd="/",
        check=False,
        **user.subprocess_options(),
    )
    return Path(done.stdout) if done.returncode else None


def require_reachable(cluster: Path, user: OsUser) -> None:
    """Raise StorageError when `user` cannot reach `cluster` (permissions of parents are the owner's business)."""
    blocked = first_blocked(cluster, user)
    if blocked is not None:
        raise StorageError(
            f"PostgreSQL runs as user {user.name} when started by root, and {user.name} may not enter {blocked}.",
            f"Allow it with 'chmod o+x {blocked}', or choose another --data-dir (/var/lib/alm-workbench is fine).",
        )
