"""Interleaved tenants over a pool of few connections: no answer holds another's mark."""

from __future__ import annotations

import os

import pytest

from alm_workbench.storage.bootstrap import Dsns
from tests.faults.tenants import interleave, many_tenants


def test_interleaved_tenants_see_their_own_only(module_db: Dsns) -> None:
    """Eight organisations, six threads, two connections: whoever had a connection before leaves nothing on it."""
    with many_tenants(module_db, 8, connections=2) as (api, tenants):
        watched = interleave(api, tenants, threads=6, each=16)
    assert watched.leaks == []
    assert watched.empty == []
    assert (watched.requests, sum(watched.statuses.values())) == (128, 128)
    assert watched.written >= 8
    assert set(watched.statuses) <= {200, 201, 404}


@pytest.mark.soak
@pytest.mark.skipif(not os.environ.get("ALM_SOAK"), reason="runs for ten minutes in `make soak`")
@pytest.mark.timeout(1800)
def test_fifty_tenants_for_ten_minutes(module_db: Dsns) -> None:
    """Fifty organisations, sixteen threads, four connections."""
    seconds = float(os.environ.get("ALM_SOAK_TENANT_SECONDS", "600"))
    with many_tenants(module_db, 50, connections=4) as (api, tenants):
        watched = interleave(api, tenants, threads=16, seconds=seconds)
    print(f"{watched.requests} requests, {watched.written} items, {len(watched.leaks)} leaks, {watched.statuses}")
    assert watched.leaks == []
    assert watched.empty == []
    assert watched.requests > seconds
    assert set(watched.statuses) <= {200, 201, 404, 429, 503}  # so many threads may find every connection busy
