"""Errors of the storage layer: one sentence for the user, one hint on the way out."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg


class StorageError(Exception):
    """Something about the database that the user can act on; `message` never carries a password."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class ClusterVersionError(StorageError):
    """The data directory belongs to another major version of PostgreSQL."""


class DiskFullError(StorageError):
    """No space is left where the database or one of its files lives."""


class DatabaseUnavailable(StorageError):
    """The server cannot be reached, or refuses us."""


def disk_full(path: Path | str) -> DiskFullError:
    """The sentence for a full disk at `path`."""
    return DiskFullError(f"The disk that holds {path} is full.", "Free some space and start again; nothing was lost.")


@contextmanager
def explain_os_errors(path: Path) -> Iterator[None]:
    """Turn an OSError about `path` into a StorageError (full disk, no permission, read-only, not a directory)."""
    try:
        yield
    except OSError as error:
        where = error.filename or path
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise disk_full(where) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise StorageError(
                f"{where} cannot be written by this user.", "Choose another place with --data-dir or ALM_DATA_DIR."
            ) from error
        if error.errno in (errno.ENOTDIR, errno.EEXIST):
            raise StorageError(
                f"{where} is not a directory.", "Choose another place with --data-dir or ALM_DATA_DIR."
            ) from error
        if error.errno == errno.ENOENT:
            raise StorageError(f"{where} does not exist.", "Check the path.") from error
        raise


def from_postgres_text(text: str, where: Path | str) -> StorageError | None:
    """The StorageError that fits what a PostgreSQL program printed, or None when we know no better."""
    if "No space left on device" in text or "Disk quota exceeded" in text:
        return disk_full(where)
    if "Read-only file system" in text or "Permission denied" in text:
        return StorageError(f"PostgreSQL may not write below {where}.", "Check who owns it and its permissions.")
    if "Address already in use" in text:
        return StorageError("The port for the database is taken.", "Choose another port, or leave TCP off.")
    if "could not map anonymous shared memory" in text or "Cannot allocate memory" in text:
        return StorageError("There is not enough memory to start PostgreSQL.", "Close other programs and try again.")
    return None


def from_connect_error(error: psycopg.Error, target: str) -> DatabaseUnavailable:
    """One sentence for a failed connection to `target` (a description without password)."""
    text = str(error).strip()
    hint = "Check ALM_DSN (postgresql://user:password@host:port/database)."
    if "Connection refused" in text or "No such file or directory" in text:
        return DatabaseUnavailable(f"No PostgreSQL server answers at {target}.", hint)
    if "password authentication failed" in text or "no password supplied" in text:
        return DatabaseUnavailable(f"PostgreSQL at {target} refused the user name or password.", hint)
    if 'database "' in text and "does not exist" in text:
        return DatabaseUnavailable(f"The database of {target} does not exist.", "Create it, or correct ALM_DSN.")
    if "could not translate host name" in text or "Name or service not known" in text:
        return DatabaseUnavailable(f"The host of {target} is unknown.", hint)
    if "timeout expired" in text or "timed out" in text:
        return DatabaseUnavailable(f"PostgreSQL at {target} did not answer in time.", hint)
    first = text.splitlines()[-1] if text else "no reason given"
    return DatabaseUnavailable(f"PostgreSQL at {target} cannot be used: {first}.", hint)
