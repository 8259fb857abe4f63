"""What is mirrored, column by column, and the views that people query.

The columns are listed rather than discovered: secrets, e-mail addresses and search vectors never enter the mirror, and
a view never changes its shape by itself. Raw tables lie in the schema ``base``, the views in ``main``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

FORMAT = 1
"""Raise it when columns or views change: every file is then built anew."""

PG_SCHEMA = "alm"

_STAMPS = {"created_at": "TIMESTAMPTZ", "created_by": "UUID", "updated_at": "TIMESTAMPTZ", "updated_by": "UUID"}
_STANDARD = {**_STAMPS, "version": "INTEGER", "deleted_at": "TIMESTAMPTZ", "deleted_by": "UUID"}


@dataclass(frozen=True, slots=True)
class Table:
    """One mirrored table: its key within a tenant and its columns with their DuckDB types."""

    name: str
    columns: Mapping[str, str]
    key: str = "id"
    tombstones: bool = True

    @property
    def all_columns(self) -> dict[str, str]:
        """The columns with the tenant's in front."""
        return {"tenant_id": "UUID", **self.columns}


TABLES: tuple[Table, ...] = (
    Table(
        "tenants",
        {
            "slug": "VARCHAR",
            "name": "VARCHAR",
            "timezone": "VARCHAR",
            "week_start": "INTEGER",
            "locale": "VARCHAR",
        },
        key="tenant_id",
        tombstones=False,
    ),
    Table(
        "projects",
        {
            "id": "UUID",
            "key": "VARCHAR",
            "name": "VARCHAR",
            "description": "VARCHAR",
            "status": "VARCHAR",
            "active_version_id": "UUID",
            **_STANDARD,
        },
    ),
    Table(
        "artifacts",
        {
            "id": "UUID",
            "project_id": "UUID",
            "type_id": "VARCHAR",
            "key": "VARCHAR",
            "title": "VARCHAR",
            "state": "VARCHAR",
            "state_category": "VARCHAR",
            "fields": "JSON",
            "parent_id": "UUID",
            "assignee_id": "UUID",
            "rank": "VARCHAR",
            "manifest_version_id": "UUID",
            "occurred_at": "TIMESTAMPTZ",
            **_STANDARD,
        },
    ),
    Table(
        "artifact_links",
        {
            "id": "UUID",
            "project_id": "UUID",
            "link_type": "VARCHAR",
            "source_id": "UUID",
            "target_id": "UUID",
            "pinned_version": "INTEGER",
            "suspect": "BOOLEAN",
            **_STANDARD,
        },
    ),
    Table(
        "workflow_instances",
        {
            "id": "UUID",
            "project_id": "UUID",
            "artifact_id": "UUID",
            "workflow_id": "VARCHAR",
            "manifest_version_id": "UUID",
            "state": "VARCHAR",
            "entered_at": "TIMESTAMPTZ",
            "is_final": "BOOLEAN",
            **_STAMPS,
            "version": "INTEGER",
        },
    ),
    Table(
        "state_history",
        {
            "id": "UUID",
            "project_id": "UUID",
            "artifact_id": "UUID",
            "instance_id": "UUID",
            "transition_id": "VARCHAR",
            "from_state": "VARCHAR",
            "to_state": "VARCHAR",
            "from_category": "VARCHAR",
            "to_category": "VARCHAR",
            "actor_id": "UUID",
            "reason": "VARCHAR",
            "duration_s": "DOUBLE",
            "occurred_at": "TIMESTAMPTZ",
            "recorded_at": "TIMESTAMPTZ",
            "manifest_version_id": "UUID",
        },
    ),
    Table(
        "actors",
        {"id": "UUID", "kind": "VARCHAR", "display_name": "VARCHAR", "created_at": "TIMESTAMPTZ"},
    ),
    Table(
        "project_activations",
        {
            "id": "UUID",
            "project_id": "UUID",
            "manifest_version_id": "UUID",
            "previous_version_id": "UUID",
            "state_map": "JSON",
            "reason": "VARCHAR",
            "activated_at": "TIMESTAMPTZ",
            "activated_by": "UUID",
        },
    ),
)

BY_NAME: dict[str, Table] = {table.name: table for table in TABLES}

_LOCAL_DAY = "timezone((SELECT timezone FROM base.calendar), {0})::DATE"

