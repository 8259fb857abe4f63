"""Many organisations at once over few connections: every answer must hold the marks of its own organisation only."""

from __future__ import annotations

import random
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from alm_workbench.composition import Runtime
from alm_workbench.config import Settings
from alm_workbench.storage.bootstrap import Database, Dsns
from tests.factories.database import short_dir
from tests.factories.workbench import Api, Bench, Org, make_org

MARK = re.compile(r"mark-[a-z]{4}-only")


@dataclass
class Tenant:
    """An organisation, its mark, and a few items that carry it."""

    org: Org
    mark: str
    token: str = ""
    items: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)


@dataclass
class Watched:
    """What was asked, and what came back that should not."""

    requests: int = 0
    written: int = 0
    statuses: dict[int, int] = field(default_factory=dict)
    leaks: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    """Answers that hold no mark at all though they must: a test that sees nothing proves nothing."""


def marks(count: int) -> list[str]:
    """Words that no other organisation's text holds."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    return [f"mark-zz{letters[n // 26 % 26]}{letters[n % 26]}-only" for n in range(count)]


@contextmanager
def many_tenants(dsns: Dsns, count: int, *, connections: int = 3) -> Iterator[tuple[Api, list[Tenant]]]:
    """A server with so many organisations on a pool of so few connections."""
    folder = short_dir("alm-many-")
    runtime = Runtime(Settings(folder).prepare(), Database(dsns), pool_size=connections, third_party=False)
    bench, tenants = Bench(runtime, runtime.settings, dsns), []
    for mark in marks(count):
        slug = mark
        bench.orgs[slug] = make_org(runtime, slug, roles=())
        tenants.append(Tenant(bench.orgs[slug], mark))
    api = Api(bench)
    try:
        for tenant in tenants:
            tenant.token = api.token("owner", tenant.org.slug)
        yield api, tenants
    finally:
        api.close()
        runtime.mirror.stop()
        runtime.engine.dispose()
        shutil.rmtree(folder, ignore_errors=True)


def interleave(api: Api, tenants: list[Tenant], *, threads: int, seconds: float = 0.0, each: int = 0) -> Watched:
    """Ask for all of them at once from so many threads, for some seconds or ``each`` so many requests a tenant."""
    watched, lock = Watched(), threading.Lock()
    end = time.monotonic() + seconds if seconds else float("inf")
    budget = iter(range(each * len(tenants))) if each else None

    def work(seed: int) -> None:
        chance = random.Random(seed)
        with httpx.Client(base_url=api.base, timeout=60, trust_env=False) as client:
            while time.monotonic() < end:
                with lock:
                    number = next(budget, None) if budget is not None else chance.randrange(len(tenants))
                if number is None:
                    return
                tenant = tenants[number % len(tenants)]
                ask(client, chance, tenant, watched, lock)

    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(work, seed) for seed in range(threads)]:
            done.result()
    return watched


def ask(client: httpx.Client, chance: random.Random, tenant: Tenant, watched: Watched, lock: threading.Lock) -> None:
    """One request of one tenant, on a connection that others used before; its answer is looked through."""
    project = tenant.org.project.id
    headers = {"Authorization": f"Bearer {tenant.token}"}
    must, do = choose(chance, tenant, str(project))
    answer = do(client, headers)
    if answer.status_code == 429:
        time.sleep(float(answer.headers.get("Retry-After", "1")))
    found = set(MARK.findall(answer.text))
    with lock:
        watched.requests += 1
        watched.statuses[answer.status_code] = watched.statuses.get(answer.status_code, 0) + 1
        if found - {tenant.mark}:
            watched.leaks.append(f"{answer.request.method} {answer.request.url}: {sorted(found - {tenant.mark})}")
        if must and answer.is_success and tenant.mark not in found:
            watched.empty.append(f"{answer.request.method} {answer.request.url}")
        if answer.status_code == 201:
            watched.written += 1
            tenant.items.append(answer.json()["id"])
            tenant.keys.append(answer.json()["key"])


Request = Callable[[httpx.Client, dict[str, str]], httpx.Response]


def choose(chance: random.Random, tenant: Tenant, project: str) -> tuple[bool, Request]:
    """A request, and whether its answer must hold the mark."""
    if not tenant.items or chance.random() < 0.15:
        body = {"artifact_type": "Requirement", "title": f"{tenant.mark} {chance.random()}"}
        return True, lambda client, h: client.post(f"/projects/{project}/artifacts", json=body, headers=h)
    item, key = chance.choice(tenant.items), chance.choice(tenant.keys)
    reads: list[tuple[bool, str, dict[str, Any]]] = [
        (True, f"/projects/{project}/artifacts", {"limit": 50}),
        (True, f"/projects/{project}/artifacts", {"text": "mark", "limit": 20}),
        (True, f"/artifacts/{item}", {}),
        (True, f"/projects/{project}/artifacts/{key}", {}),
        (True, "/projects", {}),
        (True, "/members", {}),
        (True, f"/audit/Artifact/{item}/history", {}),
        (False, "/projects/00000000-0000-0000-0000-000000000000/artifacts", {}),
    ]
    must, path, params = chance.choice(reads)
    return must, lambda client, h: client.get(path, params=params, headers=h)
