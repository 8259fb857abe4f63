"""Manifests and version files."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from alm_workbench.mirror.layout import KEEP_VERSIONS, Manifest, MirrorLayout, TenantFiles, version_number


def manifest(file: str = "v1.duckdb") -> Manifest:
    """A manifest naming ``file``."""
    return Manifest(file, "b", "1:1:", "d", "c", "2026-01-01T00:00:00+00:00", 1, {"artifacts": 2})


@pytest.fixture
def files(tmp_path: Path) -> TenantFiles:
    """An empty tenant directory."""
    made = MirrorLayout(tmp_path / "mirror").tenant(uuid4())
    made.prepare()
    return made


def adopt(files: TenantFiles) -> str:
    """Publish an empty file as the next version."""
    temporary = files.temporary()
    temporary.write_bytes(b"x")
    return files.adopt(temporary)


def test_versions_count_up_and_never_replace_one(files: TenantFiles) -> None:
    """A number is used once, even when another process took it in the meantime."""
    assert [adopt(files), adopt(files)] == ["v1.duckdb", "v2.duckdb"]
    (files.directory / "v7.duckdb").write_bytes(b"other")
    assert adopt(files) == "v8.duckdb"
    assert (files.directory / "v7.duckdb").read_bytes() == b"other"


def test_current_survives_a_round_trip_and_is_private(files: TenantFiles) -> None:
    """What is published is what is read; nobody else may read it."""
    made = manifest(adopt(files))
    files.publish(made)
    assert files.current() == made
    assert stat.S_IMODE((files.directory / "CURRENT").stat().st_mode) == 0o600
    assert stat.S_IMODE(files.directory.stat().st_mode) == 0o700


@pytest.mark.parametrize("text", ["", "{", "[]", '{"file": "v1.duckdb"}', '{"x": 1}', "\x00"])
def test_an_unreadable_manifest_counts_as_none(files: TenantFiles, text: str) -> None:
    """A torn or foreign manifest leads to a rebuild, not to an error."""
    (files.directory / "CURRENT").write_text(text)
    assert files.current() is None


def test_a_manifest_without_its_file_counts_as_none(files: TenantFiles) -> None:
    """Nor does one whose file is missing, or that names a file elsewhere."""
    files.publish(manifest("v9.duckdb"))
    assert files.current() is None
    files.publish(manifest("../../etc/passwd"))
    assert files.current() is None


def test_pruning_keeps_the_newest_and_the_published_one(files: TenantFiles) -> None:
    """The published version stays even when newer files lie beside it."""
    for _ in range(6):
        adopt(files)
    files.prune(keep="v1.duckdb")
    assert files.versions() == [1, *range(7 - KEEP_VERSIONS, 7)]


def test_a_manifest_knows_its_age() -> None:
    """Age in seconds against an aware clock."""
    made = manifest()
    assert made.age(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=5)) == 5
    assert made.advanced("2:2:", "2026-01-02T00:00:00+00:00").snap == "2:2:"
    assert version_number("v12.duckdb") == 12
    with pytest.raises(ValueError, match="no version file"):
        version_number("v12.duckdb.wal")


def test_only_directories_named_by_tenants_are_tenants(tmp_path: Path) -> None:
    """Other folders under the root are none of them."""
    layout, tenant = MirrorLayout(tmp_path), uuid4()
    layout.tenant(tenant).prepare()
    (tmp_path / ".cuts").mkdir()
    assert list(layout.tenants()) == [tenant]
    layout.remove(tenant)
    assert list(layout.tenants()) == []
    assert list(MirrorLayout(tmp_path / "absent").tenants()) == []
