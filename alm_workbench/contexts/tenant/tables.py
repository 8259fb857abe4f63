"""Tables of the tenant context."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Integer, LargeBinary, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from alm_workbench.storage.tables import Timestamp, deleted_columns, metadata, std_columns, tenant_pk

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
    Column("description", JSONB, nullable=False),
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

tenant_workflows = Table(
    "tenant_workflows",
    metadata,
    *tenant_pk(),
    Column("code", Text, nullable=False),
    Column("definition", JSONB, nullable=False),
    *std_columns(),
)

invitations = Table(
    "invitations",
    metadata,
    *tenant_pk(),
    Column("email", Text, nullable=False),
    Column("roles", ARRAY(Text), nullable=False),
    Column("invited_by", Uuid, nullable=False),
    Column("expires_at", Timestamp, nullable=False),
    Column("accepted_at", Timestamp),
    Column("accepted_by", Uuid),
    Column("revoked_at", Timestamp),
    *std_columns(),
)

invitation_tokens = Table(
    "invitation_tokens",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("invitation_id", Uuid, primary_key=True),
    Column("token_hash", LargeBinary, nullable=False),
)
