"""The policies of an organisation, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, delete, insert, literal_column, select, update
from sqlalchemy.exc import IntegrityError

from alm_workbench.contexts.tenant.tables import tenant_policies
from alm_workbench.errors import Conflict
from alm_workbench.shared.ids import new_id
from alm_workbench.storage.stamps import POLICIES

P = tenant_policies.c


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """A policy as it is kept."""

    code: str
    definition: Mapping[str, Any]
    enabled: bool
    version: int
    updated_at: datetime


class PolicyRepository:
    """The policies of an organisation."""

    def all(self, conn: Connection) -> list[PolicyRow]:
        """All policies of this tenant, by code."""
        columns = (P.code, P.definition, P.enabled, P.version, P.updated_at)
        return [PolicyRow(*row) for row in conn.execute(select(*columns).order_by(P.code))]

    def stamp(self, conn: Connection) -> str:
        """What tells these rows and versions from all others, as ``alm_workbench.storage.stamps`` has it."""
        return str(conn.execute(select(literal_column(POLICIES))).scalar() or "")

    def add(self, conn: Connection, tenant_id: UUID, values: Mapping[str, Any]) -> None:
        """Add a policy; raises ``Conflict`` on a taken code."""
        try:
            conn.execute(insert(tenant_policies).values(tenant_id=tenant_id, id=new_id(), **values))
        except IntegrityError as error:
            raise Conflict(f"there is a policy {values['code']!r} already") from error

    def change(self, conn: Connection, code: str, version: int, values: Mapping[str, Any]) -> bool:
        """Change a policy; whether it still had this version."""
        statement = update(tenant_policies).where(P.code == code, P.version == version).values(**values)
        return conn.execute(statement).rowcount == 1

    def delete(self, conn: Connection, code: str, version: int) -> bool:
        """Delete a policy; whether it still had this version."""
        return conn.execute(delete(tenant_policies).where(P.code == code, P.version == version)).rowcount == 1
