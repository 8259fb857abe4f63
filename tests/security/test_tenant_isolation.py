"""Two tenants and every tenant table: nobody sees, changes or reaches what is not his."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import Engine, Executable, Uuid, column, delete, func, select, table, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError

from alm_workbench.storage.bootstrap import Dsns
from alm_workbench.storage.engine import begin, make_engine
from tests.factories.database import Cluster
from tests.factories.rows import insert_minimal_rows, tenant_tables
from tests.factories.world import World, make_world

A, B = UUID(int=0xA), UUID(int=0xB)
CLOSED = {"artifact_search"}
"""What the app reaches through definer functions only."""


@dataclass(frozen=True)
class Pair:
    """A database in which tenants A and B have one row in every table."""

    dsns: Dsns
    engine: Engine
    tables: list[str]

    @property
    def readable(self) -> list[str]:
        """The tables that the app may read."""
        return [name for name in self.tables if name not in CLOSED]


@pytest.fixture(scope="module")
def pair(cluster: Cluster, module_db: Dsns) -> Iterator[Pair]:
    """Both tenants' rows, put there by the superuser."""
    with psycopg.connect(cluster.superuser_dsn(module_db)) as conn:
        for tenant in (A, B):
            insert_minimal_rows(conn, tenant)
        tables = tenant_tables(conn)
    engine = make_engine(module_db.app, pool_size=1)
    yield Pair(module_db, engine, tables)
    engine.dispose()


def test_the_tables_are_all_there(pair: Pair) -> None:
    """The test means something: many tables, each with a row of either tenant."""
    assert len(pair.tables) >= 30
    with psycopg.connect(pair.dsns.worker) as conn:
        for name in pair.tables:
            seen = conn.execute(f"SELECT count(DISTINCT tenant_id) FROM alm.{name}").fetchone()
            assert seen == (2,), name


def test_a_tenant_sees_its_own_row_of_every_table_only(pair: Pair) -> None:
    """By Core and by raw SQL, deleted rows or not."""
    for include_deleted in (False, True):
        with begin(pair.engine, tenant_id=A, include_deleted=include_deleted) as conn:
            for name in pair.readable:
                core = list(
                    conn.execute(select(column("tenant_id", Uuid)).select_from(table(name, schema="alm"))).scalars()
                )
                raw = conn.execute(text(f"SELECT tenant_id FROM alm.{name} WHERE tenant_id IS NOT NULL OR true"))
                assert core == [A] == list(raw.scalars()), name


def test_no_tenant_no_rows(pair: Pair) -> None:
    """Neither with empty settings nor on a connection that never had any."""
    with begin(pair.engine, tenant_id=None, include_deleted=True) as conn:
        for name in pair.readable:
            assert conn.execute(select(func.count()).select_from(table(name, schema="alm"))).scalar() == 0, name
    with psycopg.connect(pair.dsns.app) as bare:
        for name in pair.readable:
            assert bare.execute(f"SELECT count(*) FROM alm.{name}").fetchone() == (0,), name


def test_closed_tables_are_closed(pair: Pair) -> None:
    """No SELECT, whoever asks."""
    for name in CLOSED:
        assert (
            changed_by(pair.engine, select(column("tenant_id", Uuid)).select_from(table(name, schema="alm"))) == "42501"
        )


def test_the_owner_of_the_tables_sees_nothing_without_a_tenant(pair: Pair) -> None:
    """FORCE ROW LEVEL SECURITY holds for migrations too."""
    with psycopg.connect(pair.dsns.owner) as conn:
        for name in pair.tables:
            assert conn.execute(f"SELECT count(*) FROM alm.{name}").fetchone() == (0,), name


def changed_by(engine: Engine, statement: Executable) -> int | str:
    """How many rows tenant A changes by a statement, or the error code that refuses it; nothing is kept."""
    with begin(engine, tenant_id=A, include_deleted=True) as conn:
        try:
            return conn.execute(statement).rowcount
        except DBAPIError as error:
            return str(getattr(error.orig, "sqlstate", ""))
        finally:
            conn.rollback()


def test_no_row_of_another_tenant_can_be_changed(pair: Pair) -> None:
    """An UPDATE or DELETE without WHERE touches no row of B; moving a row to B is refused."""
    for name in pair.tables:
        target = table(name, column("tenant_id"), schema="alm")
        for statement in (update(target).values(tenant_id=B), delete(target).where(target.c.tenant_id == B)):
            assert changed_by(pair.engine, statement) in (0, "42501", "23001"), name
    with psycopg.connect(pair.dsns.worker) as conn:
        for name in pair.tables:
            assert conn.execute(f"SELECT count(*) FROM alm.{name}").fetchone() == (2,), name


def test_rows_cannot_be_put_into_another_tenant(pair: Pair) -> None:
    """Where the app may insert at all, the policy refuses a foreign tenant_id."""
    for name in pair.tables:
        with begin(pair.engine, tenant_id=A) as conn:
            with pytest.raises(DBAPIError, match=r"row-level security|permission denied|null value|generated") as error:
                conn.execute(text(f"INSERT INTO alm.{name} (tenant_id) VALUES ('{B}')"))
            assert getattr(error.value.orig, "sqlstate", "") in ("42501", "23502"), (name, error.value)
            conn.rollback()


@pytest.fixture
def worlds(app_engine: Engine) -> tuple[World, World]:
    """Two tenants with projects."""
    return make_world(app_engine, "a"), make_world(app_engine, "b")


