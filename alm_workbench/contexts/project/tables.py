"""Tables of the project context."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, Integer, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from alm_workbench.storage.tables import deleted_columns, metadata, std_columns, tenant_pk

projects = Table(
    "projects",
    metadata,
    *tenant_pk(),
    Column("key", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("settings", JSONB, nullable=False),
    Column("active_version_id", Uuid),
    *std_columns(),
    *deleted_columns(),
)

project_activations = Table(
    "project_activations",
    metadata,
    *tenant_pk(),
    Column("project_id", Uuid, nullable=False),
    Column("manifest_version_id", Uuid, nullable=False),
    Column("previous_version_id", Uuid),
    Column("state_map", JSONB, nullable=False),
    Column("reason", Text, nullable=False),
    Column("moved", Integer, nullable=False),
    Column("activated_at", DateTime(timezone=True), nullable=False),
    Column("activated_by", Uuid),
)

project_members = Table(
    "project_members",
    metadata,
    *tenant_pk(),
    Column("project_id", Uuid, nullable=False),
    Column("membership_id", Uuid, nullable=False),
    Column("role_code", Text, nullable=False),
    *std_columns(),
)

indexed_fields = Table(
    "indexed_fields",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("project_id", Uuid, primary_key=True),
    Column("type_id", Text, primary_key=True),
    Column("field_id", Text, primary_key=True),
    Column("value_kind", Text, nullable=False),
)
