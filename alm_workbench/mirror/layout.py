"""The files of the mirror: ``<root>/<tenant>/vN.duckdb`` and beside them an atomically replaced ``CURRENT`` manifest."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

KEEP_VERSIONS = 3
_VERSION = re.compile(r"v(\d+)\.duckdb\Z")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What ``CURRENT`` says: which file is published, and the Postgres snapshot that its content stands for.

    ``build`` is unique for each published file; ``ddl`` and ``cluster`` say for which tables of which database the
    watermark ``snap`` holds; ``at`` is when the snapshot was taken; ``full_bytes`` the size after the last full build.
    """

    file: str
    build: str
    snap: str
    ddl: str
    cluster: str
    at: str
    full_bytes: int
    rows: dict[str, int]
    timezone: str = "UTC"
    week_start: int = 1

    @property
    def version(self) -> int:
        """The number in the file name."""
        return version_number(self.file)

    @property
    def as_of(self) -> datetime:
        """When the snapshot was taken (aware, UTC)."""
        return datetime.fromisoformat(self.at)

    def age(self, now: datetime | None = None) -> float:
        """Seconds since the snapshot was taken."""
        return ((now or datetime.now(UTC)) - self.as_of).total_seconds()

    def advanced(self, snap: str, at: str) -> Manifest:
        """The same content at a later snapshot: nothing of this tenant has changed in between."""
        return replace(self, snap=snap, at=at)


def version_number(file: str) -> int:
    """N of ``vN.duckdb``; raises ``ValueError`` on any other name."""
    match = _VERSION.match(file)
    if not match:
        raise ValueError(f"{file} is no version file")
    return int(match[1])


class TenantFiles:
    """The directory of one tenant's mirror (0700; files 0600)."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def prepare(self) -> None:
        """Make the directory and remove what a killed refresher left behind."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for stale in self.directory.glob(".tmp-*"):
            stale.unlink(missing_ok=True)

    def current(self) -> Manifest | None:
        """The published manifest; None when there is none, or it is unreadable and a rebuild is due."""
        try:
            manifest = Manifest(**json.loads((self.directory / "CURRENT").read_text(encoding="utf-8")))
            return manifest if manifest.version and (self.directory / manifest.file).is_file() else None
        except (OSError, ValueError, TypeError):
            return None

    def path(self, manifest: Manifest) -> Path:
        """The file that a manifest names."""
        return self.directory / manifest.file

    def temporary(self) -> Path:
        """A new name for a file in the making."""
        return self.directory / f".tmp-{uuid4().hex}.duckdb"

    def versions(self) -> list[int]:
        """Numbers of the version files, ascending."""
        return sorted(int(m[1]) for p in self.directory.iterdir() if (m := _VERSION.match(p.name)))

    def adopt(self, temporary: Path) -> str:
        """Make a finished file the next version, durably, and return its name; never replaces an existing one."""
        temporary.chmod(0o600)
        sync_file(temporary)
        number = max([0, *self.versions()])
        while True:
            number += 1
            target = self.directory / f"v{number}.duckdb"
            with suppress(FileExistsError):
                target.touch(mode=0o600, exist_ok=False)
                break
        os.replace(temporary, target)
        sync_directory(self.directory)
        return target.name

    def publish(self, manifest: Manifest, *, durable: bool = True) -> None:
        """Replace ``CURRENT``. An advance-only change needs no fsync: losing it costs a wider scan, not data."""
        temporary = self.directory / f".tmp-{uuid4().hex}"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            json.dump(asdict(manifest), out)
            out.flush()
            if durable:
                os.fsync(out.fileno())
        os.replace(temporary, self.directory / "CURRENT")
        if durable:
            sync_directory(self.directory)

    def prune(self, keep: str) -> None:
        """Remove all but the newest versions; readers that hold an old file keep reading it."""
        for number in self.versions()[:-KEEP_VERSIONS]:
            if (name := f"v{number}.duckdb") != keep:
                with suppress(OSError):  # Windows refuses while a reader has it open; the next refresh tries again
                    (self.directory / name).unlink()


class MirrorLayout:
    """The root directory of all mirrors."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def prepare(self) -> None:
        """Make the root, for the owner only."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.root.chmod(0o700)

    def tenant(self, tenant_id: UUID) -> TenantFiles:
        """The files of one tenant."""
        return TenantFiles(self.root / str(tenant_id))

    def tenants(self) -> Iterator[UUID]:
        """Tenants that have a directory."""
        for path in sorted(self.root.iterdir()) if self.root.is_dir() else ():
            with suppress(ValueError):
                yield UUID(path.name)

    def remove(self, tenant_id: UUID) -> None:
        """Remove everything of a tenant that is no more."""
        shutil.rmtree(self.root / str(tenant_id), ignore_errors=True)


def sync_file(path: Path) -> None:
    """Bring a file's content to the disk."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def sync_directory(path: Path) -> None:
    """Bring a directory's entries to the disk, where the system can (Windows cannot open directories)."""
    if os.name == "posix":
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
