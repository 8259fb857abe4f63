"""The query process: limits, errors, restarts, and readers during refreshes."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from alm_workbench.contexts.reporting.domain import MirrorRights, MirrorUnavailable, QueryRejected, QueryTimedOut
from alm_workbench.mirror.service import MirrorService
from alm_workbench.mirror.worker import CUTS
from tests.integration.mirror.mirror_world import Tenant, World


@pytest.fixture(scope="module")
def service(world: World) -> Iterator[MirrorService]:
    """A mirror service over the module's database."""
    made = MirrorService(world.layout.root, world.mirror)
    yield made
    made.stop()


@pytest.fixture(scope="module")
def tenant(world: World) -> Tenant:
    """A published tenant."""
    made = world.tenant()
    world.fill(made, 30)
    world.refresher.refresh()
    return made


@pytest.fixture
def rights(tenant: Tenant) -> MirrorRights:
    """Everything of the tenant."""
    return MirrorRights(tenant.id, all_fields=True)


def test_an_answer_says_what_moment_and_version_it_stands_for(
    service: MirrorService, world: World, rights: MirrorRights
) -> None:
    """``as_of`` and ``version`` are those of the published manifest; parameters are bound, not pasted."""
    answer = service.run(rights, "SELECT $n + 1 AS n, $t AS t", {"n": 1, "t": "a'b"})
    manifest = world.layout.tenant(rights.tenant_id).current()
    assert manifest
    assert (answer.as_of, answer.version) == (manifest.as_of, manifest.version)
    assert answer.table().to_pylist() == [{"n": 2, "t": "a'b"}]


def test_the_limit_cuts_and_says_so(service: MirrorService, rights: MirrorRights) -> None:
    """``truncated`` is set exactly when rows are missing."""
    assert [(a.rows, a.truncated) for a in (service.run(rights, "FROM range(10)", limit=n) for n in (0, 9, 10, 11))] == [
        (0, True), (9, True), (10, False), (10, False)
    ]  # fmt: skip


def test_sums_come_back_as_whole_numbers(service: MirrorService, rights: MirrorRights) -> None:
    """DuckDB's 128-bit sums are 64-bit integers outside; one that does not fit is refused with the way out."""
    import pyarrow as pa

    assert service.run(rights, "SELECT sum(range) AS s FROM range(5)").table().schema.field("s").type == pa.int64()
    with pytest.raises(QueryRejected, match="cast it to DOUBLE"):
        service.run(rights, "SELECT 2::HUGEINT ** 70::HUGEINT * 1 AS a, 170141183460469231731687303715884105727 AS s")


@pytest.mark.parametrize(
    ("sql", "place"),
    [
        ("selec 1", (1, 1)),
        ("SELECT a FROM (\nSELECT zzz FROM artifacts)", (2, 8)),
        ("SELECT *\nFROM nowhere", (2, 6)),
        ("SELECT 'ş', read_text\nFROM artifacts, read_text('x')", (2, 17)),
        ("SELECT\n  'x'::INT", (2, 6)),
    ],
)
def test_a_complaint_tells_line_and_column(
    service: MirrorService, rights: MirrorRights, sql: str, place: tuple[int, int]
) -> None:
    """The place counts in the caller's own text, for parser, binder and run-time errors."""
    with pytest.raises(QueryRejected) as caught:
        service.run(rights, sql)
    assert (caught.value.extra.get("line"), caught.value.extra.get("column")) == place
    assert caught.value.errors[0].path == f"sql:{place[0]}:{place[1]}"


def test_a_long_query_is_stopped_and_others_go_on(service: MirrorService, rights: MirrorRights) -> None:
    """The time limit interrupts one query; another at the same time does not notice, nor does the next one."""
    with pytest.raises(QueryTimedOut):
        service.run(rights, "SELECT count(*) FROM range(1000000000) a, range(100000) b", timeout=0.3)
    results: list[int] = []
    other = threading.Thread(target=lambda: results.append(service.run(rights, "SELECT sleep_ms(800)").rows))
    other.start()
    with pytest.raises(QueryTimedOut):
        service.run(rights, "SELECT sleep_ms(30000)", timeout=0.3)
    other.join()
    assert results == [1]


def test_too_much_memory_is_a_clear_refusal(service: MirrorService, rights: MirrorRights) -> None:
    """A query that wants too much is refused; the process lives on."""
    before = service.process.pid
    with pytest.raises((QueryRejected, MirrorUnavailable)):
        service.run(rights, "SELECT list(repeat('x', 1000) || range) FROM range(10000000)", timeout=30)
    assert service.process.pid == before


