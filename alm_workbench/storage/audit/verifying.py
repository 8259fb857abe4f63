"""Verification: every row of the audit trail against what was sealed of it, and every seal against the chain.

Nothing of schema alm is called and all hashing is done here, outside the database, so that whoever may change rows and
functions there cannot hide it. Rows younger than the last seal are counted, not vouched for.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg

from alm_workbench.storage.audit import merkle, records, seals
from alm_workbench.storage.audit.findings import Finding, Verification
from alm_workbench.storage.audit.keys import Head, signed_by
from alm_workbench.storage.audit.live import check_tables
from alm_workbench.storage.audit.seals import Seal

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Conn = psycopg.Connection[Any]
WINDOW = 50_000
"""So many leaves are held in memory at least before their rows are read."""
TOLERANCE = timedelta(minutes=5)
"""What clocks may step without being taken for forgery."""


@dataclass(slots=True)
class _Scan:
    """What is known while the rows go by."""

    report: Verification
    sealed: Sequence[Seal]
    upto: int
    pending: dict[bytes, tuple[bytes, int]] = field(default_factory=dict)
    added: dict[bytes, bytes] = field(default_factory=dict)
    missing: dict[bytes, tuple[bytes, int]] = field(default_factory=dict)
    gone: list[bytes] = field(default_factory=list)
    erasures: dict[tuple[str, str], int] = field(default_factory=dict)


def verify_tenant(
    conn: Conn, tenant_id: UUID, keys: Mapping[str, Ed25519PublicKey], head: Head | None, *, live: bool = True
) -> Verification:
    """Check one tenant in the transaction that is open on ``conn`` (repeatable read, role `alm_worker`).

    ``head`` is the newest seal as it was remembered outside the database. ``live`` compares the tables with the newest
    snapshots too.
    """
    begun = time.perf_counter()
    conn.execute("SET LOCAL search_path = pg_catalog, pg_temp")  # no operator or function of anybody else's
    report = Verification(tenant_id)
    chain, doubtful = _check_chain(conn, report, keys, head)
    _check_rows(conn, report, chain, doubtful)
    if live:
        check_tables(conn, report, any(seal.kind == "checkpoint" for seal in chain))
    report.seconds = round(time.perf_counter() - begun, 3)
    return report


# -- the chain


def _check_chain(
    conn: Conn, report: Verification, keys: Mapping[str, Ed25519PublicKey], head: Head | None
) -> tuple[list[Seal], set[int]]:
    """Numbers, hashes, signatures and times of all seals; the seals, and the numbers of those that are not sound."""
    chain: list[Seal] = []
    doubtful: set[int] = set()
    for seal in seals.chain(conn, report.tenant_id):
        before = chain[-1] if chain else None
        for code, message in _wrong_with(seal, before, keys):
            report.add(Finding(code, message, seal.number, at=seal.sealed_at))
            doubtful.add(seal.number)
        report.keys.add(seal.key_id or "")
        chain.append(seal)
    report.seals = len(chain)
    report.head = chain[-1].seal_hash.hex() if chain else None
    if head is not None:
        known = next((seal for seal in reversed(chain) if seal.number == head.number), None)
        if known is None:
            message = f"the chain ends at seal {chain[-1].number if chain else 0}, but seal {head.number} was made"
            report.add(Finding("truncated", message, head.number))
        elif known.seal_hash.hex() != head.seal_hash:
            report.add(Finding("replaced", f"seal {head.number} is not the one that was made here", head.number))
    return chain, doubtful


def _wrong_with(seal: Seal, before: Seal | None, keys: Mapping[str, Ed25519PublicKey]) -> Iterator[tuple[str, str]]:
    expected = before.number + 1 if before else 1
    if seal.number != expected:
        missing = f"seal {expected}" if seal.number == expected + 1 else f"seals {expected} to {seal.number - 1}"
        yield "chain", f"{missing} is missing before seal {seal.number}"
    elif seal.prev_hash != (before.seal_hash if before else seals.GENESIS):
        yield "chain", f"seal {seal.number} does not follow seal {expected - 1} as it is now"
    statement = seal.statement
    if sha256(statement).digest() != seal.seal_hash:
        yield "seal", f"seal {seal.number} was changed: its hash is another one"
    if seal.key_id is None or seal.key_id not in keys:
        yield (
            "unknown-key",
            f"seal {seal.number} is signed with the key {seal.key_id}, which is not among the public keys here",
        )
    elif not signed_by(keys, seal.key_id, seal.signature or b"", statement):
        yield "signature", f"seal {seal.number} is not signed by the key it names, {seal.key_id}"
    if before and seal.sealed_at < before.sealed_at - TOLERANCE:
        yield "clock", f"seal {seal.number} says it was made before seal {before.number}"


# -- the rows


_SNAPSHOTS = f"""
    COPY (SELECT {records.SNAPSHOT_RECORD}, s.salt, pg_catalog.convert_to(s.payload::text, 'UTF8'), s.row_xid
      FROM alm.audit_snapshots s WHERE s.tenant_id = %s AND s.recorded_at >= %s AND s.recorded_at < %s)
    TO STDOUT (FORMAT BINARY)
