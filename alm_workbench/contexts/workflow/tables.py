"""Tables of the workflow context."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, DateTime, Double, Integer, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from alm_workbench.storage.tables import metadata, std_columns, tenant_pk

workflow_instances = Table(
    "workflow_instances",
    metadata,
    *tenant_pk(),
    Column("project_id", Uuid, nullable=False),
    Column("artifact_id", Uuid, nullable=False),
    Column("workflow_id", Text, nullable=False),
    Column("manifest_version_id", Uuid, nullable=False),
    Column("state", Text, nullable=False),
    Column("entered_at", DateTime(timezone=True), nullable=False),
    Column("is_final", Boolean, nullable=False),
    *std_columns(),
)

state_history = Table(
    "state_history",
    metadata,
    *tenant_pk(),
    Column("project_id", Uuid, nullable=False),
    Column("artifact_id", Uuid, nullable=False),
    Column("instance_id", Uuid, nullable=False),
    Column("transition_id", Text),
    Column("from_state", Text),
    Column("to_state", Text, nullable=False),
    Column("from_category", Text),
    Column("to_category", Text, nullable=False),
    Column("actor_id", Uuid),
    Column("reason", Text),
    Column("duration_s", Double),
    Column("occurred_at", DateTime(timezone=True), nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("manifest_version_id", Uuid, nullable=False),
    Column("correlation_id", Text),
)

approval_requests = Table(
    "approval_requests",
    metadata,
    *tenant_pk(),
    Column("project_id", Uuid, nullable=False),
    Column("artifact_id", Uuid, nullable=False),
    Column("transition_id", Text, nullable=False),
    Column("from_state", Text, nullable=False),
    Column("to_state", Text, nullable=False),
    Column("reason", Text),
    Column("fields", JSONB, nullable=False),
    Column("requirements", JSONB, nullable=False),
    Column("requested_by", Uuid, nullable=False),
    Column("person_id", Uuid, nullable=False),
    Column("manifest_version_id", Uuid, nullable=False),
    Column("status", Text, nullable=False),
    Column("closed_at", DateTime(timezone=True)),
    Column("closed_by", Uuid),
    Column("closing_reason", Text),
    *std_columns(),
)

approval_votes = Table(
    "approval_votes",
    metadata,
    *tenant_pk(),
    Column("approval_id", Uuid, nullable=False),
    Column("artifact_id", Uuid, nullable=False),
    Column("actor_id", Uuid, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("roles", ARRAY(Text), nullable=False),
    Column("reason", Text),
    *std_columns(),
)

workflow_timers = Table(
    "workflow_timers",
    metadata,
    *tenant_pk(),
    Column("project_id", Uuid, nullable=False),
    Column("artifact_id", Uuid, nullable=False),
    Column("state", Text, nullable=False),
    Column("transition_id", Text, nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("attempts", Integer, nullable=False),
    *std_columns(),
)
