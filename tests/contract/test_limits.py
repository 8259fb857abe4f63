"""Rate limits: what a tier allows in a minute and at once, told with every answer, and the same for all processes."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from alm_workbench.server.limits import NOBODY, SESSION_FACTOR, RequestLimits, is_interactive
from alm_workbench.shared.limits import Budget, Verdict
from alm_workbench.shared.tiers import shipped_tiers
from alm_workbench.storage.bootstrap import Dsns
from alm_workbench.storage.ratelimit import MINUTE, SharedRateLimiter, room_in
from tests.contract.test_rest import problem
from tests.factories.workbench import Api, Bench

FREE = Budget(60, 10)


class Clock:
    """A time that tests move."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def limiter(clock: Clock, dsn: str = "") -> SharedRateLimiter:
    """A process of its own."""
    return SharedRateLimiter(dsn, b"secret", clock=clock)


def test_the_minute() -> None:
    """60 in a minute and not one more; the refused ones do not count, and the answer says when to come back."""
    clock = Clock()
    rates = limiter(clock)
    left = []
    for _ in range(60):
        verdict = rates.admit("a", FREE)
        assert verdict.allowed
        left.append(verdict.remaining)
        clock.now += 0.5
    assert left == list(range(59, -1, -1))
    refused = rates.admit("a", FREE)
    assert (refused.allowed, refused.remaining, refused.limit) == (False, 0, 60)
    assert rates.admit("b", FREE).allowed
    clock.now += refused.retry_after
    assert rates.admit("a", FREE).allowed


def test_the_burst() -> None:
    """Ten at once, the eleventh comes a second later."""
    clock = Clock()
    rates = limiter(clock)
    assert [rates.admit("a", FREE).allowed for _ in range(11)] == [True] * 10 + [False]
    assert rates.admit("a", FREE).retry_after == 1
    clock.now += 2
    assert rates.admit("a", FREE).allowed


@pytest.mark.parametrize(
    ("before", "lasts", "present", "limit"),
    [(60, 30.0, 30, 60), (0, 12.5, 60, 60), (60, 59.9, 1, 60), (3, 1.0, 60, 60)],
)
def test_there_is_room_when_it_says_so(before: int, lasts: float, present: int, limit: int) -> None:
    """After the seconds it names a request fits into the sliding window, and a second earlier it might not."""
    wait = room_in(before, lasts, present, limit)
    rest = lasts - wait
    counted = before * rest / MINUTE + present if rest > 0 else present * (MINUTE + rest) / MINUTE
    assert int(counted) + 1 <= limit


@pytest.fixture
def conn(module_db: Dsns) -> Iterator[psycopg.Connection[Any]]:
    """A connection of the app, as the limiter has one."""
    with psycopg.connect(module_db.app, autocommit=True) as connection:
        yield connection


def test_processes_hear_of_each_other(conn: psycopg.Connection[Any]) -> None:
    """After a word with the database every process knows what all have counted; nothing is counted twice."""
    clock = Clock()
    one, two = limiter(clock), limiter(clock)
    for _ in range(20):
        one.admit("shared", FREE)
        two.admit("shared", FREE)
        clock.now += 0.2
    assert one.admit("shared", FREE).remaining == 60 - 21
    for _ in range(3):
        one.reconcile(conn)
        two.reconcile(conn)
    one.reconcile(conn)
    assert one.admit("shared", FREE).remaining == two.admit("shared", FREE).remaining == 60 - 42
    clock.now += 1
    one.reconcile(conn)
    two.reconcile(conn)
    assert sum(two.admit("shared", FREE).allowed for _ in range(10)) == 10
    names = [
        row[0] for row in conn.execute("SELECT name FROM alm.rate_exchange(%s, %s, %s)", (["shared"], [0], [60.0]))
    ]
    assert names == []  # nobody reads from a name whom it counts


def test_the_app_reads_the_counters_through_the_function_only(conn: psycopg.Connection[Any]) -> None:
    """The table itself is closed."""
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        conn.execute("SELECT * FROM alm.rate_counters")


def test_without_the_database_every_process_goes_on_alone() -> None:
    """What could not be told is kept; the limit still holds here."""
    clock = Clock()
    rates = limiter(clock)
    for _ in range(5):
        rates.admit("a", FREE)
    with pytest.raises(psycopg.OperationalError):
        rates.reconcile(_Broken())  # type: ignore[arg-type]
    heard = _Heard()
    rates.reconcile(heard)  # type: ignore[arg-type]
    assert heard.told == [5]


class _Broken:
    def execute(self, *_: Any) -> Any:
        raise psycopg.OperationalError("gone")


class _Heard:
    told: list[int]

    def execute(self, _: str, values: Any) -> _Heard:
        self.told = list(values[1])
        return self

    def fetchall(self) -> list[Any]:
        return []


def test_old_windows_are_forgotten(conn: psycopg.Connection[Any]) -> None:
    """Neither memory nor table grows with the people who were here."""
    clock = Clock()
    rates = limiter(clock)
    for number in range(500):
        rates.admit(f"visitor {number}", FREE)
    clock.now += 3 * MINUTE
    rates.reconcile(conn)
    assert rates._counters.reset() == 0


