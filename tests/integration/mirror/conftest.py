"""One embedded PostgreSQL for the tests of the mirror, one migrated database for each module."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from mirror_world import World

from alm_workbench.storage import migrate
from alm_workbench.storage.bootstrap import embedded_dsns
from alm_workbench.storage.embedded import EmbeddedPostgres


@pytest.fixture(scope="session")
def cluster() -> Iterator[EmbeddedPostgres]:
    """A throw-away cluster; its path is short and reachable by the user that the server runs as."""
    home = Path(tempfile.mkdtemp(prefix="alm-mirror-"))
    home.chmod(0o755)
    server = EmbeddedPostgres(home, settings={"fsync": "off", "shared_buffers": "64MB"})
    server.start()
    yield server
    server.stop()
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="module")
def world(cluster: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A migrated, empty database with a mirror root."""
    name = f"mirror_{uuid.uuid4().hex[:8]}"
    dsns = embedded_dsns(cluster, name)
    migrate.upgrade(dsns.owner)
    return World(cluster.superuser_dsn(name), dsns.mirror, tmp_path_factory.mktemp("mirror"))
