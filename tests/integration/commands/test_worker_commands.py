"""`alm worker`, `alm jobs` and `alm dlq` as an operator meets them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg

from alm_workbench.composition import opened
from alm_workbench.config import Settings
from tests.integration.commands.test_commands import alm, sentence

DEAD = """
    INSERT INTO alm.dead_letter_messages (tenant_id, id, event_type, aggregate_type, aggregate_id, payload, schema_version,
      created_at, retry_count, next_attempt_at, error)
    VALUES (gen_random_uuid(), %s, 'Lost', 'Thing', gen_random_uuid(), '{}', 1, now(), 5, now(), 'ValueError: no')
"""


def test_jobs_and_dead_letters(data_dir: Path) -> None:
    """Jobs are put in, run by a worker, listed; dead letters are listed, published again, put away."""
    place = ("--data-dir", data_dir / "d")
    assert "There is no workbench in" in sentence(alm("jobs", "list", *place))
    with (
        opened(Settings(data_dir / "d").prepare(), env={}) as runtime,
        psycopg.connect(runtime.database.dsns.worker) as c,
    ):
        c.execute(DEAD, (7,))
        c.execute(DEAD, (8,))
        c.commit()

        number = alm("jobs", "run", "jobs.prune", *place)
        assert "No worker is running" in number.stderr
        assert "there are" in sentence(alm("jobs", "run", "jobs.nothing", *place))
        assert "not JSON" in sentence(alm("jobs", "run", "jobs.prune", "--args", "{", *place))
        cancelled = alm("jobs", "run", "outbox.prune", *place).stdout.strip()
        assert alm("jobs", "cancel", cancelled, *place).returncode == 0
        assert "no job" in sentence(alm("jobs", "retry", cancelled, *place))
        assert alm("worker", "--once", *place).returncode == 0
        listed = {row["id"]: row for row in json.loads(alm("jobs", "list", "--json", *place).stdout)}
        assert listed[int(number.stdout)]["status"] == "succeeded"
        assert listed[int(cancelled)]["status"] == "cancelled"
        assert "args" not in listed[int(cancelled)]

        shown = alm("dlq", "ls", *place)
        assert shown.returncode == 1
        assert "ValueError: no" in shown.stdout
        assert alm("dlq", "retry", "7", *place).returncode == 0
        assert alm("dlq", "reviewed", "8", *place).returncode == 0
        assert "No dead letters" in alm("dlq", "ls", *place).stdout
        assert "1 deleted" in alm("dlq", "purge", "--days", "0", *place).stderr
        assert sentence(alm("dlq", "retry", *place))
        assert alm("worker", "--once", *place).returncode == 0
        row = c.execute("SELECT published_at IS NOT NULL FROM alm.outbox_messages WHERE id = 7").fetchone()
        assert row == (True,)


def test_a_worker_stops_when_told(data_dir: Path) -> None:
    """SIGTERM ends `alm worker` with code 0, and the queue forgets it."""
    with opened(Settings(data_dir / "d").prepare(), env={}) as runtime:
        command = [sys.executable, "-m", "alm_workbench", "worker", "--data-dir", str(data_dir / "d")]
        env = {name: value for name, value in os.environ.items() if not name.startswith("ALM_")}
        process = subprocess.Popen(command, env=env, stderr=subprocess.PIPE)
        try:
            end = time.monotonic() + 60
            while not runtime.readiness()["workers"]:
                assert time.monotonic() < end
                time.sleep(0.1)
            process.send_signal(signal.SIGTERM)
            _, said = process.communicate(timeout=60)
        finally:
            process.kill()
            process.wait()
        assert (process.returncode, b"Traceback" in said) == (0, False), said
        assert runtime.readiness()["workers"] == 0
