"""Tables of the manifest context."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, Integer, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSON

from alm_workbench.storage.tables import deleted_columns, metadata, std_columns, tenant_pk

manifests = Table(
    "manifests",
    metadata,
    *tenant_pk(),
    Column("namespace", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("title", Text, nullable=False),
    *std_columns(),
    *deleted_columns(),
)

manifest_versions = Table(
    "manifest_versions",
    metadata,
    *tenant_pk(),
    Column("manifest_id", Uuid, nullable=False),
    Column("number", Integer, nullable=False),
    Column("label", Text, nullable=False),
    Column("format", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("ast_hash", Text, nullable=False),
    Column("meta_hash", Text, nullable=False),
    Column("artifact_hash", Text, nullable=False),
    Column("compiled", JSON, nullable=False),
    Column("message", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("created_by", Uuid),
)
