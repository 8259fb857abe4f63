"""Keys in PostgreSQL; hashes come and go through definer functions only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, insert, select, text, update

from alm_workbench.contexts.apikey.domain import KeyRow, KeyText
from alm_workbench.contexts.apikey.messages import ApiKeyDTO, EndedKey, KeyStatus
from alm_workbench.contexts.apikey.tables import api_keys as k

_LIST = """
SELECT k.*, a.display_name AS owner_name, u.last_used_at, u.old_until
  FROM alm.api_keys k
  JOIN alm.memberships m ON m.tenant_id = k.tenant_id AND m.id = k.membership_id
  JOIN alm.actors a ON a.tenant_id = m.tenant_id AND a.id = m.actor_id
  LEFT JOIN alm.key_usage() u ON u.key_id = k.id
"""
_ORDER = " ORDER BY k.created_at DESC, k.id DESC"


_PEOPLE = text("""
SELECT k.actor_id AS key, a.id AS person
  FROM alm.api_keys k JOIN alm.actors a ON a.tenant_id = k.tenant_id AND a.user_id = k.user_id
 WHERE k.actor_id = ANY (CAST(:ids AS uuid[]))
""")


class KeyRepository:
    """Every method takes the transaction's connection."""

    def lookup(self, conn: Connection, prefix: str) -> KeyRow | None:
        """The living key behind a prefix, in whichever tenant."""
        row = conn.execute(text("SELECT * FROM alm.key_lookup(:prefix)"), {"prefix": prefix}).mappings().first()
        if row is None:
            return None
        many = {name: None if row[name] is None else tuple(row[name]) for name in ("role_codes", "project_ids")}
        return KeyRow(**{**row, **many, "scopes": tuple(row["scopes"]), "hash": bytes(row["hash"])})

    def note_use(self, conn: Connection, prefix: str) -> None:
        """Keep the moment of use, unless there is one within the last minute."""
        conn.execute(text("SELECT alm.key_used(:prefix)"), {"prefix": prefix})

    def people(self, conn: Connection, actors: Sequence[UUID]) -> dict[UUID, UUID]:
        """Who made the keys among some actors, as actors."""
        return {row.key: row.person for row in conn.execute(_PEOPLE, {"ids": list(actors)})}

    def add_actor(self, conn: Connection, tenant_id: UUID, actor_id: UUID, name: str) -> None:
        """Whoever stands behind what the key does."""
        conn.execute(
            text("INSERT INTO alm.actors (tenant_id, id, kind, display_name) VALUES (:t, :id, 'api_key', :name)"),
            {"t": tenant_id, "id": actor_id, "name": name},
        )

    def add(self, conn: Connection, values: Mapping[str, Any]) -> None:
        """Add a key; it opens nothing before it has a secret."""
        conn.execute(insert(k).values(dict(values)))

    def set_secret(self, conn: Connection, key_id: UUID, key: KeyText, until: datetime, old_until: datetime) -> None:
        """Keep the hash of a new secret; earlier ones end at ``old_until``."""
        conn.execute(
            text("SELECT alm.key_secret(:id, :prefix, :hash, :until, :old)"),
            {"id": key_id, "prefix": key.prefix, "hash": key.digest, "until": until, "old": old_until},
        )

    def set_prefix(self, conn: Connection, key_id: UUID, prefix: str) -> None:
        """Remember which secret is the newest."""
        conn.execute(update(k).where(k.c.id == key_id).values(prefix=prefix))

    def revoke(self, conn: Connection, key_id: UUID, at: datetime, by: UUID) -> None:
        """End a key for good; the first revocation stays."""
        conn.execute(update(k).where(k.c.id == key_id, k.c.revoked_at.is_(None)).values(revoked_at=at, revoked_by=by))

    def revoke_of(self, conn: Connection, user_id: UUID) -> tuple[EndedKey, ...]:
        """End every working key of a person, in all tenants; the ended ones."""
        rows = conn.execute(text("SELECT tenant_id, key_id, name FROM alm.keys_revoke_of(:u)"), {"u": user_id})
        return tuple(EndedKey(*row) for row in rows)

    def lock(self, conn: Connection, key_id: UUID) -> bool:
        """Take a key for this transaction; False where there is none."""
        return conn.execute(select(k.c.id).where(k.c.id == key_id).with_for_update()).first() is not None

    def count_live(self, conn: Connection, membership_id: UUID, now: datetime) -> int:
        """How many working keys a member has."""
        mine = select(func.count()).where(
            k.c.membership_id == membership_id, k.c.revoked_at.is_(None), k.c.expires_at > now
        )
        return int(conn.execute(mine).scalar_one())

    def get(self, conn: Connection, key_id: UUID, now: datetime) -> ApiKeyDTO | None:
        """One key of this tenant."""
        row = conn.execute(text(_LIST + " WHERE k.id = :id"), {"id": key_id}).mappings().first()
        return None if row is None else dto_of(row, now)

    def list(self, conn: Connection, membership_id: UUID | None, now: datetime) -> tuple[ApiKeyDTO, ...]:
        """Keys of one member, or of all; newest first."""
        where = "" if membership_id is None else " WHERE k.membership_id = :m"
        values = {} if membership_id is None else {"m": membership_id}
        rows = conn.execute(text(_LIST + where + _ORDER), values).mappings()
        return tuple(dto_of(row, now) for row in rows)


def dto_of(row: Mapping[Any, Any], now: datetime) -> ApiKeyDTO:
    """A row as the faces show it."""
    status: KeyStatus = "revoked" if row["revoked_at"] else "active" if row["expires_at"] > now else "expired"
    return ApiKeyDTO(
        id=row["id"],
        name=row["name"],
        prefix=row["prefix"],
        scopes=tuple(row["scopes"]),
        roles=None if row["role_codes"] is None else tuple(row["role_codes"]),
        project_ids=None if row["project_ids"] is None else tuple(row["project_ids"]),
        status=status,
        created_at=row["created_at"],
        owner_id=row["membership_id"],
        owner_name=row["owner_name"],
        actor_id=row["actor_id"],
        expires_at=row["expires_at"],
        last_used_at=row["last_used_at"],
        revoked_at=row["revoked_at"],
        old_until=row["old_until"],
        version=row["version"],
    )
