"""Organisations and their people in PostgreSQL; invitations, policies and sagas beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, Table, delete, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from alm_workbench.contexts.tenant.domain import RoleFacts, Roles
from alm_workbench.contexts.tenant.messages import TenantDTO
from alm_workbench.contexts.tenant.people_messages import MemberDTO, RoleDTO
from alm_workbench.contexts.tenant.tables import (
    member_roles,
    memberships,
    roles,
    tenant_policies,
    tenant_workflows,
    tenants,
)
from alm_workbench.errors import Conflict
from alm_workbench.shared.ids import new_id
from alm_workbench.storage.bin import bin_seen

M, R = memberships.c, roles.c
SEEDED: Mapping[str, Table] = {"roles": roles, "workflow": tenant_workflows, "policies": tenant_policies}


class TenantRepository:
    """Organisations and their people. Every method takes the transaction's connection."""

    def enter(self, conn: Connection, tenant_id: UUID, actor_id: UUID | None) -> None:
        """Make this transaction stand in a tenant, active or not, and attribute what follows to an actor."""
        settings = "SELECT set_config('app.current_tenant_id', :t, true), set_config('app.actor_id', :a, true)"
        conn.execute(text(settings), {"t": str(tenant_id), "a": str(actor_id or "")})

    def lock_people(self, conn: Connection) -> None:
        """Changes of members, roles and invitations of a tenant happen one after the other."""
        conn.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('alm.people' || alm.current_tenant(), 0))"))

    def get(self, conn: Connection) -> TenantDTO | None:
        """The tenant of this transaction."""
        columns = (
            *("tenant_id", "slug", "name", "tier", "timezone", "week_start", "locale", "status", "version"),
            *("working_calendar", "settings", "created_at"),
        )
        row = conn.execute(select(*(tenants.c[name] for name in columns))).first()
        return TenantDTO(*row) if row else None

    def change(self, conn: Connection, values: Mapping[str, Any]) -> None:
        """Change the tenant of this transaction."""
        conn.execute(update(tenants).values(**values))

    def by_slug(self, conn: Connection, slug: str) -> UUID | None:
        """The id of a tenant by its slug, whichever tenant this transaction is in."""
        found: UUID | None = conn.execute(text("SELECT alm.tenant_by_slug(:slug)"), {"slug": slug}).scalar()
        return found

    def count_of(self, conn: Connection, resource: str) -> int:
        """What the tenant has of a resource."""
        return int(conn.execute(text("SELECT alm.count_of(:r)"), {"r": resource}).scalar_one())

    def claim(self, conn: Connection, resource: str, amount: int, cap: int) -> int:
        """Claim room for more of a resource until the transaction ends; what was used before."""
        given = {"r": resource, "n": amount, "cap": cap}
        return int(conn.execute(text("SELECT alm.quota_claim(:r, :n, :cap)"), given).scalar_one())

    # -- people

    def actor_of(self, conn: Connection, tenant_id: UUID, user_id: UUID, name: str, email: str) -> UUID:
        """The actor behind a user's ``*_by``: found again where he was here before, else made."""
        known: UUID | None = conn.execute(
            text("UPDATE alm.actors SET display_name = :n, email = :e WHERE user_id = :u RETURNING id"),
            {"n": name, "e": email, "u": user_id},
        ).scalar()
        return known or self.add_actor(conn, tenant_id, new_id(), user_id, name, email)

    def is_actor(self, conn: Connection, actor_id: UUID) -> bool:
        """Whether this id stands behind somebody of this tenant."""
        return conn.execute(text("SELECT 1 FROM alm.actors WHERE id = :id"), {"id": actor_id}).first() is not None

    def add_actor(
        self, conn: Connection, tenant_id: UUID, actor_id: UUID, user_id: UUID, name: str, email: str
    ) -> UUID:
        """Add a person who can stand behind a ``*_by``."""
        statement = (
            "INSERT INTO alm.actors (tenant_id, id, kind, user_id, display_name, email)"
            " VALUES (:t, :id, 'user', :user_id, :name, :email)"
        )
        values = {"t": tenant_id, "id": actor_id, "user_id": user_id, "name": name, "email": email}
        conn.execute(text(statement), values)
        return actor_id

    def join(self, conn: Connection, tenant_id: UUID, user_id: UUID, actor_id: UUID, codes: Iterable[str]) -> UUID:
        """Make a user a member; one who left before gets the old membership back. Raises ``Conflict`` on a member."""
        with bin_seen(conn):
            row = conn.execute(select(M.id, M.deleted_at).where(M.user_id == user_id).with_for_update()).first()
            if row is not None and row.deleted_at is None:
                raise Conflict("this person is a member already")
            if row is None:
                membership_id = self.add_member(conn, tenant_id, user_id, actor_id, (), new_id())
            else:
                membership_id = row.id
                back = update(memberships).where(M.id == membership_id).values(deleted_at=None, status="active")
                conn.execute(back)
        self.set_roles(conn, tenant_id, membership_id, codes)
        return membership_id

    def add_member(
        self,
        conn: Connection,
        tenant_id: UUID,
        user_id: UUID,
        actor_id: UUID,
        codes: Iterable[str],
        membership_id: UUID,
    ) -> UUID:
        """Add a membership with roles; raises ``Conflict`` when the person is a member already."""
        values = {"tenant_id": tenant_id, "id": membership_id, "user_id": user_id, "actor_id": actor_id}
        try:
            conn.execute(insert(memberships).values(**values, status="active"))
        except IntegrityError as error:
            raise Conflict("this person is a member already") from error
        self.set_roles(conn, tenant_id, membership_id, codes)
        return membership_id

    def set_roles(self, conn: Connection, tenant_id: UUID, membership_id: UUID, codes: Iterable[str]) -> None:
        """Give a member exactly these roles; those that stay are not touched."""
        r, wanted = member_roles.c, list(dict.fromkeys(codes))
        conn.execute(delete(member_roles).where(r.membership_id == membership_id, r.role_code.not_in(wanted)))
        present = set(conn.execute(select(r.role_code).where(r.membership_id == membership_id)).scalars())
        rows = [
            {"tenant_id": tenant_id, "id": new_id(), "membership_id": membership_id, "role_code": code}
            for code in wanted
            if code not in present
        ]
        if rows:
            conn.execute(insert(member_roles), rows)

    def set_status(self, conn: Connection, membership_id: UUID, status: str) -> None:
        """Suspend or reinstate; also counts the version of a member whose roles alone change."""
        conn.execute(update(memberships).where(M.id == membership_id).values(status=status))

    def remove(self, conn: Connection, membership_id: UUID) -> None:
        """End a membership; the person's name stays behind what he did."""
        with bin_seen(conn):
            gone = update(memberships).where(M.id == membership_id).values(deleted_at=func.clock_timestamp())
            conn.execute(gone)

    def members(self, conn: Connection) -> tuple[MemberDTO, ...]:
        """All members of this tenant, by name."""
        found = [
            MemberDTO(**{**row, "roles": tuple(row["roles"] or ())}) for row in conn.execute(SELECT_MEMBERS).mappings()
        ]
        return tuple(sorted(found, key=lambda member: member.display_name.casefold()))

    # -- roles

    def roles(self, conn: Connection) -> tuple[RoleDTO, ...]:
        """All roles of this tenant, by code."""
        return tuple(_role(row) for row in conn.execute(select(roles).order_by(R.code)))

    def role_facts(self, conn: Connection) -> Roles:
        """What every role implies and grants."""
        rows = conn.execute(select(R.code, R.implies, R.privileges))
        return {row.code: RoleFacts(row.implies, row.privileges) for row in rows}

    def add_role(self, conn: Connection, tenant_id: UUID, values: Mapping[str, Any]) -> None:
        """Add a role; raises ``Conflict`` on a taken code."""
        try:
            conn.execute(insert(roles).values(tenant_id=tenant_id, id=new_id(), built_in=False, **values))
        except IntegrityError as error:
            raise Conflict(f"there is a role {values['code']!r} already") from error

    def change_role(self, conn: Connection, code: str, values: Mapping[str, Any]) -> None:
        """Change a role."""
        conn.execute(update(roles).where(R.code == code).values(**values))

    def delete_role(self, conn: Connection, code: str) -> None:
        """Delete a role that nothing refers to."""
        conn.execute(delete(roles).where(R.code == code))

    def role_holders(self, conn: Connection, code: str) -> int:
        """How many members hold a role, those who left not counted."""
        statement = select(func.count()).select_from(member_roles).where(member_roles.c.role_code == code)
        return int(conn.execute(statement).scalar_one())

    # -- what a new organisation starts with

    def prepare(self, conn: Connection, tenant_id: UUID, values: Mapping[str, Any]) -> None:
        """Add a tenant that nobody can enter yet; raises ``Conflict`` on a taken slug."""
        try:
            conn.execute(
                text("SELECT alm.tenant_prepare(:id, :slug, :name, :tier, :timezone, :locale)"),
                {"id": tenant_id, **values},
            )
        except IntegrityError as error:
            raise Conflict(f"there is an organisation {values['slug']!r} already") from error

    def discard(self, conn: Connection, tenant_id: UUID) -> None:
        """Take back a tenant that was never in use, with its first actor."""
        conn.execute(text("SELECT alm.tenant_discard(:t)"), {"t": tenant_id})

    def fill(self, conn: Connection, tenant_id: UUID, what: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add roles, workflow or policies of the seed, each with its own columns."""
        found = [{"tenant_id": tenant_id, "id": new_id(), **row} for row in rows]
        if found:
            conn.execute(insert(SEEDED[what]), found)

    def empty(self, conn: Connection, what: str) -> None:
        """Take roles, workflow or policies of this transaction's tenant back."""
        conn.execute(delete(SEEDED[what]))

    def disband(self, conn: Connection) -> None:
        """Take every membership of this transaction's tenant back."""
        conn.execute(delete(member_roles))
        conn.execute(delete(memberships))


def _role(row: Row[Any]) -> RoleDTO:
    facts = (tuple(row.implies), tuple(row.privileges), row.built_in, row.description, row.version)
    return RoleDTO(row.code, row.labels, *facts)


SELECT_MEMBERS = text("""
SELECT membership_id, user_id, actor_id, email, display_name, status, role_codes AS roles, version, created_at
  FROM alm.members()
""")
