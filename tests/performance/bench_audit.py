"""What the audit trail costs to seal, to verify, and to read as of a moment.

``python -m tests.performance.bench_audit [ITEMS]`` prints the table; 25,000 items unless said otherwise, each written
three times. The database is as users have it (fsync on) and runs on the same machine.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from alm_workbench.contexts.audit.messages import ArtifactsAt
from alm_workbench.notebook.frames import artifact_frame
from alm_workbench.storage.audit.findings import Verification
from tests.performance.measuring import CpuMeter, Row, table
from tests.performance.world import BATCH, Issues, World, import_message, imported, workbench

PAGE = 1000


def rows(world: World, items: int) -> list[Row]:
    """Every line, over a project with so many items."""
    between = written(world, items)
    vault, tenant_id = world.runtime.vault, world.org.tenant_id
    sealed, sealing, _ = timed(world, lambda: vault.seal(tenant_id))
    reports: list[tuple[Verification, float, float]] = [
        timed(world, lambda: vault.verify(tenant_id, live=False)) for _ in range(3)
    ]
    report, seconds, cpu = min(reports, key=lambda found: found[1])
    whole, whole_seconds, _ = timed(world, lambda: vault.verify(tenant_id, live=True))
    if not (report.ok and whole.ok and report.unsealed == 0):
        raise SystemExit(f"the trail does not verify: {(report.findings + whole.findings)[:3]}")
    found, reading, _ = timed(world, lambda: as_of(world, between))
    _, first, _ = timed(world, lambda: world.org.owner.query(ArtifactsAt(world.org.project.id, between, limit=200)))
    artifact_frame([], None)  # pandas is imported by now
    frame, framing, _ = timed(world, lambda: artifact_frame(found, None))
    if len(frame) != items:
        raise SystemExit(f"{len(frame)} items as of then, {items} were written")
    checked = report.snapshots + report.commits
    return [
        Row("Seal", sealed.leaves / sealing, "rows/s", note=f"{sealed.leaves:,} rows in {sealed.seals} seals"),
        Row(
            "Verify",
            report.snapshots / seconds,
            "snapshots/s",
            50_000,
            "more",
            f"{checked:,} rows, {seconds:.2f} s",
            cpu,
        ),
        Row(
            "Verify, per processor second", report.snapshots / cpu, "snapshots/s", note="database and verifier together"
        ),
        Row("Verify with the tables", whole_seconds, "s", note=f"{whole.live:,} rows of tables compared too"),
        Row("As of a moment, all items", reading, "s", note=f"{len(found):,} items in pages of {PAGE:,}"),
        Row("As of a moment, first page of 200", first * 1000, "ms"),
        Row("As of a moment, into a frame", framing, "s", note="pandas, from the items"),
    ]


def written(world: World, items: int) -> datetime:
    """Import the items, then change all of them twice by SQL, as any client of the database may; a moment in between."""
    issues = Issues()
    for done in range(0, items, BATCH):
        content = issues.file(min(BATCH, items - done))
        imported(world, import_message(world, f"issues-{done}.csv", content, "requirement"))
    between = datetime.now(UTC)
    with psycopg.connect(world.runtime.database.dsns.app) as conn:
        conn.execute("SELECT set_config('app.current_tenant_id', %s, false)", (str(world.org.tenant_id),))
        for number in (1, 2):
            conn.execute("UPDATE alm.artifacts SET title = title || %s WHERE deleted_at IS NULL", (f" {number}",))
            conn.commit()
            between = datetime.now(UTC) if number == 1 else between
    with psycopg.connect(world.runtime.database.dsns.owner, autocommit=True) as conn:
        conn.execute("ANALYZE alm.audit_snapshots")
    return between


def as_of(world: World, at: datetime) -> list[Any]:
    """All items of the project at a moment."""
    found: list[Any] = []
    cursor = None
    while True:
        page = world.org.owner.query(ArtifactsAt(world.org.project.id, at, limit=PAGE, cursor=cursor))
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            return found


def timed(world: World, call: Callable[[], Any]) -> tuple[Any, float, float]:
    """What a call gives, its seconds, and the processor seconds of this process and the database."""
    meter, begun = CpuMeter(os.getpid(), world.postmaster), time.perf_counter()
    result = call()
    return result, time.perf_counter() - begun, meter.seconds()


def main(items: int = 25_000) -> int:
    """Print the table; 1 when a goal is missed."""
    folder = Path(tempfile.mkdtemp(prefix="alm-bench-audit-", dir="/tmp"))
    folder.chmod(0o711)
    try:
        with workbench(folder) as world:
            lines = rows(world, items)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(table(lines))
    return 0 if all(line.met is not False for line in lines) else 1


if __name__ == "__main__":
    raise SystemExit(main(*map(int, sys.argv[1:2])))
