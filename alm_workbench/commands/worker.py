"""``alm worker``, ``alm jobs`` and ``alm dlq``: work that happens outside of requests."""

from __future__ import annotations

import json
import signal
import threading
from datetime import datetime, timedelta
from typing import Any

import click

from alm_workbench.commands.common import data_dir_option, json_option, require_workbench, runtime, say, show, table
from alm_workbench.config import settings
from alm_workbench.errors import InvalidInput, NotFound

STATUSES = ("todo", "doing", "succeeded", "failed", "cancelled", "aborted")


@click.command()
@click.option(
    "--queue", "queues", multiple=True, type=click.Choice(["light", "heavy"]), help="Only these (repeatable)."
)
@click.option("--concurrency", default=2, show_default=True, type=click.IntRange(1, 32), help="Jobs at a time.")
@click.option("--once", is_flag=True, help="Run what is due, and end.")
@data_dir_option
def worker(queues: tuple[str, ...], concurrency: int, once: bool, data_dir: str | None) -> None:
    """Run jobs and publish events, until Ctrl-C; several may work on one database, beside servers or instead of them."""
    from alm_workbench.composition import opened

    require_workbench(settings(data_dir))
    with opened(settings(data_dir), progress=say, pool_size=2) as found:
        if once:
            found.work_once(queues or None, concurrency=concurrency)
            return
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        found.start_worker(queues or None, concurrency=concurrency)
        say(f"Working on {' and '.join(queues) or 'all'} jobs, {concurrency} at a time")
        stop.wait()


@click.group()
def jobs() -> None:
    """Jobs: what waits, runs and failed."""


@jobs.command("list")
@click.option("--status", type=click.Choice(STATUSES), help="Only these.")
@click.option("--name", help="Only jobs of this name.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000))
@json_option
@data_dir_option
def list_jobs(status: str | None, name: str | None, limit: int, as_json: bool, data_dir: str | None) -> None:
    """The newest jobs of every organisation, without their arguments."""
    with runtime(data_dir) as found:
        rows = found.queue.rows(status=status, name=name, limit=limit)
    data = [
        {"id": row.id, "name": row.name, "queue": row.queue, "status": row.status, "attempts": row.attempts,
         "tenant_id": row.tenant_id, "scheduled_at": row.scheduled_at, "deferred_at": row.deferred_at,
         "changed_at": row.changed_at}
        for row in rows
    ]  # fmt: skip
    cells = [
        [row.id, row.name, row.queue, row.status, row.attempts, short(row.deferred_at), short(row.changed_at)]
        for row in rows
    ]
    header = ["id", "name", "queue", "status", "tries", "deferred", "changed"]
    show(data, as_json, lambda: table(cells, header) if rows else ["No jobs."])


@jobs.command("kinds")
@json_option
@data_dir_option
def kinds(as_json: bool, data_dir: str | None) -> None:
    """What can be run, and what runs by itself (UTC)."""
    with runtime(data_dir) as found:
        specs = sorted(found.jobs, key=lambda spec: spec.name)
    data = [
        {"name": spec.name, "queue": spec.queue, "cron": spec.cron, "upkeep": spec.upkeep, "attempts": spec.attempts}
        for spec in specs
    ]
    cells = [[spec.name, spec.queue, spec.cron or "", "installation" if spec.upkeep else "tenant"] for spec in specs]
    show(data, as_json, lambda: table(cells, ["name", "queue", "schedule", "belongs to"]))


@jobs.command("run")
@click.argument("name")
@click.option("--args", "arguments", default="{}", show_default=True, help="A JSON object.")
@data_dir_option
def run_job(name: str, arguments: str, data_dir: str | None) -> None:
    """Put a job of the installation into the queue now; prints its number."""
    given = json_object(arguments)
    with runtime(data_dir) as found:
        try:
            job_id = found.queue.add(name, given)
        except LookupError as error:
            known = ", ".join(sorted(spec.name for spec in found.jobs if spec.upkeep))
            raise NotFound(f"{error.args[0]}; there are {known}") from error
        workers = found.readiness().get("workers", 0)
    click.echo(job_id)
    if not workers:
        say("No worker is running: `alm worker --once` runs what is due")


@jobs.command("cancel")
@click.argument("job_id", type=int)
@data_dir_option
def cancel_job(job_id: int, data_dir: str | None) -> None:
    """Take a waiting job out of the queue."""
    with runtime(data_dir) as found:
        if not found.queue.cancel(job_id):
            raise NotFound(f"no job {job_id} waits or runs")


@jobs.command("retry")
@click.argument("job_id", type=int)
@data_dir_option
def retry_job(job_id: int, data_dir: str | None) -> None:
    """Let a failed job run again."""
    with runtime(data_dir) as found:
        if not found.queue.retry(job_id):
            raise NotFound(f"no job {job_id} has failed")


@click.group()
def dlq() -> None:
    """Dead letters: events that could not be published."""


@dlq.command("ls")
@click.option("--all", "everything", is_flag=True, help="Those too that somebody has looked at.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 10_000))
@json_option
@data_dir_option
def list_letters(everything: bool, limit: int, as_json: bool, data_dir: str | None) -> None:
    """The oldest dead letters, and why they are dead; exit code 1 when there are any."""
    with runtime(data_dir) as found:
        letters = found.dead_letters.rows(reviewed=everything, limit=limit)
    cells = [[one.id, one.tenant, one.event_type, one.retry_count, short(one.moved_at), one.error] for one in letters]
    header = ["id", "tenant", "event", "tries", "dead since", "error"]
    show(letters, as_json, lambda: table(cells, header) if letters else ["No dead letters."])
    if any(one.reviewed_at is None for one in letters):
        raise click.exceptions.Exit(1)


@dlq.command("retry")
@click.argument("ids", type=int, nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All of them.")
@data_dir_option
def retry_letters(ids: tuple[int, ...], everything: bool, data_dir: str | None) -> None:
    """Publish dead letters again, with a new set of tries."""
    if bool(ids) == everything:
        raise InvalidInput("Name the dead letters by their numbers, or give --all")
    with runtime(data_dir) as found:
        count = found.dead_letters.retry(None if everything else ids)
    say(f"{count} to be published again")
    if not count and ids:
        raise NotFound("no dead letter has one of these numbers")


@dlq.command("reviewed")
@click.argument("ids", type=int, nargs=-1, required=True)
@data_dir_option
def review_letters(ids: tuple[int, ...], data_dir: str | None) -> None:
    """Say that somebody has looked at these and they need no more; they are deleted 90 days later."""
    with runtime(data_dir) as found:
        say(f"{found.dead_letters.reviewed(ids)} marked")


@dlq.command("purge")
@click.option("--days", default=90, show_default=True, type=click.IntRange(0), help="Looked at so many days ago.")
@data_dir_option
def purge_letters(days: int, data_dir: str | None) -> None:
    """Delete dead letters that somebody has looked at; the others stay."""
    with runtime(data_dir) as found:
        say(f"{found.dead_letters.purge(timedelta(days=days))} deleted")


def short(moment: datetime | None) -> str:
    """A moment in UTC, to the second."""
    return moment.strftime("%Y-%m-%d %H:%M:%S") if moment else ""


def json_object(given: str) -> dict[str, Any]:
    """A JSON object from the command line; raises ``InvalidInput``."""
    try:
        found = json.loads(given)
    except ValueError as error:
        raise InvalidInput(f"--args is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise InvalidInput("--args must be a JSON object")
    return found