def test_a_killed_process_is_replaced(service: MirrorService, rights: MirrorRights) -> None:
    """Who waits gets an answer that says so; the next query starts another process."""
    service.run(rights, "SELECT 1")
    pid = service.process.pid
    assert pid
    failures: list[BaseException] = []

    def wait() -> None:
        try:
            service.run(rights, "SELECT sleep_ms(20000)")
        except MirrorUnavailable as error:
            failures.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    time.sleep(0.5)
    os.kill(pid, signal.SIGKILL)
    thread.join(5)
    assert len(failures) == 1
    assert service.run(rights, "SELECT 2").rows == 1
    assert service.process.pid not in (None, pid)


def test_the_process_gets_no_secret(
    service: MirrorService, rights: MirrorRights, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither its environment nor its command line holds a DSN, a token or a password."""
    monkeypatch.setenv("ALM_DSN", "postgresql://secret-dsn")
    fresh = MirrorService(service.layout.root, "unused")
    try:
        fresh.run(rights, "SELECT 1")
        assert fresh.process.pid
        child = psutil.Process(fresh.process.pid)
        assert not [name for name in child.environ() if name.startswith(("ALM", "PG"))]
        assert "secret" not in " ".join(child.cmdline())
    finally:
        fresh.stop()


def test_readers_never_see_half_a_refresh(world: World, tenant: Tenant) -> None:
    """A pair of rows that always change together is never seen apart, through many refreshes and by a cut too."""
    service = MirrorService(world.layout.root, world.mirror)
    left, right = tenant.artifacts[:2]
    sql = f"SELECT count(DISTINCT title), any_value(title) FROM base.artifacts WHERE id IN ('{left}', '{right}')"
    allowed = [MirrorRights(tenant.id, all_fields=True), MirrorRights(tenant.id, None, {"*": frozenset({"secret"})})]
    stop, seen, torn = threading.Event(), set[str](), []
    with world.connect() as c:
        c.execute("UPDATE alm.artifacts SET title = 'start' WHERE id IN (%s, %s)", (left, right))
    world.refresher.refresh()

    def read(rights: MirrorRights) -> None:
        while not stop.is_set():
            table = service.run(rights, sql).table()
            seen.add(str(table[1][0]))
            if table[0][0].as_py() != 1:
                torn.append(table.to_pylist())

    threads = [threading.Thread(target=read, args=(rights,)) for rights in allowed]
    for thread in threads:
        thread.start()
    for number in range(12):
        with world.connect() as c:
            c.execute("UPDATE alm.artifacts SET title = %s WHERE id IN (%s, %s)", (f"round {number}", left, right))
        world.refresher.refresh()
    stop.set()
    for thread in threads:
        thread.join()
    service.stop()
    assert not torn
    assert len(seen) > 4


def test_cuts_are_bounded_and_removed(world: World, tenant: Tenant) -> None:
    """Superseded cuts leave the disk, and all of them do when the process ends."""
    service = MirrorService(world.layout.root, world.mirror)
    rights = MirrorRights(tenant.id, None, {"*": frozenset({"secret"})})
    for title in range(4):
        with world.connect() as c:
            c.execute("UPDATE alm.artifacts SET title = %s WHERE id = %s", (str(title), tenant.artifacts[3]))
        world.refresher.refresh()
        service.run(rights, "SELECT count(*) FROM artifacts")
    folder = Path(world.layout.root / CUTS / str(service.process.pid))
    assert len(list(folder.glob("*.duckdb"))) == 1
    assert {p.stat().st_mode & 0o777 for p in folder.iterdir()} == {0o600}
    service.stop()
    assert not folder.exists()


def test_max_age_zero_reads_what_was_just_committed(world: World, tenant: Tenant, rights: MirrorRights) -> None:
    """``max_age`` refreshes first; without it the published state is served."""
    service = MirrorService(world.layout.root, world.mirror)
    with world.connect() as c:
        c.execute("UPDATE alm.artifacts SET title = 'fresh' WHERE id = %s", (tenant.artifacts[4],))
    sql = f"SELECT title FROM artifacts WHERE id = '{tenant.artifacts[4]}'"
    assert service.run(rights, sql).table()[0][0].as_py() != "fresh"
    assert service.run(rights, sql, max_age=0).table()[0][0].as_py() == "fresh"
    service.stop()


def test_the_daemon_follows_notifications_and_stops(world: World, tenant: Tenant, rights: MirrorRights) -> None:
    """A commit that notifies is published within seconds; stopping ends the threads."""
    service = MirrorService(world.layout.root, world.mirror)
    service.start()
    try:
        time.sleep(2)
        with world.connect() as c:
            c.execute("UPDATE alm.artifacts SET title = 'heard' WHERE id = %s", (tenant.artifacts[5],))
            c.execute("SELECT pg_notify('alm_outbox', '')")
        deadline = time.monotonic() + 10
        sql = f"SELECT title FROM artifacts WHERE id = '{tenant.artifacts[5]}'"
        while service.run(rights, sql).table()[0][0].as_py() != "heard":
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert service.status(tenant.id).last_error is None
    finally:
        service.stop()
    assert not [t for t in threading.enumerate() if t.name in ("mirror-refresh", "mirror-listen")]
