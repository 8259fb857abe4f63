"""Tables of the attachment context."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, Table, Text, Uuid

from alm_workbench.storage.tables import deleted_columns, metadata, std_columns, tenant_pk

attachments = Table(
    "attachments",
    metadata,
    *tenant_pk(),
    Column("artifact_id", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("content_type", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    *std_columns(),
    *deleted_columns(),
)
