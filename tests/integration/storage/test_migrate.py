"""Migrations: up, down, up again, several at once, and declarations in step with the schema."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import threading
from pathlib import Path

import psycopg
from alembic.script import ScriptDirectory
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import create_engine

import alm_workbench.contexts
from alm_workbench.contexts.artifact.messages import CreateArtifact, FindArtifacts
from alm_workbench.contexts.tenant.people_messages import ListRoles
from alm_workbench.storage import migrate
from alm_workbench.storage.backup import _environment
from alm_workbench.storage.bootstrap import Dsns
from alm_workbench.storage.tables import metadata
from tests.factories.database import Cluster
from tests.factories.workbench import make_bench


def schema_dump(cluster: Cluster, dsns: Dsns) -> str:
    """The schema as pg_dump writes it, without what differs from run to run."""
    program = cluster.server.binaries.program("pg_dump")
    command = [program, "--schema-only", "--restrict-key=x"]
    done = subprocess.run(
        command, env={**_environment(cluster.superuser_dsn(dsns))}, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_up_down_up_gives_the_same_schema(cluster: Cluster) -> None:
    """Tables, triggers, policies, grants, owners and default privileges, all of it."""
    dsns = cluster.create(migrated=False)
    assert migrate.current(dsns.owner) is None
    assert migrate.upgrade(dsns.owner) == migrate.head()
    first = schema_dump(cluster, dsns)
    assert migrate.downgrade(dsns.owner, "base") is None
    with psycopg.connect(dsns.owner) as conn:
        left = conn.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'alm'::regnamespace AND relkind IN ('r', 'p', 'v', 'S')"
        ).fetchall()
        routines = conn.execute("SELECT count(*) FROM pg_proc WHERE pronamespace = 'alm'::regnamespace").fetchone()
    assert (left, routines) == ([("alembic_version",)], (0,))
    assert migrate.upgrade(dsns.owner) == migrate.head()
    assert schema_dump(cluster, dsns) == first
    cluster.drop(dsns)


def test_the_newest_revision_is_found_without_alembic() -> None:
    """Most starts have nothing to migrate and do not load Alembic; both read the same files to the same end."""
    assert migrate.head() == ScriptDirectory.from_config(migrate._config()).get_current_head()


def test_several_may_upgrade_at_once(cluster: Cluster) -> None:
    """One migrates, the others wait for it and find nothing to do."""
    dsns, results = cluster.create(migrated=False), list[str | None]()
    threads = [threading.Thread(target=lambda: results.append(migrate.upgrade(dsns.owner))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [migrate.head()] * 4
    cluster.drop(dsns)


def test_it_works_without_the_optional_extensions(cluster: Cluster) -> None:
    """An owner who may not create extensions gets everything but the forgiveness for accents."""
    dsns = cluster.create(migrated=False)
    name = conninfo_to_dict(dsns.owner)["dbname"]
    with psycopg.connect(cluster.superuser_dsn(dsns), autocommit=True) as admin:
        admin.execute("CREATE SCHEMA alm AUTHORIZATION alm_owner")
        admin.execute("CREATE SCHEMA alm_jobs AUTHORIZATION alm_owner")
        admin.execute(f"ALTER DATABASE {name} OWNER TO postgres")
        admin.execute(f"REVOKE CREATE ON DATABASE {name} FROM alm_owner")
        migrate.upgrade(dsns.owner)
        folded = admin.execute("SELECT alm.fold('IŞIK güç'), count(*) FROM pg_extension WHERE extname = 'unaccent'")
        assert folded.fetchone() == ("işik güç", 0)
    cluster.drop(dsns)


def test_declared_tables_match_the_migrated_schema(module_db: Dsns) -> None:
    """Columns and nullability of every declared table; a declaration may leave out columns, not invent them."""
    for module in pkgutil.walk_packages(alm_workbench.contexts.__path__, "alm_workbench.contexts."):
        if module.name.endswith(".tables"):
            importlib.import_module(module.name)
    importlib.import_module("alm_workbench.storage.units")
    with psycopg.connect(module_db.owner) as conn:
        live = {
            (table, column): (not_null, kind)
            for table, column, not_null, kind in conn.execute(
                "SELECT c.relname, a.attname, a.attnotnull, format_type(a.atttypid, a.atttypmod) FROM pg_class c"
                " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
                " WHERE c.relnamespace = 'alm'::regnamespace AND c.relkind IN ('r', 'p')"
            )
        }
    kinds = {
        "UUID": "uuid",
        "TEXT": "text",
        "INTEGER": "integer",
        "BIGINT": "bigint",
        "BOOLEAN": "boolean",
        "JSON": "json",
        "JSONB": "jsonb",
        "BYTEA": "bytea",
        "FLOAT": "double precision",
        "DOUBLE PRECISION": "double precision",
        "DATE": "date",
        "TIMESTAMP WITH TIME ZONE": "timestamp with time zone",
        "TEXT[]": "text[]",
        "UUID[]": "uuid[]",
        "TSVECTOR": "tsvector",
        "xid8": "xid8",
    }
    dialect = create_engine("postgresql+psycopg://").dialect
    wrong = []
    for table in metadata.tables.values():
        for column in table.columns:
            declared = (not column.nullable, kinds.get(column.type.compile(dialect=dialect), "unknown"))
            if live.get((table.name, column.name)) != declared:
                wrong.append((table.name, column.name, declared, live.get((table.name, column.name))))
    assert metadata.tables
    assert wrong == []


def test_a_database_in_use_goes_back_and_forth(cluster: Cluster, tmp_path: Path) -> None:
    """Items survive the newest revision's way back and forth, with ranks; roles that came with an organisation follow."""
    dsns = cluster.create(migrated=True)
    bench = make_bench(dsns, tmp_path, slugs=("acme",))
    org = bench.acme
    made = [org.engineer.send(CreateArtifact(org.project.id, "task", f"Task {n}")) for n in range(3)]

    def privileges(role: str) -> set[str]:
        (found,) = [r for r in org.owner.query(ListRoles()) if r.code == role]
        return set(found.privileges)

    before = {role: privileges(role) for role in ("engineer", "reviewer", "manager")}
    bench.runtime.mirror.stop()
    bench.runtime.engine.dispose()
    migrate.downgrade(dsns.owner, "0002")
    with psycopg.connect(cluster.superuser_dsn(dsns)) as admin:
        left = admin.execute("SELECT count(*) FROM alm.roles WHERE 'artifact:comment' = ANY (privileges)").fetchone()
    assert left == (0,)
    assert migrate.upgrade(dsns.owner) == migrate.head()
    assert {role: privileges(role) for role in before} == before
    found = org.engineer.query(FindArtifacts(org.project.id, type="task")).items
    assert {item.id for item in found} == {item.id for item in made}
    ranks = [item.rank for item in found]
    assert len(set(ranks)) == len(made)
    assert None not in ranks
    assert org.engineer.send(CreateArtifact(org.project.id, "task", "One more")).rank > max(r for r in ranks if r)  # type: ignore[operator]
    bench.runtime.engine.dispose()
    cluster.drop(dsns)
