"""Databases for tests: one embedded server a session, one migrated template, a quick clone for each test or module.

def test_x(db: Dsns): ...            an own, empty, migrated database (DSNs per role)
def test_y(module_db: Dsns): ...     one for the whole module
def test_z(cluster: Cluster): ...    the server itself: cluster.create(), cluster.superuser_dsn(name)
"""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from alm_workbench.storage import migrate
from alm_workbench.storage.bootstrap import Dsns, embedded_dsns
from alm_workbench.storage.embedded import EmbeddedPostgres

TEMPLATE = "alm_template"
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "128MB"}


@dataclass
class Cluster:
    """The session's server; makes and drops databases on it."""

    server: EmbeddedPostgres
    template: Dsns
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _made: dict[str, str] = field(default_factory=dict, repr=False)

    def create(self, *, migrated: bool = True) -> Dsns:
        """A new database: a copy of the migrated template, or an empty one."""
        name = f"t{next(self._numbers)}"
        source = sql.Identifier(TEMPLATE if migrated else "template0")
        with psycopg.connect(self.server.superuser_dsn(), autocommit=True) as admin:
            admin.execute(
                sql.SQL("CREATE DATABASE {} OWNER alm_owner TEMPLATE {} STRATEGY FILE_COPY").format(
                    sql.Identifier(name), source
                )
            )
        dsns = embedded_dsns(self.server, name)
        self._made[dsns.app] = name
        return dsns

    def drop(self, dsns: Dsns) -> None:
        """Drop a database that `create` made, whoever is still connected."""
        name = self._made.pop(dsns.app)
        with psycopg.connect(self.server.superuser_dsn(), autocommit=True) as admin:
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def superuser_dsn(self, dsns: Dsns) -> str:
        """The superuser's DSN of a database that `create` made."""
        return self.server.superuser_dsn(self._made[dsns.app])


def short_dir(prefix: str = "alm-test-") -> Path:
    """A new directory with a short path that other OS users may enter (the server does not run as root)."""
    path = Path(tempfile.mkdtemp(prefix=prefix, dir="/tmp"))
    path.chmod(0o711)
    return path


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The session's server, without fsync."""
    with started() as found:
        yield found


@contextmanager
def started() -> Iterator[Cluster]:
    """A server without fsync, with the migrated template; gone afterwards."""
    home = short_dir()
    env = {name: value for name, value in os.environ.items() if not name.startswith("ALM_")}
    with EmbeddedPostgres(home, env=env, settings=FAST) as server:
        template = embedded_dsns(server, TEMPLATE)
        migrate.upgrade(template.owner)
        yield Cluster(server, template)
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def db(cluster: Cluster) -> Iterator[Dsns]:
    """A migrated database of this test's own."""
    dsns = cluster.create()
    yield dsns
    cluster.drop(dsns)


@pytest.fixture(scope="module")
def module_db(cluster: Cluster) -> Iterator[Dsns]:
    """A migrated database that the tests of a module share."""
    dsns = cluster.create()
    yield dsns
    cluster.drop(dsns)


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A directory for an own embedded server."""
    path = short_dir()
    yield path
    shutil.rmtree(path, ignore_errors=True)
