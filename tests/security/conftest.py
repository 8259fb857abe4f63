"""A Lab with its dashboards, for every test here that needs a real server and changes nothing on it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tests.factories.database import short_dir
from tests.factories.lab import Lab


@pytest.fixture(scope="session")
def running_lab() -> Iterator[Lab]:
    """`alm lab` as everybody starts it."""
    folder = short_dir("alm-lab-")
    lab = Lab(folder, dashboards=True)
    try:
        yield lab.start()
    finally:
        lab.stop()
        shutil.rmtree(folder, ignore_errors=True)
