"""The tables themselves against the newest snapshots: a change that went past the triggers shows here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

from alm_workbench.storage.audit.findings import Finding, Verification

Conn = psycopg.Connection[Any]
HIDDEN = ["tsv", "search_text", "row_xid"]
_AUDITED = """
    SELECT DISTINCT c.relname, split_part(encode(t.tgargs, 'escape'), '\\000', 1) AS entity_type,
      bool_and(t.tgenabled = 'O') OVER (PARTITION BY c.oid) AS enabled,
      has_table_privilege(c.oid, 'SELECT') AS readable,
      EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.oid AND attname = 'id' AND NOT attisdropped) AS has_id
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
    WHERE c.relnamespace = 'alm'::regnamespace AND p.pronamespace = 'alm'::regnamespace AND p.proname = 'audit'
      AND NOT t.tgisinternal ORDER BY 1
"""
_DISABLED = """
    SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE c.relnamespace = 'alm'::regnamespace AND NOT t.tgisinternal AND t.tgenabled NOT IN ('O', 'A') ORDER BY 1, 2
"""
_TYPES = "SELECT DISTINCT entity_type FROM alm.audit_heads WHERE tenant_id = %s ORDER BY 1"
_COMPARE = """
    WITH newest AS (
      SELECT h.entity_id, h.version, s.id AS found, s.payload, s.change_type, s.commit_id
      FROM alm.audit_heads h LEFT JOIN alm.audit_snapshots s
        ON s.tenant_id = h.tenant_id AND s.entity_type = h.entity_type AND s.entity_id = h.entity_id
        AND s.version = h.version
      WHERE h.tenant_id = %(tenant)s AND h.entity_type = %(type)s
    )
    SELECT COALESCE(n.entity_id, t.{key}), n.version, n.commit_id, n.change_type, n.found IS NOT NULL, n.payload,
      to_jsonb(t.*)
    FROM newest n FULL JOIN (SELECT * FROM alm.{table} WHERE tenant_id = %(tenant)s) t ON t.{key} = n.entity_id
    WHERE n.entity_id IS NULL OR n.found IS NULL OR (t.{key} IS NULL AND n.change_type <> 'DELETE')
      OR (t.{key} IS NOT NULL AND n.payload IS DISTINCT FROM to_jsonb(t.*) - %(hidden)s::text[])
"""
_COUNT = "SELECT count(*) FROM alm.{table} WHERE tenant_id = %s"


def check_tables(conn: Conn, report: Verification, retired: bool) -> None:
    """Compare every audited table with the newest snapshot of each row, and look for triggers that are off."""
    for table, trigger in conn.execute(_DISABLED).fetchall():
        report.add(Finding("trigger", f"the trigger {trigger} of the table {table} is switched off"))
    audited = {row[1]: row for row in conn.execute(_AUDITED).fetchall()}
    for (entity_type,) in conn.execute(_TYPES, (report.tenant_id,)).fetchall():
        if entity_type not in audited:
            message = f"no table writes snapshots of {entity_type} any more, though there are some"
            report.add(Finding("trigger", message, entity_type=entity_type))
    for table, entity_type, _, readable, has_id in audited.values():
        if readable:
            _check_table(conn, report, table, entity_type, "id" if has_id else "tenant_id", retired)


def _check_table(conn: Conn, report: Verification, table: str, entity_type: str, key: str, retired: bool) -> None:
    names = {"table": sql.Identifier(table), "key": sql.Identifier(key)}
    count = conn.execute(sql.SQL(_COUNT).format(**names), (report.tenant_id,)).fetchone()
    report.live += count[0] if count else 0
    values = {"tenant": report.tenant_id, "type": entity_type, "hidden": HIDDEN}
    for row in conn.execute(sql.SQL(_COMPARE).format(**names), values).fetchall():
        entity_id, version, commit_id, change_type, found, payload, live = row
        code, message = _judge(version, change_type, found, payload, live, retired)
        if code:
            _tell(report, code, message, entity_type, entity_id, version, commit_id)


def _judge(
    version: int | None,
    change_type: str | None,
    found: bool,
    payload: Mapping[str, Any] | None,
    live: Mapping[str, Any] | None,
    retired: bool,
) -> tuple[str, str]:
    if version is None:
        return "live-added", "stands in its table, but the audit trail never heard of it"
    if not found:
        gone = retired and live is None  # what was deleted before a checkpoint has no snapshot left
        return ("", "") if gone else ("head", "has no snapshot of its newest version")
    if live is None:
        return "live-deleted", "is gone from its table without a deletion on record"
    if payload is None:
        return "erased", "has lost the values of its newest version"
    if change_type == "DELETE" and payload.get("version", 1) != version:
        return "live-added", "was deleted for good and is back in its table"
    names = different(payload, live)
    return ("live-changed", f"is not in its table as the audit trail has it: {', '.join(names)}") if names else ("", "")


def different(payload: Mapping[str, Any], live: Mapping[str, Any]) -> list[str]:
    """Columns whose values differ; one that a later schema added or dropped is no difference."""
    return sorted(name for name in payload.keys() & live.keys() if not same(payload[name], live[name]))


def same(left: Any, right: Any) -> bool:
    """Whether two JSON values are equal, or two texts the same moment written in different time zones."""
    if left == right:
        return True
    if not (isinstance(left, str) and isinstance(right, str)):
        return False
    try:
        one, other = datetime.fromisoformat(left), datetime.fromisoformat(right)
        return one.tzinfo is not None and other.tzinfo is not None and one == other
    except ValueError:
        return False


def _tell(
    report: Verification,
    code: str,
    message: str,
    entity_type: str,
    entity_id: UUID,
    version: int | None,
    commit_id: UUID | None,
) -> None:
    said = f"{entity_type}/{entity_id} {message}"
    report.add(Finding(code, said, None, commit_id, entity_type, entity_id, version))