class Remembering:
    """A limiter that notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Budget]] = []

    def admit(self, subject: str, budget: Budget, /) -> Verdict:
        self.asked.append((subject, budget))
        return Verdict(True, budget.per_minute, 1, 1)

    def state(self) -> dict[str, Any]:
        return {}

    def close(self) -> None:
        pass


@pytest.mark.parametrize("tier", ["free", "pro", "enterprise", "unheard-of"])
def test_the_tier_says_how_many(workbench: Bench, tier: str) -> None:
    """Keys and tokens as the tier says, sessions ten times that; each counted apart."""
    principal = workbench.acme.viewer.principal
    assert principal is not None
    counter = Remembering()
    limits = RequestLimits(counter)
    limits.member(dataclasses.replace(principal, tier=tier), interactive=False)
    limits.member(dataclasses.replace(principal, tier=tier), interactive=True)
    rates = shipped_tiers().of(tier).rates
    (token, first), (session, second) = counter.asked
    assert first == Budget(rates.per_minute, rates.burst)
    assert second == first.times(SESSION_FACTOR)
    assert token != session
    numbers = {code: shipped_tiers().of(code).rates for code in ("free", "pro", "enterprise")}
    assert [(r.per_minute, r.burst) for r in numbers.values()] == [(60, 10), (300, 50), (1000, 200)]


def test_what_counts_as_a_session(workbench: Bench) -> None:
    """Cookies, and the tokens of kernels and of this server; keys and log-ins of programs do not."""
    principal = workbench.acme.viewer.principal
    assert principal is not None
    assert principal.user_id is not None
    tokens = workbench.runtime.tokens
    kernel = tokens.issue(principal.user_id, principal.tenant_id, "kernel", "k1")[0]
    assert is_interactive({"Cookie": "a=b"})
    assert is_interactive({"Authorization": f"Bearer {kernel}"})
    assert not is_interactive({"Authorization": "Bearer a.b.c"})
    assert not is_interactive({"Authorization": "Bearer alm_abc_def"})
    assert not is_interactive({"X-API-Key": "alm_abc_def"})


@pytest.fixture(scope="module")
def strict(workbench: Bench) -> Iterator[Api]:
    """A server with the limits as they are, and its organisation on the smallest tier."""
    with psycopg.connect(workbench.dsns.owner) as conn:
        conn.execute("SET LOCAL ROLE alm_definer")
        conn.execute("UPDATE alm.tenants SET tier = 'free' WHERE tenant_id = %s", (workbench.acme.tenant_id,))
    api = Api(workbench, scale=1)
    yield api
    api.close()


def test_over_http(strict: Api) -> None:
    """Headers with every answer, counting down; then 429 with a time to come back. Health is never counted."""
    first = strict.get("/auth/me", who="viewer")
    assert (first.status, first.headers["x-ratelimit-limit"]) == (200, "60")
    assert first.headers["x-ratelimit-remaining"] == "59"
    assert 0 < int(first.headers["x-ratelimit-reset"]) <= 60
    second = strict.get("/nothing", who="viewer")
    assert "x-ratelimit-remaining" in second.headers
    refused = None
    for _ in range(80):
        reply = strict.get("/auth/me", who="viewer")
        assert "x-ratelimit-remaining" in reply.headers
        if reply.status == 429:
            refused = reply
            break
    assert refused is not None
    body = problem(refused, 429, "rate-limit-exceeded")
    assert 1 <= int(refused.headers["retry-after"]) == body["retry_after"]
    assert strict.get("/auth/me", who="engineer").status == 200
    for _ in range(30):
        live = strict.get(f"{strict.url}alm/health/live", who=None)
        assert (live.status, live.headers.get("x-ratelimit-limit")) == (200, None)


@pytest.mark.parametrize(("proxies", "believed"), [("127.0.0.1", True), ("10.9.9.9", False), ("", False)])
def test_the_word_of_a_proxy(workbench: Bench, monkeypatch: pytest.MonkeyPatch, proxies: str, believed: bool) -> None:
    """Behind a proxy that was named each client has its own budget; nobody else may say where he comes from."""
    monkeypatch.setenv("ALM_TRUSTED_PROXIES", proxies)
    api = Api(workbench, scale=1)
    left = []
    for number in range(3):
        headers = {"X-Forwarded-For": f"198.51.100.{number}", "Authorization": "Bearer x"}
        left.append(int(api.get("/projects", who=None, headers=headers).headers["x-ratelimit-remaining"]))
    api.close()
    assert (len(set(left)) == 1) == believed


def test_guessing_is_limited_by_address(strict: Api) -> None:
    """Log-ins, tokens that prove nothing and paths that are none count for the address they come from."""
    statuses = set()
    for _ in range(3 * NOBODY.burst):
        reply = strict.get("/projects", who=None, headers={"Authorization": "Bearer nonsense"})
        statuses.add(reply.status)
        if reply.status == 429:
            break
    assert statuses == {401, 429}
    assert strict.post("/auth/login", {"email": "a@b.example", "password": "x"}, who=None).status in (401, 429)
