"""Merkle trees, leaves and keys, without a database."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm_workbench.storage.audit import merkle, records
from alm_workbench.storage.audit.keys import AuditKeys, Head, key_id_of, signed_by
from alm_workbench.storage.errors import StorageError


def defined(leaves: list[bytes]) -> bytes:
    """The tree hash as RFC 6962, section 2.1, defines it."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha256(b"\x01" + defined(leaves[:k]) + defined(leaves[k:])).digest()


@given(st.lists(st.binary(max_size=8), max_size=40))
def test_the_root_is_that_of_the_rfc(leaves: list[bytes]) -> None:
    """Level by level gives the tree that the RFC cuts at powers of two."""
    assert merkle.root(leaves) == defined(leaves)


def test_a_known_root() -> None:
    """A test vector that other implementations of the RFC use: eight leaves of growing length."""
    leaves = [bytes.fromhex(text) for text in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")]  # fmt: skip
    assert merkle.root(leaves).hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


@given(st.lists(st.binary(max_size=300), max_size=10))
def test_lists_of_leaves_survive_packing(leaves: list[bytes]) -> None:
    """unpack(pack(x)) == x; a list that was cut off is no list."""
    packed = records.pack(leaves)
    assert list(records.unpack(packed)) == leaves
    if leaves:
        with pytest.raises(ValueError):
            list(records.unpack(packed + b"\x00"))


def test_what_is_no_record_is_told() -> None:
    """Bytes of any length are read or refused, nothing else."""
    for length in range(120):
        try:
            records.read(bytes(length))
        except ValueError:
            continue


def test_the_first_key_is_made_once(tmp_path: Path) -> None:
    """Two processes that start together sign with one key."""
    first, second = AuditKeys(tmp_path / "k").current(), AuditKeys(tmp_path / "k").current()
    assert first[0] == second[0] == key_id_of(first[1].public_key())
    assert AuditKeys(tmp_path / "k")._make(first=True) == first[0]
    assert len(list((tmp_path / "k").glob("*.key"))) == 1
    assert (tmp_path / "k").stat().st_mode & 0o777 == 0o700


def test_a_signature_is_of_its_key_and_text(tmp_path: Path) -> None:
    """Another text, another key, an unknown key: none of them holds."""
    keys = AuditKeys(tmp_path / "k")
    key_id, key = keys.current()
    signature = key.sign(b"text")
    assert signed_by(keys.public(), key_id, signature, b"text")
    assert not signed_by(keys.public(), key_id, signature, b"texT")
    assert not signed_by(keys.public(), "0" * 16, signature, b"text")


def test_a_lost_key_says_the_way_out(tmp_path: Path) -> None:
    """Rotation makes a new one; what the old one signed stays verifiable."""
    keys = AuditKeys(tmp_path / "k")
    old, _ = keys.current()
    (tmp_path / "k" / f"{old}.key").unlink()
    with pytest.raises(StorageError, match="cannot be read"):
        keys.current()
    assert keys.rotate() != old
    assert old in keys.public()


def test_the_newest_head_is_remembered(tmp_path: Path) -> None:
    """An older one never replaces it."""
    keys, tenant = AuditKeys(tmp_path / "k"), uuid4()
    assert keys.head(tenant) is None
    for number in (1, 3, 2):
        keys.remember(tenant, Head(number, str(number)))
    assert keys.head(tenant) == Head(3, "3")
