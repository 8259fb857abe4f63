"""Invitations and the hashes of their tokens, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert, text, update
from sqlalchemy.exc import IntegrityError

from alm_workbench.contexts.tenant.invitation_messages import InvitationDTO
from alm_workbench.contexts.tenant.tables import invitation_tokens, invitations
from alm_workbench.errors import Conflict
from alm_workbench.shared.ids import new_id

I = invitations.c  # noqa: E741


@dataclass(frozen=True, slots=True)
class Offer:
    """An open invitation as its token finds it, whichever tenant it is of."""

    tenant_id: UUID
    invitation_id: UUID
    email: str
    roles: tuple[str, ...]
    invited_by: UUID
    expires_at: datetime
    tenant_slug: str
    tenant_name: str
    tenant_locale: str


class InvitationRepository:
    """Invitations and the hashes of their tokens."""

    def add(self, conn: Connection, tenant_id: UUID, values: Mapping[str, Any], token_hash: bytes) -> UUID:
        """Add an invitation with its token; raises ``Conflict`` when there is an open one for the address."""
        invitation_id = new_id()
        try:
            conn.execute(insert(invitations).values(tenant_id=tenant_id, id=invitation_id, **values))
        except IntegrityError as error:
            raise Conflict(f"{values['email']} has an open invitation already; send it again or revoke it") from error
        token = {"tenant_id": tenant_id, "invitation_id": invitation_id, "token_hash": token_hash}
        conn.execute(insert(invitation_tokens).values(**token))
        return invitation_id

    def renew(
        self, conn: Connection, invitation_id: UUID, inviter: UUID | None, expires_at: datetime, token_hash: bytes
    ) -> None:
        """Replace token, time and inviter of an invitation."""
        values = {"expires_at": expires_at, "invited_by": inviter}
        conn.execute(update(invitations).where(I.id == invitation_id).values(**values))
        k = invitation_tokens
        conn.execute(update(k).where(k.c.invitation_id == invitation_id).values(token_hash=token_hash))

    def all(self, conn: Connection, invitation_id: UUID | None = None) -> list[InvitationDTO]:
        """The invitations of this tenant, newest first, or one of them."""
        rows = conn.execute(SELECT_INVITATIONS, {"id": invitation_id}).mappings()
        return [InvitationDTO(**{**row, "roles": tuple(row["roles"])}) for row in rows]

    def settle(self, conn: Connection, invitation_id: UUID, **values: Any) -> bool:
        """Close an invitation that is still open; whether it was."""
        open_ = (I.id == invitation_id, I.accepted_at.is_(None), I.revoked_at.is_(None))
        return conn.execute(update(invitations).where(*open_).values(**values)).rowcount == 1

    def revoke_of(self, conn: Connection, column: str, value: Any, at: datetime) -> int:
        """Revoke every open invitation of an inviter, or of an address whose time is over; how many."""
        open_ = [invitations.c[column] == value, I.accepted_at.is_(None), I.revoked_at.is_(None)]
        if column == "email":
            open_.append(I.expires_at <= at)
        return conn.execute(update(invitations).where(*open_).values(revoked_at=at)).rowcount

    def by_token(self, conn: Connection, token_hash: bytes) -> Offer | None:
        """The open invitation that a token stands for, in whichever tenant."""
        statement = text("SELECT * FROM alm.invitation_by_token(:h)")
        row = conn.execute(statement, {"h": token_hash}).mappings().first()
        return Offer(**{**row, "roles": tuple(row["roles"])}) if row else None


SELECT_INVITATIONS = text("""
SELECT i.id AS invitation_id, i.email, i.roles,
       CASE WHEN i.accepted_at IS NOT NULL THEN 'accepted' WHEN i.revoked_at IS NOT NULL THEN 'revoked'
            WHEN i.expires_at <= clock_timestamp() THEN 'expired' ELSE 'open' END AS status,
       COALESCE(a.display_name, '') AS invited_by, i.created_at, i.expires_at, i.version
  FROM alm.invitations i
  LEFT JOIN alm.actors a ON a.tenant_id = i.tenant_id AND a.id = i.created_by
 WHERE CAST(:id AS uuid) IS NULL OR i.id = :id
 ORDER BY i.created_at DESC, i.id DESC
""")
