"""Tables of the artifact context."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Integer, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from alm_workbench.storage.tables import deleted_columns, metadata, std_columns, tenant_pk

artifacts = Table(
    "artifacts",
    metadata,
    *tenant_pk(),
    Column("project_id", Uuid, nullable=False),
    Column("type_id", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("state_category", Text, nullable=False),
    Column("fields", JSONB, nullable=False),
    Column("originals", JSONB, nullable=False),
    Column("search_text", Text),
    Column("parent_id", Uuid),
    Column("assignee_id", Uuid),
    Column("rank", Text, nullable=False),
    Column("tags", ARRAY(Text), nullable=False),
    Column("manifest_version_id", Uuid, nullable=False),
    Column("occurred_at", DateTime(timezone=True), nullable=False),
    *std_columns(),
    *deleted_columns(),
)

artifact_links = Table(
    "artifact_links",
    metadata,
    *tenant_pk(),
    Column("project_id", Uuid, nullable=False),
    Column("link_type", Text, nullable=False),
    Column("source_id", Uuid, nullable=False),
    Column("target_id", Uuid, nullable=False),
    Column("pinned_version", Integer),
    Column("suspect", Boolean, nullable=False),
    Column("suspect_since", DateTime(timezone=True)),
    *std_columns(),
    *deleted_columns(),
)

external_refs = Table(
    "external_refs",
    metadata,
    *tenant_pk(),
    Column("project_id", Uuid, nullable=False),
    Column("artifact_id", Uuid, nullable=False),
    Column("system", Text, nullable=False),
    Column("ref", Text, nullable=False),
)

key_aliases = Table(
    "key_aliases",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("project_id", Uuid, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("artifact_id", Uuid, nullable=False),
)

key_counters = Table(
    "key_counters",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("project_id", Uuid, primary_key=True),
    Column("prefix", Text, primary_key=True),
    Column("last_number", BigInteger, nullable=False),
)

import_runs = Table(
    "import_runs",
    metadata,
    *tenant_pk(),
    Column("project_id", Uuid, nullable=False),
    Column("source_name", Text, nullable=False),
    Column("content_hash", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("rows_total", Integer, nullable=False),
    Column("rows_done", Integer, nullable=False),
    Column("problems", JSONB, nullable=False),
    *std_columns(),
)
