"""Builds tenants with items and histories straight in PostgreSQL, as the superuser (no policy is in the way)."""

from __future__ import annotations

import json
import random
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from alm_workbench.mirror.layout import MirrorLayout
from alm_workbench.mirror.refresher import Refresher
from alm_workbench.mirror.schema import TABLES
from alm_workbench.shared.ids import new_id

STATES = (("open", "todo"), ("doing", "in_progress"), ("closed", "done"))


@dataclass(slots=True)
class Tenant:
    """A tenant's ids as the tests need them."""

    id: UUID
    version_id: UUID
    actors: list[UUID]
    projects: list[UUID]
    artifacts: list[UUID] = field(default_factory=list)


class World:
    """A migrated database, and helpers to fill it."""

    def __init__(self, superuser: str, mirror: str, root: Path) -> None:
        self.superuser = superuser
        self.mirror = mirror
        self.layout = MirrorLayout(root)
        self.refresher = Refresher(mirror, self.layout)

    def connect(self, **options: Any) -> psycopg.Connection[Any]:
        """A superuser's connection."""
        return psycopg.connect(self.superuser, **options)

    def tenant(
        self, name: str = "", *, timezone: str = "Europe/Istanbul", week_start: int = 1, projects: int = 2
    ) -> Tenant:
        """A tenant with one manifest version, three people and some projects."""
        made = Tenant(
            uuid.uuid4(), uuid.uuid4(), [uuid.uuid4() for _ in range(3)], [uuid.uuid4() for _ in range(projects)]
        )
        manifest = uuid.uuid4()
        with self.connect() as c:
            c.execute(
                "INSERT INTO alm.tenants (tenant_id, slug, name, timezone, week_start) VALUES (%s, %s, %s, %s, %s)",
                (made.id, f"t-{made.id.hex[:12]}", name or "Tenant", timezone, week_start),
            )
            for number, actor in enumerate(made.actors):
                c.execute(
                    "INSERT INTO alm.actors (tenant_id, id, kind, display_name, email) VALUES (%s, %s, 'user', %s, %s)",
                    (made.id, actor, f"{name or 'Person'} {number}", f"p{number}@example.org"),
                )
            c.execute(
                "INSERT INTO alm.manifests (tenant_id, id, namespace, name, title) VALUES (%s, %s, 'ns', 'm', 'M')",
                (made.id, manifest),
            )
            c.execute(
                "INSERT INTO alm.manifest_versions (tenant_id, id, manifest_id, number, label, format, source, ast_hash,"
                " meta_hash, artifact_hash, compiled) VALUES (%s, %s, %s, 1, '1.0.0', 'dsl', '', '', '', '', '{}')",
                (made.id, made.version_id, manifest),
            )
            for number, project in enumerate(made.projects):
                c.execute(
                    "INSERT INTO alm.projects (tenant_id, id, key, name) VALUES (%s, %s, %s, %s)",
                    (made.id, project, f"P{number}", f"{name} project {number}"),
                )
        return made

    def fill(self, tenant: Tenant, count: int, *, seed: int = 1, days: int = 60) -> None:
        """Items of three types with histories that end in a random state, some reopened, all ids kept."""
        rnd = random.Random(seed)
        now = datetime.now(UTC)
        with self.connect() as c:
            for number in range(len(tenant.artifacts), len(tenant.artifacts) + count):
                born = now - timedelta(days=rnd.random() * days, seconds=rnd.random())
                path = rnd.choice([(0,), (0, 1), (0, 1, 2), (0, 1, 2), (0, 1, 0), (0, 1, 2, 1), (0, 1, 2, 1, 2)])
                self.item(c, tenant, number, rnd, born, path, now)

    def item(
        self,
        c: psycopg.Connection[Any],
        tenant: Tenant,
        number: int,
        rnd: random.Random,
        born: datetime,
        path: tuple[int, ...],
        now: datetime,
    ) -> UUID:
        """One item that has walked along ``path`` (indexes into STATES) since it was born."""
        item, instance = uuid.uuid4(), uuid.uuid4()
        project, kind = rnd.choice(tenant.projects), rnd.choice(["Requirement", "Task", "Bug"])
        state, category = STATES[path[-1]]
        fields = {
            "priority": rnd.choice(["low", "high"]),
            "secret": f"s3cr3t-{number}",
            "tags": ["a", "ş"],
            "empty": None,
        }
        c.execute(
            "INSERT INTO alm.artifacts (tenant_id, id, project_id, type_id, key, title, state, state_category, fields,"
            " assignee_id, manifest_version_id, occurred_at, created_by) VALUES (%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s)",
            (tenant.id, item, project, kind, f"K-{number}-{item.hex[:4]}", f"Title of {kind} {number} İ ı a<b", state,
             category, json.dumps(fields), rnd.choice([None, *tenant.actors]), tenant.version_id, born,
             rnd.choice(tenant.actors)),
        )  # fmt: skip
        c.execute(
            "INSERT INTO alm.workflow_instances (tenant_id, id, project_id, artifact_id, workflow_id,"
            " manifest_version_id, state) VALUES (%s,%s,%s,%s,'w',%s,%s)",
            (tenant.id, instance, project, item, tenant.version_id, state),
        )
        at, before = born, None
        for step in path:
            name, group = STATES[step]
            c.execute(
                "INSERT INTO alm.state_history (tenant_id, id, project_id, artifact_id, instance_id, transition_id,"
                " from_state, to_state, from_category, to_category, actor_id, duration_s, occurred_at, recorded_at,"
                " manifest_version_id) VALUES (%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,now(),%s)",
                (tenant.id, new_id(), project, item, instance, "go" if before else None, before and before[0], name,
                 before and before[1], group, rnd.choice(tenant.actors), rnd.random() * 1e5 if before else None, at,
                 tenant.version_id),
            )  # fmt: skip
            at, before = min(now, at + timedelta(days=rnd.random() * 9)), (name, group)
        tenant.artifacts.append(item)
        return item

    def link(self, c: psycopg.Connection[Any], tenant: Tenant, source: UUID, target: UUID) -> UUID:
        """A link between two items."""
        made = uuid.uuid4()
        c.execute(
            "INSERT INTO alm.artifact_links (tenant_id, id, project_id, link_type, source_id, target_id)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            (tenant.id, made, tenant.projects[0], f"l{made.hex[:6]}", source, target),
        )
        return made

    def postgres_rows(self, tenant: Tenant, table: str) -> list[tuple[Any, ...]]:
        """A mirrored table's rows as psycopg reads them, as texts, sorted."""
        columns = next(t for t in TABLES if t.name == table).all_columns
        with self.connect() as c:
            rows = c.execute(
                f"SELECT {_columns(columns)} FROM alm.{table} WHERE tenant_id = %s", (tenant.id,)
            ).fetchall()
        return sorted(tuple(_text(value) for value in row) for row in rows)

    def mirror_rows(self, tenant: Tenant, table: str, layout: MirrorLayout | None = None) -> list[tuple[Any, ...]]:
        """The same of the published file, read by a connection of its own."""
        import duckdb

        columns = next(t for t in TABLES if t.name == table).all_columns
        files = (layout or self.layout).tenant(tenant.id)
        manifest = files.current()
        assert manifest
        with duckdb.connect() as c:
            c.execute(f"ATTACH '{files.path(manifest)}' AS m (READ_ONLY)")
            rows = c.execute(f"SELECT {_columns(columns, 'epoch_us({0})')} FROM m.base.{table}").fetchall()
        return sorted(tuple(_text(value) for value in row) for row in rows)

    def assert_equal(self, tenant: Tenant, layout: MirrorLayout | None = None) -> None:
        """Every mirrored table of a tenant holds exactly what PostgreSQL holds."""
        for table in TABLES:
            left, right = self.postgres_rows(tenant, table.name), self.mirror_rows(tenant, table.name, layout)
            assert left == right, f"{table.name}: {len(left)} and {len(right)} rows, {list(set(left) ^ set(right))[:2]}"


def _columns(columns: Any, micros: str = "(extract(epoch FROM {0}) * 1000000)::bigint") -> str:
    return ", ".join(micros.format(name) if kind == "TIMESTAMPTZ" else name for name, kind in columns.items())


def _text(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return json.dumps(value, sort_keys=True)
    if isinstance(value, str) and value.startswith("{"):
        return json.dumps(json.loads(value), sort_keys=True)
    return str(value)
