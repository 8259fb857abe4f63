"""Users and memberships, through the definer functions that the global tables allow."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from alm_workbench.errors import Conflict


@dataclass(frozen=True, slots=True)
class Account:
    """A user row as log-in needs it."""

    user_id: UUID
    email: str
    display_name: str
    password_hash: str | None
    is_active: bool
    locked_until: datetime | None
    locale: str


@dataclass(frozen=True, slots=True)
class MembershipRow:
    """A person's place in one tenant."""

    membership_id: UUID
    actor_id: UUID
    email: str
    display_name: str
    locale: str
    tenant_slug: str
    tenant_name: str
    tier: str
    role_codes: tuple[str, ...]


class AuthRepository:
    """Reads and writes accounts; every method takes the transaction's connection."""

    def find(self, conn: Connection, email: str) -> Account | None:
        """The account with this e-mail, whatever its case."""
        row = conn.execute(text("SELECT * FROM alm.auth_lookup(:email)"), {"email": email}).mappings().first()
        if row is None:
            return None
        names = ("user_id", "email", "display_name", "password_hash", "is_active", "locked_until", "locale")
        return Account(*(row[name] for name in names))

    def record_login(self, conn: Connection, user_id: UUID, ok: bool) -> None:
        """Count a failed log-in, or clear the count."""
        conn.execute(text("SELECT alm.auth_record(:user_id, :ok)"), {"user_id": user_id, "ok": ok})

    def create(
        self, conn: Connection, user_id: UUID, email: str, name: str, password_hash: str | None, locale: str
    ) -> None:
        """Add an account; raises ``Conflict`` when the e-mail is taken."""
        try:
            conn.execute(
                text("SELECT alm.user_create(:id, :email, :name, :hash, :locale)"),
                {"id": user_id, "email": email, "name": name, "hash": password_hash, "locale": locale},
            )
        except IntegrityError as error:
            raise Conflict(f"{email} already has an account") from error

    def tenants(self, conn: Connection, user_id: UUID) -> list[Any]:
        """Rows of (tenant_id, slug, name, status, membership_id, actor_id)."""
        rows = conn.execute(text("SELECT * FROM alm.user_tenants(:user_id)"), {"user_id": user_id}).mappings()
        return sorted((row for row in rows if row["status"] == "active"), key=lambda row: str(row["name"]))

    def enter_tenant(self, conn: Connection, tenant_id: UUID) -> None:
        """Make this transaction see one tenant; only after the membership has been looked up."""
        conn.execute(text("SELECT set_config('app.current_tenant_id', :t, true)"), {"t": str(tenant_id)})

    def membership(self, conn: Connection, user_id: UUID) -> MembershipRow | None:
        """The active membership of a user in the tenant of this transaction."""
        row = conn.execute(MEMBERSHIP, {"user_id": user_id}).mappings().first()
        if row is None:
            return None
        return MembershipRow(
            row["membership_id"],
            row["actor_id"],
            row["email"],
            row["display_name"],
            row["locale"],
            row["slug"],
            row["name"],
            row["tier"],
            tuple(row["role_codes"]),
        )

    def roles(self, conn: Connection) -> dict[str, tuple[list[str], list[str]]]:
        """Roles of the tenant: code to (implied codes, privileges)."""
        rows = conn.execute(text("SELECT code, implies, privileges FROM alm.roles"))
        return {row.code: (list(row.implies), list(row.privileges)) for row in rows}


MEMBERSHIP = text("""
SELECT m.id AS membership_id, m.actor_id, p.email, p.display_name, p.locale, t.slug, t.name, t.tier,
       coalesce((SELECT array_agg(r.role_code ORDER BY r.role_code) FROM alm.member_roles r
                  WHERE r.tenant_id = m.tenant_id AND r.membership_id = m.id), '{}') AS role_codes
  FROM alm.memberships m
  JOIN alm.tenants t ON t.tenant_id = m.tenant_id AND t.status = 'active'
  JOIN LATERAL alm.user_profile(m.user_id) p ON p.is_active
 WHERE m.user_id = :user_id AND m.status = 'active'
""")
