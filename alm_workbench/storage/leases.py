"""File locks that tell how many processes use a server; the kernel drops them when a process dies."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from alm_workbench.storage.errors import StorageError, explain_os_errors

try:
    import fcntl
except ImportError as error:  # Windows
    raise StorageError("The embedded database runs on Linux and macOS only.", "Set ALM_DSN to a server.") from error


def _open(path: Path) -> int:
    with explain_os_errors(path):
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


@contextmanager
def exclusive(path: Path, on_wait: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold `path` alone; waits for the others, after telling `on_wait` when there are any."""
    handle = _open(path)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_wait()
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


class Lease:
    """A share in something: held by many, and the last to leave can tell."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None
        self._pid = 0

    @property
    def held(self) -> bool:
        """True while this process (not a forked child) holds the lease."""
        return self._handle is not None and self._pid == os.getpid()

    def take(self) -> None:
        """Take a share; does nothing when already held."""
        if self.held:
            return
        self._handle, self._pid = _open(self._path), os.getpid()
        fcntl.flock(self._handle, fcntl.LOCK_SH)

    def leave(self) -> bool:
        """Give the share back; True when nobody else holds one. Call while holding the exclusive lock."""
        if not self.held or self._handle is None:
            return False
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        finally:
            os.close(self._handle)
            self._handle = None
        return True
