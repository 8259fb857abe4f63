"""What postmaster.pid and the process table say about the server of a cluster."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from alm_workbench.storage.errors import StorageError


@dataclass(frozen=True, slots=True)
class Postmaster:
    """A live server process: `ready` when it accepts connections."""

    pid: int
    port: int
    socket_dir: str
    ready: bool


def running(cluster: Path) -> Postmaster | None:
    """The live server of `cluster`, or None; zombies and re-used process ids do not count."""
    try:
        lines = (cluster / "postmaster.pid").read_text().splitlines()
        pid = int(lines[0])
    except (OSError, ValueError, IndexError):
        return None
    if not _belongs(pid, cluster):
        return None
    if len(lines) < 8:
        return Postmaster(pid, 0, str(cluster), ready=False)
    return Postmaster(pid, int(lines[3]), lines[4].strip(), lines[7].strip() == "ready")


def _belongs(pid: int, cluster: Path) -> bool:
    """True for a live PostgreSQL process whose working directory is `cluster` (where every one of them stays)."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE or not process.name().startswith("postgres"):
            return False
        return Path(process.cwd()).resolve() == cluster.resolve()
    except psutil.AccessDenied:
        return True  # somebody's postgres: never start a second one beside it
    except psutil.Error:
        return False


def _orphans(cluster: Path) -> Iterator[psutil.Process]:
    for process in psutil.process_iter(["name"]):
        if (process.info["name"] or "").startswith("postgres"):
            try:
                if Path(process.cwd()).resolve() == cluster.resolve() and process.status() != psutil.STATUS_ZOMBIE:
                    yield process
            except psutil.Error:
                continue


def clear_remains(cluster: Path, progress: Callable[[str], None]) -> None:
    """After a crash: wait for backends without a postmaster, then remove the lock files it left.

    PostgreSQL itself takes a zombie, or a process that got the old id, for a running server and would not start.
    """
    if not (cluster / "postmaster.pid").exists():
        return
    progress("The database was not shut down; recovering")
    begun = time.monotonic()
    while left := list(_orphans(cluster)):
        waited = time.monotonic() - begun
        if waited > 30:
            pids = ", ".join(str(process.pid) for process in left)
            raise StorageError(f"Old PostgreSQL processes still use {cluster}: {pids}.", "End them and start again.")
        if waited > 5:
            for process in left:
                process.send_signal(signal.SIGQUIT)
        time.sleep(0.1)
    sockets = _socket_dir(cluster)
    (cluster / "postmaster.pid").unlink(missing_ok=True)
    for lock in sockets.glob(".s.PGSQL.*"):
        lock.unlink(missing_ok=True)


def _socket_dir(cluster: Path) -> Path:
    try:
        return Path((cluster / "postmaster.pid").read_text().splitlines()[4].strip() or cluster)
    except (OSError, IndexError):
        return cluster
