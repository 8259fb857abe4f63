"""Tables of the planning context."""

from __future__ import annotations

from sqlalchemy import Column, Date, Double, Table, Text, Uuid

from alm_workbench.storage.tables import deleted_columns, metadata, std_columns, tenant_pk

teams = Table(
    "teams",
    metadata,
    *tenant_pk(),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    *std_columns(),
    *deleted_columns(),
)

team_members = Table(
    "team_members",
    metadata,
    *tenant_pk(),
    Column("team_id", Uuid, nullable=False),
    Column("actor_id", Uuid, nullable=False),
    *std_columns(),
)

cycle_capacities = Table(
    "cycle_capacities",
    metadata,
    *tenant_pk(),
    Column("project_id", Uuid, nullable=False),
    Column("cycle_id", Uuid, nullable=False),
    Column("actor_id", Uuid),
    Column("team_id", Uuid),
    Column("amount", Double, nullable=False),
    Column("note", Text, nullable=False),
    *std_columns(),
)

work_logs = Table(
    "work_logs",
    metadata,
    *tenant_pk(),
    Column("project_id", Uuid, nullable=False),
    Column("artifact_id", Uuid, nullable=False),
    Column("actor_id", Uuid, nullable=False),
    Column("hours", Double, nullable=False),
    Column("worked_on", Date, nullable=False),
    Column("note", Text, nullable=False),
    *std_columns(),
    *deleted_columns(),
)