VIEWS: dict[str, str] = {
    "tenant": "SELECT tenant_id, slug, name, timezone, week_start, locale FROM base.tenants",
    "actors": "SELECT tenant_id, id, kind, display_name AS name FROM base.actors",
    "projects": """
        SELECT tenant_id, id, key, name, description, status, active_version_id, created_at, updated_at, version
        FROM base.projects WHERE deleted_at IS NULL""",
    # created_at is when the item came into being, which an import keeps; recorded_at is when it got here
    "artifacts": f"""
        SELECT a.tenant_id, a.id, a.project_id, p.key AS project_key, a.type_id AS "type", a.key, a.title, a.state,
               a.state_category, a.assignee_id, s.display_name AS assignee, a.parent_id, u.key AS parent_key, a.rank,
               a.fields, a.occurred_at AS created_at, {_LOCAL_DAY.format("a.occurred_at")} AS created_on,
               a.created_by AS created_by_id, c.display_name AS created_by, a.created_at AS recorded_at, a.updated_at,
               a.manifest_version_id, a.version
        FROM base.artifacts a
        JOIN base.projects p ON p.id = a.project_id AND p.deleted_at IS NULL
        LEFT JOIN base.actors s ON s.id = a.assignee_id
        LEFT JOIN base.actors c ON c.id = a.created_by
        LEFT JOIN base.artifacts u ON u.id = a.parent_id AND u.deleted_at IS NULL
        WHERE a.deleted_at IS NULL""",
    "links": """
        SELECT l.tenant_id, l.id, l.project_id, l.link_type, l.source_id, s.key AS source_key, l.target_id,
               t.key AS target_key, l.pinned_version, l.suspect, l.created_at, l.version
        FROM base.artifact_links l
        JOIN base.artifacts s ON s.id = l.source_id AND s.deleted_at IS NULL
        JOIN base.artifacts t ON t.id = l.target_id AND t.deleted_at IS NULL
        WHERE l.deleted_at IS NULL""",
    "state_history": f"""
        SELECT h.tenant_id, h.id, h.project_id, h.artifact_id, a.key, a.title, a.type_id AS "type", h.transition_id,
               h.from_state, h.to_state, h.from_category, h.to_category, h.actor_id, c.display_name AS actor, h.reason,
               h.duration_s, h.occurred_at, {_LOCAL_DAY.format("h.occurred_at")} AS occurred_on, h.recorded_at
        FROM base.state_history h
        JOIN base.artifacts a ON a.id = h.artifact_id AND a.deleted_at IS NULL
        JOIN base.projects p ON p.id = h.project_id AND p.deleted_at IS NULL
        LEFT JOIN base.actors c ON c.id = h.actor_id""",
    "workflow_instances": """
        SELECT w.tenant_id, w.id, w.project_id, w.artifact_id, a.key, w.workflow_id, w.state, w.entered_at, w.is_final
        FROM base.workflow_instances w
        JOIN base.artifacts a ON a.id = w.artifact_id AND a.deleted_at IS NULL""",
    "activations": """
        SELECT v.tenant_id, v.id, v.project_id, v.manifest_version_id, v.previous_version_id, v.state_map, v.reason,
               v.activated_at, v.activated_by AS activated_by_id, c.display_name AS activated_by
        FROM base.project_activations v LEFT JOIN base.actors c ON c.id = v.activated_by""",
    "field_values": """
        SELECT a.tenant_id, a.id AS artifact_id, a.project_id, a."type", a.key, e.key AS field_id, e.value,
               CASE e.type WHEN 'NULL' THEN NULL ELSE e.value ->> '$' END AS text_value
        FROM main.artifacts a, json_each(a.fields) e""",
    "project_summary": """
        SELECT p.tenant_id, p.id AS project_id, p.key, p.name,
               count(a.id) AS total,
               count(a.id) FILTER (a.state_category = 'todo') AS todo,
               count(a.id) FILTER (a.state_category = 'in_progress') AS in_progress,
               count(a.id) FILTER (a.state_category = 'done') AS done,
               max(greatest(a.updated_at, h.last_change)) AS last_activity
        FROM main.projects p
        LEFT JOIN main.artifacts a ON a.project_id = p.id
        LEFT JOIN (SELECT artifact_id, max(occurred_at) AS last_change FROM base.state_history GROUP BY 1) h
               ON h.artifact_id = a.id
        GROUP BY ALL""",
}


def create_views() -> str:
    """DDL of all views, to be run with the mirror file as the default database."""
    return ";\n".join(f"CREATE VIEW main.{name} AS {sql}" for name, sql in VIEWS.items())


def create_base() -> str:
    """DDL of the empty raw tables; no primary keys, since delete + insert without them is ten times cheaper."""
    tables = [
        f"CREATE TABLE base.{t.name} ({', '.join(f'{c} {kind}' for c, kind in t.all_columns.items())})" for t in TABLES
    ]
    calendar = "CREATE TABLE base.calendar (timezone VARCHAR, week_start INTEGER)"
    return ";\n".join(["CREATE SCHEMA base", calendar, *tables])
