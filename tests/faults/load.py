"""Writers that never give up: each item has its own title and idempotency key, and is sent until it is acknowledged."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from uuid import uuid4

import httpx

from tests.faults.running import Installation


@dataclass
class Tally:
    """What the writers know."""

    sent: set[str] = field(default_factory=set)
    acknowledged: dict[str, str] = field(default_factory=dict)
    """Title and id of what was answered with 201."""
    answers: dict[int, int] = field(default_factory=dict)
    """How often which status came; 0 for none."""
    refused: list[str] = field(default_factory=list)
    """Answers that blame the writer: there must be none."""


class Writers:
    """Threads that create items on an installation from entering the block to leaving it."""

    def __init__(
        self, installation: Installation, *, threads: int = 4, pause: float = 0.0, timeout: float = 5.0
    ) -> None:
        """``pause``: seconds between items; ``timeout``: seconds to wait for an answer."""
        self.tally = Tally()
        self._installation, self._pause, self._timeout = installation, pause, timeout
        with installation.session() as client:
            self._headers = dict(client.headers)
            self._path = f"/projects/{installation.project(client)}/artifacts"
        self._stop, self._lock = threading.Event(), threading.Lock()
        self._mark = uuid4().hex[:8]
        self._threads = [threading.Thread(target=self._write, args=(n,)) for n in range(threads)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(120)

    def wait_for(self, more: int, seconds: float = 60.0) -> None:
        """Wait until so many more items are acknowledged."""
        target, end = len(self.tally.acknowledged) + more, time.monotonic() + seconds
        while len(self.tally.acknowledged) < target:
            if time.monotonic() > end:
                raise TimeoutError(f"{target - len(self.tally.acknowledged)} of {more} items were not acknowledged")
            time.sleep(0.02)

    def _write(self, number: int) -> None:
        count = 0
        with httpx.Client(
            base_url=self._installation.base, headers=self._headers, timeout=self._timeout, trust_env=False
        ) as client:
            while not self._stop.is_set():
                count += 1
                self._insist(client, f"fault {self._mark} {number}-{count}")
                self._stop.wait(self._pause)

    def _insist(self, client: httpx.Client, title: str) -> None:
        """Send one item until it is acknowledged; after the end of the block for a while only."""
        key, patience = uuid4().hex, 300
        with self._lock:
            self.tally.sent.add(title)
        while patience:
            patience -= self._stop.is_set()
            status, body = self._send(client, title, key)
            with self._lock:
                self.tally.answers[status] = self.tally.answers.get(status, 0) + 1
                if status == 201:
                    self.tally.acknowledged[title] = body["id"]
                elif 400 <= status < 500 and status not in (409, 429):
                    self.tally.refused.append(f"{status} {body}")
            if status == 201 or (400 <= status < 500 and status not in (409, 429)):
                return
            time.sleep(0.1)

    def _send(self, client: httpx.Client, title: str, key: str) -> tuple[int, dict[str, str]]:
        try:
            answer = client.post(
                self._path, json={"artifact_type": "Requirement", "title": title}, headers={"Idempotency-Key": key}
            )
        except httpx.HTTPError:
            return 0, {}
        return answer.status_code, answer.json() if answer.content else {}


@dataclass(frozen=True)
class Outcome:
    """One line of the table of faults."""

    fault: str
    sent: int
    acknowledged: int
    found: int
    """Of the acknowledged ones, after the recovery."""
    doubled: int
    notes: str = ""

    @property
    def lost(self) -> int:
        """Acknowledged and gone."""
        return self.acknowledged - self.found

    @property
    def good(self) -> bool:
        """Nothing that was acknowledged is lost, nothing is there twice, and something was tried."""
        return self.lost == 0 and self.doubled == 0 and self.sent > 0

    @classmethod
    def of(cls, fault: str, installation: Installation, tally: Tally, notes: str = "") -> Outcome:
        """Compare what the writers know with what the database holds."""
        rows = installation.rows("SELECT title, id::text FROM alm.artifacts WHERE title LIKE 'fault %'")
        there: dict[str, list[str]] = {}
        for title, identifier in rows:
            there.setdefault(title, []).append(identifier)
        found = sum(identifier in there.get(title, []) for title, identifier in tally.acknowledged.items())
        doubled = sum(len(there.get(title, [])) > 1 for title in tally.sent)
        return cls(fault, len(tally.sent), len(tally.acknowledged), found, doubled, notes)


def table(outcomes: list[Outcome]) -> str:
    """The outcomes as a Markdown table."""
    lines = ["| Fault | Sent | Acknowledged | Found | Doubled | Good | Details |", "|---|---|---|---|---|---|---|"]
    lines += [
        f"| {o.fault} | {o.sent} | {o.acknowledged} | {o.found} | {o.doubled} | {'yes' if o.good else 'NO'} | {o.notes} |"
        for o in outcomes
    ]
    return "\n".join(lines)
