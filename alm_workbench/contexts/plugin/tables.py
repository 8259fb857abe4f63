"""Tables of the plugin context."""

from __future__ import annotations

from sqlalchemy import Column, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from alm_workbench.storage.tables import metadata, std_columns, tenant_pk

plugin_data = Table(
    "plugin_data",
    metadata,
    *tenant_pk(),
    Column("plugin", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("value", JSONB, nullable=False),
    *std_columns(),
)
