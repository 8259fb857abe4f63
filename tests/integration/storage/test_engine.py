"""begin(): one transaction with its settings, and nothing left of them afterwards."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import DBAPIError, InternalError, TimeoutError

from alm_workbench.storage.bootstrap import Dsns
from alm_workbench.storage.engine import begin, make_engine
from tests.factories.database import Cluster
from tests.factories.world import World, make_world

SETTING = "SELECT current_setting(:name, true)"


def test_every_setting_reaches_the_transaction(app_engine: Engine) -> None:
    """Tenant, actor, command, correlation, commit, time and the switch for deleted rows."""
    at = datetime(2020, 1, 2, tzinfo=UTC)
    ids = [uuid4() for _ in range(3)]
    with begin(
        app_engine,
        tenant_id=ids[0],
        actor_id=ids[1],
        command="x.y",
        correlation_id="c-1",
        commit_id=ids[2],
        occurred_at=at,
        include_deleted=True,
        statement_timeout=1.5,
    ) as conn:
        names = [
            "app.current_tenant_id",
            "app.actor_id",
            "app.command",
            "app.correlation_id",
            "app.commit_id",
            "app.occurred_at",
            "app.include_deleted",
            "statement_timeout",
        ]
        found = [conn.execute(text(SETTING), {"name": name}).scalar() for name in names]
    assert found == [str(ids[0]), str(ids[1]), "x.y", "c-1", str(ids[2]), at.isoformat(), "on", "1500ms"]


def test_commits_at_the_end_and_rolls_back_on_an_error(world: World) -> None:
    """Work of a failed transaction leaves nothing."""

    def fail_afterwards() -> None:
        with world.begin() as conn:
            world.add_artifact(conn, 1)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_afterwards()
    assert world.sql("SELECT count(*) FROM alm.artifacts")[0][0] == 0
    world.artifact(2)
    assert world.sql("SELECT key FROM alm.artifacts") == [("REQ-2",)]


def test_read_only_refuses_writes_and_does_not_stick(world: World) -> None:
    """A READ ONLY transaction cannot write; the next one on the same connection can."""
    with pytest.raises(InternalError, match="read-only transaction"):
        world.sql("UPDATE alm.projects SET name = 'x'", {"read_only": True})
    world.sql("UPDATE alm.projects SET name = 'x'")


def test_begin_costs_one_round_trip(app_engine: Engine) -> None:
    """No statement of its own passes through SQLAlchemy: BEGIN and the settings travel together in a pipeline."""
    seen: list[str] = []
    event.listen(app_engine, "before_cursor_execute", lambda c, cu, s, *rest: seen.append(s))
    with begin(app_engine, tenant_id=uuid4(), read_only=True) as conn:
        conn.execute(text("SELECT 1"))
    assert seen == ["SELECT 1"]


def test_pool_of_one_switched_200_times_leaks_nothing(db: Dsns) -> None:
    """Two tenants and nobody take turns on one connection; each sees its own rows only."""
    engine = make_engine(db.app, pool_size=1)
    worlds: list[World | None] = [make_world(engine, "a"), make_world(engine, "b"), None]
    for turn in range(200):
        whose = worlds[turn % 3]
        with begin(engine, tenant_id=whose.tenant_id if whose else None, include_deleted=turn % 2 == 0) as conn:
            seen = list(conn.execute(text("SELECT tenant_id FROM alm.projects")).scalars())
            assert seen == ([whose.tenant_id] if whose else [])
            if turn % 7 == 0:
                conn.rollback()
    with engine.connect() as bare:
        assert bare.execute(text(SETTING), {"name": "app.current_tenant_id"}).scalar() == ""
        assert bare.execute(text("SELECT count(*) FROM alm.projects")).scalar() == 0
    engine.dispose()


def test_statement_timeout_ends_a_slow_statement(world: World) -> None:
    """A statement that takes too long is cancelled, and the connection is fine afterwards."""
    with pytest.raises(DBAPIError, match="statement timeout"):
        world.sql("SELECT pg_sleep(5)", {"statement_timeout": 0.1})
    assert world.sql("SELECT 1") == [(1,)]


def test_a_full_pool_says_so(db: Dsns) -> None:
    """No overflow: who finds no free connection waits pool_timeout seconds and gets an error."""
    engine = make_engine(db.app, pool_size=1, pool_timeout=0.1)
    with begin(engine, tenant_id=None), pytest.raises(TimeoutError), begin(engine, tenant_id=None):
        pass
    engine.dispose()


def test_lost_connections_are_replaced(cluster: Cluster, module_db: Dsns, world: World) -> None:
    """After the server dropped every connection the next transaction simply works."""
    world.artifact(1)
    with psycopg.connect(cluster.superuser_dsn(module_db), autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE usename = 'alm_app' AND datname = current_database()"
        )
    assert world.sql("SELECT count(*) FROM alm.artifacts") == [(1,)]


def test_values_are_bound_never_pasted(app_engine: Engine) -> None:
    """Quotes in a setting stay in the setting."""
    nasty = "'; SELECT set_config('app.include_deleted', 'on', true); --"
    with begin(app_engine, tenant_id=UUID(int=1), command=nasty, correlation_id=nasty) as conn:
        assert conn.execute(text(SETTING), {"name": "app.command"}).scalar() == nasty
        assert conn.execute(text(SETTING), {"name": "app.include_deleted"}).scalar() == ""
