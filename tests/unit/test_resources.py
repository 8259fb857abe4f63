"""Data directories are found in a source tree and in an installed wheel alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from alm_workbench import resources


def test_the_source_tree_has_them_beside_the_package() -> None:
    """migrations and what is in it."""
    assert resources.path("migrations", "env.py").is_file()


def test_a_wheel_has_them_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`_data` in the package wins over a directory that happens to lie beside it."""
    package = tmp_path / "alm_workbench"
    (package / "_data" / "migrations").mkdir(parents=True)
    (tmp_path / "migrations").mkdir()
    monkeypatch.setattr(resources, "_PACKAGE", package)
    assert resources.path("migrations", "x") == package / "_data" / "migrations" / "x"
    with pytest.raises(FileNotFoundError, match="notebooks"):
        resources.path("notebooks")
