"""What a leaf of a seal says of a snapshot or a commit: every column but the values, and the digest of those.

A record begins with its time of recording, so records in the order of their bytes are in the order of time.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

SNAPSHOT, COMMIT = 1, 2
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
KEY = slice(8, 25)
"""Where a record says what it is about: its kind and the row's id."""
DIGEST = slice(69, 101)
"""Where the record of a snapshot has the digest of its values."""

# Only functions of PostgreSQL itself: those of schema alm could have been replaced by whoever changed the rows.
SNAPSHOT_RECORD = r"""
    pg_catalog.timestamptz_send(s.recorded_at) || '\x01'::bytea || pg_catalog.uuid_send(s.id)
    || pg_catalog.uuid_send(s.commit_id) || pg_catalog.uuid_send(s.entity_id) || pg_catalog.int4send(s.version)
    || pg_catalog.timestamptz_send(s.occurred_at) || s.digest
    || pg_catalog.convert_to(s.change_type || ' ' || s.entity_type, 'UTF8')
"""
COMMIT_RECORD = r"""
    pg_catalog.timestamptz_send(c.recorded_at) || '\x02'::bytea || pg_catalog.uuid_send(c.id)
    || COALESCE(pg_catalog.uuid_send(c.actor_id), '\x00000000000000000000000000000000'::bytea)
    || pg_catalog.timestamptz_send(c.occurred_at) || pg_catalog.sha256(pg_catalog.convert_to(
         pg_catalog.jsonb_build_array(c.command, c.correlation_id, c.properties)::text, 'UTF8'))
"""
_SNAPSHOT = struct.Struct(">qB16s16s16siq32s")
_COMMIT = struct.Struct(">qB16s16sq32s")


@dataclass(frozen=True, slots=True)
class Record:
    """A record, readable: of a commit only some members are known."""

    kind: int
    id: UUID
    recorded_at: datetime
    occurred_at: datetime
    digest: bytes
    commit_id: UUID
    entity_type: str | None = None
    entity_id: UUID | None = None
    version: int | None = None
    change_type: str | None = None
    actor_id: UUID | None = None

    @property
    def what(self) -> str:
        """What it is about, in words."""
        if self.kind == COMMIT:
            return f"commit {self.id}"
        return f"{self.entity_type}/{self.entity_id} version {self.version}"


def read(record: bytes) -> Record:
    """A record's members; raises ``ValueError`` on one that nobody made."""
    try:
        if record[8] == COMMIT:
            recorded, _, id_, actor, occurred, digest = _COMMIT.unpack(record)
            actor_id = UUID(bytes=actor) if any(actor) else None
            return Record(COMMIT, UUID(bytes=id_), moment(recorded), moment(occurred), digest, UUID(bytes=id_),
                          actor_id=actor_id)  # fmt: skip
        recorded, _, id_, commit, entity, version, occurred, digest = _SNAPSHOT.unpack_from(record)
        change, _, kind = record[_SNAPSHOT.size :].decode().partition(" ")
        return Record(SNAPSHOT, UUID(bytes=id_), moment(recorded), moment(occurred), digest, UUID(bytes=commit), kind,
                      UUID(bytes=entity), version, change)  # fmt: skip
    except (struct.error, IndexError, OverflowError) as error:
        raise ValueError("not a record of the audit trail") from error


def moment(microseconds: int) -> datetime:
    """A time as PostgreSQL sends it."""
    return EPOCH + timedelta(microseconds=microseconds)


def recorded_at(record: bytes) -> datetime:
    """When the row of a record was written."""
    return moment(int.from_bytes(record[:8], "big", signed=True))


def differences(sealed: bytes, found: bytes) -> str:
    """In which members a row differs from what was sealed of it, in words."""
    try:
        before, after = read(sealed), read(found)
    except ValueError:
        return "its record cannot be read"
    if before.kind == COMMIT and before.digest != after.digest:
        words = ["its command, correlation id or properties"]
    else:
        words = ["its digest"] if before.digest != after.digest else []
    names = (
        "recorded_at",
        "occurred_at",
        "commit_id",
        "entity_type",
        "entity_id",
        "version",
        "change_type",
        "actor_id",
    )
    for name in names:
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            words.append(f"{name} was {old}, is {new}")
    return ", ".join(words)


def pack(records: Iterable[bytes]) -> bytes:
    """Records one after the other, each behind its length in two bytes."""
    return b"".join(len(record).to_bytes(2, "big") + record for record in records)


def unpack(leaves: bytes) -> Iterator[bytes]:
    """The records in a packed list; raises ``ValueError`` where it ends too early."""
    at, end = 0, len(leaves)
    while at < end:
        start = at + 2
        at = start + (leaves[at] << 8 | leaves[at + 1] if start <= end else end)
        if at > end:
            raise ValueError("the list of leaves is cut off")
        yield leaves[start:at]
