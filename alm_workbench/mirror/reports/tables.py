"""The mirror's views as ibis tables without data, so that reports compile anywhere."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ibis.expr.types as ir

_TIME = "timestamp('UTC')"

SCHEMAS: dict[str, dict[str, str]] = {
    "projects": {
        "tenant_id": "uuid",
        "id": "uuid",
        "key": "string",
        "name": "string",
        "description": "string",
        "status": "string",
        "active_version_id": "uuid",
        "created_at": _TIME,
        "updated_at": _TIME,
        "version": "int32",
    },
    "artifacts": {
        "tenant_id": "uuid",
        "id": "uuid",
        "project_id": "uuid",
        "project_key": "string",
        "type": "string",
        "key": "string",
        "title": "string",
        "state": "string",
        "state_category": "string",
        "assignee_id": "uuid",
        "assignee": "string",
        "parent_id": "uuid",
        "parent_key": "string",
        "rank": "string",
        "fields": "json",
        "created_at": _TIME,
        "created_on": "date",
        "created_by_id": "uuid",
        "created_by": "string",
        "recorded_at": _TIME,
        "updated_at": _TIME,
        "manifest_version_id": "uuid",
        "version": "int32",
    },
    "links": {
        "tenant_id": "uuid",
        "id": "uuid",
        "project_id": "uuid",
        "link_type": "string",
        "source_id": "uuid",
        "source_key": "string",
        "target_id": "uuid",
        "target_key": "string",
        "pinned_version": "int32",
        "suspect": "boolean",
        "created_at": _TIME,
        "version": "int32",
    },
    "state_history": {
        "tenant_id": "uuid",
        "id": "uuid",
        "project_id": "uuid",
        "artifact_id": "uuid",
        "key": "string",
        "title": "string",
        "type": "string",
        "transition_id": "string",
        "from_state": "string",
        "to_state": "string",
        "from_category": "string",
        "to_category": "string",
        "actor_id": "uuid",
        "actor": "string",
        "reason": "string",
        "duration_s": "float64",
        "occurred_at": _TIME,
        "occurred_on": "date",
        "recorded_at": _TIME,
    },
    "project_summary": {
        "tenant_id": "uuid",
        "project_id": "uuid",
        "key": "string",
        "name": "string",
        "total": "int64",
        "todo": "int64",
        "in_progress": "int64",
        "done": "int64",
        "last_activity": _TIME,
    },
    "field_values": {
        "tenant_id": "uuid",
        "artifact_id": "uuid",
        "project_id": "uuid",
        "type": "string",
        "key": "string",
        "field_id": "string",
        "value": "json",
        "text_value": "string",
    },
}


@dataclass(frozen=True, slots=True)
class MirrorTables:
    """The tables that a report is written over."""

    projects: ir.Table
    artifacts: ir.Table
    links: ir.Table
    state_history: ir.Table
    project_summary: ir.Table
    field_values: ir.Table


@cache
def mirror_tables() -> MirrorTables:
    """The unbound tables; imports ibis."""
    import ibis

    return MirrorTables(**{name: ibis.table(schema, name=name) for name, schema in SCHEMAS.items()})
