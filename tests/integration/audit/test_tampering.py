"""What a superuser does with triggers off is found, and verification says where: one test for each kind of edit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID, uuid4

import psycopg
import pytest

from alm_workbench.storage.audit import merkle, records, seals
from alm_workbench.storage.audit.findings import Finding
from alm_workbench.storage.audit.keys import AuditKeys, Head
from tests.factories.database import short_dir
from tests.integration.audit.conftest import Vault

RESEALED_DIGEST = "sha256(salt || convert_to((payload || '{\"title\": \"forged\"}')::text, 'UTF8'))"


def sealed_item(vault: Vault) -> UUID:
    """An item of two versions, sealed, and one more that nobody touches."""
    found = vault.world.artifact(1, title="Brakes")
    vault.world.artifact(2, title="Wheels")
    vault.world.sql("UPDATE alm.artifacts SET title = 'Brakes 2' WHERE id = :i", i=found)
    vault.seal()
    assert vault.verify().ok
    return found


@pytest.fixture
def item(vault: Vault) -> UUID:
    """A sealed item of two versions."""
    return sealed_item(vault)


def only(findings: list[Finding], code: str) -> Finding:
    """The single finding, of this code."""
    assert [finding.code for finding in findings] == [code], findings
    return findings[0]


def at_version(finding: Finding, vault: Vault, item: UUID, version: int) -> None:
    """The finding names entity, version and commit."""
    assert (finding.entity_type, finding.entity_id, finding.version) == ("Artifact", item, version)
    assert finding.commit_id == vault.snapshot(item, version)[1]


def test_a_changed_payload(vault: Vault, item: UUID) -> None:
    """The values do not give their digest any more."""
    vault.tamper(
        'UPDATE alm.audit_snapshots SET payload = payload || \'{"title": "forged"}\' WHERE entity_id = %(e)s'
        " AND version = 1",
        e=item,
    )
    at_version(only(vault.found(), "payload"), vault, item, 1)


def test_a_changed_payload_with_its_digest(vault: Vault, item: UUID) -> None:
    """A digest that fits the new values is not the one that was sealed."""
    vault.tamper(
        f'UPDATE alm.audit_snapshots SET payload = payload || \'{{"title": "forged"}}\', digest = {RESEALED_DIGEST}'
        " WHERE entity_id = %(e)s AND version = 1",
        e=item,
    )
    finding = only(vault.found(), "changed")
    at_version(finding, vault, item, 1)
    assert "its digest" in finding.message


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("occurred_at = occurred_at - interval '1 year'", "occurred_at was"),
        ("recorded_at = recorded_at + interval '1 second'", "recorded_at was"),
        ("commit_id = gen_random_uuid()", "commit_id was"),
        ("version = 7", "version was 1, is 7"),
        ("entity_type = 'Epic'", "entity_type was Artifact, is Epic"),
        ("entity_id = gen_random_uuid()", "entity_id was"),
        ("change_type = 'RESTORE'", "change_type was INITIAL, is RESTORE"),
    ],
)
def test_everything_else_of_a_snapshot(vault: Vault, item: UUID, change: str, told: str) -> None:
    """Times, commit, version, entity: what was sealed and what is there now are both named."""
    snapshot, _ = vault.snapshot(item)
    vault.tamper(f"UPDATE alm.audit_snapshots SET {change} WHERE id = %(s)s", s=snapshot)
    finding = only(vault.found(), "changed")
    assert (finding.entity_id, finding.version, finding.seal) == (item, 1, 1)
    assert told in finding.message


@pytest.mark.parametrize(
    "change",
    [
        "actor_id = gen_random_uuid()",
        "command = 'NothingAtAll'",
        "correlation_id = 'x'",
        "properties = '{\"a\": 1}'",
        "occurred_at = occurred_at - interval '1 day'",
        "recorded_at = recorded_at - interval '1 second'",
    ],
)
def test_who_did_it(vault: Vault, item: UUID, change: str) -> None:
    """Commits are sealed too: who, by which command, when."""
    _, commit = vault.snapshot(item)
    vault.tamper(f"UPDATE alm.audit_commits SET {change} WHERE id = %(c)s", c=commit)
    finding = only(vault.found(), "changed")
    assert finding.commit_id == commit


def test_a_deleted_snapshot(vault: Vault, item: UUID) -> None:
    """What was sealed and is gone is named, with its commit."""
    commit = vault.snapshot(item, 1)[1]
    vault.tamper("DELETE FROM alm.audit_snapshots WHERE entity_id = %(e)s AND version = 1", e=item)
    finding = only(vault.found(), "deleted")
    assert (finding.entity_type, finding.entity_id, finding.version) == ("Artifact", item, 1)
    assert finding.commit_id == commit


def test_a_deleted_commit(vault: Vault, item: UUID) -> None:
    """So is a commit without which nobody did it."""
    _, commit = vault.snapshot(item)
    vault.tamper("DELETE FROM alm.audit_commits WHERE id = %(c)s", c=commit)
    assert only(vault.found(), "deleted").commit_id == commit


COPY = """
    INSERT INTO alm.audit_snapshots (tenant_id, id, commit_id, entity_type, entity_id, version, change_type, payload, salt,
      digest, occurred_at, recorded_at, row_xid)
    SELECT tenant_id, %(n)s, commit_id, entity_type, entity_id, 9, change_type, payload, salt, digest, occurred_at,
      {at}, {xid} FROM alm.audit_snapshots WHERE entity_id = %(e)s AND version = 1
