"""The job queue: with the command's transaction, at least once, bounded tries, rescue, schedules, and who may do what."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from alm_workbench.shared.jobs import JobRequest, JobRun, JobSpec
from alm_workbench.storage import job_schema
from alm_workbench.storage.bootstrap import Dsns
from alm_workbench.storage.job_worker import JobWorker
from alm_workbench.storage.jobs import JobQueue, defer
from alm_workbench.storage.upkeep import upkeep
from tests.factories.world import World


@pytest.fixture
def world(own_world: World) -> World:
    """A tenant in this test's own database: workers take whatever job they find."""
    return own_world


QUEUES = {"greet": "light", "crunch": "heavy"}


class Seen:
    """A job that remembers its runs, and fails the first ``failures`` times."""

    def __init__(self, failures: int = 0) -> None:
        self.runs: list[JobRun] = []
        self.failures = failures
        self.happened = threading.Event()

    def __call__(self, job: JobRun) -> None:
        self.runs.append(job)
        if len(self.runs) <= self.failures:
            raise RuntimeError("not yet")
        self.happened.set()


@contextmanager
def working(dsns: Dsns, *specs: JobSpec, **options: Any) -> Iterator[JobWorker]:
    """A worker that runs beside the test."""
    stop, worker = threading.Event(), JobWorker(dsns.worker, specs, poll=0.2, **options)
    thread = threading.Thread(target=worker.run, args=(stop,))
    thread.start()
    try:
        yield worker
    finally:
        stop.set()
        thread.join(20)
        assert not thread.is_alive()


def until(true: Callable[[], object], seconds: float = 15.0) -> None:
    """Wait for something; fails when it does not come."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def put(world: World, name: str = "greet", **args: Any) -> int:
    """Defer a job in a transaction of the world's tenant; its id."""
    with world.begin(correlation_id="c-9") as conn:
        return defer(conn, [JobRequest(name, args)], QUEUES)[0]


def statuses(db: Dsns) -> list[str]:
    """The states of all jobs, oldest first."""
    return [row.status for row in reversed(JobQueue(db.worker).rows())]


def test_a_job_exists_when_its_transaction_commits_and_only_then(db: Dsns, world: World) -> None:
    """A command that is rolled back leaves no job; one that commits leaves one with its tenant, actor and correlation."""
    seen = Seen()
    with pytest.raises(DBAPIError), world.begin() as conn:
        conn.execute(text(f"SELECT 1 / (1 - {len(defer(conn, [JobRequest('greet', {'n': 1})], QUEUES))})"))
    put(world, n=2)
    JobWorker(db.worker, [JobSpec("greet", seen)]).drain()
    (run,) = seen.runs
    assert (run.tenant_id, run.actor_id, run.correlation_id) == (world.tenant_id, world.actor_id, "c-9")
    assert (dict(run.args), run.attempt) == ({"n": 2}, 1)
    assert statuses(db) == ["succeeded"]


def test_a_worker_hears_of_a_job_at_once(db: Dsns, world: World) -> None:
    """No polling interval lies between commit and run."""
    seen = Seen()
    with working(db, JobSpec("greet", seen)) as worker:
        until(lambda: worker._worker is not None and worker._worker.worker_id)
        worker._poll = 60.0
        put(world)
        assert seen.happened.wait(5)


