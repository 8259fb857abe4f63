"""Sealing: batches of whole transactions, a tenant at a time, and the checkpoint that lets old rows go."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from alm_workbench.storage.audit import merkle, records, seals
from alm_workbench.storage.audit.keys import AuditKeys, Head
from alm_workbench.storage.audit.seals import Seal

BATCH = 10_000
"""So many leaves has a seal at most: as much is read again to tell where a change is."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """What a run did for one tenant; ``head`` is the newest seal, also where nothing was to do."""

    tenant_id: UUID
    seals: int
    leaves: int
    head: Seal | None


@dataclass(frozen=True, slots=True)
class _Moment:
    """Where the database stands: transactions below ``xmin`` are over, those from ``xmax`` on have not begun."""

    xmin: int
    xmax: int
    at: datetime
    cluster: str


_MOMENT = """
    SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint, pg_snapshot_xmax(pg_current_snapshot())::text::bigint,
      clock_timestamp(), (SELECT system_identifier::text || '.' || d.oid FROM pg_control_system())
    FROM pg_database d WHERE d.datname = current_database()
"""
_DUE = f"""
    SELECT record FROM (
      SELECT s.row_xid, {records.SNAPSHOT_RECORD} AS record FROM alm.audit_snapshots s
      WHERE s.tenant_id = %(tenant)s AND s.row_xid >= %(from)s::text::xid8 AND s.row_xid < %(upto)s::text::xid8
      UNION ALL
      SELECT c.row_xid, {records.COMMIT_RECORD} FROM alm.audit_commits c
      WHERE c.tenant_id = %(tenant)s AND c.row_xid >= %(from)s::text::xid8 AND c.row_xid < %(upto)s::text::xid8
    ) due ORDER BY row_xid, record
"""  # noqa: S608  its parts are constants
_KEPT = f"""
    SELECT {records.SNAPSHOT_RECORD} FROM alm.audit_kept(%(tenant)s, %(cut)s) k
    JOIN alm.audit_snapshots s ON s.tenant_id = %(tenant)s AND s.recorded_at = k.recorded_at AND s.id = k.id ORDER BY 1
"""  # noqa: S608
_NOT_BEFORE = """
    SELECT max(sealed_at) FROM alm.audit_seals
    WHERE tenant_id = %s AND cluster = %s AND next_xid > '0' AND next_xid <= %s::text::xid8
"""


def seal_due(worker_dsn: str, keys: AuditKeys) -> list[Sealed]:
    """Seal what every tenant committed since its last seal, each in a transaction of its own.

    Runs as `alm_worker`. Safe to run at any time and in several processes: one waits for the other.
    """
    with psycopg.connect(worker_dsn, autocommit=True) as conn:
        tenants = [row[0] for row in conn.execute("SELECT tenant_id FROM alm.tenants ORDER BY tenant_id")]
        done: list[Sealed] = []
        failed: list[psycopg.Error] = []
        for tenant_id in tenants:
            try:
                done.append(seal_tenant(conn, tenant_id, keys))
            except psycopg.OperationalError:
                raise  # the database is gone, for all of them
            except psycopg.Error as error:  # what is wrong with one tenant keeps no other from its seal
                failed.append(error)
    if failed:
        raise failed[0]
    return done


def seal_tenant(conn: psycopg.Connection[Any], tenant_id: UUID, keys: AuditKeys, *, batch: int = BATCH) -> Sealed:
    """Seal one tenant on an autocommit connection of `alm_worker`.

    Which transactions are over is asked of the database's snapshot, not of a clock: one that began earlier and commits
    later is in the next seal, none is left out. The newest seal is remembered outside the database afterwards.
    """
    with conn.transaction():
        _alone(conn, tenant_id)
        before, now = seals.newest(conn, tenant_id), _moment(conn)
        head, made, count = before, 0, 0
        earliest = _not_before(conn, tenant_id, before, now)
        for chunk in _chunks(conn, tenant_id, before, now, batch):
            head = _next(conn, tenant_id, keys, head, now, earliest, sorted(chunk))
            made, count = made + 1, count + len(chunk)
    if head is not None:
        keys.remember(tenant_id, Head(head.number, head.seal_hash.hex()))
    return Sealed(tenant_id, made, count, head)


def retire(conn: psycopg.Connection[Any], tenant_id: UUID, keys: AuditKeys, cut: datetime) -> int:
    """Let go of what was recorded before ``cut``, but for the state that things were in; the number of rows retired.

    A signed checkpoint names what stays, so verification and reads of later times still work. Rows that are not sealed
    yet are sealed first. A cut at or before an earlier one retires nothing.
    """
    seal_tenant(conn, tenant_id, keys)
    with conn.transaction():
        _alone(conn, tenant_id)
        before, now = seals.newest(conn, tenant_id), _moment(conn)
        if before is None or _unsealed(conn, tenant_id, before, now, cut) or _cut(conn, tenant_id, cut):
            return 0
        kept = [bytes(row[0]) for row in conn.execute(_KEPT.encode(), {"tenant": tenant_id, "cut": cut})]
        all_ = conn.execute(
            "SELECT count(*) FROM alm.audit_snapshots WHERE tenant_id = %s AND recorded_at < %s", (tenant_id, cut)
        ).fetchone()
        retired = (all_[0] if all_ else 0) - len(kept)
        if retired <= 0:
            return 0
        head = _checkpoint(conn, tenant_id, keys, before, now, cut, kept, retired)
        gone = conn.execute("SELECT alm.audit_retire(%s, %s)", (tenant_id, cut)).fetchone()
    keys.remember(tenant_id, Head(head.number, head.seal_hash.hex()))
    return int(gone[0]) if gone else 0


def _alone(conn: psycopg.Connection[Any], tenant_id: UUID) -> None:
    """One sealer a tenant at a time, with no operator or function of anybody else's."""
    conn.execute("SET LOCAL search_path = pg_catalog, pg_temp")
    conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('alm.audit_seals ' || %s, 0))", (str(tenant_id),))


