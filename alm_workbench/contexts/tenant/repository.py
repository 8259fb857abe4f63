"""Tenants, members and roles in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert, select, text
from sqlalchemy.exc import IntegrityError

from alm_workbench.contexts.tenant.messages import MemberDTO, RoleDTO, TenantDTO
from alm_workbench.contexts.tenant.tables import member_roles, memberships, roles, tenant_policies, tenants
from alm_workbench.errors import Conflict
from alm_workbench.shared.ids import new_id


class TenantRepository:
    """Every method takes the transaction's connection."""

    def create(
        self, conn: Connection, tenant_id: UUID, slug: str, name: str, tier: str, timezone: str, locale: str
    ) -> None:
        """Add a tenant and enter it; raises ``Conflict`` on a taken slug."""
        conn.execute(text("SELECT set_config('app.current_tenant_id', :t, true)"), {"t": str(tenant_id)})
        try:
            conn.execute(
                text("SELECT alm.tenant_create(:id, :slug, :name, :tier, :timezone, :locale)"),
                {"id": tenant_id, "slug": slug, "name": name, "tier": tier, "timezone": timezone, "locale": locale},
            )
        except IntegrityError as error:
            raise Conflict(f"there is an organisation {slug!r} already") from error

    def become(self, conn: Connection, actor_id: UUID) -> None:
        """Attribute the rest of the transaction to an actor made in it."""
        conn.execute(text("SELECT set_config('app.actor_id', :a, true)"), {"a": str(actor_id)})

    def add_actor(
        self, conn: Connection, tenant_id: UUID, kind: str, user_id: UUID | None, name: str, email: str | None
    ) -> UUID:
        """Add somebody who can stand behind a ``*_by``."""
        actor_id = new_id()
        conn.execute(
            text(
                "INSERT INTO alm.actors (tenant_id, id, kind, user_id, display_name, email)"
                " VALUES (:t, :id, :kind, :user_id, :name, :email)"
            ),
            {"t": tenant_id, "id": actor_id, "kind": kind, "user_id": user_id, "name": name, "email": email},
        )
        return actor_id

    def add_member(
        self, conn: Connection, tenant_id: UUID, user_id: UUID, actor_id: UUID, codes: Iterable[str]
    ) -> UUID:
        """Add a membership with roles; raises ``Conflict`` when the person is a member already."""
        membership_id = new_id()
        values = {
            "tenant_id": tenant_id,
            "id": membership_id,
            "user_id": user_id,
            "actor_id": actor_id,
            "status": "active",
        }
        try:
            conn.execute(insert(memberships).values(values))
        except IntegrityError as error:
            raise Conflict("this person is a member already") from error
        rows = [
            {"tenant_id": tenant_id, "id": new_id(), "membership_id": membership_id, "role_code": code}
            for code in dict.fromkeys(codes)
        ]
        if rows:
            conn.execute(insert(member_roles), rows)
        return membership_id

    def add_roles(self, conn: Connection, tenant_id: UUID, seed: Iterable[Mapping[str, Any]]) -> None:
        """Add the built-in roles of the seed."""
        rows = [
            {
                "tenant_id": tenant_id,
                "id": new_id(),
                "code": role["code"],
                "labels": dict(role.get("labels", {})),
                "description": dict(role.get("description", {})),
                "implies": list(role.get("implies", [])),
                "privileges": list(role.get("privileges", [])),
                "built_in": True,
            }
            for role in seed
        ]
        conn.execute(insert(roles), rows)

    def add_policies(self, conn: Connection, tenant_id: UUID, seed: Iterable[Mapping[str, Any]]) -> None:
        """Add the default policies of the seed."""
        rows = [
            {
                "tenant_id": tenant_id,
                "id": new_id(),
                "code": policy["code"],
                "definition": {key: value for key, value in policy.items() if key != "code"},
                "enabled": True,
            }
            for policy in seed
        ]
        if rows:
            conn.execute(insert(tenant_policies), rows)

    def get(self, conn: Connection) -> TenantDTO | None:
        """The tenant of this transaction."""
        columns = (
            *("tenant_id", "slug", "name", "tier", "timezone", "week_start", "locale", "status", "version"),
            *("working_calendar", "settings", "created_at"),
        )
        row = conn.execute(select(*(tenants.c[name] for name in columns))).first()
        return TenantDTO(*row) if row else None

    def by_slug(self, conn: Connection, slug: str) -> UUID | None:
        """The id of a tenant by its slug, whichever tenant this transaction is in."""
        found: UUID | None = conn.execute(text("SELECT alm.tenant_by_slug(:slug)"), {"slug": slug}).scalar()
        return found

    def members(self, conn: Connection) -> tuple[MemberDTO, ...]:
        """All members of this tenant, by name."""
        rows = conn.execute(text("SELECT * FROM alm.members()")).mappings()
        found = [
            MemberDTO(
                row["membership_id"],
                row["user_id"],
                row["actor_id"],
                row["email"],
                row["display_name"],
                row["status"],
                tuple(row["role_codes"] or ()),
                row["version"],
                row["created_at"],
            )
            for row in rows
        ]
        return tuple(sorted(found, key=lambda member: member.display_name.casefold()))

    def roles(self, conn: Connection) -> tuple[RoleDTO, ...]:
        """All roles of this tenant, by code."""
        rows = conn.execute(select(roles).order_by(roles.c.code))
        return tuple(
            RoleDTO(r.code, r.labels, tuple(r.implies), tuple(r.privileges), r.built_in, r.description, r.version)
            for r in rows
        )
