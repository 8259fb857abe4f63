"""Schema migrations, run from code with the owner's DSN (`alm db upgrade|downgrade|current`)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from alm_workbench import resources
from alm_workbench.storage import job_schema
from alm_workbench.storage.engine import make_engine
from alm_workbench.storage.errors import StorageError

if TYPE_CHECKING:  # Alembic is loaded when there is something to migrate: at most starts there is not
    from alembic.config import Config

_LOCK = "SELECT pg_advisory_lock(hashtext('alm.migrate'))"
_REVISION = re.compile(r"""^(revision|down_revision)\b[^=\n]*=\s*['"]([^'"]+)['"]""", re.MULTILINE)
_UNLOCK = "SELECT pg_advisory_unlock(hashtext('alm.migrate'))"


def upgrade(owner_dsn: str, revision: str = "head") -> str | None:
    """Bring the schema up to `revision`; returns the revision it has afterwards. Several may call at once.

    Also makes the audit partitions of the coming months and brings the job queue to the installed library, so calling it
    at every start is right.
    """
    with _connected(owner_dsn) as connection:
        if revision != "head" or _current(connection) != head():
            from alembic import command

            command.upgrade(_config(connection), revision)
        connection.execute(text("SELECT alm.ensure_audit_partitions()"))
        if revision == "head":
            job_schema.ensure(connection.connection.driver_connection)  # type: ignore[arg-type]
        connection.commit()
        return _current(connection)


def downgrade(owner_dsn: str, revision: str) -> str | None:
    """Take the schema back to `revision` ("base": nothing left); returns the revision it has afterwards."""
    from alembic import command

    with _connected(owner_dsn) as connection:
        command.downgrade(_config(connection), revision)
        return _current(connection)


def current(owner_dsn: str) -> str | None:
    """The revision of the database, or None when it has none."""
    with _connected(owner_dsn) as connection:
        return _current(connection)


def head() -> str | None:
    """The newest revision this version of the workbench knows."""
    known: set[str] = set()
    replaced: set[str] = set()
    for file in resources.path("migrations", "versions").glob("*.py"):
        for name, value in _REVISION.findall(file.read_text("utf-8")):
            (known if name == "revision" else replaced).add(value)
    heads = known - replaced
    if len(heads) > 1:
        raise StorageError(f"The migrations have more than one end: {', '.join(sorted(heads))}.", "Merge them.")
    return next(iter(heads), None)


def _config(connection: Connection | None = None) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(resources.path("migrations")).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _current(connection: Connection) -> str | None:
    revision: str | None = None
    if connection.execute(text("SELECT to_regclass('alm.alembic_version')")).scalar() is not None:
        revision = connection.execute(text("SELECT version_num FROM alm.alembic_version")).scalar()
    connection.commit()
    return revision


@contextmanager
def _connected(owner_dsn: str) -> Iterator[Connection]:
    engine = make_engine(owner_dsn, pool_size=1, application_name="alm-migrate")
    try:
        with engine.connect() as connection:
            connection.execute(text(_LOCK))
            if connection.execute(text("SELECT to_regnamespace('alm')")).scalar() is None:
                connection.execute(text("CREATE SCHEMA alm"))
            connection.commit()
            try:
                yield connection
            finally:
                connection.rollback()
                connection.execute(text(_UNLOCK))
                connection.commit()
    finally:
        engine.dispose()
