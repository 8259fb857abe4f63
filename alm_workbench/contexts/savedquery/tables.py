"""Tables of the context of saved queries."""

from __future__ import annotations

from sqlalchemy import Column, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY

from alm_workbench.storage.tables import deleted_columns, metadata, std_columns, tenant_pk

saved_queries = Table(
    "saved_queries",
    metadata,
    *tenant_pk(),
    Column("project_id", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("search_text", Text),
    Column("filter", Text),
    Column("sort", Text),
    Column("columns", ARRAY(Text), nullable=False),
    Column("owner_id", Uuid, nullable=False),
    Column("sharing", Text, nullable=False),
    Column("roles", ARRAY(Text), nullable=False),
    *std_columns(),
    *deleted_columns(),
)
