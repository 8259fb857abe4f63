"""The database of an installation: opened and upgraded, kept to its data directory, looked at, saved and restored."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from alm_workbench.config import Settings, environment
from alm_workbench.errors import ConfigurationError
from alm_workbench.production import refuse_weak
from alm_workbench.storage import migrate
from alm_workbench.storage.blobs import FileBlobs
from alm_workbench.storage.bootstrap import Database as Database
from alm_workbench.storage.bootstrap import open_database
from alm_workbench.storage.errors import StorageError

EMBEDDED = "an embedded database"


@contextmanager
def told() -> Iterator[None]:
    """Turn the storage layer's sentence into ours."""
    try:
        yield
    except StorageError as error:
        raise ConfigurationError(str(error)) from error


@contextmanager
def database_of(
    settings: Settings,
    *,
    env: Mapping[str, str] | None = None,
    upgrade: bool = True,
    progress: Callable[[str], None] | None = None,
) -> Iterator[Database]:
    """The database alone, for administration."""
    known = environment(env)
    refuse_weak(known)
    settings.prepare()
    remember_database(settings, known)
    with told():
        database = open_database(settings.data_dir, env=known, progress=progress)
    try:
        if upgrade:
            with told():
                migrate.upgrade(database.dsns.owner)
        yield database
    finally:
        database.close()


def remember_database(settings: Settings, env: Mapping[str, str]) -> None:
    """A data directory belongs to one database; raises ``ConfigurationError`` when it is opened with another."""
    from alm_workbench.storage.bootstrap import describe

    with told():
        wanted = describe(env["ALM_DSN"], "ALM_DSN") if env.get("ALM_DSN") else EMBEDDED
    file = settings.run_dir / "database.txt"
    known = file.read_text("utf-8").strip() if file.exists() else ""
    if not known and (settings.data_dir / "pg" / "pgdata").exists():
        known = EMBEDDED
    if known and known != wanted:
        way_out = "leave ALM_DSN out" if known == EMBEDDED else f"set ALM_DSN to the database at {known}"
        raise ConfigurationError(
            f"The data directory {settings.data_dir} belongs to {known if known == EMBEDDED else 'the database at ' + known}: "
            f"{way_out}, or choose another --data-dir."
        )
    if not known:
        file.write_text(wanted, "utf-8")


def there_is_a_workbench(settings: Settings, env: Mapping[str, str] | None = None) -> bool:
    """Whether commands that only look or keep have something to look at; nothing is made."""
    given = environment(env)
    return (
        bool(given.get("ALM_DSN"))
        or (settings.run_dir / "database.txt").exists()
        or (settings.data_dir / "pg").exists()
    )


def schema_revision(database: Database) -> tuple[str | None, str | None]:
    """The revision of the database and the newest one known."""
    with told():
        return migrate.current(database.dsns.owner), migrate.head()


def change_schema(database: Database, revision: str, *, down: bool = False) -> str | None:
    """Upgrade or downgrade to a revision; the revision afterwards."""
    with told():
        return (migrate.downgrade if down else migrate.upgrade)(database.dsns.owner, revision)


def require_schema(database: Database) -> None:
    """Refuse an empty database in one sentence."""
    if schema_revision(database)[0] is None:
        raise ConfigurationError("This database is empty; `alm lab` or `alm db upgrade` fills it.")


def rls_findings(database: Database) -> list[dict[str, str]]:
    """What ``alm db check-rls`` found, as kind, name and problem."""
    from alm_workbench.storage.rls_check import check_rls

    require_schema(database)
    with told():
        return [asdict(finding) for finding in check_rls(database.dsns.owner)]


def write_backup(database: Database, target: Path, settings: Settings) -> dict[str, Any]:
    """Write one file that holds everything, attached files too; what is in it."""
    from alm_workbench.storage.backup import backup
    from alm_workbench.storage.binaries import find_binaries

    require_schema(database)
    with told():
        blobs = FileBlobs(settings.blobs_dir)
        return asdict(backup(database.dsns.owner, target, find_binaries(os.environ), blobs))


def read_backup(database: Database, source: Path, settings: Settings) -> dict[str, Any]:
    """Restore a backup into this installation's empty database and its files, and bring its schema up to date."""
    from alm_workbench.storage.backup import restore
    from alm_workbench.storage.binaries import find_binaries

    with told():
        blobs = FileBlobs(settings.blobs_dir)
        found = restore(source, database.dsns.owner, find_binaries(os.environ), admin_dsn=database.admin, blobs=blobs)
        migrate.upgrade(database.dsns.owner)
    return asdict(found)