"""  # noqa: S608  its parts are constants
_COMMITS = f"""
    COPY (SELECT {records.COMMIT_RECORD}, c.row_xid FROM alm.audit_commits c
      WHERE c.tenant_id = %s AND c.recorded_at >= %s AND c.recorded_at < %s) TO STDOUT (FORMAT BINARY)
"""  # noqa: S608


def _check_rows(conn: Conn, report: Verification, chain: Sequence[Seal], doubtful: set[int]) -> None:
    """Every row of the tenant once, in windows of time: those of a window stand in the seals that began before its end."""
    last = chain[-1] if chain else None
    here = conn.execute(
        "SELECT (SELECT system_identifier::text FROM pg_control_system()) || '.' || oid FROM pg_database"
        " WHERE datname = current_database()"
    ).fetchone()
    same = last is not None and here is not None and last.cluster == here[0]
    scan = _Scan(report, chain, last.upto_xid if last is not None and same else 0)
    kept, cut = _checkpoint(conn, report, [seal for seal in chain if seal.number not in doubtful])
    low: str = "-infinity"
    for high in _windows(conn, scan):
        _read_snapshots(conn, scan, low, high)
        _read_commits(conn, scan, low, high)
        low = high
    scan.missing.update(scan.pending)
    _report_missing(scan, kept, cut)
    _report_added(scan)
    _report_erased(scan)


def _windows(conn: Conn, scan: _Scan) -> Iterator[str]:
    """Ends of windows, after the leaves of all seals that began before them were put into ``pending``."""
    batches = sorted(
        (seal for seal in scan.sealed if seal.kind == "batch"), key=lambda seal: (seal.first_at, seal.number)
    )
    for index, seal in enumerate(batches):
        _load(conn, scan, seal)
        if len(scan.pending) >= WINDOW and index + 1 < len(batches):
            yield seals.written(batches[index + 1].first_at) or ""
    yield "infinity"


def _load(conn: Conn, scan: _Scan, seal: Seal) -> None:
    """Put the leaves of a seal into ``pending``; a list that does not give the signed root is told and still used."""
    found = _listed(conn, scan.report, seal)
    number, earliest = seal.number, seal.not_before - TOLERANCE if seal.not_before else None
    latest = seal.sealed_at + TOLERANCE
    scan.pending.update((record[records.KEY], (record, number)) for record in found)
    outside = []
    if found:
        if earliest and records.recorded_at(found[0]) < earliest:
            outside = [record for record in found if records.recorded_at(record) < earliest]
        if records.recorded_at(found[-1]) > latest:
            outside += [record for record in found if records.recorded_at(record) > latest]
    for record in outside:
        message = "says it was recorded at a time when its transaction cannot have run"
        scan.report.add(_finding("clock", record, number, message))


def _listed(conn: Conn, report: Verification, seal: Seal) -> list[bytes]:
    try:
        found = list(records.unpack(seals.leaves_of(conn, report.tenant_id, seal.number)))
    except ValueError:
        found = []
    if len(found) != seal.leaf_count or merkle.root(found) != seal.merkle_root:
        message = f"the list of what seal {seal.number} holds was changed: it does not give the signed root"
        report.add(Finding("leaves", message, seal.number, at=seal.sealed_at))
    return found


def _checkpoint(
    conn: Conn, report: Verification, chain: Sequence[Seal]
) -> tuple[Mapping[bytes, bytes], datetime | None]:
    """What the newest sound checkpoint says stays, and up to when the rest was retired."""
    newest = next((seal for seal in reversed(chain) if seal.kind == "checkpoint"), None)
    if newest is None:
        return {}, None
    return {record[records.KEY]: record for record in _listed(conn, report, newest)}, newest.cut_at


def _read_snapshots(conn: Conn, scan: _Scan, low: str, high: str) -> None:
    pending, report, digest_at, key_at = scan.pending, scan.report, records.DIGEST, records.KEY
    count = 0
    with conn.cursor() as cursor, cursor.copy(_SNAPSHOTS.encode(), (report.tenant_id, low, high)) as copy:
        copy.set_types(["bytea", "bytea", "bytea", "int8"])
        for record, salt, payload, xid in copy.rows():
            count += 1
            known = pending.pop(record[key_at], None)
            if known is None:
                _stranger(scan, record, xid)
            elif known[0] != record:
                report.add(_changed(known[0], record, known[1]))
                continue
            if payload is None or salt is None:
                _without_values(scan, record, payload is None and salt is None)
            elif sha256(salt + payload).digest() != record[digest_at]:
                message = "has other values than it had: they do not give its digest"
                report.add(_finding("payload", record, known[1] if known else None, message))
            elif record.endswith(b" Erasure"):
                _note_erasure(scan, payload)
    report.snapshots += count


def _read_commits(conn: Conn, scan: _Scan, low: str, high: str) -> None:
    pending, report = scan.pending, scan.report
    with conn.cursor() as cursor, cursor.copy(_COMMITS.encode(), (report.tenant_id, low, high)) as copy:
        copy.set_types(["bytea", "int8"])
        for record, xid in copy.rows():
            report.commits += 1
            known = pending.pop(record[records.KEY], None)
            if known is None:
                _stranger(scan, record, xid)
            elif known[0] != record:
                report.add(_changed(known[0], record, known[1]))


def _stranger(scan: _Scan, record: bytes, xid: int) -> None:
    """A row that no seal lists: not sealed yet, or put in afterwards."""
    at = records.recorded_at(record)
    began = max((seal.sealed_at for seal in scan.sealed[-1:] if scan.upto and 0 < seal.next_xid <= xid), default=None)
    if xid < scan.upto:
        scan.added[record[records.KEY]] = record
    elif began is not None and at < began - TOLERANCE:
        message = f"says it was recorded at {at:%Y-%m-%d %H:%M:%S} UTC, but its transaction began after {began:%Y-%m-%d %H:%M:%S} UTC"
        scan.report.add(_finding("clock", record, None, message))
    else:
        scan.report.unsealed += 1
        oldest = scan.report.oldest_unsealed_at
        scan.report.oldest_unsealed_at = at if oldest is None or at < oldest else oldest


def _without_values(scan: _Scan, record: bytes, whole: bool) -> None:
    scan.report.erased += 1
    if whole:
        scan.gone.append(record)
    else:
        scan.report.add(_finding("payload", record, None, "has lost its values or its salt, not both"))


def _note_erasure(scan: _Scan, payload: bytes) -> None:
    said = json.loads(payload)
    key = (str(said.get("entity_type")), str(said.get("entity_id")))
    scan.erasures[key] = max(scan.erasures.get(key, 0), int(said.get("up_to_version") or 0))


def _report_missing(scan: _Scan, kept: Mapping[bytes, bytes], cut: datetime | None) -> None:
    for key, (record, number) in scan.missing.items():
        other = scan.added.pop(key, None)
        if other is not None:  # the same row under another time
            scan.report.add(_changed(record, other, number))
        elif (
            cut is not None and records.recorded_at(record) < cut and record[8] == records.SNAPSHOT and key not in kept
        ):
            scan.report.retired += 1
        else:
            scan.report.add(_finding("deleted", record, number, "was sealed and is gone"))


def _report_added(scan: _Scan) -> None:
    for record in scan.added.values():
        message = "stands among sealed rows, but no seal knows it: it was put in afterwards"
        scan.report.add(_finding("added", record, None, message))


def _report_erased(scan: _Scan) -> None:
    for record in scan.gone:
        found = _read(record)
        allowed = scan.erasures.get((str(found.entity_type), str(found.entity_id)), 0) if found else 0
        if found is None or (found.version or 0) > allowed:
            scan.report.add(_finding("erased", record, None, "has lost its values, and no erasure is on record"))


def _changed(sealed: bytes, found: bytes, number: int) -> Finding:
    return _finding("changed", sealed, number, f"was changed: {records.differences(sealed, found)}")


def _finding(code: str, record: bytes, number: int | None, message: str) -> Finding:
    found = _read(record)
    if found is None:
        return Finding(code, f"a row whose record cannot be read {message}", number)
    return Finding(
        code, f"{found.what} {message}", number, found.commit_id, found.entity_type, found.entity_id, found.version,
        found.recorded_at,
    )  # fmt: skip


def _read(record: bytes) -> records.Record | None:
    try:
        return records.read(record)
    except ValueError:
        return None
