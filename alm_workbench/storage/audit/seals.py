"""A seal: what is signed of it, and how it is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg

from alm_workbench.shared.ids import new_id

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PURPOSE = b"alm-audit-seal\x00"
"""Before every signed text, so that a signature can never be taken for one of something else."""
GENESIS = bytes(32)
"""What the first seal has as the hash before it."""


@dataclass(frozen=True, slots=True)
class Seal:
    """One seal as its row has it, without the leaves."""

    tenant_id: UUID
    number: int
    kind: str
    first_at: datetime
    last_at: datetime
    leaf_count: int
    merkle_root: bytes
    prev_hash: bytes
    sealed_at: datetime
    cluster: str
    upto_xid: int
    next_xid: int
    not_before: datetime | None = None
    cut_at: datetime | None = None
    retired: int = 0
    key_id: str | None = None
    seal_hash: bytes = b""
    signature: bytes | None = None

    @property
    def statement(self) -> bytes:
        """What is hashed and signed: canonical JSON of everything the seal says."""
        said: dict[str, Any] = {
            "format": 1,
            "tenant_id": str(self.tenant_id),
            "number": self.number,
            "kind": self.kind,
            "first_at": written(self.first_at),
            "last_at": written(self.last_at),
            "leaf_count": self.leaf_count,
            "merkle_root": self.merkle_root.hex(),
            "prev_hash": self.prev_hash.hex(),
            "sealed_at": written(self.sealed_at),
            "cluster": self.cluster,
            "upto_xid": str(self.upto_xid),
            "next_xid": str(self.next_xid),
            "not_before": written(self.not_before),
            "cut_at": written(self.cut_at),
            "retired": self.retired,
            "key_id": self.key_id,
        }
        return PURPOSE + json.dumps(said, sort_keys=True, separators=(",", ":")).encode("ascii")

    def signed(self, key_id: str, key: Ed25519PrivateKey) -> Seal:
        """The seal with its hash and signature."""
        seal = replace(self, key_id=key_id)
        statement = seal.statement
        return replace(seal, seal_hash=sha256(statement).digest(), signature=key.sign(statement))


def written(at: datetime | None) -> str | None:
    """A time in UTC with microseconds."""
    return at.astimezone(UTC).isoformat(timespec="microseconds") if at else None


_COLUMNS = (
    "tenant_id, number, kind, first_at, last_at, leaf_count, merkle_root, prev_hash, sealed_at, cluster,"
    " upto_xid::text::bigint, next_xid::text::bigint, not_before, cut_at, retired, key_id, seal_hash, signature"
)


def newest(conn: psycopg.Connection[Any], tenant_id: UUID) -> Seal | None:
    """The last seal of a tenant."""
    query = f"SELECT {_COLUMNS} FROM alm.audit_seals WHERE tenant_id = %s ORDER BY number DESC LIMIT 1"  # noqa: S608
    row = conn.execute(query.encode(), (tenant_id,)).fetchone()
    return Seal(*row) if row else None


def chain(conn: psycopg.Connection[Any], tenant_id: UUID) -> Iterator[Seal]:
    """The seals of a tenant in order."""
    query = f"SELECT {_COLUMNS} FROM alm.audit_seals WHERE tenant_id = %s ORDER BY number"  # noqa: S608
    with conn.cursor("alm_seals") as cursor:
        cursor.itersize = 5000
        cursor.execute(query.encode(), (tenant_id,))
        for row in cursor:
            yield Seal(*row)


def leaves_of(conn: psycopg.Connection[Any], tenant_id: UUID, number: int) -> bytes:
    """The packed records that a seal lists."""
    row = conn.execute(
        "SELECT leaves FROM alm.audit_seals WHERE tenant_id = %s AND number = %s", (tenant_id, number)
    ).fetchone()
    return bytes(row[0]) if row else b""


def insert(conn: psycopg.Connection[Any], seal: Seal, leaves: bytes) -> None:
    """Keep a seal; raises ``UniqueViolation`` when somebody sealed at the same time."""
    conn.execute(
        "INSERT INTO alm.audit_seals (tenant_id, id, number, kind, first_at, last_at, leaf_count, merkle_root,"
        " prev_hash, sealed_at, cluster, upto_xid, next_xid, not_before, cut_at, retired, key_id, seal_hash, signature,"
        " leaves) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s::text::xid8, %s::text::xid8, %s, %s, %s, %s,"
        " %s, %s, %s)",
        (
            seal.tenant_id, new_id(), seal.number, seal.kind, seal.first_at, seal.last_at, seal.leaf_count,
            seal.merkle_root, seal.prev_hash, seal.sealed_at, seal.cluster, str(seal.upto_xid), str(seal.next_xid),
            seal.not_before, seal.cut_at, seal.retired, seal.key_id, seal.seal_hash, seal.signature, leaves,
        ),
    )  # fmt: skip