"""


def test_an_added_row_among_sealed_ones(vault: Vault, item: UUID) -> None:
    """A row of a transaction that was sealed, which no seal lists."""
    vault.tamper(COPY.format(at="recorded_at", xid="row_xid"), e=item, n=uuid4())
    finding = only(vault.found(), "added")
    assert (finding.entity_id, finding.version) == (item, 9)


def test_an_added_row_that_claims_an_old_time(vault: Vault, item: UUID) -> None:
    """A transaction of today did not write a year ago; with a true time it is new, and is sealed as such."""
    vault.tamper(COPY.format(at="recorded_at - interval '1 year'", xid="pg_current_xact_id()"), e=item, n=uuid4())
    assert only(vault.found(), "clock").version == 9
    vault.seal()
    assert only(vault.found(), "clock").version == 9  # sealing it does not make it true
    assert "ODD TIMES" in vault.verify().verdict
    assert "CHANGED" not in vault.verify().verdict


def test_swapped_rows(vault: Vault, item: UUID) -> None:
    """Two versions that change places are both told."""
    vault.tamper("UPDATE alm.audit_snapshots SET version = 3 - version WHERE entity_id = %(e)s", e=item)
    findings = vault.found()
    assert [finding.code for finding in findings] == ["changed", "changed"]
    assert {finding.version for finding in findings} == {1, 2}


def test_values_erased_without_an_erasure(vault: Vault, item: UUID) -> None:
    """Only an erasure on record may take values away; half of one never."""
    vault.tamper(
        "UPDATE alm.audit_snapshots SET payload = NULL, salt = NULL WHERE entity_id = %(e)s AND version = 1", e=item
    )
    at_version(only(vault.found(), "erased"), vault, item, 1)
    vault.tamper("UPDATE alm.audit_snapshots SET salt = NULL WHERE entity_id = %(e)s AND version = 2", e=item)
    assert {finding.code for finding in vault.found()} == {"erased", "payload"}


def test_an_erasure_that_only_a_superuser_knows_of(vault: Vault, item: UUID) -> None:
    """A row in the table of erasures without its own snapshot counts for nothing."""
    vault.tamper(
        "UPDATE alm.audit_snapshots SET payload = NULL, salt = NULL WHERE entity_id = %(e)s AND version = 1", e=item
    )
    vault.tamper(
        "INSERT INTO alm.audit_erasures (tenant_id, id, entity_type, entity_id, up_to_version, snapshots, reason)"
        " VALUES (%(t)s, gen_random_uuid(), 'Artifact', %(e)s, 5, 1, 'because')",
        e=item,
    )
    codes = {finding.code for finding in vault.found(live=True)}
    assert {"erased", "live-added"} <= codes


# -- the seals


def test_a_changed_seal(vault: Vault, item: UUID) -> None:
    """Its hash is another one then, and its signature is for another text."""
    vault.tamper("UPDATE alm.audit_seals SET sealed_at = sealed_at - interval '1 day' WHERE tenant_id = %(t)s")
    assert {finding.code for finding in vault.found()} >= {"seal", "signature"}


def test_a_changed_list_of_leaves(vault: Vault, item: UUID) -> None:
    """The list must give the signed root."""
    vault.tamper(
        "UPDATE alm.audit_seals SET leaves = set_byte(leaves, 30, 255 - get_byte(leaves, 30)) WHERE tenant_id = %(t)s"
    )
    assert "leaves" in {finding.code for finding in vault.found()}
    vault.tamper("UPDATE alm.audit_seals SET leaves = substr(leaves, 1, 50) WHERE tenant_id = %(t)s")
    assert "leaves" in {finding.code for finding in vault.found()}


def forged(vault: Vault, keys: AuditKeys, number: int) -> None:
    """Replace a seal and its row's digest by one that fits the changed rows, signed with somebody's own key."""
    with psycopg.connect(vault.superuser) as conn:
        conn.execute("SET LOCAL session_replication_role = replica")
        seal = next(s for s in seals.chain(conn, vault.world.tenant_id) if s.number == number)
        rows = conn.execute(
            f"SELECT {records.SNAPSHOT_RECORD} FROM alm.audit_snapshots s WHERE s.tenant_id = %(t)s UNION ALL"
            f" SELECT {records.COMMIT_RECORD} FROM alm.audit_commits c WHERE c.tenant_id = %(t)s",
            {"t": vault.world.tenant_id},
        )
        fresh = sorted(bytes(row[0]) for row in rows)
        made = replace(seal, merkle_root=merkle.root(fresh), leaf_count=len(fresh)).signed(*keys.current())
        conn.execute("DELETE FROM alm.audit_seals WHERE tenant_id = %s", (vault.world.tenant_id,))
        seals.insert(conn, made, records.pack(fresh))


@pytest.fixture
def strange_keys() -> Iterator[AuditKeys]:
    """Keys of somebody else."""
    import shutil

    folder = short_dir("alm-strange-")
    yield AuditKeys(folder)
    shutil.rmtree(folder, ignore_errors=True)


def test_a_forged_seal(vault: Vault, item: UUID, strange_keys: AuditKeys) -> None:
    """Rows, digests, list, root and hash all fit; the key is not ours."""
    vault.tamper(
        f'UPDATE alm.audit_snapshots SET payload = payload || \'{{"title": "forged"}}\', digest = {RESEALED_DIGEST}'
        " WHERE entity_id = %(e)s",
        e=item,
    )
    forged(vault, strange_keys, 1)
    assert {finding.code for finding in vault.found()} == {"unknown-key", "replaced"}


def test_a_forged_seal_under_our_key_id(vault: Vault, item: UUID, strange_keys: AuditKeys) -> None:
    """The name of our key over a signature of another does not hold."""
    forged(vault, strange_keys, 1)
    ours = vault.keys.current()[0]
    vault.tamper("UPDATE alm.audit_seals SET key_id = %(k)s WHERE tenant_id = %(t)s", k=ours)
    assert {"signature", "seal"} <= {finding.code for finding in vault.found()}


def test_a_public_key_under_another_name_is_no_key(vault: Vault, item: UUID, strange_keys: AuditKeys) -> None:
    """A key's id is a hash of it."""
    ours, theirs = vault.keys.current()[0], strange_keys.current()[0]
    (vault.keys.directory / f"{ours}.pub").write_bytes((strange_keys.directory / f"{theirs}.pub").read_bytes())
    assert only(vault.found(), "unknown-key").seal == 1