def _moment(conn: psycopg.Connection[Any]) -> _Moment:
    row = conn.execute(_MOMENT).fetchone()
    assert row is not None
    return _Moment(*row)


def _chunks(
    conn: psycopg.Connection[Any], tenant_id: UUID, before: Seal | None, now: _Moment, batch: int
) -> Iterator[list[bytes]]:
    """What is due, in the order of transactions, so many records at a time."""
    same = before is not None and before.cluster == now.cluster
    start = before.upto_xid if before is not None and same else 0
    # after a restore transaction ids begin anew: then what the seals list tells what is sealed
    known = _sealed_keys(conn, tenant_id) if before is not None and not same else frozenset[bytes]()
    with conn.cursor("alm_due") as cursor:
        cursor.execute(_DUE.encode(), {"tenant": tenant_id, "from": str(start), "upto": str(now.xmin)})
        while rows := cursor.fetchmany(batch):
            chunk = [record for row in rows if (record := bytes(row[0]))[records.KEY] not in known]
            if chunk:
                yield chunk


def _not_before(conn: psycopg.Connection[Any], tenant_id: UUID, before: Seal | None, now: _Moment) -> datetime | None:
    """A moment before which no transaction of this run can have begun, by what earlier seals saw."""
    if before is None or before.cluster != now.cluster:
        return None
    found = conn.execute(_NOT_BEFORE, (tenant_id, now.cluster, str(before.upto_xid))).fetchone()
    return found[0] if found else None


def _sealed_keys(conn: psycopg.Connection[Any], tenant_id: UUID) -> frozenset[bytes]:
    keys: set[bytes] = set()
    for seal in list(seals.chain(conn, tenant_id)):
        keys.update(record[records.KEY] for record in records.unpack(seals.leaves_of(conn, tenant_id, seal.number)))
    return frozenset(keys)


def _next(
    conn: psycopg.Connection[Any],
    tenant_id: UUID,
    keys: AuditKeys,
    before: Seal | None,
    now: _Moment,
    earliest: datetime | None,
    chunk: list[bytes],
) -> Seal:
    """Sign and keep the seal over one batch."""
    seal = Seal(
        tenant_id=tenant_id,
        number=before.number + 1 if before else 1,
        kind="batch",
        first_at=records.recorded_at(chunk[0]),
        last_at=records.recorded_at(chunk[-1]),
        leaf_count=len(chunk),
        merkle_root=merkle.root(chunk),
        prev_hash=before.seal_hash if before else seals.GENESIS,
        sealed_at=now.at,
        cluster=now.cluster,
        upto_xid=now.xmin,
        next_xid=now.xmax,
        not_before=earliest,
    ).signed(*keys.current())
    seals.insert(conn, seal, records.pack(chunk))
    return seal


def _checkpoint(
    conn: psycopg.Connection[Any],
    tenant_id: UUID,
    keys: AuditKeys,
    before: Seal,
    now: _Moment,
    cut: datetime,
    kept: list[bytes],
    retired: int,
) -> Seal:
    seal = Seal(
        tenant_id=tenant_id,
        number=before.number + 1,
        kind="checkpoint",
        first_at=records.recorded_at(kept[0]) if kept else cut,
        last_at=records.recorded_at(kept[-1]) if kept else cut,
        leaf_count=len(kept),
        merkle_root=merkle.root(kept),
        prev_hash=before.seal_hash,
        sealed_at=now.at,
        cluster=before.cluster,
        upto_xid=before.upto_xid,
        next_xid=now.xmax if before.cluster == now.cluster else 0,
        cut_at=cut,
        retired=retired,
    ).signed(*keys.current())
    seals.insert(conn, seal, records.pack(kept))
    return seal


def _unsealed(conn: psycopg.Connection[Any], tenant_id: UUID, before: Seal, now: _Moment, cut: datetime) -> bool:
    """Whether anything before the cut is not sealed yet (a transaction that still runs holds it back)."""
    if before.cluster != now.cluster:
        return False  # the run just before sealed all there was
    row = conn.execute(
        "SELECT EXISTS (SELECT FROM alm.audit_snapshots WHERE tenant_id = %s AND row_xid >= %s::text::xid8"
        " AND recorded_at < %s)",
        (tenant_id, str(before.upto_xid), cut),
    ).fetchone()
    return bool(row and row[0])


def _cut(conn: psycopg.Connection[Any], tenant_id: UUID, cut: datetime) -> bool:
    """Whether an earlier checkpoint reaches as far."""
    row = conn.execute(
        "SELECT EXISTS (SELECT FROM alm.audit_seals WHERE tenant_id = %s AND cut_at >= %s)", (tenant_id, cut)
    ).fetchone()
    return bool(row and row[0])
