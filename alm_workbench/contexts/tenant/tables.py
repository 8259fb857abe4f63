"""Tables of the tenant context."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Integer, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from alm_workbench.storage.tables import deleted_columns, metadata, std_columns, tenant_pk

tenants = Table(
    "tenants",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("slug", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("tier", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("week_start", Integer, nullable=False),
    Column("working_calendar", JSONB, nullable=False),
    Column("locale", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("settings", JSONB, nullable=False),
    *std_columns(),
)

memberships = Table(
    "memberships",
    metadata,
    *tenant_pk(),
    Column("user_id", Uuid, nullable=False),
    Column("actor_id", Uuid, nullable=False),
    Column("status", Text, nullable=False),
    *std_columns(),
    *deleted_columns(),
)

roles = Table(
    "roles",
    metadata,
    *tenant_pk(),
    Column("code", Text, nullable=False),
    Column("labels", JSONB, nullable=False),
    Column("implies", ARRAY(Text), nullable=False),
    Column("privileges", ARRAY(Text), nullable=False),
    Column("built_in", Boolean, nullable=False),
    *std_columns(),
)

member_roles = Table(
    "member_roles",
    metadata,
    *tenant_pk(),
    Column("membership_id", Uuid, nullable=False),
    Column("role_code", Text, nullable=False),
    *std_columns(),
)

tenant_policies = Table(
    "tenant_policies",
    metadata,
    *tenant_pk(),
    Column("code", Text, nullable=False),
    Column("definition", JSONB, nullable=False),
    Column("enabled", Boolean, nullable=False),
    *std_columns(),
)