def test_a_broken_chain(vault: Vault, item: UUID) -> None:
    """A seal taken out of the middle leaves a gap, and its rows are rows that no seal knows."""
    for number in (3, 4):
        vault.world.artifact(number)
        vault.seal()
    vault.tamper("DELETE FROM alm.audit_seals WHERE tenant_id = %(t)s AND number = 2")
    findings = vault.found()
    assert [f.message for f in findings if f.code == "chain"] == ["seal 2 is missing before seal 3"]
    assert {f.code for f in findings} == {"chain", "added"}
    vault.tamper("UPDATE alm.audit_seals SET number = 2 WHERE tenant_id = %(t)s AND number = 3")
    assert "chain" in {f.code for f in vault.found()}


def test_a_chain_cut_off_at_its_end(vault: Vault, item: UUID) -> None:
    """The last seal and its rows gone: the database alone looks whole, what is remembered outside tells."""
    last = vault.world.artifact(3)
    vault.seal()
    commit = vault.snapshot(last)[1]
    vault.tamper("DELETE FROM alm.audit_seals WHERE tenant_id = %(t)s AND number = 2")
    vault.tamper("DELETE FROM alm.audit_snapshots WHERE commit_id = %(c)s", c=commit)
    vault.tamper("DELETE FROM alm.audit_commits WHERE id = %(c)s", c=commit)
    finding = only(vault.found(), "truncated")
    assert finding.message == "the chain ends at seal 1, but seal 2 was made"
    assert vault.keys.head(vault.world.tenant_id) == Head(2, vault.keys.head(vault.world.tenant_id).seal_hash)  # type: ignore[union-attr]


