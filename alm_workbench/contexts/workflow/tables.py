"""Tables of the workflow context."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, DateTime, Double, Table, Text, Uuid

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
