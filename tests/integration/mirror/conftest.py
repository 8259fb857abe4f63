"""A migrated database and a mirror root for each module."""

from __future__ import annotations

import pytest

from alm_workbench.storage.bootstrap import Dsns
from tests.factories.database import Cluster
from tests.integration.mirror.mirror_world import World


@pytest.fixture(scope="module")
def world(cluster: Cluster, module_db: Dsns, tmp_path_factory: pytest.TempPathFactory) -> World:
    """An empty database that the tests of a module fill, with a mirror root of its own."""
    return World(cluster.superuser_dsn(module_db), module_db.mirror, tmp_path_factory.mktemp("mirror"))
