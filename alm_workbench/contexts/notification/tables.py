"""Tables of the notification context."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from alm_workbench.storage.tables import Timestamp, metadata, tenant_pk

notifications = Table(
    "notifications",
    metadata,
    *tenant_pk(),
    Column("recipient_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("project_id", Uuid),
    Column("entity_type", Text, nullable=False),
    Column("entity_id", Uuid, nullable=False),
    Column("actor_id", Uuid),
    Column("params", JSONB, nullable=False),
    Column("created_at", Timestamp, nullable=False),
    Column("read_at", Timestamp),
)

watchers = Table(
    "watchers",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("artifact_id", Uuid, primary_key=True),
    Column("actor_id", Uuid, primary_key=True),
    Column("why", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("since", Timestamp, nullable=False),
)
