"""Without a server the workbench of a data directory opens in the caller's own process."""

from __future__ import annotations

from pathlib import Path

import pytest

import alm_workbench as alm
from alm_workbench.composition import opened
from alm_workbench.config import Settings
from alm_workbench.demo import ensure_owner


def test_embedded(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A script works as the owner, SQL included, and leaves nothing running behind."""
    for name in ("ALM_API_URL", "ALM_TOKEN", "ALM_DSN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ALM_LANG", "en")  # else the process speaks the owner's language from then on
    settings = Settings(data_dir)
    with opened(settings) as runtime:
        ensure_owner(runtime.mediator, settings, demo=False)
    with alm.connect(data_dir=data_dir) as workbench:
        assert "owner" in workbench.me.roles
        saved = workbench.manifests.save(workbench.manifests.shipped()["basic"])
        project = workbench.projects.create("OWN", "My own", manifest=saved)
        project.artifacts.create("Task", title="Written by a script")
        assert workbench.sql("select count(*) from artifacts").one() == 1
        with alm.connect(data_dir=data_dir) as second:
            assert second.projects.keys() == ["OWN"]
        assert workbench.projects.keys() == ["OWN"]
    assert not (data_dir / "pg" / "postmaster.pid").exists()
