"""Contents of files in backups: what the rows of the dump's snapshot name goes along, and is checked on its way back."""

from __future__ import annotations

import re
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from alm_workbench.errors import AlmError
from alm_workbench.storage.blobs import FileBlobs
from alm_workbench.storage.errors import StorageError

MEMBER = re.compile(r"blobs/([0-9a-f-]{36})/([0-9a-f]{2})/([0-9a-f]{64})")
CHUNK = 1024 * 1024
NO_LIMIT = 1 << 62


@dataclass(frozen=True, slots=True)
class Named:
    """A content that a row names."""

    tenant_id: UUID
    sha256: str
    size: int

    @property
    def member(self) -> str:
        """Its name in a backup."""
        return f"blobs/{self.tenant_id}/{self.sha256[:2]}/{self.sha256}"


def named(conn: psycopg.Connection[Any]) -> list[Named]:
    """The contents that attachments name, those in the bin too; none in a schema that has no attachments yet."""
    found = conn.execute("SELECT to_regclass('alm.attachments') IS NOT NULL").fetchone()
    if not found or not found[0]:
        return []
    rows = conn.execute("SELECT DISTINCT tenant_id, sha256, size FROM alm.attachments ORDER BY 1, 2")
    return [Named(*row) for row in rows]


def missing(blobs: FileBlobs, contents: Sequence[Named]) -> list[Named]:
    """Those that are not in the store as they should be."""
    return [one for one in contents if not _is_there(blobs.path(one.tenant_id, one.sha256), one.size)]


def add(archive: tarfile.TarFile, blobs: FileBlobs, contents: Sequence[Named]) -> None:
    """Put contents into a backup."""
    for one in contents:
        archive.add(blobs.path(one.tenant_id, one.sha256), one.member, recursive=False)


def take_out(source: Path, blobs: FileBlobs) -> int:
    """Bring the contents of a backup into the store; each must be what its name says. How many."""
    number = 0
    with tarfile.open(source) as archive:
        for member in archive:
            match = MEMBER.fullmatch(member.name)
            if match is None or not member.isreg():
                continue
            stream = archive.extractfile(member)
            assert stream is not None
            with stream:
                _take(blobs, UUID(match[1]), match[3], stream)
            number += 1
    return number


def _take(blobs: FileBlobs, tenant_id: UUID, sha256: str, stream: Any) -> None:
    try:
        upload = blobs.begin(tenant_id, NO_LIMIT)
        try:
            while data := stream.read(CHUNK):
                upload.write(data)
            received = upload.finish()
            if received.sha256 != sha256:
                raise StorageError(
                    f"A file in the backup is not what it was: {sha256}.",
                    "The backup file may be damaged; nothing was kept.",
                )
            blobs.keep(tenant_id, received)
        finally:
            upload.abort()
    except AlmError as error:
        raise StorageError(
            error.detail.replace("attached", "restored") + ".", "Make room, and restore again."
        ) from error


def _is_there(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size
