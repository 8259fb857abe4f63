"""Faults under load; each gives one line of the table. Real servers, real databases, real signals."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from alm_workbench.storage.leases import exclusive
from alm_workbench.storage.outbox import LOCK
from tests.factories.database import short_dir
from tests.faults.clocks import Clock, start_database
from tests.faults.load import Outcome, Writers
from tests.faults.running import Installation, recorded, recorder, wait_until

CREATED = "ArtifactCreated"
READY_LIMIT = 5.0
"""Seconds after which the readiness route must have noticed."""


def database_killed(installation: Installation, *, kills: int = 3, items: int = 60) -> Outcome:
    """The database is killed under load, stays away for some seconds, and comes back; the server is not touched."""
    installation.start()
    process = installation.process
    noticed, back = [], []
    try:
        with Writers(installation) as writers:
            for _ in range(kills):
                writers.wait_for(items)
                with exclusive(installation.data / "run" / "pg.lock"):  # nobody may start it again meanwhile
                    os.kill(installation.postmaster(), signal.SIGKILL)
                    noticed.append(wait_until(lambda: installation.ready() == 503, 30, "503"))
                    time.sleep(1.0)
                back.append(wait_until(lambda: installation.ready() == 200, 60, "the recovery"))
                writers.wait_for(items)
        assert installation.process is process
        assert process is not None
        assert process.poll() is None, "the server died"
        assert not writers.tally.refused, writers.tally.refused[:3]
        assert max(noticed) <= READY_LIMIT, f"readiness took {max(noticed):.1f} s"
        notes = f"{kills} kills; 503 within {max(noticed):.1f} s, ready again {max(back):.1f} s after it may start"
        return Outcome.of("database killed under load", installation, writers.tally, notes)
    finally:
        installation.stop()


def database_hangs(installation: Installation, *, seconds: float = 6.0, items: int = 60) -> Outcome:
    """The database stops answering without dying (a stuck disk, a lost network): nothing is closed, nothing is refused."""
    installation.start()
    try:
        with Writers(installation, timeout=3.0) as writers:
            writers.wait_for(items)
            with stopped(installation.postmaster()):
                noticed = wait_until(lambda: installation.ready() == 503, 30, "503")
                time.sleep(seconds)
            back = wait_until(lambda: installation.ready() == 200, 60, "the recovery")
            writers.wait_for(items)
        assert not writers.tally.refused, writers.tally.refused[:3]
        assert noticed <= READY_LIMIT, f"readiness took {noticed:.1f} s"
        notes = f"stopped for {seconds:.0f} s; 503 within {noticed:.1f} s, ready again after {back:.1f} s"
        return Outcome.of("database hangs under load", installation, writers.tally, notes)
    finally:
        installation.stop()


def server_killed_before_publishing(installation: Installation, *, items: int = 60) -> Outcome:
    """The server is killed after commits and before any of their events is published; the next one publishes them all."""
    heard = short_dir("alm-heard-")
    installation.env = {**installation.env, **recorder(heard)}
    installation.start()
    try:
        wait_until(lambda: unpublished(installation) == 0, 60, "the publishing of what was there")
        with installation.connect() as held:
            # nobody publishes while somebody else has the publisher's lock
            held.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'alm-outbox'")
            held.execute(f"SELECT pg_advisory_lock({LOCK})".encode())
            heard_before = recorded(heard)
            with Writers(installation) as writers:
                writers.wait_for(items)
                installation.kill()
                waiting = installation.rows("SELECT count(*) FROM alm.outbox_messages WHERE published_at IS NULL")[0][0]
                assert waiting >= items, f"only {waiting} events waited"
                assert recorded(heard) == heard_before, "something was published"
                held.execute(f"SELECT pg_advisory_unlock({LOCK})".encode())
                installation.start()
                writers.wait_for(items)
        wait_until(lambda: unpublished(installation) == 0, 30, "the publishing")
        notes = delivered(installation, heard, writers.tally.acknowledged.values(), waiting)
        return Outcome.of("server killed between commit and publish", installation, writers.tally, notes)
    finally:
        installation.stop()
        shutil.rmtree(heard, ignore_errors=True)


def server_killed_anywhere(installation: Installation, *, kills: int = 5, items: int = 40) -> Outcome:
    """The server is killed at any moment, again and again: at least once for subscribers, exactly once for items."""
    heard = short_dir("alm-heard-")
    installation.env = {**installation.env, **recorder(heard)}
    installation.start()
    try:
        with Writers(installation) as writers:
            for _ in range(kills):
                writers.wait_for(items)
                installation.kill()
                installation.start()
            writers.wait_for(items)
        wait_until(lambda: unpublished(installation) == 0, 30, "the publishing")
        notes = delivered(installation, heard, writers.tally.acknowledged.values(), kills, again_allowed=kills * 50)
        return Outcome.of(f"server killed {kills} times at any moment", installation, writers.tally, notes)
    finally:
        installation.stop()
        shutil.rmtree(heard, ignore_errors=True)


def disk_full(*, items: int = 60, megabytes: int = 220) -> Outcome:
    """The disk of the database fills up and is emptied again; the server is not touched."""
    with small_disk(megabytes) as folder:
        installation = Installation.make(folder / "data")
        installation.log_file = folder.with_name(folder.name + ".log")
        installation.start()
        process = installation.process
        try:
            with Writers(installation) as writers:
                writers.wait_for(items)
                ballast = folder / "ballast"
                fill(ballast)
                refused = wait_until(lambda: writers.tally.answers.get(503, 0) > 3, 120, "the first refusal")
                before = len(writers.tally.acknowledged)
                time.sleep(3.0)
                late = len(writers.tally.acknowledged) - before
                ballast.unlink()
                back = wait_until(lambda: installation.ready() == 200, 90, "the recovery")
                writers.wait_for(items)
            assert process is not None
            assert process.poll() is None, "the server died"
            assert not writers.tally.refused, writers.tally.refused[:3]
            five = {status: n for status, n in writers.tally.answers.items() if status >= 500}
            notes = (
                f"tmpfs of {megabytes} MB; refused {refused:.1f} s after it was full, {late} accepted after that; "
                f"ready {back:.1f} s after there was room; answers {five}"
            )
            return Outcome.of("disk full", installation, writers.tally, notes)
        finally:
            installation.remove()


def clock_set_back(installation: Installation, *, seconds: int = 3600, items: int = 60) -> Outcome:
    """The wall clock of server and database jumps back by an hour under load, and forward again later."""
    heard = short_dir("alm-heard-")
    clock = Clock(heard)
    installation.env = {**installation.env, **recorder(heard), **clock.env}
    start_database(installation, clock)
    installation.start()
    try:
        with Writers(installation) as writers:
            writers.wait_for(items)
            clock.set(-seconds)
            behind = installation.rows("SELECT clock_timestamp() < max(created_at) FROM alm.artifacts")
            assert behind == [(True,)], "the clock of the database did not move"
            writers.wait_for(items)
            with installation.session() as fresh:  # who logs in now can work
                assert fresh.get("/projects").status_code == 200
            waited = wait_until(lambda: unpublished(installation) < 10, 30, "the publishing")
            seal_and_verify(installation)
            clock.set(0)
            writers.wait_for(items)
        assert not writers.tally.refused, writers.tally.refused[:3]
        wait_until(lambda: unpublished(installation) == 0, 30, "the publishing")
        odd = seal_and_verify(installation)
        events = delivered(installation, heard, writers.tally.acknowledged.values(), 0, again_allowed=0)
        disorder = installation.rows(
            "SELECT count(*) FROM (SELECT version - lag(version) OVER (PARTITION BY tenant_id, entity_id ORDER BY version)"
            " AS step FROM alm.audit_snapshots) s WHERE step <> 1"
        )[0][0]
        assert disorder == 0
        notes = f"{seconds} s back and forth; published after {waited:.1f} s; audit sealed, unchanged, {odd} entries told to have odd times; {events}"
        return Outcome.of("clock set back under load", installation, writers.tally, notes)
    finally:
        installation.stop()
        shutil.rmtree(heard, ignore_errors=True)


# -- parts


def seal_and_verify(installation: Installation) -> int:
    """The audit trail can be sealed now, and nothing in it changed; how many entries are told to have odd times."""
    installation.alm("audit", "seal")
    findings = [line.strip() for line in installation.alm("audit", "verify", check=False).splitlines()[1:]]
    other = [line for line in findings if line and not line.startswith("clock:")]
    assert not other, other[:3]
    return len(findings)


def unpublished(installation: Installation) -> int:
    """How many events wait."""
    return int(installation.rows("SELECT count(*) FROM alm.outbox_messages WHERE published_at IS NULL")[0][0])


def delivered(
    installation: Installation, heard: Path, items: Iterable[str], waited: int, *, again_allowed: int = 0
) -> str:
    """Every item's event reached the subscriber, in the order of each item; in words."""
    events = recorded(heard)
    wanted = set(items)
    created = Counter(aggregate for _, kind, aggregate in events if kind == CREATED)
    missing = [item for item in wanted if not created[item]]
    assert not missing, f"{len(missing)} events never arrived"
    again = sum(count - 1 for count in Counter(number for number, _, _ in events).values())
    assert again <= again_allowed, f"{again} events arrived twice"
    buried = installation.rows("SELECT count(*) FROM alm.dead_letter_messages")[0][0]
    assert buried == 0
    return f"{waited} waited; events of all {len(wanted)} items arrived, {again} a second time with the same number"


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """A process and its children do nothing, and do not know it."""
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    for one in family:
        with suppress(psutil.Error):
            one.suspend()
    try:
        yield
    finally:
        for one in family:
            with suppress(psutil.Error):
                one.resume()


def fill(ballast: Path) -> None:
    """Take all the room there is."""
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"\0" * 65536)


class NoDisk(Exception):
    """This user may not mount a small disk."""


@contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    """A file system of a given size; raises ``NoDisk`` where we may not have one."""
    folder = short_dir("alm-disk-")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=711", "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        shutil.rmtree(folder, ignore_errors=True)
        raise NoDisk(mounted.stderr.decode().strip())
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False, capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)
        folder.with_name(folder.name + ".log").unlink(missing_ok=True)
