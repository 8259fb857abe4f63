"""People at work: sessions with time to think, ninety reads to ten writes, against a real `alm serve`.

    python -m tests.performance.load [--sessions 200] [--think 5] [--minutes 5] [--processes 1] [--size large]

A session is a log-in of its own on a connection of its own. Between two requests it thinks for an exponentially
distributed time. What is measured is what the browser would see: from sending to the last byte.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from tests.faults.running import Installation
from tests.performance.measuring import Row, percentile, table

PEOPLE = ("owner", "manager", "engineer")
READ_GOAL, WRITE_GOAL = 150.0, 300.0
RAMP = 0.25
"""Seconds between two log-ins: a password costs what it must."""


@dataclass
class Plan:
    """Who works how long."""

    sessions: int = 200
    think: float = 5.0
    seconds: float = 300.0
    processes: int = 1
    size: str = "large"
    writes: float = 0.1
    settle: float = 5.0
    """Seconds after the last log-in that are not measured."""
    least: int = 0
    """Requests that every session makes even when its time is over."""


@dataclass
class Seen:
    """What the sessions met; seconds by kind of request."""

    reads: dict[str, list[float]] = field(default_factory=dict)
    writes: dict[str, list[float]] = field(default_factory=dict)
    statuses: dict[int, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def all(self, kinds: dict[str, list[float]]) -> list[float]:
        """Every request of some kinds."""
        return [value for values in kinds.values() for value in values]


class Session:
    """One person at work."""

    def __init__(self, number: int, client: httpx.AsyncClient, plan: Plan, seen: Seen) -> None:
        self._client, self._plan, self._seen = client, plan, seen
        self._random = random.Random(number)
        self._email = f"{PEOPLE[number % len(PEOPLE)]}@demo.example"
        self._project = ""
        self._items: list[dict[str, Any]] = []
        self._asked = 0
        self.measured = False

    async def log_in(self, password: str) -> None:
        """Open the session and look around once."""
        answer = await self._client.post("/auth/login", json={"email": self._email, "password": password})
        answer.raise_for_status()
        self._client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        self._project = (await self._client.get("/projects")).raise_for_status().json()["items"][0]["id"]
        await self._list()

    async def work(self, until: float) -> None:
        """Think, ask, think."""
        while True:
            await asyncio.sleep(self._random.expovariate(1 / self._plan.think))
            if time.monotonic() >= until and self._asked >= self._plan.least:
                return
            await (self._write() if self._random.random() < self._plan.writes else self._read())

    async def _read(self) -> None:
        item = self._random.choice(self._items)
        pick = self._random.random()
        if pick < 0.35:
            await self._list()
        elif pick < 0.60:
            await self._ask("read", "item", "GET", f"/artifacts/{item['id']}")
        elif pick < 0.70:
            await self._ask("read", "by key", "GET", f"/projects/{self._project}/artifacts/{item['key']}")
        elif pick < 0.80:
            word = self._random.choice(("brake", "sensor", "fren", "pressure", "valve", "warning lamp"))
            path = f"/projects/{self._project}/artifacts"
            await self._ask("read", "search", "GET", path, params={"text": word, "limit": 20})
        elif pick < 0.90:
            await self._ask("read", "steps", "GET", f"/artifacts/{item['id']}/transitions")
        elif pick < 0.95:
            await self._ask("read", "links", "GET", f"/artifacts/{item['id']}/links")
        else:
            await self._ask("read", "projects", "GET", "/projects")

    async def _list(self) -> None:
        wanted = self._random.choice(({}, {"type": "defect"}, {"type": "requirement"}))
        path = f"/projects/{self._project}/artifacts"
        found = await self._ask("read", "list", "GET", path, params={"limit": 50, **wanted})
        self._items = (found or {}).get("items") or self._items

    async def _write(self) -> None:
        item = self._random.choice(self._items)
        headers = {"If-Match": f'"{item["version"]}"'}
        if self._random.random() < 0.5:
            body = {"artifact_type": "requirement", "title": f"Written under load {self._random.random():.6f}"}
            await self._ask("write", "create", "POST", f"/projects/{self._project}/artifacts", json=body)
        else:
            fresh = await self._ask("read", "item", "GET", f"/artifacts/{item['id']}")
            if fresh:
                headers["If-Match"] = f'"{fresh["version"]}"'
                body = {"title": f"{str(fresh['title'])[:60]} {self._random.randrange(1000)}"}
                path = f"/artifacts/{item['id']}"
                await self._ask("write", "update", "PATCH", path, json=body, headers=headers)

    async def _ask(self, kind: str, name: str, method: str, path: str, **more: Any) -> dict[str, Any] | None:
        begun = time.perf_counter()
        self._asked += 1
        try:
            answer = await self._client.request(method, path, **more)
        except httpx.HTTPError as error:
            self._note(0, f"{method} {path}: {type(error).__name__}")
            return None
        seconds = time.perf_counter() - begun
        if self.measured:
            where = self._seen.reads if kind == "read" else self._seen.writes
            where.setdefault(name, []).append(seconds)
        expected = answer.is_success or answer.status_code in (403, 409)  # frozen items, and two who edit the same
        self._note(answer.status_code, "" if expected else f"{method} {path}: {answer.status_code} {answer.text[:200]}")
        found = answer.json() if answer.is_success else None
        return found if isinstance(found, dict) else None

    def _note(self, status: int, wrong: str) -> None:
        self._seen.statuses[status] = self._seen.statuses.get(status, 0) + 1
        if wrong:
            self._seen.wrong.append(wrong)


async def run(plan: Plan, installation: Installation) -> tuple[Seen, float]:
    """Log everybody in, let them work; what they saw, and the seconds that were measured."""
    seen = Seen()
    clients = [httpx.AsyncClient(base_url=installation.base, timeout=30, trust_env=False) for _ in range(plan.sessions)]
    sessions = [Session(n, client, plan, seen) for n, client in enumerate(clients)]
    try:
        until = time.monotonic() + plan.sessions * RAMP + plan.seconds + 2 * plan.settle
        tasks = []
        for session in sessions:
            begun = time.monotonic()
            await session.log_in(installation.password)
            tasks.append(asyncio.create_task(session.work(until)))
            await asyncio.sleep(max(0.0, RAMP - (time.monotonic() - begun)))
        await asyncio.sleep(plan.settle)
        for session in sessions:
            session.measured = True
        begun = time.monotonic()
        await asyncio.gather(*tasks)
        return seen, time.monotonic() - begun
    finally:
        for client in clients:
            await client.aclose()


def processor(installation: Installation) -> tuple[float, float]:
    """Processor seconds so far: of the server's processes, of the database's."""

    def spent(pid: int) -> float:
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        total = 0.0
        for one in family:
            try:
                times = one.cpu_times()
            except psutil.Error:
                continue
            total += times.user + times.system + times.children_user + times.children_system
        return total

    assert installation.process is not None
    return spent(installation.process.pid), spent(installation.postmaster())


def rows(seen: Seen, seconds: float, cpu: tuple[float, float]) -> list[Row]:
    """The table."""
    reads, writes = seen.all(seen.reads), seen.all(seen.writes)
    count = len(reads) + len(writes)
    made = [
        Row("reads, p95", percentile(reads, 0.95) * 1000, "ms", READ_GOAL,
            note=f"p50 {percentile(reads, 0.5) * 1000:.0f} ms, p99 {percentile(reads, 0.99) * 1000:.0f} ms, {len(reads)}"),
        Row("writes, p95", percentile(writes, 0.95) * 1000, "ms", WRITE_GOAL,
            note=f"p50 {percentile(writes, 0.5) * 1000:.0f} ms, p99 {percentile(writes, 0.99) * 1000:.0f} ms, {len(writes)}"),
        Row("requests", count / seconds, "/s",
            note=f"server {cpu[0] / count * 1000:.1f} ms, database {cpu[1] / count * 1000:.1f} ms of processor a request"),
        Row("wrong answers", len(seen.wrong), "", 0, note=f"statuses {dict(sorted(seen.statuses.items()))}"),
    ]  # fmt: skip
    for kind in (seen.reads, seen.writes):
        made += [
            Row(f"  {name}, p95", percentile(values, 0.95) * 1000, "ms",
                note=f"p50 {percentile(values, 0.5) * 1000:.0f} ms, {len(values)} requests")
            for name, values in sorted(kind.items())
        ]  # fmt: skip
    return made


def measure(plan: Plan, data: Path | None = None) -> tuple[list[Row], Seen]:
    """Everything: data, server, sessions; the table and what was seen."""
    installation = Installation(data) if data else Installation.make(size=plan.size)
    try:
        installation.start(*(("--processes", str(plan.processes)) if plan.processes > 1 else ()))
        before = processor(installation)
        begun = time.monotonic()
        seen, seconds = asyncio.run(run(plan, installation))
        share = seconds / (time.monotonic() - begun)  # the ramp costs too, and is not measured
        after = processor(installation)
        return rows(seen, seconds, ((after[0] - before[0]) * share, (after[1] - before[1]) * share)), seen
    finally:
        installation.stop() if data else installation.remove()


def main() -> int:
    """The command line; 1 when an answer was wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=200)
    parser.add_argument("--think", type=float, default=5.0, help="seconds between requests, on average")
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--size", choices=("small", "large"), default="large")
    parser.add_argument("--data", type=Path, help="a data directory with the demo, instead of a new one")
    given = parser.parse_args()
    plan = Plan(given.sessions, given.think, given.minutes * 60, given.processes, given.size)
    found, seen = measure(plan, given.data)
    print(table(found))
    for line in seen.wrong[:10]:
        print(line, file=sys.stderr)
    return 1 if seen.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
