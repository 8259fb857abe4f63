"""Fixtures that every test may use."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.factories.database import cluster, data_dir, db, module_db  # noqa: E402
from tests.factories.workbench import api, workbench  # noqa: E402
from tests.factories.world import app_engine, world  # noqa: E402

__all__ = ["api", "app_engine", "cluster", "data_dir", "db", "module_db", "workbench", "world"]
