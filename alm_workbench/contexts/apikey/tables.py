"""Tables of the apikey context; the secrets themselves lie behind definer functions."""

from __future__ import annotations

from sqlalchemy import Column, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY

from alm_workbench.storage.tables import Timestamp, metadata, std_columns, tenant_pk

api_keys = Table(
    "api_keys",
    metadata,
    *tenant_pk(),
    Column("actor_id", Uuid, nullable=False),
    Column("membership_id", Uuid, nullable=False),
    Column("user_id", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("prefix", Text, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("role_codes", ARRAY(Text)),
    Column("project_ids", ARRAY(Uuid)),
    Column("expires_at", Timestamp, nullable=False),
    Column("revoked_at", Timestamp),
    Column("revoked_by", Uuid),
    *std_columns(),
)
