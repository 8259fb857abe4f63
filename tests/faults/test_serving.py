"""`alm serve` as a real process: several on one port, a dead database, a dead child, a dead parent."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator

import httpx
import psutil
import pytest

from alm_workbench.storage import postmaster
from tests.faults import scenarios
from tests.faults.running import Installation, wait_until
from tests.performance.load import Plan, run


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    """An installation with the demo, shared by the tests of this module."""
    made = Installation.make()
    yield made
    made.remove()


def children(installation: Installation) -> list[psutil.Process]:
    """The answering processes."""
    assert installation.process is not None
    family = psutil.Process(installation.process.pid).children()
    return [one for one in family if alive(one) and "--child" in one.cmdline()]


def alive(process: psutil.Process) -> bool:
    """Whether it runs; one that ended and that nobody has asked for yet does not."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def answers(installation: Installation) -> bool:
    """Whether a request with a log-in is answered; on a connection of its own, so that any process may take it."""
    try:
        with installation.session() as client:
            return client.get("/projects").status_code == 200
    except (httpx.HTTPError, AssertionError):
        return False


def test_a_killed_database_costs_nothing(installation: Installation) -> None:
    """Under load: readiness tells within five seconds, the server recovers by itself, nothing is lost or doubled."""
    outcome = scenarios.database_killed(installation, kills=1, items=10)
    assert (outcome.lost, outcome.doubled) == (0, 0), outcome


def test_what_was_committed_is_published_after_a_kill(installation: Installation) -> None:
    """The server dies between commit and publish; the next one hands every event to subscribers, once."""
    outcome = scenarios.server_killed_before_publishing(installation, items=10)
    assert (outcome.lost, outcome.doubled) == (0, 0), outcome


def test_processes_share_a_port_and_are_kept_alive(installation: Installation) -> None:
    """A child that is killed is replaced while the other goes on answering; the end of the parent is the end of all."""
    installation.start("--processes", "2")
    try:
        wait_until(lambda: len(children(installation)) == 2, 20, "two children")
        wait_until(lambda: answers(installation), 20, "an answer")
        first = {one.pid for one in children(installation)}
        victim = min(first)
        os.kill(victim, signal.SIGKILL)
        wait_until(lambda: len({c.pid for c in children(installation)} - {victim}) == 2, 20, "a new child")
        wait_until(lambda: answers(installation), 20, "an answer")
        family = children(installation)
        os.kill(installation.postmaster(), signal.SIGKILL)
        wait_until(lambda: postmaster.running(installation.cluster) is not None, 20, "the database")
        wait_until(lambda: answers(installation), 20, "an answer after the database came back")
        assert {one.pid for one in children(installation)} == {one.pid for one in family}
        installation.kill()
        wait_until(lambda: not any(alive(one) for one in family), 20, "the end of the children")
    finally:
        installation.stop()


def test_people_are_answered_until_a_clean_stop_ends_everything(installation: Installation) -> None:
    """Sessions read and write side by side over two processes, and every answer is a right one (the large load is
    `make load`); then SIGTERM ends the server with code 0, its children, and the database that nobody else uses."""
    plan = Plan(sessions=3, think=0.02, seconds=0, writes=0.5, settle=0, least=20)
    installation.start("--processes", "2")
    try:
        seen, _ = asyncio.run(run(plan, installation))
        family, process = children(installation), installation.process
    finally:
        installation.stop()
    assert seen.wrong == []
    assert sum(seen.statuses.values()) >= plan.sessions * plan.least
    assert {200, 201} <= seen.statuses.keys()
    assert process is not None
    assert process.returncode == 0
    assert not any(alive(one) for one in family)
    assert postmaster.running(installation.cluster) is None
