"""Refreshing: what is published equals what PostgreSQL holds, whatever happened in between."""

from __future__ import annotations

import json
import stat
import uuid
from pathlib import Path

import pytest

from alm_workbench.errors import Unavailable
from alm_workbench.mirror.extract import Busy, extraction
from alm_workbench.mirror.layout import KEEP_VERSIONS, MirrorLayout
from alm_workbench.mirror.refresher import Refresher
from alm_workbench.mirror.verify import verify
from tests.integration.mirror.mirror_world import World


def test_a_first_refresh_builds_every_tenant_and_nothing_of_another(world: World) -> None:
    """Each tenant's file holds its own rows, all of them, and no other's."""
    one, two = world.tenant("One"), world.tenant("Two")
    world.fill(one, 40)
    world.fill(two, 15, seed=2)
    stats = world.refresher.refresh()
    assert not stats.failed
    for tenant in (one, two):
        world.assert_equal(tenant)
        assert {row[0] for row in world.mirror_rows(tenant, "artifacts")} == {str(tenant.id)}


def test_changes_deletions_and_restores_arrive_incrementally(world: World) -> None:
    """Inserts, updates, soft and hard deletes are applied as a delta, not by a rebuild."""
    tenant = world.tenant()
    world.fill(tenant, 30)
    world.refresher.refresh()
    with world.connect() as c:
        first, second, third = tenant.artifacts[:3]
        gone = world.link(c, tenant, first, second)
        kept = world.link(c, tenant, first, third)
    world.refresher.refresh()
    with world.connect() as c:
        c.execute("UPDATE alm.artifacts SET title = 'new ''title''' WHERE id = %s", (first,))
        c.execute("UPDATE alm.artifacts SET deleted_at = now() WHERE id = %s", (second,))
        c.execute("DELETE FROM alm.artifact_links WHERE id = %s", (gone,))
        c.execute("UPDATE alm.tenants SET name = 'Renamed' WHERE tenant_id = %s", (tenant.id,))
        world.fill(tenant, 5, seed=9)
    stats = world.refresher.refresh()
    assert (stats.rebuilt, stats.updated) == (0, 1)
    world.assert_equal(tenant)
    assert str(kept) in {row[1] for row in world.mirror_rows(tenant, "artifact_links")}


def test_a_row_deleted_and_inserted_again_is_there_once(world: World) -> None:
    """A tombstone does not swallow a row that came back under the same id."""
    tenant, back = world.tenant(), uuid.uuid4()
    insert = "INSERT INTO alm.actors (tenant_id, id, kind, display_name) VALUES (%s, %s, 'external', %s)"
    with world.connect() as c:
        c.execute(insert, (tenant.id, back, "first"))
    world.refresher.refresh()
    with world.connect() as c:
        c.execute("DELETE FROM alm.actors WHERE id = %s", (back,))
        c.execute(insert, (tenant.id, back, "second"))
    world.refresher.refresh()
    world.assert_equal(tenant)


def test_a_transaction_that_commits_late_is_not_missed(world: World) -> None:
    """A change begun before a refresh and committed after it arrives with the next one."""
    tenant = world.tenant()
    world.fill(tenant, 4)
    late = world.connect()
    late.execute("UPDATE alm.artifacts SET title = 'late' WHERE id = %s", (tenant.artifacts[0],))
    with world.connect() as c:
        c.execute("UPDATE alm.artifacts SET title = 'early' WHERE id = %s", (tenant.artifacts[1],))
    world.refresher.refresh()
    assert "late" not in {row[5] for row in world.mirror_rows(tenant, "artifacts")}
    late.commit()
    late.close()
    world.refresher.refresh()
    world.assert_equal(tenant)
    assert {"late", "early"} <= {row[5] for row in world.mirror_rows(tenant, "artifacts")}


def test_an_unchanged_tenant_keeps_its_file_and_its_moment_advances(world: World) -> None:
    """No new version without a change; the manifest says that the old one still holds."""
    tenant = world.tenant()
    world.fill(tenant, 2)
    world.refresher.refresh()
    before = world.layout.tenant(tenant.id).current()
    stats = world.refresher.refresh()
    after = world.layout.tenant(tenant.id).current()
    assert before
    assert after
    assert (after.file, stats.updated) == (before.file, 0)
    assert after.as_of > before.as_of


@pytest.mark.parametrize("broken", ["ddl", "cluster"])
def test_another_schema_or_cluster_means_a_full_build(world: World, broken: str) -> None:
    """A watermark holds for the tables of one database only."""
    tenant = world.tenant()
    world.fill(tenant, 2)
    world.refresher.refresh()
    current = world.layout.tenant(tenant.id).directory / "CURRENT"
    current.write_text(json.dumps({**json.loads(current.read_text()), broken: "other"}))
    assert world.refresher.refresh().rebuilt == 1
    world.assert_equal(tenant)


