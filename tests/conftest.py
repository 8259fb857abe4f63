"""Fixtures that every test may use."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.factories.database import cluster, data_dir, db, module_db
from tests.factories.workbench import api, workbench
from tests.factories.world import app_engine, world

__all__ = ["api", "app_engine", "cluster", "data_dir", "db", "module_db", "workbench", "world"]
