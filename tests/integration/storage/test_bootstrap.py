"""From nothing to four DSNs: on the embedded server, and on somebody else's."""

from __future__ import annotations

import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from alm_workbench.storage import migrate
from alm_workbench.storage.backup import backup, restore
from alm_workbench.storage.bootstrap import LOGINS, Dsns, describe, external_dsns, open_database
from alm_workbench.storage.embedded import EmbeddedPostgres
from alm_workbench.storage.engine import make_engine
from alm_workbench.storage.errors import DatabaseUnavailable, StorageError
from alm_workbench.storage.rls_check import check_rls
from tests.factories.database import FAST, short_dir
from tests.factories.world import make_world


def test_first_and_second_start_give_the_same_dsns(data_dir: Path) -> None:
    """Roles with passwords of their own, kept in private files; a second start changes nothing."""
    with open_database(data_dir, env={}) as first:
        migrate.upgrade(first.dsns.owner)
        assert check_rls(first.dsns.owner) == []
        for role in LOGINS:
            assert stat.S_IMODE((data_dir / "secrets" / role).stat().st_mode) == 0o600
        passwords = {conninfo_to_dict(dsn)["password"] for dsn in all_of(first.dsns)}
        assert len(passwords) == 4
    with open_database(data_dir, env={}) as second:
        assert second.dsns == first.dsns
        (data_dir / "secrets" / "alm_app").unlink()  # a lost password is replaced: the server is ours
    with open_database(data_dir, env={}) as third:
        assert third.dsns.app != first.dsns.app
        assert third.dsns.owner == first.dsns.owner
        psycopg.connect(third.dsns.app).close()
    assert third.server
    assert not third.server.is_running()


def all_of(dsns: Dsns) -> list[str]:
    """The four DSNs."""
    return [dsns.owner, dsns.app, dsns.worker, dsns.mirror]


def test_no_password_shows_in_a_repr(data_dir: Path) -> None:
    """Neither in that of the DSNs nor in that of the database."""
    dsns = Dsns(*(f"postgresql://u:secret{n}@h/d" for n in range(4)))
    assert "secret" not in repr(dsns) + str(dsns)


# -- somebody else's server ----------------------------------------------------------------------------------------


class Foreign:
    """A server that is not ours: an administrator who makes users and databases."""

    def __init__(self, server: EmbeddedPostgres) -> None:
        self.server = server

    def user(self, name: str, rights: str = "") -> str:
        """A user with a database of its own; the DSN."""
        password = secrets.token_hex(8)
        with psycopg.connect(self.server.superuser_dsn(), autocommit=True) as admin:
            admin.execute(f"CREATE ROLE {name} LOGIN {rights} PASSWORD '{password}'".encode())
            admin.execute(sql.SQL("CREATE DATABASE {0} OWNER {0}").format(sql.Identifier(name)))
        return self.server.dsn(name, password, name)

    def forget_roles(self) -> None:
        """Drop every database of users and the roles of the workbench."""
        with psycopg.connect(self.server.superuser_dsn(), autocommit=True) as admin:
            for (name,) in admin.execute("SELECT datname FROM pg_database WHERE datname LIKE 'u\\_%'").fetchall():
                admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
            for role in (*LOGINS, "alm_definer"):
                admin.execute(f"DROP ROLE IF EXISTS {role}".encode())


@pytest.fixture(scope="module")
def foreign_server() -> Iterator[EmbeddedPostgres]:
    """One server for the module, without roles of ours."""
    import shutil

    home = short_dir()
    with EmbeddedPostgres(home, env={}, settings=FAST) as server:
        yield server
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def foreign(foreign_server: EmbeddedPostgres) -> Iterator[Foreign]:
    """The server, cleaned up after the test."""
    found = Foreign(foreign_server)
    yield found
    found.forget_roles()


@pytest.mark.parametrize("rights", ["SUPERUSER", "CREATEROLE"])
def test_one_dsn_of_a_user_who_may_create_roles(foreign: Foreign, data_dir: Path, rights: str) -> None:
    """Roles and passwords are made, the app works as alm_app, and a second start finds them again."""
    dsn = foreign.user(f"u_{rights.lower()}", rights)
    with open_database(data_dir, env={"ALM_DSN": dsn}) as opened:
        migrate.upgrade(opened.dsns.owner)
        assert check_rls(opened.dsns.owner) == []
        engine = make_engine(opened.dsns.app)
        world = make_world(engine)
        world.artifact(1)
        assert world.sql("SELECT current_user::text") == [("alm_app",)]
        engine.dispose()
        assert opened.server is None
        assert opened.admin == dsn
    assert external_dsns({"ALM_DSN": dsn}, data_dir) == opened.dsns


