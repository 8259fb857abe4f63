"""Fixtures that every test may use."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.factories.database import cluster, data_dir, db, module_db
from tests.factories.workbench import api, workbench
from tests.factories.world import app_engine, world

__all__ = ["api", "app_engine", "cluster", "data_dir", "db", "module_db", "workbench", "world"]

# A machine that is busy is no finding: how long examples take is for benchmarks to say.
settings.register_profile("calm", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("calm")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests come last: Playwright keeps an event loop running in this thread, and others start their own."""
    items.sort(key=lambda item: item.nodeid.startswith("tests/e2e/"))
