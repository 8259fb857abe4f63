"""Backup and restore: one tar file with a pg_dump archive of our schemas (the data, the job queue), the contents of attached
files, and a manifest of what is in it.

The dump runs as alm_definer under row-level security (it sees every tenant by policy), so no superuser is needed.
"""

from __future__ import annotations

import json
import os
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from alm_workbench.storage import blob_backup, migrate
from alm_workbench.storage.binaries import Binaries
from alm_workbench.storage.blobs import FileBlobs
from alm_workbench.storage.errors import StorageError, explain_os_errors, from_postgres_text

FORMAT = 1
SCHEMAS = ("alm", "alm_jobs")
"""What a backup holds. Jobs that wait are promises; those that ran are taken up again by the rescue."""
_ENVIRONMENT = {
    "host": "PGHOST",
    "hostaddr": "PGHOSTADDR",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "options": "PGOPTIONS",
}
_Conn = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class BackupManifest:
    """What a backup holds: when it was made, the schema revision, the rows of each table, and contents of files.

    ``missing`` are contents that rows name and that were not there when it was made.
    """

    format: int
    created_at: str
    revision: str | None
    server_version: int
    tables: dict[str, int]
    files: int = 0
    missing: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """Rows of all tables together."""
        return sum(self.tables.values())


def backup(owner_dsn: str, target: Path, binaries: Binaries, blobs: FileBlobs | None = None) -> BackupManifest:
    """Write a consistent backup to `target` (a new file), with the contents in ``blobs``; raises StorageError."""
    with explain_os_errors(target):
        if target.exists():
            raise StorageError(f"{target} exists already.", "Choose another name for the backup.")
        with tempfile.TemporaryDirectory(prefix=".alm-backup-", dir=target.absolute().parent) as folder:
            manifest, contents = _dump(owner_dsn, Path(folder), binaries, blobs)
            fresh = Path(folder) / "backup.tar"
            with tarfile.open(fresh, "w") as archive:
                for name in ("manifest.json", "database.dump"):
                    archive.add(Path(folder) / name, name)
                if blobs is not None:
                    blob_backup.add(archive, blobs, contents)
            fresh.chmod(0o600)
            fresh.rename(target)
    return manifest


def restore(
    source: Path, owner_dsn: str, binaries: Binaries, *, admin_dsn: str | None, blobs: FileBlobs | None = None
) -> BackupManifest:
    """Restore into an empty database whose roles exist; row counts are verified. Then run `migrate.upgrade`.

    `admin_dsn`: a user who may administer alm_definer, for the time of the restore (`Database.admin`).
    """
    with explain_os_errors(source), tempfile.TemporaryDirectory(prefix="alm-restore-") as folder:
        manifest = _unpack(source, Path(folder))
        with psycopg.connect(owner_dsn, autocommit=True) as owner:
            _require_empty(owner)
            _require_rights(owner, admin_dsn)
            # before the rows that name them: contents without rows are harmless, and the upkeep removes them
            if blobs is not None and (found := blob_backup.take_out(source, blobs)) != manifest.files:
                raise StorageError(
                    f"The backup has {found} of {manifest.files} files.", "The backup file may be damaged."
                )
            try:
                with _inheriting(admin_dsn):
                    _load(owner, owner_dsn, Path(folder), binaries)
                _verify(owner, manifest)
            except BaseException:
                _empty(owner)
                raise
    return manifest


def read_manifest(source: Path) -> BackupManifest:
    """The manifest of a backup file."""
    with tempfile.TemporaryDirectory(prefix="alm-restore-") as folder:
        return _unpack(source, Path(folder), dump=False)


# -- backup --------------------------------------------------------------------------------------------------------


def _dump(
    owner_dsn: str, folder: Path, binaries: Binaries, blobs: FileBlobs | None
) -> tuple[BackupManifest, list[blob_backup.Named]]:
    with psycopg.connect(owner_dsn) as conn:
        conn.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        conn.execute("SET LOCAL ROLE alm_definer")
        version = conn.info.server_version
        snapshot = str(_scalar(conn, "SELECT pg_export_snapshot()"))
        tables = _counts(conn)
        contents = blob_backup.named(conn) if blobs is not None else []
        conn.execute("RESET ROLE")
        extensions = conn.execute("SELECT extname FROM pg_extension WHERE extnamespace = 'alm'::regnamespace")
        options = [f"--extension={row[0]}" for row in extensions]
        _run(
            binaries, "pg_dump", owner_dsn, "-Fc", *(f"--schema={name}" for name in SCHEMAS), *options, "--role=alm_definer",
            "--enable-row-security", f"--snapshot={snapshot}", "-f", str(folder / "database.dump"),
        )  # fmt: skip
    revision = migrate.current(owner_dsn)
    created = datetime.now(UTC).isoformat(timespec="seconds")
    lost = blob_backup.missing(blobs, contents) if blobs is not None else []
    contents = [one for one in contents if one not in lost]
    missing = tuple(one.member for one in lost)
    manifest = BackupManifest(FORMAT, created, revision, version, tables, len(contents), missing)
    (folder / "manifest.json").write_text(json.dumps(asdict(manifest), indent=2) + "\n")
    return manifest, contents


def _counts(conn: _Conn) -> dict[str, int]:
    names = conn.execute(
        "SELECT relnamespace::regnamespace::text, relname FROM pg_class"
        " WHERE relnamespace::regnamespace::text = ANY (%s) AND relkind IN ('r', 'p')"
        " AND NOT relispartition AND relname <> 'alembic_version' ORDER BY 1, 2",
        ([*SCHEMAS],),
    ).fetchall()
    query = sql.SQL("SELECT count(*) FROM {}")
    return {
        name if schema == SCHEMAS[0] else f"{schema}.{name}": int(
            str(_scalar(conn, query.format(sql.Identifier(schema, name))))
        )
        for schema, name in names
    }


