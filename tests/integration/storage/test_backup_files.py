"""Backups hold attached files: those that rows name, live or in the bin, checked on their way back."""

from __future__ import annotations

import hashlib
import tarfile
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from alm_workbench.storage.backup import backup, read_manifest, restore
from alm_workbench.storage.blobs import FileBlobs
from alm_workbench.storage.bootstrap import Dsns
from alm_workbench.storage.engine import make_engine
from alm_workbench.storage.errors import StorageError
from tests.factories.database import Cluster
from tests.factories.world import World, make_world


def attached(world: World, store: FileBlobs, item: UUID, data: bytes, name: str = "a.txt") -> str:
    """A row with its content."""
    upload = store.begin(world.tenant_id, 1_000_000)
    upload.write(data)
    received = upload.finish()
    store.keep(world.tenant_id, received)
    world.sql(
        "INSERT INTO alm.attachments (tenant_id, id, artifact_id, name, content_type, size, sha256)"
        " VALUES (:t, gen_random_uuid(), :i, :n, 'text/plain', :s, :h)",
        None, i=item, n=name, s=len(data), h=received.sha256,
    )  # fmt: skip
    return received.sha256


@pytest.fixture
def filled(db: Dsns, tmp_path: Path) -> tuple[World, FileBlobs, list[str]]:
    """A live file, one in the bin, a content that nothing names, and one that is gone."""
    engine = make_engine(db.app)
    world, store = make_world(engine), FileBlobs(tmp_path / "blobs")
    item = world.artifact(1)
    digests = [attached(world, store, item, b"live"), attached(world, store, item, b"binned", "b.txt")]
    world.sql("UPDATE alm.attachments SET deleted_at = now() WHERE name = 'b.txt'", {"include_deleted": True})
    orphan = store.begin(world.tenant_id, 100)
    orphan.write(b"nothing names me")
    store.keep(world.tenant_id, orphan.finish())
    digests.append(attached(world, store, item, b"gone", "c.txt"))
    store.drop(world.tenant_id, digests[-1])
    engine.dispose()
    return world, store, digests


def test_files_come_back_with_their_rows(
    cluster: Cluster, db: Dsns, tmp_path: Path, filled: tuple[World, FileBlobs, list[str]]
) -> None:
    """Live ones and those in the bin; what was lost before is named, what nothing names stays behind."""
    world, store, (live, binned, gone) = filled
    file, binaries = tmp_path / "alm.backup", cluster.server.binaries
    made = backup(db.owner, file, binaries, store)
    assert made.files == 2
    assert [name.rsplit("/", 1)[1] for name in made.missing] == [gone]
    assert read_manifest(file) == made
    target, back = cluster.create(migrated=False), FileBlobs(tmp_path / "restored")
    assert restore(file, target.owner, binaries, admin_dsn=cluster.superuser_dsn(target), blobs=back) == made
    assert {(one.tenant_id, one.sha256) for one in back.kept()} == {(world.tenant_id, live), (world.tenant_id, binned)}
    with back.open(world.tenant_id, live) as stream:
        assert stream.read() == b"live"
    cluster.drop(target)


def test_a_damaged_file_restores_nothing(
    cluster: Cluster, db: Dsns, tmp_path: Path, filled: tuple[World, FileBlobs, list[str]]
) -> None:
    """Neither rows nor that content, and nothing that waits."""
    _, store, (live, _, _) = filled
    file, binaries = tmp_path / "alm.backup", cluster.server.binaries
    backup(db.owner, file, binaries, store)
    raw = file.read_bytes()
    place = raw.index(b"live" + bytes(100))
    file.write_bytes(raw[:place] + b"lied" + raw[place + 4 :])
    target, back = cluster.create(migrated=False), FileBlobs(tmp_path / "restored")
    with pytest.raises(StorageError, match="not what it was"):
        restore(file, target.owner, binaries, admin_dsn=cluster.superuser_dsn(target), blobs=back)
    assert live not in {one.sha256 for one in back.kept()}
    assert not list((tmp_path / "restored").glob("*/incoming/*"))
    with psycopg.connect(target.owner) as conn:
        assert conn.execute("SELECT to_regclass('alm.tenants')").fetchone() == (None,)
    cluster.drop(target)


def test_nothing_in_a_backup_gets_out_of_the_store(
    cluster: Cluster, db: Dsns, tmp_path: Path, filled: tuple[World, FileBlobs, list[str]]
) -> None:
    """Members with other names are left alone, and then the files are not all there."""
    _, store, (live, _, _) = filled
    file, binaries = tmp_path / "alm.backup", cluster.server.binaries
    backup(db.owner, file, binaries, store)
    evil = tmp_path / "evil.backup"
    with tarfile.open(file) as old, tarfile.open(evil, "w") as new:
        for member in old:
            content = old.extractfile(member)
            if member.name.endswith(live):
                member.pax_headers = {}
                member.name = f"blobs/../../{hashlib.sha256(b'x').hexdigest()}"
            new.addfile(member, content)
    target = cluster.create(migrated=False)
    with pytest.raises(StorageError, match="1 of 2 files"):
        restore(
            evil, target.owner, binaries, admin_dsn=cluster.superuser_dsn(target), blobs=FileBlobs(tmp_path / "r" / "b")
        )
    assert not [path for path in tmp_path.rglob("*") if path.name == hashlib.sha256(b"x").hexdigest()]
    cluster.drop(target)
