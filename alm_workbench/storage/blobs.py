"""Contents of files, outside the database: one directory an organisation, each content under the hash of what is in it.

    blobs/<tenant>/incoming/<ticket>     on its way in
    blobs/<tenant>/ab/abcdef…            kept, never written again

A content is whole on the disk before the row that names it commits. Which contents are named is asked, and contents are
kept and dropped, under one lock for each (``lock_content``), so the upkeep never drops what somebody is about to name.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO
from uuid import UUID, uuid4

from alm_workbench.errors import AlmError, TooLarge, Unavailable

if TYPE_CHECKING:
    from sqlalchemy import Connection

HEAD = 8192
INCOMING = "incoming"
DIGEST = re.compile(r"[0-9a-f]{64}")
FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """A whole content that waits in the directory of what comes in."""

    ticket: str
    sha256: str
    size: int
    head: bytes


@dataclass(frozen=True, slots=True)
class Kept:
    """A content in the store; ``seconds`` is when it was kept last, of the system's clock."""

    tenant_id: UUID
    sha256: str
    size: int
    seconds: float
    path: Path


class FileUpload:
    """A content on its way into the store."""

    def __init__(self, path: Path, limit: int) -> None:
        self._path, self._limit = path, limit
        self._hash, self._head, self.size = hashlib.sha256(), b"", 0
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        except OSError as error:
            raise explained(error) from error

    def write(self, data: bytes, /) -> None:
        """Add to the content; raises ``TooLarge``, and ``Unavailable`` where the disk is full."""
        self.size += len(data)
        if self.size > self._limit:
            self.abort()
            raise TooLarge(f"a file has at most {self._limit // 1_000_000:,} MB here")
        if len(self._head) < HEAD:
            self._head += data[: HEAD - len(self._head)]
        self._hash.update(data)
        try:
            self._file.write(data)
        except OSError as error:
            self.abort()
            raise explained(error) from error

    def finish(self) -> ReceivedFile:
        """Say that this is all; the content is safe on the disk then."""
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
        except OSError as error:
            self.abort()
            raise explained(error) from error
        return ReceivedFile(self._path.name, self._hash.hexdigest(), self.size, self._head)

    def abort(self) -> None:
        """Forget the content, unless it was kept."""
        with suppress(OSError, ValueError):
            self._file.close()
        with suppress(OSError):
            self._path.unlink(missing_ok=True)


class FileBlobs:
    """The store in a directory."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def begin(self, tenant_id: UUID, limit: int, /) -> FileUpload:
        """A place for a content of at most ``limit`` bytes."""
        return FileUpload(self.root / str(tenant_id) / INCOMING / uuid4().hex, limit)

    def keep(self, tenant_id: UUID, received: Any, /) -> None:
        """Move a received content to its place; one that is there already is only noted as new."""
        waiting = self.root / str(tenant_id) / INCOMING / Path(received.ticket).name
        place = self.path(tenant_id, received.sha256)
        try:
            if place.exists():
                os.utime(place)
                waiting.unlink(missing_ok=True)
                return
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.rename(waiting, place)
            os.utime(place)
            for folder in (place.parent, place.parent.parent):
                sync_folder(folder)
        except OSError as error:
            raise explained(error) from error

    def open(self, tenant_id: UUID, sha256: str, /) -> BinaryIO:
        """The content; raises ``OSError``."""
        return self.path(tenant_id, sha256).open("rb")

    def path(self, tenant_id: UUID, sha256: str) -> Path:
        """Where a content lies; raises ``ValueError`` for what is no hash."""
        if not DIGEST.fullmatch(sha256):
            raise ValueError(f"{sha256!r} is no SHA-256 in hex")
        return self.root / str(tenant_id) / sha256[:2] / sha256

    def kept(self) -> Iterator[Kept]:
        """Every content in the store, organisation by organisation."""
        for tenant in sorted(self.root.iterdir()) if self.root.is_dir() else ():
            with suppress(ValueError):  # not ours
                tenant_id = UUID(tenant.name)
                for place in sorted(tenant.glob("[0-9a-f][0-9a-f]/*")):
                    if DIGEST.fullmatch(place.name) and (stat := stat_of(place)) is not None:
                        yield Kept(tenant_id, place.name, stat.st_size, stat.st_mtime, place)

    def drop(self, tenant_id: UUID, sha256: str) -> None:
        """Remove a content that nothing names."""
        self.path(tenant_id, sha256).unlink(missing_ok=True)

    def drop_abandoned(self, seconds: float) -> int:
        """Remove what began to come in long ago and never became whole; how many."""
        number = 0
        for path in self.root.glob(f"*/{INCOMING}/*"):
            stat = stat_of(path)
            if stat is not None and stat.st_mtime < time.time() - seconds:
                path.unlink(missing_ok=True)
                number += 1
        return number


def lock_content(conn: Connection, tenant_id: UUID, sha256: str) -> None:
    """Let nobody else keep or drop this content until the transaction ends."""
    from sqlalchemy import text

    key = f"alm.blob.{tenant_id}/{sha256}"
    conn.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": key})


def stat_of(path: Path) -> os.stat_result | None:
    """What the system knows of a file; None where it went in the meantime."""
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def sync_folder(folder: Path) -> None:
    """Let the names in a directory survive a loss of power."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def explained(error: OSError) -> AlmError:
    """What a failed write means for whoever sent the file."""
    if error.errno in FULL:
        return Unavailable("The disk for files is full; nothing was attached")
    return Unavailable("The directory for files cannot be written; nothing was attached")
