"""Contents that no row names any more are removed once a day; live rows and those in the bin count alike."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from itertools import groupby, islice
from uuid import UUID

import structlog
from sqlalchemy import text

from alm_workbench.shared.jobs import Begin, JobRun, JobSpec
from alm_workbench.storage.blobs import FileBlobs, Kept, lock_content

DAY = 24 * 3600.0
BATCH = 500
log = structlog.get_logger("alm.files")

NAMED = text("""
SELECT DISTINCT sha256 FROM alm.attachments WHERE tenant_id = :tenant AND sha256 = ANY (CAST(:digests AS text[]))
""")


def blob_jobs(blobs: FileBlobs) -> list[JobSpec]:
    """The upkeep of the store."""
    return [JobSpec("files.collect", lambda job: collect(job, blobs), cron="41 3 * * *", upkeep=True)]


def collect(job: JobRun, blobs: FileBlobs, *, older_than: float = DAY) -> int:
    """Remove contents that nothing names and that are older than some seconds; how many."""
    before, removed = time.time() - older_than, 0
    abandoned = blobs.drop_abandoned(older_than)
    for tenant_id, kept in groupby(blobs.kept(), key=lambda found: found.tenant_id):
        old = (found for found in kept if found.seconds < before)
        while batch := list(islice(old, BATCH)):
            for found in _unnamed(job.begin, tenant_id, batch):
                removed += _drop(job.begin, blobs, found, before)
    if removed or abandoned:
        log.info("files collected", contents=removed, abandoned=abandoned)
    return removed


def _unnamed(begin: Begin, tenant_id: UUID, batch: Sequence[Kept]) -> Iterator[Kept]:
    digests = [found.sha256 for found in batch]
    with begin() as conn:
        named = set(conn.execute(NAMED, {"tenant": tenant_id, "digests": digests}).scalars())
    return (found for found in batch if found.sha256 not in named)


def _drop(begin: Begin, blobs: FileBlobs, found: Kept, before: float) -> int:
    """Look once more behind the lock: somebody may have attached the same content a moment ago."""
    with begin() as conn:
        lock_content(conn, found.tenant_id, found.sha256)
        values = {"tenant": found.tenant_id, "digests": [found.sha256]}
        if conn.execute(NAMED, values).first() is not None:
            return 0
        if not found.path.exists() or found.path.stat().st_mtime >= before:
            return 0
        blobs.drop(found.tenant_id, found.sha256)
    return 1
