"""Concurrent writers, late commits, rollbacks, a refresher that is killed again and again: the end is still equal."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psycopg
import pytest

from alm_workbench.mirror.layout import MirrorLayout
from alm_workbench.mirror.refresher import Refresher
from alm_workbench.mirror.verify import verify
from tests.integration.mirror.mirror_world import Tenant, World

SECONDS = 5.0
KILLS = 4
"""At least, however slow the machine is."""

LOOP = """
import sys, time
from pathlib import Path
from alm_workbench.mirror.extract import Busy
from alm_workbench.mirror.layout import MirrorLayout
from alm_workbench.mirror.refresher import Refresher
import duckdb, adbc_driver_postgresql, pyarrow
refresher = Refresher(sys.argv[1], MirrorLayout(Path(sys.argv[2])))
print("up", flush=True)
while True:
    try:
        stats = refresher.refresh()
        print("failed" if stats.failed else "ok", flush=True)
    except Busy:
        pass
    time.sleep(0.05)
"""


@pytest.mark.slow
def test_chaos_leaves_no_difference(world: World, tmp_path: Path) -> None:
    """Incremental refreshing through all of it equals PostgreSQL and equals a mirror built anew, tenant by tenant."""
    tenants = [world.tenant(f"Chaos {n}") for n in range(2)]
    for tenant in tenants:
        world.fill(tenant, 60)
    world.refresher.refresh()
    stop = threading.Event()
    writers = [threading.Thread(target=write, args=(world, tenants, seed, stop)) for seed in range(4)]
    for writer in writers:
        writer.start()
    refreshes, kills = kill_refreshers(world, time.monotonic() + SECONDS)
    stop.set()
    for writer in writers:
        writer.join()
    time.sleep(0.2)
    world.refresher.refresh(wait=10)
    fresh = MirrorLayout(tmp_path / "fresh")
    Refresher(world.mirror, fresh).refresh(wait=10)
    assert kills >= KILLS
    assert "failed" not in refreshes
    assert "ok" in refreshes
    for tenant in tenants:
        world.assert_equal(tenant)
        world.assert_equal(tenant, fresh)
        assert verify(world.mirror, world.layout, tenant.id).equal
        manifest = world.layout.tenant(tenant.id).current()
        assert manifest
        assert manifest.version > 1


def kill_refreshers(world: World, until: float) -> tuple[list[str], int]:
    """Run a refresher in a child and kill it at random moments; gives what the children said and the number of kills."""
    rnd, said, kills = random.Random(7), list[str](), 0
    while time.monotonic() < until or kills < KILLS:
        child = subprocess.Popen(
            [sys.executable, "-c", LOOP, world.mirror, str(world.layout.root)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[3],
        )
        assert child.stdout
        assert child.stdout.readline() == "up\n"
        if kills % 2:  # every other one gets something done, however busy the machine is
            said.append(child.stdout.readline().strip())
        time.sleep(rnd.uniform(0.05, 0.8))
        child.send_signal(signal.SIGKILL)
        said += child.communicate()[0].split()
        kills += 1
    return said, kills


def write(world: World, tenants: list[Tenant], seed: int, stop: threading.Event) -> None:
    """Insert, change, soft-delete, restore and delete, in transactions that commit late or not at all."""
    rnd = random.Random(seed)
    with world.connect() as c:
        links: list[tuple[Tenant, object]] = []
        while not stop.is_set():
            try:
                made = [step(world, c, rnd.choice(tenants), rnd, links) for _ in range(rnd.randint(1, 5))]
                time.sleep(rnd.random() * (1.0 if rnd.random() < 0.08 else 0.03))
                if rnd.random() < 0.15:
                    c.rollback()
                else:
                    c.commit()
                    links += [item for item in made if item]
            except psycopg.Error:  # a deadlock or a row that another writer took away
                c.rollback()


def step(
    world: World, c: psycopg.Connection[object], tenant: Tenant, rnd: random.Random, links: list[tuple[Tenant, object]]
) -> tuple[Tenant, object] | None:
    """One change."""
    kind, item = rnd.random(), rnd.choice(tenant.artifacts)
    if kind < 0.3:
        return tenant, world.link(c, tenant, item, rnd.choice(tenant.artifacts))
    if kind < 0.6:
        with c.transaction():  # a savepoint: the row carries the top-level transaction all the same
            c.execute("UPDATE alm.artifacts SET title = title || '.' WHERE id = %s", (item,))
    elif kind < 0.7:
        c.execute("UPDATE alm.artifacts SET deleted_at = now() WHERE id = %s", (item,))
    elif kind < 0.75:
        c.execute("UPDATE alm.artifacts SET deleted_at = NULL WHERE id = %s", (item,))
    elif kind < 0.85 and links:
        c.execute("DELETE FROM alm.artifact_links WHERE id = %s", (links.pop(rnd.randrange(len(links)))[1],))
    else:
        c.execute("UPDATE alm.workflow_instances SET is_final = NOT is_final WHERE artifact_id = %s", (item,))
    return None
