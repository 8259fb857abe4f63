"""Accounts, sessions and memberships, through the definer functions that the global tables allow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from alm_workbench.contexts.auth.session_messages import (
    SessionInfoDTO,
    SignInDTO,
)
from alm_workbench.errors import Conflict
from alm_workbench.shared.caller import Caller, caller
from alm_workbench.shared.ids import new_id
from alm_workbench.shared.mediator import correlation
from alm_workbench.shared.messages import Event
from alm_workbench.storage import outbox


@dataclass(frozen=True, slots=True)
class Account:
    """A person's account."""

    user_id: UUID
    email: str
    display_name: str
    is_active: bool
    locale: str


@dataclass(frozen=True, slots=True)
class Gate:
    """What a log-in needs to know; ``account`` is None where there is none."""

    account: Account | None
    password_hash: str | None
    locked: bool


@dataclass(frozen=True, slots=True)
class Rotation:
    """What came of an exchange of refresh tokens: ok, unknown, ended, reused."""

    outcome: str
    session_id: UUID
    user_id: UUID
    tenant_id: UUID
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class LiveSession:
    """A session that is alive."""

    user_id: UUID
    tenant_id: UUID
    last_used_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class PasswordLink:
    """A link that resets a password; ``tenant_id`` and ``issued_by`` where somebody handed it out."""

    user_id: UUID
    email: str
    display_name: str
    tenant_id: UUID | None
    issued_by: UUID | None


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
        return account_of(row) if row else None

    def gate(self, conn: Connection, email: str) -> Gate:
        """What a log-in with this e-mail from this caller's address needs to know."""
        values = {"email": email, "address": caller.get().address}
        row = conn.execute(text("SELECT * FROM alm.login_gate(:email, :address)"), values).mappings().one()
        account = account_of(row) if row["user_id"] else None
        return Gate(account, row["password_hash"], row["locked_until"] is not None)

    def log_in_failed(self, conn: Connection, email: str, user_id: UUID | None) -> None:
        """Count a wrong password; a lock that it causes goes into the log too."""
        values = {"email": email, "address": caller.get().address}
        locked = conn.execute(text("SELECT alm.login_failed(:email, :address)"), values).scalar()
        self.note(conn, "login_failed", user_id)
        if locked:
            self.note(conn, "locked", user_id)

    def log_in_cleared(self, conn: Connection, email: str) -> None:
        """Forget the wrong passwords of this account from this address."""
        values = {"email": email, "address": caller.get().address}
        conn.execute(text("SELECT alm.login_cleared(:email, :address)"), values)

    def note(
        self,
        conn: Connection,
        kind: str,
        user_id: UUID | None,
        tenant_id: UUID | None = None,
        session: UUID | None = None,
        detail: str = "",
    ) -> None:
        """Write into the log of the door."""
        who = caller.get()
        values = {
            "id": new_id(),
            "kind": kind,
            "user_id": user_id,
            "tenant_id": tenant_id,
            "session": session,
            "address": who.address or None,
            "client": who.client,
            "correlation": correlation.get() or None,
            "detail": detail,
        }
        conn.execute(NOTE, values)

    def announce(self, conn: Connection, tenant_id: UUID, event: Event) -> None:
        """Put an event into the outbox of a tenant, whichever one this transaction is in."""
        present = conn.execute(text("SELECT current_setting('app.current_tenant_id', true)")).scalar()
        self.enter_tenant(conn, tenant_id)
        outbox.append(conn, [event])
        conn.execute(text("SELECT set_config('app.current_tenant_id', :t, true)"), {"t": present or ""})

    # -- accounts

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

    def update(self, conn: Connection, user_id: UUID, name: str, locale: str) -> None:
        """Change name and language, here and wherever history shows the name."""
        values = {"user_id": user_id, "name": name, "locale": locale}
        conn.execute(text("SELECT alm.user_update(:user_id, :name, :locale)"), values)

    def set_password(self, conn: Connection, user_id: UUID, password_hash: str, *, same: bool = False) -> None:
        """Keep the hash of a new password, and links to reset the former one are dead; or a better hash of the same."""
        values = {"user_id": user_id, "hash": password_hash, "same": same}
        conn.execute(text("SELECT alm.user_set_password(:user_id, :hash, :same)"), values)

    # -- sessions

    def open_session(
        self,
        conn: Connection,
        session_id: UUID,
        user_id: UUID,
        tenant_id: UUID,
        *,
        lifetime: timedelta,
        idle: timedelta,
        refresh_hash: bytes | None,
    ) -> datetime | None:
        """Begin a session; when it ends at the latest, None when the person is no member."""
        who: Caller = caller.get()
        values = {
            "id": session_id,
            "user_id": user_id,
            "tenant_id": tenant_id,
            "client": who.client,
            "address": who.address or None,
            "lifetime": lifetime,
            "idle": idle,
            "hash": refresh_hash,
        }
        found: datetime | None = conn.execute(OPEN, values).scalar()
        return found

    def session(self, conn: Connection, session_id: UUID) -> LiveSession | None:
        """A session, if it is alive."""
        row = conn.execute(text("SELECT * FROM alm.session_look(:id)"), {"id": session_id}).first()
        return LiveSession(*row) if row else None

    def touch(self, conn: Connection, session_id: UUID) -> None:
        """Note that a session is in use."""
        conn.execute(text("SELECT alm.session_touch(:id)"), {"id": session_id})

    def rotate(self, conn: Connection, old_hash: bytes, new_hash: bytes) -> Rotation:
        """Exchange a refresh token."""
        row = conn.execute(text("SELECT * FROM alm.session_rotate(:old, :new)"), {"old": old_hash, "new": new_hash})
        return Rotation(*row.one())

    def move_session(
        self, conn: Connection, session_id: UUID, user_id: UUID, tenant_id: UUID, refresh_hash: bytes
    ) -> tuple[datetime, bool] | None:
        """Take a session into another tenant: when it ends at the latest, and whether it has refresh tokens."""
        values = {"id": session_id, "user_id": user_id, "tenant_id": tenant_id, "hash": refresh_hash}
        row = conn.execute(text("SELECT * FROM alm.session_move(:id, :user_id, :tenant_id, :hash)"), values).first()
        return (row[0], row[1]) if row else None

    def end_sessions(
        self, conn: Connection, user_id: UUID, reason: str, *, only: UUID | None = None, but: UUID | None = None
    ) -> list[UUID]:
        """End one session of a person, or all (but one), and say so to whoever listens; the ended ones."""
        values = {"user_id": user_id, "only": only, "but": but, "reason": reason}
        rows = conn.execute(text("SELECT * FROM alm.sessions_end(:user_id, :only, :but, :reason)"), values).all()
        for session_id, tenant_id in rows:
            payload = {"user_id": str(user_id), "reason": reason}
            self.announce(conn, tenant_id, Event("SessionRevoked", "Session", session_id, payload))
        return [row[0] for row in rows]

    def sessions(self, conn: Connection, user_id: UUID, current: UUID | None) -> tuple[SessionInfoDTO, ...]:
        """The living sessions of a person, the last used first."""
        rows = conn.execute(text("SELECT * FROM alm.sessions_of(:user_id)"), {"user_id": user_id})
        return tuple(SessionInfoDTO(*[*row, row[0] == current]) for row in rows)

    def sign_ins(
        self, conn: Connection, user_id: UUID | None, before: tuple[str, str] | None, limit: int
    ) -> list[SignInDTO]:
        """What happened at the door to members of the tenant of this transaction, the newest first."""
        at, row_id = before or (None, None)
        values = {"user_id": user_id, "at": at, "id": row_id, "max": limit}
        return [SignInDTO(*row) for row in conn.execute(SIGN_INS, values)]

    # -- links and identities

    def make_link(
        self,
        conn: Connection,
        token_hash: bytes,
        user_id: UUID,
        lifetime: timedelta,
        issued: tuple[UUID, UUID] | None = None,
    ) -> bool:
        """Keep the hash of a link that resets a password; False when there were too many.

        ``issued``: the tenant and the user that hand it out; None for one that is mailed to its owner.
        """
        tenant_id, issuer = issued or (None, None)
        values = {"hash": token_hash, "user_id": user_id, "lifetime": lifetime, "tenant": tenant_id, "issuer": issuer}
        statement = text("SELECT alm.one_time_make(:hash, 'password_reset', :user_id, :lifetime, :tenant, :issuer)")
        return bool(conn.execute(statement, values).scalar())

    def link(self, conn: Connection, token_hash: bytes) -> PasswordLink | None:
        """Whose password a link resets and who handed it out, while it is neither used nor too old."""
        statement = text("SELECT * FROM alm.one_time_look(:hash, 'password_reset')")
        row = conn.execute(statement, {"hash": token_hash}).first()
        return PasswordLink(*row) if row else None

    def take_link(self, conn: Connection, token_hash: bytes) -> UUID | None:
        """Use a link up; whose it was."""
        statement = text("SELECT alm.one_time_take(:hash, 'password_reset')")
        found: UUID | None = conn.execute(statement, {"hash": token_hash}).scalar()
        return found

    def reset_allowed(self, conn: Connection, user_id: UUID) -> bool:
        """Whether a person belongs to the tenant of this transaction and to no other."""
        return bool(conn.execute(text("SELECT alm.reset_allowed(:user_id)"), {"user_id": user_id}).scalar())

    def profile(self, conn: Connection, user_id: UUID) -> Account | None:
        """An account by its id."""
        row = conn.execute(text("SELECT * FROM alm.user_profile(:id)"), {"id": user_id}).mappings().first()
        return account_of(row) if row else None

    def link_identity(self, conn: Connection, issuer: str, subject: str, user_id: UUID) -> UUID:
        """Link an account of another system; whose it is now, which may be somebody else's who was first."""
        values = {"issuer": issuer, "subject": subject, "user_id": user_id}
        found: UUID = conn.execute(text("SELECT alm.identity_link(:issuer, :subject, :user_id)"), values).scalar_one()
        return found

    def identity(self, conn: Connection, issuer: str, subject: str) -> UUID | None:
        """The user an account of another system stands for."""
        values = {"issuer": issuer, "subject": subject}
        found: UUID | None = conn.execute(text("SELECT alm.identity_find(:issuer, :subject)"), values).scalar()
        return found

    def unlink_identity(self, conn: Connection, issuer: str, subject: str, user_id: UUID) -> bool:
        """Undo a link; False when there was none."""
        values = {"issuer": issuer, "subject": subject, "user_id": user_id}
        return bool(conn.execute(text("SELECT alm.identity_unlink(:issuer, :subject, :user_id)"), values).scalar())

    def purge(self, conn: Connection) -> int:
        """Remove what has been over for long, as the worker; how many rows went."""
        return int(conn.execute(text("SELECT alm.purge_accounts()")).scalar_one())

    # -- memberships

    def tenants(self, conn: Connection, user_id: UUID) -> list[Any]:
        """Rows of (tenant_id, slug, name, status, membership_id, actor_id)."""
        rows = conn.execute(text("SELECT * FROM alm.user_tenants(:user_id)"), {"user_id": user_id}).mappings()
        return sorted((row for row in rows if row["status"] == "active"), key=lambda row: str(row["name"]))

    def enter_tenant(self, conn: Connection, tenant_id: UUID) -> None:
        """Make this transaction see one tenant; only after the membership has been looked up."""
        conn.execute(text("SELECT set_config('app.current_tenant_id', :t, true)"), {"t": str(tenant_id)})

    def member(self, conn: Connection, membership_id: UUID) -> UUID | None:
        """The user behind a membership of the tenant of this transaction."""
        statement = text("SELECT user_id FROM alm.memberships WHERE id = :id")
        found: UUID | None = conn.execute(statement, {"id": membership_id}).scalar()
        return found

    def membership(self, conn: Connection, user_id: UUID) -> MembershipRow | None:
        """The active membership of a user in the tenant of this transaction."""
        row = conn.execute(MEMBERSHIP, {"user_id": user_id}).mappings().first()
        if row is None:
            return None
        names = ("membership_id", "actor_id", "email", "display_name", "locale", "slug", "name", "tier")
        return MembershipRow(*[*(row[name] for name in names), tuple(row["role_codes"])])

    def people(self, conn: Connection, actor_ids: Sequence[UUID]) -> list[Any]:
        """Active members of the tenant of this transaction behind some actors, with their roles."""
        return list(conn.execute(PEOPLE, {"ids": list(actor_ids)}))

    def roles(self, conn: Connection) -> dict[str, tuple[list[str], list[str]]]:
        """Roles of the tenant: code to (implied codes, privileges)."""
        rows = conn.execute(text("SELECT code, implies, privileges FROM alm.roles"))
        return {row.code: (list(row.implies), list(row.privileges)) for row in rows}