def test_a_job_that_fails_is_tried_again_and_then_given_up(
    db: Dsns, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five tries by default; a job with fewer allowed ends as failed, and somebody may let it go again."""
    monkeypatch.setattr("alm_workbench.shared.jobs.RETRY_SECONDS", (0,))
    later, never = Seen(failures=2), Seen(failures=9)
    specs = [JobSpec("greet", later), JobSpec("crunch", never, queue="heavy", attempts=3)]
    put(world)
    failing = put(world, "crunch")
    with working(db, *specs):
        until(lambda: statuses(db) == ["succeeded", "failed"])
        assert ([run.attempt for run in later.runs], [run.attempt for run in never.runs]) == ([1, 2, 3], [1, 2, 3])
        never.failures = 0
        assert JobQueue(db.worker).retry(failing)
        until(lambda: statuses(db) == ["succeeded", "succeeded"])


def test_waits_grow_between_tries(db: Dsns, world: World) -> None:
    """One second after the first failure, two after the second."""
    seen = Seen(failures=9)
    put(world)
    JobWorker(db.worker, [JobSpec("greet", seen)]).drain()
    (row,) = JobQueue(db.worker).rows()
    assert row.scheduled_at is not None
    assert 0.5 < (row.scheduled_at - datetime.now(UTC)).total_seconds() < 1.5
    assert (row.status, row.attempts) == ("todo", 1)


def test_jobs_of_dead_workers_are_rescued_within_bounds(db: Dsns, world: World) -> None:
    """A killed worker leaves its job running for ever; the rescue gives it to others, at most so many times."""
    job_id, queue = put(world), JobQueue(db.worker, [JobSpec("greet", Seen(), attempts=2)])
    for expected in ({"again": [job_id], "failed": []}, {"again": [], "failed": [job_id]}):
        with psycopg.connect(db.worker, autocommit=True) as conn:  # what a worker does before it dies
            conn.execute("SET search_path = alm_jobs")
            conn.execute("UPDATE procrastinate_jobs SET scheduled_at = NULL WHERE status = 'todo'")
            (worker,) = conn.execute("SELECT worker_id FROM procrastinate_register_worker_v1()").fetchone() or (0,)
            conn.execute("SELECT procrastinate_fetch_job_v2(NULL, %s)", (worker,))
            assert queue.rescue() == {"again": [], "failed": []}  # it may still live
            conn.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '2 minutes'")
        assert queue.rescue() == expected
    assert statuses(db) == ["failed"]


def test_a_scheduled_job_runs_by_itself_and_never_beside_itself(db: Dsns) -> None:
    """Two workers, a job every second that takes longer: one at a time, and no queue of missed ones."""
    running, most, runs = [0], [0], [0]

    def slow(job: JobRun) -> None:
        running[0] += 1
        runs[0] += 1
        most[0] = max(most[0], running[0])
        time.sleep(1.2)
        running[0] -= 1

    spec = JobSpec("tick", slow, cron="* * * * * *", upkeep=True)
    with working(db, spec), working(db, spec):
        until(lambda: runs[0] >= 3, 20)
    assert most[0] == 1
    assert sum(status == "todo" for status in statuses(db)) <= 1


def test_upkeep_is_not_for_commands(db: Dsns, world: World) -> None:
    """What works over all organisations runs only when the installation asks; a forged request fails at once."""
    seen = Seen()
    spec = JobSpec("greet", seen, upkeep=True)
    put(world)
    JobWorker(db.worker, [spec]).drain()
    assert (seen.runs, statuses(db)) == ([], ["failed"])
    JobQueue(db.worker, [spec]).add("greet", {"now": True})
    JobWorker(db.worker, [spec]).drain()
    assert [(run.tenant_id, dict(run.args)) for run in seen.runs] == [(None, {"now": True})]
    with pytest.raises(LookupError):
        JobQueue(db.worker, [spec]).add("unknown")
    with pytest.raises(LookupError, match="no plugin declares"):
        put(world, "unknown")


def test_the_worker_sees_every_organisation_and_is_audited(db: Dsns, world: World) -> None:
    """A job's changes belong to the tenant of the job, the actor who deferred it, and say which job it was."""
    artifact = world.artifact()

    def rename(job: JobRun) -> None:
        with job.begin() as conn:
            conn.execute(text("INSERT INTO alm.audit_commits (tenant_id, id, actor_id, command, correlation_id)"
                              " SELECT :t, :a, alm.current_actor(), current_setting('app.command'),"
                              " current_setting('app.correlation_id')"), {"t": job.tenant_id, "a": artifact})  # fmt: skip
            assert conn.execute(text("SELECT count(*) FROM alm.artifacts")).scalar_one() == 1

    put(world)
    JobWorker(db.worker, [JobSpec("greet", rename)]).drain()
    found = world.sql("SELECT actor_id, command, correlation_id FROM alm.audit_commits WHERE id = :x", x=artifact)
    assert found == [(world.actor_id, "job:greet", "c-9")]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM alm_jobs.procrastinate_jobs",
        "INSERT INTO alm_jobs.procrastinate_jobs (queue_name, task_name) VALUES ('light', 'greet')",
        "DELETE FROM alm_jobs.procrastinate_events",
        "SELECT alm_jobs.procrastinate_defer_jobs_v1('{}')",
        "SELECT alm_jobs.procrastinate_cancel_job_v1(1, true, true)",
    ],
)
def test_the_app_has_one_door_only(db: Dsns, world: World, statement: str) -> None:
    """It may defer for its tenant, and neither read nor change the queue."""
    with pytest.raises(DBAPIError, match="permission denied"):
        world.sql(statement)


def test_without_a_tenant_no_job_is_made(db: Dsns, world: World) -> None:
    """The door takes the tenant from the transaction, and refuses where there is none."""
    with pytest.raises(DBAPIError, match="belongs to an organisation"):
        World(world.engine, tenant_id=None).sql("SELECT alm.defer_job('greet', 'light', '{}', NULL)")  # type: ignore[arg-type]


def test_cancelled_jobs_do_not_run_and_old_ones_go(db: Dsns, world: World) -> None:
    """A waiting job is taken out; ended ones are deleted after a while, failed ones stay."""
    seen, queue = Seen(failures=9), JobQueue(db.worker)
    assert queue.cancel(put(world))
    put(world)
    JobWorker(db.worker, [JobSpec("greet", seen, attempts=1)]).drain()
    assert (len(seen.runs), statuses(db)) == (1, ["cancelled", "failed"])
    assert queue.prune(timedelta(days=1)) == 0
    with psycopg.connect(db.worker) as conn:
        conn.execute("UPDATE alm_jobs.procrastinate_events SET at = at - interval '2 days'")
    assert (queue.prune(timedelta(days=1)), statuses(db)) == (1, ["failed"])


def test_the_schema_follows_the_library(db: Dsns, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """A newer library brings its migrations; they run once, and what they make gets the same rights and search path."""
    newer = tmp_path / "99.00.00_01_more.sql"
    newer.write_text("CREATE TABLE more (id int); CREATE FUNCTION grow() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    known = job_schema.library_migrations()
    monkeypatch.setattr(job_schema, "library_migrations", lambda: [*known, newer])
    with psycopg.connect(db.owner) as conn:
        assert job_schema.ensure(conn)
        assert not job_schema.ensure(conn)
        assert job_schema.level(conn) == newer.stem
        pinned = conn.execute("SELECT proconfig FROM pg_proc WHERE proname = 'grow'").fetchone()
    assert pinned == (["search_path=pg_catalog, alm_jobs, pg_temp"],)
    with psycopg.connect(db.worker) as conn:
        conn.execute("INSERT INTO alm_jobs.more SELECT alm_jobs.grow()")


def test_upkeep_of_the_database_runs(db: Dsns) -> None:
    """Every scheduled job of the installation can be run as the worker's role."""
    specs = upkeep(db.worker, [])
    queue = JobQueue(db.worker, specs)
    for spec in specs:
        queue.add(spec.name)
    JobWorker(db.worker, specs).drain()
    assert {row.name: row.status for row in queue.rows()} == {spec.name: "succeeded" for spec in specs}