@pytest.mark.parametrize("damage", ["manifest", "file", "missing"])
def test_a_damaged_mirror_is_built_anew(world: World, damage: str) -> None:
    """An unreadable manifest or file never stays; readers get a whole one again."""
    tenant = world.tenant()
    world.fill(tenant, 3)
    world.refresher.refresh()
    files = world.layout.tenant(tenant.id)
    manifest = files.current()
    assert manifest
    if damage == "manifest":
        (files.directory / "CURRENT").write_text('{"file": "v1.')
    elif damage == "file":
        files.path(manifest).write_bytes(b"not a database" * 100)
        with world.connect() as c:
            c.execute("UPDATE alm.artifacts SET title = 'x' WHERE id = %s", (tenant.artifacts[0],))
    else:
        files.path(manifest).unlink()
    assert not world.refresher.refresh().failed
    world.assert_equal(tenant)


def test_old_versions_and_what_a_killed_refresher_left_are_cleaned_up(world: World) -> None:
    """Three versions are kept; temporary files do not pile up; nobody but the owner may read."""
    tenant = world.tenant()
    world.fill(tenant, 2)
    files = world.layout.tenant(tenant.id)
    for title in range(6):
        with world.connect() as c:
            c.execute("UPDATE alm.artifacts SET title = %s WHERE id = %s", (str(title), tenant.artifacts[0]))
        world.refresher.refresh()
        (files.directory / ".tmp-left.duckdb").write_text("half")
    with world.connect() as c:
        c.execute("UPDATE alm.artifacts SET title = 'end' WHERE id = %s", (tenant.artifacts[0],))
    world.refresher.refresh()
    assert len(files.versions()) == KEEP_VERSIONS
    assert not list(files.directory.glob(".tmp-*"))
    assert stat.S_IMODE(files.directory.stat().st_mode) == 0o700
    assert {stat.S_IMODE(p.stat().st_mode) for p in files.directory.iterdir()} == {0o600}


def test_a_tenant_that_is_no_more_loses_its_files(world: World) -> None:
    """Erasing a tenant erases its mirror."""
    gone = uuid.uuid4()
    world.layout.tenant(gone).prepare()
    world.refresher.refresh()
    assert not world.layout.tenant(gone).directory.exists()


def test_one_refresher_at_a_time(world: World) -> None:
    """A second one is told so at once, or waits as long as it was asked to."""
    with extraction(world.mirror), pytest.raises(Busy):
        world.refresher.refresh()
    assert not world.refresher.refresh().failed


def test_without_a_database_there_is_one_clear_sentence(tmp_path: Path) -> None:
    """A refresher that cannot connect says so and leaves what is published alone."""
    with pytest.raises(Unavailable, match="cannot reach PostgreSQL"):
        Refresher("host=127.0.0.1 port=1 user=x dbname=y connect_timeout=1", MirrorLayout(tmp_path)).refresh()


def test_secrets_and_addresses_are_not_mirrored(world: World) -> None:
    """Neither e-mail addresses nor project settings nor search vectors exist in the file."""
    import duckdb

    tenant = world.tenant()
    world.refresher.refresh()
    files = world.layout.tenant(tenant.id)
    manifest = files.current()
    assert manifest
    with duckdb.connect() as c:
        c.execute(f"ATTACH '{files.path(manifest)}' AS m (READ_ONLY)")
        columns = {
            row[0] for row in c.execute("SELECT column_name FROM duckdb_columns() WHERE database_name = 'm'").fetchall()
        }
    assert not columns & {"email", "settings", "tsv", "search_text", "row_xid", "user_id", "password_hash"}


def test_verify_sees_no_difference_and_every_difference(world: World) -> None:
    """Equal after a refresh; one changed value in the file is found and named."""
    import duckdb

    tenant = world.tenant()
    world.fill(tenant, 20)
    with world.connect() as c:
        world.link(c, tenant, *tenant.artifacts[:2])
    assert verify(world.mirror, world.layout, tenant.id).equal
    files = world.layout.tenant(tenant.id)
    manifest = files.current()
    assert manifest
    with duckdb.connect(str(files.path(manifest))) as c:
        c.execute("UPDATE base.artifacts SET title = title || '.' WHERE id = (SELECT min(id) FROM base.artifacts)")
    found = verify(world.mirror, world.layout, tenant.id)
    assert [check.table for check in found.tables if not check.equal] == ["artifacts"]