def test_foreign_keys_do_not_reach_other_tenants(worlds: tuple[World, World]) -> None:
    """Checks of foreign keys bypass row-level security, so every key carries the tenant."""
    a, b = worlds
    foreign = b.artifact(1)
    own = a.artifact(1)
    with pytest.raises(IntegrityError, match="foreign key"):
        a.artifact(2, parent_id=foreign)
    with pytest.raises(IntegrityError, match="foreign key"):
        a.artifact(2, assignee_id=b.actor_id)
    with pytest.raises(IntegrityError, match="foreign key"):
        a.sql(
            "INSERT INTO alm.artifact_links (tenant_id, id, project_id, link_type, source_id, target_id)"
            " VALUES (:t, :id, :p, 'verifies', :own, :foreign)",
            id=uuid4(),
            own=own,
            foreign=foreign,
        )
    with pytest.raises(IntegrityError, match="foreign key"):
        a.sql("UPDATE alm.projects SET active_version_id = :other", other=b.manifest_version_id)


def test_every_foreign_key_between_tenant_tables_carries_the_tenant(pair: Pair) -> None:
    """From the catalog: also for tables that come later."""
    query = """
        SELECT conrelid::regclass::text, conname FROM pg_constraint k
        WHERE contype = 'f' AND connamespace = 'alm'::regnamespace AND conparentid = 0 AND confrelid::regclass::text
          NOT IN ('alm.users', 'users')
          AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = conrelid AND attname = 'tenant_id' AND NOT attisdropped)
          AND NOT EXISTS (SELECT FROM unnest(conkey, confkey) AS u (mine, theirs)
            JOIN pg_attribute m ON m.attrelid = conrelid AND m.attnum = mine
            JOIN pg_attribute t ON t.attrelid = confrelid AND t.attnum = theirs
            WHERE m.attname = 'tenant_id' AND t.attname = 'tenant_id')
    """
    with psycopg.connect(pair.dsns.owner) as conn:
        assert conn.execute(query).fetchall() == []


def test_every_unique_key_of_a_tenant_table_carries_the_tenant(pair: Pair) -> None:
    """Otherwise a duplicate tells that somebody else has such a row. Slugs of tenants are public by design."""
    query = """
        SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
        WHERE c.relnamespace = 'alm'::regnamespace AND i.indisunique AND EXISTS (
          SELECT FROM pg_attribute WHERE attrelid = c.oid AND attname = 'tenant_id')
        AND NOT EXISTS (SELECT FROM unnest(i.indkey) k JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k
                        WHERE a.attname = 'tenant_id')
    """
    with psycopg.connect(pair.dsns.owner) as conn:
        assert conn.execute(query).fetchall() == [("alm.tenants_slug_key",)]


def test_reindexing_another_tenants_project_does_nothing(worlds: tuple[World, World]) -> None:
    """Definer functions carry their own tenant predicate."""
    a, b = worlds
    b.sql(
        "INSERT INTO alm.indexed_fields (tenant_id, project_id, type_id, field_id, value_kind)"
        " VALUES (:t, :p, 'Requirement', 'f', 'text')"
    )
    b.artifact(1, fields='{"f": "secret"}')
    a.sql("SELECT alm.reindex_project(:other)", other=b.project_id)
    assert b.sql("SELECT v_text FROM alm.artifact_field") == [("secret",)]
    assert a.sql("SELECT v_text FROM alm.artifact_field") == []


def test_the_app_cannot_become_somebody_else(pair: Pair) -> None:
    """No SET ROLE to the roles that see all tenants, and no way around row-level security."""
    for role in ("alm_owner", "alm_worker", "alm_mirror", "alm_definer"):
        with begin(pair.engine, tenant_id=A) as conn:
            with pytest.raises(ProgrammingError, match="permission denied"):
                conn.execute(text(f"SET ROLE {role}"))
            conn.rollback()
    with begin(pair.engine, tenant_id=A) as conn:
        conn.execute(text("SET LOCAL row_security = off"))
        with pytest.raises(ProgrammingError, match="row-level security"):
            conn.execute(text("SELECT * FROM alm.projects"))
        conn.rollback()


def test_the_mirror_reads_all_tenants_and_writes_nothing(pair: Pair) -> None:
    """SELECT on what is mirrored, nothing on users, audit or outbox."""
    with psycopg.connect(pair.dsns.mirror) as conn:
        assert conn.execute("SELECT count(*) FROM alm.artifacts").fetchone() == (2,)
        for statement in (
            b"DELETE FROM alm.artifacts",
            b"UPDATE alm.tenants SET name = ''",
            b"SELECT * FROM alm.users",
            b"SELECT * FROM alm.audit_snapshots",
            b"SELECT * FROM alm.outbox_messages",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), conn.transaction():
                conn.execute(statement)


def test_functions_of_others_cannot_be_shadowed(worlds: tuple[World, World]) -> None:
    """A temporary table of the app's does not get into a definer function: pg_temp is searched last."""
    a, b = worlds
    b.artifact(1, title="secret")
    with a.begin() as conn:
        conn.execute(text("CREATE TEMP TABLE artifacts AS SELECT * FROM alm.artifacts"))
        assert conn.execute(text("SELECT count(*) FROM alm.search(NULL, 'secret', 5)")).scalar() == 0