# -- restore -------------------------------------------------------------------------------------------------------


def _unpack(source: Path, folder: Path, *, dump: bool = True) -> BackupManifest:
    try:
        with tarfile.open(source) as archive:
            wanted = [archive.getmember(name) for name in ("manifest.json", "database.dump")]
            archive.extractall(folder, wanted if dump else wanted[:1], filter="data")
        found = json.loads((folder / "manifest.json").read_text())
        manifest = BackupManifest(**{**found, "missing": tuple(found.get("missing", ()))})
    except (tarfile.TarError, KeyError, ValueError, TypeError) as error:
        raise StorageError(
            f"{source} is not a backup of ALM Workbench.", "Give a file that 'alm backup' made."
        ) from error
    if manifest.format != FORMAT:
        raise StorageError(
            f"{source} has the backup format {manifest.format}, but this version reads {FORMAT}.",
            "Use the version of ALM Workbench that made it.",
        )
    return manifest


def _require_empty(conn: _Conn) -> None:
    if _scalar(conn, "SELECT to_regclass('alm.tenants')") is not None:
        raise StorageError(
            "The database to restore into is not empty.", "Restore into a new --data-dir or an empty database."
        )
    _empty(conn)


def _require_rights(conn: _Conn, admin_dsn: str | None) -> None:
    if admin_dsn is None and not _scalar(conn, "SELECT pg_has_role('alm_definer', 'USAGE')"):
        raise StorageError(
            "A restore needs a user who may administer the role alm_definer, and only the four logins are known.",
            "Run 'GRANT alm_definer TO alm_owner WITH INHERIT TRUE' as an administrator, restore, and take it back "
            "with INHERIT FALSE.",
        )


def _empty(conn: _Conn) -> None:
    for name in SCHEMAS:
        conn.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(name)))


@contextmanager
def _inheriting(admin_dsn: str | None) -> Iterator[None]:
    """For a while alm_owner has the rights of alm_definer: it must grant on functions it hands over."""
    if admin_dsn is None:
        yield
        return
    with psycopg.connect(admin_dsn, autocommit=True) as admin:
        admin.execute("GRANT alm_definer TO alm_owner WITH INHERIT TRUE")
        try:
            yield
        finally:
            admin.execute("GRANT alm_definer TO alm_owner WITH INHERIT FALSE")


def _load(owner: _Conn, owner_dsn: str, folder: Path, binaries: Binaries) -> None:
    owner.execute("CREATE SCHEMA alm")
    owner.execute("GRANT CREATE ON SCHEMA alm TO alm_definer")
    dump, contents = folder / "database.dump", folder / "contents.list"
    entries = _run(binaries, "pg_restore", owner_dsn, "-l", str(dump)).splitlines(keepends=True)
    contents.write_text("".join(line for line in entries if not _is_ours(line)))
    common = ["--exit-on-error", "--no-comments", "-L", str(contents), "-d", "", str(dump)]
    for section in ("pre-data", "data", "post-data"):
        if section == "post-data":
            _forget_old_transactions(owner)
        _run(binaries, "pg_restore", owner_dsn, f"--section={section}", *common)
    owner.execute("REVOKE CREATE ON SCHEMA alm FROM alm_definer")


def _is_ours(entry: str) -> bool:
    return " SCHEMA - alm " in entry and " ACL " not in entry


def _forget_old_transactions(owner: _Conn) -> None:
    """Transaction ids of the old cluster may lie in the new one's future; the mirror would read such rows for ever.

    Runs before triggers and row-level security exist, so nothing is audited and every row is seen.
    """
    tables = owner.execute(
        "SELECT table_name FROM information_schema.columns WHERE table_schema = 'alm' AND column_name = 'row_xid'"
    ).fetchall()
    query = sql.SQL("UPDATE alm.{} SET row_xid = pg_current_xact_id() WHERE row_xid >= pg_current_xact_id()")
    for (name,) in tables:
        owner.execute(query.format(sql.Identifier(name)))


def _verify(owner: _Conn, manifest: BackupManifest) -> None:
    with owner.transaction():
        owner.execute("SET LOCAL ROLE alm_definer")
        found = _counts(owner)
    wrong = [name for name in {**manifest.tables, **found} if manifest.tables.get(name) != found.get(name)]
    if wrong:
        raise StorageError(
            f"After the restore these tables differ from the backup: {', '.join(sorted(wrong))}.",
            "The backup file may be damaged; nothing was kept.",
        )


# -- programs ------------------------------------------------------------------------------------------------------


def _run(binaries: Binaries, program: str, dsn: str, *arguments: str) -> str:
    """Run a client program; the connection travels in the environment, so that `ps` shows no password."""
    environment = {"PATH": os.defpath, "LC_ALL": "C", **_environment(dsn)}
    done = subprocess.run(
        [binaries.program(program), *arguments], capture_output=True, text=True, env=environment, check=False
    )
    if done.returncode:
        said = done.stderr.strip()
        last = said.splitlines()[0] if said else "no message"
        raise from_postgres_text(said, "the backup") or StorageError(f"{program} failed: {last}.")
    return done.stdout


def _environment(dsn: str) -> Mapping[str, str]:
    parts = conninfo_to_dict(dsn)
    return {
        _ENVIRONMENT[name]: str(value) for name, value in parts.items() if name in _ENVIRONMENT and value is not None
    }


def _scalar(conn: _Conn, query: str | sql.Composed) -> object:
    row = conn.execute(query.encode() if isinstance(query, str) else query).fetchone()
    return row[0] if row else None
