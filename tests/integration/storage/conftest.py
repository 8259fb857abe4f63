"""Storage tests share a database per module, each with a tenant of its own; `own_world` has a database to itself."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from sqlalchemy import Engine

from alm_workbench.storage.bootstrap import Dsns
from alm_workbench.storage.engine import make_engine
from tests.factories.world import World, make_world


@pytest.fixture(scope="module")
def app_engine(module_db: Dsns) -> Iterator[Engine]:
    """The app's engine on the module's database."""
    engine = make_engine(module_db.app, pool_size=4)
    yield engine
    engine.dispose()


@pytest.fixture
def world(app_engine: Engine) -> World:
    """A new tenant in the module's database."""
    return make_world(app_engine, f"t-{uuid4().hex}")


@pytest.fixture
def own_engine(db: Dsns) -> Iterator[Engine]:
    """The app's engine on a database of this test's own."""
    engine = make_engine(db.app, pool_size=4)
    yield engine
    engine.dispose()


@pytest.fixture
def own_world(own_engine: Engine) -> World:
    """The only tenant of a database of this test's own."""
    return make_world(own_engine)