def account_of(row: Any) -> Account:
    """An account out of a row."""
    return Account(row["user_id"], row["email"], row["display_name"], row["is_active"], row["locale"])


MEMBERSHIP = text("""
SELECT m.id AS membership_id, m.actor_id, p.email, p.display_name, p.locale, t.slug, t.name, t.tier,
       coalesce((SELECT array_agg(r.role_code ORDER BY r.role_code) FROM alm.member_roles r
                  WHERE r.tenant_id = m.tenant_id AND r.membership_id = m.id), '{}') AS role_codes
  FROM alm.memberships m
  JOIN alm.tenants t ON t.tenant_id = m.tenant_id AND t.status = 'active'
  JOIN LATERAL alm.user_profile(m.user_id) p ON p.is_active
 WHERE m.user_id = :user_id AND m.status = 'active'
""")
PEOPLE = text("""
SELECT m.id AS membership_id, m.actor_id, m.user_id, a.display_name,
       coalesce((SELECT array_agg(r.role_code ORDER BY r.role_code) FROM alm.member_roles r
                  WHERE r.tenant_id = m.tenant_id AND r.membership_id = m.id), '{}') AS role_codes
  FROM alm.memberships m
  JOIN alm.actors a ON a.tenant_id = m.tenant_id AND a.id = m.actor_id
 WHERE m.actor_id = ANY (CAST(:ids AS uuid[])) AND m.status = 'active' AND m.deleted_at IS NULL
""")
NOTE = text(
    "SELECT alm.auth_note(:id, :kind, :user_id, :tenant_id, :session, :address, :client, :correlation, :detail)"
)
OPEN = text(
    "SELECT alm.session_open(:id, :user_id, :tenant_id, :client, :address, :lifetime, :idle, CAST(:hash AS bytea))"
)
SIGN_INS = text("SELECT * FROM alm.sign_ins(:user_id, CAST(:at AS timestamptz), CAST(:id AS uuid), :max)")
