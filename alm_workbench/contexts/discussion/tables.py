"""Tables of the discussion context."""

from __future__ import annotations

from sqlalchemy import Column, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY

from alm_workbench.storage.tables import Timestamp, deleted_columns, metadata, std_columns, tenant_pk

comments = Table(
    "comments",
    metadata,
    *tenant_pk(),
    Column("artifact_id", Uuid, nullable=False),
    Column("parent_id", Uuid),
    Column("text", Text, nullable=False),
    Column("format", Text, nullable=False),
    Column("original", Text),
    Column("mentions", ARRAY(Uuid), nullable=False),
    Column("occurred_at", Timestamp, nullable=False),
    Column("edited_at", Timestamp),
    *std_columns(),
    *deleted_columns(),
)
