"""A small tenant with a project, put there by SQL through the app's own role."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, Engine, text

from alm_workbench.storage.bootstrap import Dsns
from alm_workbench.storage.engine import begin, make_engine


@dataclass
class World:
    """One tenant; `begin()` opens its transactions, `sql()` runs one statement in one of them."""

    engine: Engine
    tenant_id: UUID = field(default_factory=uuid4)
    actor_id: UUID = field(default_factory=uuid4)
    project_id: UUID = field(default_factory=uuid4)
    manifest_version_id: UUID = field(default_factory=uuid4)

    @contextmanager
    def begin(self, **settings: Any) -> Iterator[Connection]:
        """A transaction of this tenant and its actor."""
        with begin(self.engine, tenant_id=self.tenant_id, **{"actor_id": self.actor_id, **settings}) as conn:
            yield conn

    def sql(self, statement: str, settings: Mapping[str, Any] | None = None, /, **values: Any) -> list[Any]:
        """Run one statement in a transaction of its own; its rows. `:t`, `:p` and `:v` are always bound."""
        with self.begin(**(settings or {})) as conn:
            return run(conn, self, statement, **values)

    def artifact(self, number: int = 1, title: str = "Title", **columns: Any) -> UUID:
        """Insert one artifact; its id."""
        with self.begin(command="artifacts.create") as conn:
            return self.add_artifact(conn, number, title, **columns)

    def add_artifact(self, conn: Connection, number: int = 1, title: str = "Title", **columns: Any) -> UUID:
        """Insert one artifact in an open transaction; its id."""
        values = {"id": uuid4(), "type_id": "Requirement", "fields": "{}", **columns}
        names = ["tenant_id", "project_id", "manifest_version_id", "key", "title", "state", "state_category", *values]
        marks = [":t", ":p", ":v", ":key", ":title", "'open'", "'todo'", *(f":{name}" for name in values)]
        run(
            conn,
            self,
            f"INSERT INTO alm.artifacts ({', '.join(names)}) VALUES ({', '.join(marks)})",
            key=f"REQ-{number}",
            title=title,
            **values,
        )
        identifier: UUID = values["id"]
        return identifier


def run(conn: Connection, world: World, statement: str, **values: Any) -> list[Any]:
    """Run one statement with the world's ids bound where it names them."""
    known = {"t": world.tenant_id, "p": world.project_id, "v": world.manifest_version_id, "a": world.actor_id, **values}
    clause = text(statement)
    result = conn.execute(clause, {name: known[name] for name in clause._bindparams})
    return list(result) if result.returns_rows else []


def make_world(engine: Engine, slug: str = "acme") -> World:
    """A tenant with an actor, a manifest version and an active project."""
    world = World(engine)
    with world.begin(command="tenants.create") as conn:
        run(conn, world, "SELECT alm.tenant_create(:t, :slug, :slug, 'enterprise', 'Europe/Istanbul', 'tr')", slug=slug)
        run(conn, world, "INSERT INTO alm.actors (tenant_id, id, kind, display_name) VALUES (:t, :a, 'user', 'Ada')")
        manifest = uuid4()
        run(
            conn,
            world,
            "INSERT INTO alm.manifests (tenant_id, id, namespace, name, title)"
            " VALUES (:t, :m, 'demo', 'basic', 'Basic')",
            m=manifest,
        )
        run(
            conn,
            world,
            "INSERT INTO alm.manifest_versions (tenant_id, id, manifest_id, number, label, format, source, ast_hash,"
            " meta_hash, artifact_hash, compiled) VALUES (:t, :v, :m, 1, '1.0.0', 'dsl', '', 'a', 'b', 'c', '{}')",
            m=manifest,
        )
        run(
            conn,
            world,
            "INSERT INTO alm.projects (tenant_id, id, key, name, active_version_id)"
            " VALUES (:t, :p, 'DEMO', 'Demo', :v)",
        )
    return world


@pytest.fixture
def app_engine(db: Dsns) -> Iterator[Engine]:
    """The app's engine on this test's database."""
    engine = make_engine(db.app, pool_size=4)
    yield engine
    engine.dispose()


@pytest.fixture
def world(app_engine: Engine) -> World:
    """A tenant with one project, in this test's database."""
    return make_world(app_engine)
