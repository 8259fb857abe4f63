"""Every table of a tenant is audited, or stands here with the reason why not: a new one that is forgotten fails."""

from __future__ import annotations

from collections.abc import Mapping

import psycopg

from alm_workbench.storage.bootstrap import Dsns
from tests.factories.rows import tenant_tables

NOT_AUDITED: Mapping[str, str] = {
    "actors": "names of people as they are shown; memberships and keys, which make them, are audited",
    "artifact_field": "an index that a trigger keeps, made of artifacts",
    "artifact_search": "an index that a trigger keeps, made of artifacts",
    "artifact_tag": "an index that a trigger keeps, made of artifacts",
    "audit_commits": "the audit trail itself, sealed",
    "audit_heads": "the audit trail itself, compared with it by verification",
    "audit_seals": "seals the audit trail, chained and signed",
    "audit_snapshots": "the audit trail itself, sealed",
    "bin_entries": "which commit put what into the bin; the rows themselves are audited",
    "bulk_items": "which versions a bulk change made of which; no values, and the items are audited",
    "bulk_runs": "a log of bulk changes, whose items are audited",
    "dead_letter_messages": "events that could not be published; says nothing that its outbox row did not",
    "decision_log": "a log of its own that nobody may change",
    "external_refs": "written once by an import, whose items are audited",
    "idempotency_keys": "answers kept for a day",
    "import_runs": "a log of imports, whose items are audited",
    "indexed_fields": "which fields are indexed, made of the manifest in force",
    "invitation_tokens": "hashes only, which no snapshot may hold; invitations are audited",
    "key_aliases": "written once by an import, whose items are audited",
    "key_counters": "numbers that were given out",
    "notifications": "everybody's own list of what others did, which is audited where it was done",
    "outbox_messages": "events on their way out, made of what is audited",
    "state_history": "a log of its own that nobody may change; the items' states are audited",
    "tenant_usage": "counts of what is there",
    "watchers": "what people want to be told of; changes nothing but their own list",
    "tombstones": "what the mirror must hear of",
    "workflow_timers": "made of the process and the audited states of items; when a step is due",
}


def test_every_table_is_audited_or_excused(module_db: Dsns) -> None:
    """Insert, update and delete leave snapshots; excuses that nobody needs any more are dropped."""
    with psycopg.connect(module_db.owner) as conn:
        tables = set(tenant_tables(conn))
        rows = conn.execute(
            "SELECT c.relname, count(*) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
            " JOIN pg_proc p ON p.oid = t.tgfoid WHERE p.proname = 'audit' AND NOT t.tgisinternal"
            " AND c.relnamespace = 'alm'::regnamespace GROUP BY 1"
        )
        triggers = {str(name): number for name, number in rows}
    assert tables - set(triggers) - set(NOT_AUDITED) == set()
    assert set(NOT_AUDITED) & set(triggers) == set()
    assert {name: number for name, number in triggers.items() if number != 3} == {}


def test_excuses_are_for_tables_that_are_there(module_db: Dsns) -> None:
    """No excuse outlives its table."""
    with psycopg.connect(module_db.owner) as conn:
        assert set(NOT_AUDITED) - set(tenant_tables(conn)) == set()
