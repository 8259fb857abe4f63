"""Tables of the bulk context."""

from __future__ import annotations

from sqlalchemy import Column, Integer, Table, Text, Uuid

from alm_workbench.storage.tables import metadata, std_columns, tenant_pk

bulk_runs = Table(
    "bulk_runs",
    metadata,
    *tenant_pk(),
    Column("project_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("request_hash", Text, nullable=False),
    Column("manifest_version_id", Uuid, nullable=False),
    Column("undo_of", Uuid),
    Column("undone_by", Uuid),
    Column("changed", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    Column("unchanged", Integer, nullable=False),
    *std_columns(),
)

bulk_items = Table(
    "bulk_items",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("run_id", Uuid, primary_key=True),
    Column("ord", Integer, primary_key=True),
    Column("artifact_id", Uuid, nullable=False),
    Column("version_before", Integer),
    Column("version_after", Integer),
    Column("outcome", Text, nullable=False),
    Column("link_id", Uuid),
)