# -- the tables themselves


def test_a_live_row_changed_past_the_triggers(vault: Vault, item: UUID) -> None:
    """The audit trail is whole, but the table says something else than it."""
    vault.tamper("UPDATE alm.artifacts SET title = 'forged', fields = '{\"a\": 1}' WHERE id = %(e)s", e=item)
    finding = only(vault.found(live=True), "live-changed")
    at_version(finding, vault, item, 2)
    assert "fields, title" in finding.message


def test_a_live_row_deleted_or_added_past_the_triggers(vault: Vault, item: UUID) -> None:
    """Both are told."""
    vault.tamper("UPDATE alm.artifacts SET id = gen_random_uuid() WHERE id = %(e)s", e=item)
    assert {f.code for f in vault.found(live=True)} == {"live-added", "live-deleted"}


def test_a_trigger_switched_off(own_vault: Vault) -> None:
    """Whoever switches off a trigger and forgets to switch it on again is told of."""
    sealed_item(own_vault)
    with psycopg.connect(own_vault.superuser) as conn:
        conn.execute("ALTER TABLE alm.artifacts DISABLE TRIGGER audit_update")
    assert "audit_update" in only(own_vault.found(live=True), "trigger").message
    with psycopg.connect(own_vault.superuser) as conn:
        conn.execute("DROP TRIGGER audit_update ON alm.artifacts; DROP TRIGGER audit_insert ON alm.artifacts;"
                     " DROP TRIGGER audit_delete ON alm.artifacts")  # fmt: skip
    assert only(own_vault.found(live=True), "trigger").entity_type == "Artifact"


def test_another_time_zone_is_no_edit(own_vault: Vault) -> None:
    """Times are compared as moments, in whatever zone the database writes them."""
    sealed_item(own_vault)
    with psycopg.connect(own_vault.superuser, autocommit=True) as conn:
        conn.execute("ALTER ROLE alm_worker IN DATABASE " + conn.info.dbname + " SET timezone = 'Asia/Tokyo'")
    assert own_vault.verify().findings == []


def test_functions_of_the_schema_are_not_trusted(own_vault: Vault) -> None:
    """A digest function planted in the schema deceives nobody: hashing happens outside."""
    item = sealed_item(own_vault)
    own_vault.tamper(
        "UPDATE alm.audit_snapshots SET payload = '{}' WHERE entity_id = %(e)s AND version = 1",
        e=item,
    )
    with psycopg.connect(own_vault.superuser) as conn:
        conn.execute("CREATE FUNCTION alm.convert_to(text, name) RETURNS bytea LANGUAGE sql RETURN '\\x00'::bytea")
        conn.execute("ALTER ROLE alm_worker SET search_path = alm, pg_catalog")
    try:
        assert only(own_vault.found(), "payload").version == 1
    finally:
        with psycopg.connect(own_vault.superuser) as conn:
            conn.execute("ALTER ROLE alm_worker RESET search_path")