def test_backup_and_restore_without_a_superuser(foreign: Foreign, data_dir: Path) -> None:
    """A user with CREATEROLE is enough, on any server."""
    dsn, binaries = foreign.user("u_backup", "CREATEROLE"), foreign.server.binaries
    dsns = external_dsns({"ALM_DSN": dsn}, data_dir)
    migrate.upgrade(dsns.owner)
    made = backup(dsns.owner, data_dir / "alm.backup", binaries)
    with psycopg.connect(dsns.owner, autocommit=True) as owner:
        owner.execute("DROP SCHEMA alm CASCADE")
    assert restore(data_dir / "alm.backup", dsns.owner, binaries, admin_dsn=dsn) == made
    assert check_rls(dsns.owner) == []


def test_a_user_who_may_not_create_roles(foreign: Foreign, data_dir: Path) -> None:
    """One sentence and the two ways out."""
    with pytest.raises(StorageError, match="may not create the database roles") as error:
        external_dsns({"ALM_DSN": foreign.user("u_plain")}, data_dir)
    assert "CREATEROLE" in error.value.hint
    assert "ALM_OWNER_DSN" in error.value.hint


def test_roles_that_somebody_else_made(foreign: Foreign, data_dir: Path) -> None:
    """Their passwords are not ours to change."""
    dsn = foreign.user("u_first", "CREATEROLE")
    external_dsns({"ALM_DSN": dsn}, data_dir / "one")
    with pytest.raises(StorageError, match="exist on this server already") as error:
        external_dsns({"ALM_DSN": dsn}, data_dir / "two")
    assert "Copy the secrets directory" in error.value.hint


def test_four_dsns_are_taken_as_they_are(foreign: Foreign, data_dir: Path) -> None:
    """No secret is stored; three of four is a mistake that is named."""
    made = external_dsns({"ALM_DSN": foreign.user("u_four", "CREATEROLE")}, data_dir)
    env = {
        "ALM_DSN": made.app,
        "ALM_OWNER_DSN": made.owner,
        "ALM_WORKER_DSN": made.worker,
        "ALM_MIRROR_DSN": made.mirror,
    }
    assert external_dsns(env, data_dir / "other") == made
    assert not (data_dir / "other").exists()
    with pytest.raises(StorageError, match="missing: ALM_MIRROR_DSN"):
        external_dsns({**env, "ALM_MIRROR_DSN": ""}, data_dir)


def test_a_wrong_dsn_is_one_sentence_without_the_password(foreign: Foreign, data_dir: Path) -> None:
    """Unreadable, unreachable, unknown host, refused, missing database."""
    good = conninfo_to_dict(foreign.user("u_wrong"))
    host = str(good["host"])
    cases = {
        "postgresql://u:hunter2@[bad": "cannot be read as a PostgreSQL address",
        "postgresql://u:hunter2@127.0.0.1:1/x": "No PostgreSQL server answers at 127.0.0.1:1/x",
        "postgresql://u:hunter2@nowhere.invalid/x": "host of nowhere.invalid:5432/x is unknown",
        make_conninfo("", host=host, user="u_wrong", password="hunter2", dbname="u_wrong"): "refused the user name",
        make_conninfo("", **{**good, "dbname": "nope"}): "does not exist",
        f"postgresql://u:hunter2@/x?host={data_dir}": "No PostgreSQL server answers",
    }
    for dsn, sentence in cases.items():
        with pytest.raises(DatabaseUnavailable) as error:
            external_dsns({"ALM_DSN": dsn}, data_dir)
        said = str(error.value)
        assert sentence in said, dsn
        assert "\n" not in said, dsn
        assert "hunter2" not in said
        assert str(good["password"]) not in said


def test_an_old_or_odd_server_is_refused(foreign: Foreign, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Below 16, or with another encoding."""
    dsn = foreign.user("u_odd", "CREATEROLE")
    monkeypatch.setattr("alm_workbench.storage.bootstrap.MIN_MAJOR", 99)
    with pytest.raises(DatabaseUnavailable, match="but 99 or newer is needed"):
        external_dsns({"ALM_DSN": dsn}, data_dir)
    monkeypatch.undo()
    with psycopg.connect(foreign.server.superuser_dsn(), autocommit=True) as admin:
        admin.execute("CREATE DATABASE u_latin ENCODING 'LATIN1' LOCALE 'C' LOCALE_PROVIDER libc TEMPLATE template0")
    latin = make_conninfo(foreign.server.superuser_dsn(), dbname="u_latin")
    with pytest.raises(DatabaseUnavailable, match="encoding LATIN1, but UTF8"):
        external_dsns({"ALM_DSN": latin}, data_dir)


def test_describe_never_shows_a_password() -> None:
    """Host, port, database."""
    assert describe("postgresql://u:hunter2@h:5/d", "X") == "h:5/d"
    assert describe("host=h user=u password=hunter2 dbname=d", "X") == "h:5432/d"
