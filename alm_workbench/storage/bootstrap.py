"""Roles, database and DSNs: on the embedded server, or on the one that ALM_DSN names."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote, urlencode

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from alm_workbench.storage.binaries import MIN_MAJOR
from alm_workbench.storage.embedded import EmbeddedPostgres, Progress, write_secret
from alm_workbench.storage.errors import DatabaseUnavailable, StorageError, explain_os_errors, from_connect_error

DATABASE = "alm"
LOGINS = ("alm_owner", "alm_app", "alm_worker", "alm_mirror")
DEFINER = "alm_definer"
_FLAGS = sql.SQL("NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION")

_Conn = psycopg.Connection[tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Dsns:
    """The DSN of each database role; `repr` shows none of them, for they hold passwords."""

    owner: str = field(repr=False)
    app: str = field(repr=False)
    worker: str = field(repr=False)
    mirror: str = field(repr=False)


@dataclass(slots=True)
class Database:
    """An open database: its DSNs, and the embedded server when there is one."""

    dsns: Dsns
    server: EmbeddedPostgres | None = None
    admin: str | None = field(default=None, repr=False)
    """DSN of a user who may administer the roles (bootstrap and restore only), where we have one."""

    def close(self) -> None:
        """Let go of the embedded server, if any."""
        if self.server is not None:
            self.server.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_database(
    data_dir: Path, *, env: Mapping[str, str] | None = None, progress: Progress | None = None
) -> Database:
    """The database to work with: that of ALM_DSN when set, else the embedded one below `data_dir`.

    Roles and database exist afterwards; migrations are the caller's (`migrate.upgrade(dsns.owner)`).
    Raises StorageError with one sentence and a hint.
    """
    env = os.environ if env is None else env
    if env.get("ALM_DSN"):
        derived = not env.get("ALM_OWNER_DSN")
        return Database(external_dsns(env, data_dir), admin=env["ALM_DSN"] if derived else None)
    server = EmbeddedPostgres(data_dir, env=env, progress=progress)
    server.start()
    try:
        return Database(embedded_dsns(server), server, admin=server.superuser_dsn(DATABASE))
    except BaseException:
        server.stop()
        raise


def embedded_dsns(server: EmbeddedPostgres, database: str = DATABASE) -> Dsns:
    """Make roles and `database` on the embedded server where they are missing; their DSNs."""
    with psycopg.connect(server.superuser_dsn(), autocommit=True) as admin:
        admin.execute("SELECT pg_advisory_lock(hashtext('alm.bootstrap'))")
        passwords = _ensure_roles(admin, server.data_dir / "secrets", adopt=True)
        if admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,)).fetchone() is None:
            admin.execute(
                sql.SQL("CREATE DATABASE {} OWNER alm_owner TEMPLATE template0").format(sql.Identifier(database))
            )
            admin.execute(sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(sql.Identifier(database)))
        _grant_database(admin, database)
    return Dsns(*(server.dsn(role, passwords[role], database) for role in LOGINS))


def external_dsns(env: Mapping[str, str], data_dir: Path) -> Dsns:
    """DSNs on the server of ALM_DSN: the four that are given, else derived ones for roles that are made there."""
    app = env["ALM_DSN"]
    given = {name: env.get(f"ALM_{name.upper()}_DSN", "") for name in ("owner", "worker", "mirror")}
    with _connect(app, "ALM_DSN") as connection:
        _check_server(connection, app)
        if all(given.values()):
            return Dsns(app=app, **given)
        if any(given.values()):
            missing = ", ".join(f"ALM_{name.upper()}_DSN" for name, dsn in given.items() if not dsn)
            raise StorageError(
                f"Some of the database addresses are missing: {missing}.",
                "Set all of ALM_DSN, ALM_OWNER_DSN, ALM_WORKER_DSN and ALM_MIRROR_DSN, or only ALM_DSN "
                "with a user who may create roles.",
            )
        return _derived_dsns(connection, app, data_dir)


def _derived_dsns(admin: _Conn, dsn: str, data_dir: Path) -> Dsns:
    if not _scalar(admin, "SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user"):
        raise StorageError(
            f"The user of ALM_DSN ({admin.info.user}) may not create the database roles that ALM needs.",
            "Give it CREATEROLE, or make the roles yourself and set ALM_OWNER_DSN, ALM_WORKER_DSN and ALM_MIRROR_DSN.",
        )
    folder = data_dir / "secrets"
    with explain_os_errors(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with admin.transaction():
            admin.execute("SELECT pg_advisory_xact_lock(hashtext('alm.bootstrap'))")
            passwords = _ensure_roles(admin, folder, adopt=False)
            _grant_database(admin, admin.info.dbname)
    except psycopg.errors.InsufficientPrivilege as error:
        raise StorageError(
            f"The user of ALM_DSN ({admin.info.user}) may not prepare the database: "
            f"{error.diag.message_primary or 'permission denied'}.",
            "Use the owner of the database with CREATEROLE, or a superuser.",
        ) from error
    return Dsns(*(_as_role(dsn, role, passwords[role]) for role in LOGINS))


# -- parts ---------------------------------------------------------------------------------------------------------


def _ensure_roles(admin: _Conn, folder: Path, *, adopt: bool) -> dict[str, str]:
    """Make the missing roles; their passwords by name. `adopt`: give known roles of a lost secret a new password."""
    existing = {str(row[0]) for row in admin.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE 'alm\\_%'")}
    lost = [role for role in LOGINS if role in existing and not (folder / role).exists()]
    if lost and not adopt:
        raise StorageError(
            f"The roles {', '.join(lost)} exist on this server already, but their passwords are not in {folder}.",
            "Copy the secrets directory of the installation that made them, or set ALM_OWNER_DSN, ALM_WORKER_DSN "
            "and ALM_MIRROR_DSN beside ALM_DSN.",
        )
    passwords = {role: _password(folder / role) for role in LOGINS}
    for role in (*LOGINS, DEFINER):
        verb = sql.SQL("CREATE ROLE" if role not in existing else "ALTER ROLE")
        if role in existing and role not in lost:
            continue
        login = sql.SQL("NOLOGIN") if role == DEFINER else _login(admin, role, passwords[role])
        admin.execute(sql.SQL("{} {} {} {}").format(verb, sql.Identifier(role), _FLAGS, login))
    # The owner hands functions over to the definer, and may act as it; it does not inherit its rights.
    admin.execute("GRANT alm_definer TO alm_owner WITH INHERIT FALSE, SET TRUE")
    return passwords


def _login(admin: _Conn, role: str, password: str) -> sql.Composable:
    # The verifier is made here, so that no log of the server ever sees the password.
    verifier = admin.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
    return sql.SQL("LOGIN PASSWORD {}").format(sql.Literal(verifier.decode()))


def _password(path: Path) -> str:
    with explain_os_errors(path):
        if not path.exists():
            write_secret(path, secrets.token_urlsafe(24))
        return path.read_text().strip()


def _grant_database(admin: _Conn, database: str) -> None:
    name = sql.Identifier(database)
    admin.execute(sql.SQL("GRANT CONNECT, CREATE ON DATABASE {} TO alm_owner").format(name))
    admin.execute(sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO alm_app, alm_worker").format(name))
    admin.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO alm_mirror").format(name))


def _connect(dsn: str, variable: str) -> _Conn:
    target = describe(dsn, variable)
    try:
        return psycopg.connect(dsn, autocommit=True, connect_timeout=10)
    except psycopg.Error as error:
        raise from_connect_error(error, target) from error


def _check_server(connection: _Conn, dsn: str) -> None:
    version = connection.info.server_version
    if version < MIN_MAJOR * 10_000:
        raise DatabaseUnavailable(
            f"{describe(dsn, 'ALM_DSN')} runs PostgreSQL {version // 10_000}, but {MIN_MAJOR} or newer is needed.",
            "Upgrade it, or unset ALM_DSN to use the embedded one.",
        )
    encoding = _scalar(connection, "SHOW server_encoding")
    if encoding != "UTF8":
        raise DatabaseUnavailable(
            f"The database of {describe(dsn, 'ALM_DSN')} has the encoding {encoding}, but UTF8 is needed.",
            "Create one with ENCODING 'UTF8'.",
        )


def _scalar(connection: _Conn, query: str) -> object:
    row = connection.execute(query.encode()).fetchone()
    return row[0] if row else None


def describe(dsn: str, variable: str) -> str:
    """Host, port and database of a DSN, never its password; raises StorageError when it cannot be read."""
    try:
        parts = conninfo_to_dict(dsn)
    except psycopg.Error as error:
        raise DatabaseUnavailable(
            f"{variable} cannot be read as a PostgreSQL address.",
            "It looks like postgresql://user:password@host:port/database.",
        ) from error
    host = parts.get("host") or parts.get("hostaddr") or "the local socket"
    return f"{host}:{parts.get('port') or 5432}/{parts.get('dbname') or ''}"


def _as_role(dsn: str, role: str, password: str) -> str:
    parts = {name: str(value) for name, value in conninfo_to_dict(dsn).items() if value is not None}
    database = parts.pop("dbname", parts.get("user", ""))
    for name in ("user", "password", "passfile", "service"):
        parts.pop(name, None)
    return (
        f"postgresql://{quote(role)}:{quote(password)}@/{quote(database, safe='')}?{urlencode(parts, quote_via=quote)}"
    )
