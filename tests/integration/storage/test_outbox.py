"""The outbox: in the transaction, in order, at least once, with retries and a place for the dead."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from alm_workbench.storage import outbox
from alm_workbench.storage.bootstrap import Dsns
from alm_workbench.storage.outbox import OutboxMessage, Publisher
from tests.factories.world import World


@dataclass(frozen=True)
class Event:
    """An event of the tests."""

    event_type: str
    aggregate_id: UUID = field(default_factory=uuid4)
    payload: dict[str, Any] = field(default_factory=dict)
    aggregate_type: str = "Artifact"
    schema_version: int = 1


def emit(world: World, *events: Event) -> None:
    """Append events in a transaction of their own."""
    with world.begin(correlation_id="c-7") as conn:
        assert outbox.append(conn, events) == len(events)


class Subscriber:
    """Remembers what it got; fails while told to."""

    def __init__(self, failing: Callable[[OutboxMessage], bool] = lambda message: False) -> None:
        self.seen: list[OutboxMessage] = []
        self.failing = failing

    def __call__(self, message: OutboxMessage) -> None:
        if self.failing(message):
            raise ValueError(f"cannot handle {message.event_type}")
        self.seen.append(message)

    @property
    def types(self) -> list[str]:
        """The event types in the order of arrival."""
        return [message.event_type for message in self.seen]


def test_events_leave_with_their_transaction_and_in_order(db: Dsns, own_world: World) -> None:
    """Nothing of a rolled back one; everything else with tenant, correlation id and payload."""

    def lose() -> None:
        with own_world.begin() as conn:
            outbox.append(conn, [Event("lost")])
            conn.exec_driver_sql("SELECT 1 / 0")

    with pytest.raises(DBAPIError, match="division by zero"):
        lose()
    emit(own_world, *(Event(f"e{number}", payload={"n": number, "ı": "ş"}) for number in range(120)))
    subscriber = Subscriber()
    assert Publisher(db.worker, subscriber).drain() == 120
    assert subscriber.types == [f"e{number}" for number in range(120)]
    first = subscriber.seen[1]
    assert (first.tenant_id, first.correlation_id, first.payload) == (own_world.tenant_id, "c-7", {"n": 1, "ı": "ş"})
    assert Publisher(db.worker, subscriber).drain() == 0


def test_a_failing_message_is_retried_and_holds_back_its_aggregate_only(db: Dsns, own_world: World) -> None:
    """Later messages of the same aggregate wait for it; those of others do not."""
    one, other = uuid4(), uuid4()
    emit(own_world, Event("a1", one), Event("a2", one), Event("b1", other))
    failing = {"a1"}
    subscriber = Subscriber(lambda message: message.event_type in failing)
    publisher = Publisher(db.worker, subscriber, delays=(0.05,) * 5)
    publisher.drain()
    assert subscriber.types == ["b1"]
    failing.clear()
    time.sleep(0.1)
    publisher.drain()
    assert subscriber.types == ["b1", "a1", "a2"]
    assert subscriber.seen[1].retry_count == 1


def test_after_five_retries_a_message_is_dead(db: Dsns, own_world: World) -> None:
    """It moves to dead_letter_messages with its error, and the aggregate goes on."""
    one = uuid4()
    emit(own_world, Event("poison", one, {"k": "v"}), Event("next", one))
    tries: list[str] = []

    def handle(message: OutboxMessage) -> None:
        tries.append(message.event_type)
        if message.event_type == "poison":
            raise ValueError("no")

    publisher = Publisher(db.worker, handle, delays=(0.0,) * 5)
    deadline = time.monotonic() + 10
    while "next" not in tries and time.monotonic() < deadline:
        publisher.drain()
    assert tries == ["poison"] * 6 + ["next"]
    dead = own_world.sql("SELECT event_type, payload, retry_count, error, reviewed_at FROM alm.dead_letter_messages")
    assert dead == [("poison", {"k": "v"}, 5, "ValueError: no", None)]
    assert own_world.sql("SELECT event_type FROM alm.outbox_messages") == [("next",)]


def test_delays_double_with_jitter(db: Dsns, own_world: World) -> None:
    """1, 2, 4, 8, 16 seconds and up to a quarter more."""
    assert list(outbox.RETRY_DELAYS) == [1.0, 2.0, 4.0, 8.0, 16.0]
    emit(own_world, Event("x"))
    publisher = Publisher(db.worker, Subscriber(lambda message: True))
    for delay in outbox.RETRY_DELAYS:
        with psycopg.connect(db.worker) as conn:
            conn.execute("UPDATE alm.outbox_messages SET next_attempt_at = now()")
        publisher.drain()
        waits = own_world.sql(
            "SELECT extract(epoch FROM next_attempt_at - clock_timestamp())::float8 FROM alm.outbox_messages"
        )
        assert delay - 0.5 < waits[0][0] <= delay * 1.25


def test_one_publisher_at_a_time(db: Dsns, own_world: World) -> None:
    """A second one finds nothing to do while the first holds the lock, and takes over afterwards."""
    emit(own_world, Event("e"))
    with psycopg.connect(db.worker, autocommit=True) as holder:
        holder.execute(f"SELECT pg_advisory_lock({outbox.LOCK})")
        assert Publisher(db.worker, Subscriber()).drain() == 0
    assert Publisher(db.worker, Subscriber()).drain() == 1


def test_run_wakes_up_at_once_and_stops(db: Dsns, own_world: World) -> None:
    """A notification ends the wait; a stopped publisher ends within its poll time."""
    subscriber, stop = Subscriber(), threading.Event()
    thread = threading.Thread(target=Publisher(db.worker, subscriber, poll=1.0).run, args=(stop,))
    thread.start()
    try:
        time.sleep(0.5)
        begun = time.monotonic()
        emit(own_world, Event("wake"))
        while not subscriber.seen and time.monotonic() < begun + 5:
            time.sleep(0.005)
        assert subscriber.types == ["wake"]
        assert time.monotonic() - begun < 0.9
    finally:
        stop.set()
        thread.join(5)
    assert not thread.is_alive()


def test_run_survives_a_lost_connection(db: Dsns, own_world: World) -> None:
    """After its connection was ended it goes on with a new one."""
    subscriber, stop = Subscriber(), threading.Event()
    thread = threading.Thread(target=Publisher(db.worker, subscriber, poll=0.1).run, args=(stop,))
    thread.start()
    try:
        time.sleep(0.3)
        with psycopg.connect(db.worker, autocommit=True) as conn:
            conn.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'alm-outbox'")
        emit(own_world, Event("after"))
        deadline = time.monotonic() + 10
        while not subscriber.seen and time.monotonic() < deadline:
            time.sleep(0.02)
    finally:
        stop.set()
        thread.join(5)
    assert subscriber.types == ["after"]


def test_notifications_carry_nothing(db: Dsns, own_world: World) -> None:
    """LISTEN is database-wide, so a payload would leak to other tenants."""
    with psycopg.connect(db.app, autocommit=True) as listener:
        listener.execute(f"LISTEN {outbox.CHANNEL}")
        emit(own_world, Event("secret"))
        assert [note.payload for note in listener.notifies(timeout=2, stop_after=1)] == [""]


def test_prune_keeps_the_young_and_the_unpublished(db: Dsns, own_world: World) -> None:
    """Only what was published longer ago goes."""
    emit(own_world, Event("old"), Event("young"))
    publisher = Publisher(db.worker, Subscriber())
    publisher.drain()
    emit(own_world, Event("waiting"))
    with psycopg.connect(db.worker) as conn:
        conn.execute("UPDATE alm.outbox_messages SET published_at = now() - interval '9 days' WHERE event_type = 'old'")
    assert outbox.prune(db.worker, timedelta(days=7)) == 1
    assert own_world.sql("SELECT event_type FROM alm.outbox_messages ORDER BY id") == [("young",), ("waiting",)]
