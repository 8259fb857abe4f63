"""Retention: old rows go behind a signed checkpoint; what stays verifies, and later times can still be read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from alm_workbench.storage.audit.sealing import retire
from alm_workbench.storage.audit.vault import Vault as Installation
from tests.integration.audit.conftest import Vault


def let_go(vault: Vault, cut: datetime) -> int:
    """Retire what was recorded before a moment."""
    with psycopg.connect(vault.dsns.worker, autocommit=True) as conn:
        return retire(conn, vault.world.tenant_id, vault.keys, cut)


def versions(vault: Vault, item: UUID) -> list[int]:
    """The versions that are left of an item."""
    rows = vault.world.sql("SELECT version FROM alm.audit_snapshots WHERE entity_id = :i ORDER BY 1", i=item)
    return [row[0] for row in rows]


@pytest.fixture
def history(vault: Vault) -> tuple[UUID, UUID, datetime]:
    """An item of three versions, a deleted one, and a moment after which the first has one more."""
    kept = vault.world.artifact(1)
    gone = vault.world.artifact(2)
    for title in ("b", "c"):
        vault.world.sql("UPDATE alm.artifacts SET title = :n WHERE id = :i", i=kept, n=title)
    vault.world.sql("DELETE FROM alm.artifacts WHERE id = :i", i=gone)
    vault.seal()
    cut = datetime.now(UTC)
    vault.world.sql("UPDATE alm.artifacts SET title = 'd' WHERE id = :i", i=kept)
    vault.seal()
    return kept, gone, cut


def test_the_state_at_the_cut_stays(vault: Vault, history: Any) -> None:
    """Of each living entity its last version before the cut, and everything after it; the rest is gone and verifies."""
    kept, gone, cut = history
    assert let_go(vault, cut) == 4
    assert (versions(vault, kept), versions(vault, gone)) == ([3, 4], [])
    report = vault.verify()
    assert report.findings == []
    assert report.retired == 4
    assert let_go(vault, cut) == 0


def test_it_goes_on_afterwards(vault: Vault, history: Any) -> None:
    """New changes are sealed behind the checkpoint; a later cut retires more, the newest checkpoint counts."""
    kept, _, cut = history
    let_go(vault, cut)
    vault.world.sql("UPDATE alm.artifacts SET title = 'e' WHERE id = :i", i=kept)
    assert let_go(vault, datetime.now(UTC)) == 2
    report = vault.verify()
    assert report.findings == []
    assert versions(vault, kept) == [5]


def test_what_stays_is_held_to_the_checkpoint(vault: Vault, history: Any) -> None:
    """A row that should have stayed is missed; one that was retired and comes back changed is told."""
    kept, _, cut = history
    let_go(vault, cut)
    vault.tamper("DELETE FROM alm.audit_snapshots WHERE entity_id = %(e)s AND version = 3", e=kept)
    assert [(f.code, f.version) for f in vault.found()] == [("deleted", 3)]


def test_a_forged_checkpoint_retires_nothing(vault: Vault, history: Any) -> None:
    """Rows cannot be deleted under a cut that was moved: the checkpoint is signed."""
    kept, _, cut = history
    let_go(vault, cut)
    vault.tamper("DELETE FROM alm.audit_snapshots WHERE entity_id = %(e)s AND version = 4", e=kept)
    assert [(f.code, f.version) for f in vault.found()] == [("deleted", 4)]
    vault.tamper("UPDATE alm.audit_seals SET cut_at = now() WHERE tenant_id = %(t)s AND kind = 'checkpoint'")
    assert {"seal", "signature", "deleted"} <= {f.code for f in vault.found()}


def test_nothing_is_retired_without_a_checkpoint(vault: Vault, history: Any) -> None:
    """The database itself asks for it."""
    with (
        psycopg.connect(vault.dsns.worker) as conn,
        pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="checkpoint"),
    ):
        conn.execute("SELECT alm.audit_retire(%s, now())", (vault.world.tenant_id,))


def test_months_that_everybody_let_go_of_lose_their_partition(own_vault: Vault) -> None:
    """By the tenant's own setting; the rows that stay move on, and everything still verifies."""
    item = own_vault.world.artifact(1)
    own_vault.world.sql("UPDATE alm.artifacts SET title = 'b' WHERE id = :i", i=item)
    _put_back(own_vault, months=5)
    own_vault.seal()
    installation = Installation(own_vault.dsns.worker, own_vault.keys.directory)
    assert installation.retire_due() == {}
    before = _partitions(own_vault)
    own_vault.world.sql("UPDATE alm.tenants SET settings = '{\"audit_retention_months\": 2}' WHERE tenant_id = :t")
    own_vault.seal()
    done = installation.retire_due()
    assert done[own_vault.world.tenant_id] > 0
    assert len(before - _partitions(own_vault)) == 1
    assert versions(own_vault, item) == [2]
    report = own_vault.verify()
    assert report.findings == []
    assert report.retired == done[own_vault.world.tenant_id]


def _partitions(vault: Vault) -> set[str]:
    rows = vault.world.sql("SELECT inhrelid::regclass::text FROM pg_inherits"
                           " WHERE inhparent = 'alm.audit_snapshots'::regclass")  # fmt: skip
    return {row[0] for row in rows}


def _put_back(vault: Vault, months: int) -> None:
    """Let what was written seem to have been written some months ago, in a partition of its month."""
    then = datetime.now(UTC).replace(day=1) - timedelta(days=30 * months)
    first = then.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    following = (first + timedelta(days=32)).replace(day=1)
    name = f"audit_snapshots_{first:%Y_%m}"
    with psycopg.connect(vault.superuser) as conn:
        conn.execute("SET LOCAL session_replication_role = replica")
        conn.execute(f"CREATE TABLE alm.{name} PARTITION OF alm.audit_snapshots FOR VALUES FROM ('{first:%Y-%m-%d}'::timestamptz)"
                     f" TO ('{following:%Y-%m-%d}'::timestamptz)")  # fmt: skip
        conn.execute(f"ALTER TABLE alm.{name} OWNER TO alm_owner")
        conn.execute(f"CALL alm.isolate('{name}')")
        conn.execute(f"GRANT SELECT ON alm.{name} TO alm_definer")
        conn.execute(
            "UPDATE alm.audit_snapshots SET recorded_at = recorded_at - (now() - %s)", (first + timedelta(days=3),)
        )
