"""What plugins keep, in PostgreSQL."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from alm_workbench.contexts.plugin.messages import PluginValueDTO
from alm_workbench.contexts.plugin.tables import plugin_data
from alm_workbench.shared.ids import new_id
from alm_workbench.shared.messages import Json

P = plugin_data.c
COLUMNS = (P.id, P.plugin, P.key, P.value, P.updated_at, P.version)


class PluginRepository:
    """Every method takes the transaction's connection."""

    def put(self, conn: Connection, tenant_id: UUID, plugin: str, key: str, value: Json) -> PluginValueDTO:
        """Insert or replace one value."""
        new = insert(plugin_data).values(tenant_id=tenant_id, id=new_id(), plugin=plugin, key=key, value=value)
        statement = new.on_conflict_do_update(
            index_elements=["tenant_id", "plugin", "key"], set_={"value": new.excluded.value}
        ).returning(*COLUMNS)
        return _value(conn.execute(statement).one(), True)

    def values(self, conn: Connection, plugin: str, prefix: str, *, writable: bool) -> tuple[PluginValueDTO, ...]:
        """What a plugin keeps, by key."""
        statement = (
            select(*COLUMNS).where(P.plugin == plugin, P.key.startswith(prefix, autoescape=True)).order_by(P.key)
        )
        return tuple(_value(row, writable) for row in conn.execute(statement))


def _value(row: Any, writable: bool) -> PluginValueDTO:
    return PluginValueDTO(row.id, row.plugin, row.key, row.value, row.updated_at, row.version, writable)
