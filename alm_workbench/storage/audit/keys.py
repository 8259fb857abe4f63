"""The keys that seals are signed with: Ed25519, in files of the installation, never in the database they vouch for."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from alm_workbench.storage.errors import StorageError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_ID = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """One key: ``current`` signs; the others only verify what they signed once."""

    key_id: str
    made_at: datetime
    current: bool
    public_key: str
    """PEM."""


@dataclass(frozen=True, slots=True)
class Head:
    """The newest seal of a tenant that this installation made, as remembered outside the database."""

    number: int
    seal_hash: str


class AuditKeys:
    """Key files below one directory (mode 0700): ``<id>.pub``, ``<id>.key``, ``current``, and ``heads/``.

    A key's id is the beginning of its public key's SHA-256, so nobody can slip another key under an id. The private key
    is removed when its time is over; public keys stay, for they verify the past. Keep copies of the public keys and of
    the heads elsewhere: with them anybody can verify.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def current(self) -> tuple[str, Ed25519PrivateKey]:
        """The key that signs, with its id; the first one is made on first use. Raises ``StorageError``."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        key_id = self._current_id() or self._make(first=True)
        try:
            key = load_pem_private_key((self.directory / f"{key_id}.key").read_bytes(), password=None)
        except (OSError, ValueError) as error:
            raise StorageError(
                f"The key {key_id} that seals the audit trail cannot be read.",
                "`alm audit keys --rotate` makes a new one; what the old one signed stays verifiable.",
            ) from error
        if not isinstance(key, Ed25519PrivateKey) or key_id_of(key.public_key()) != key_id:
            raise StorageError(f"The file of the key {key_id} holds another key.", "Put the right file back.")
        return key_id, key

    def rotate(self) -> str:
        """Make a new key that signs from now on, and forget the private part of the old one; the new id."""
        before = self._current_id()
        key_id = self._make()
        if before:
            (self.directory / f"{before}.key").unlink(missing_ok=True)
        return key_id

    def public(self) -> dict[str, Ed25519PublicKey]:
        """Every public key by its id; files that hold another key than their name says are left out."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        from cryptography.hazmat.primitives.serialization import load_pem_public_key

        found: dict[str, Ed25519PublicKey] = {}
        for file in sorted(self.directory.glob("*.pub")):
            try:
                key = load_pem_public_key(file.read_bytes())
            except ValueError:
                continue
            if isinstance(key, Ed25519PublicKey) and key_id_of(key) == file.stem:
                found[file.stem] = key
        return found

    def listing(self) -> list[KeyInfo]:
        """All keys, oldest first."""
        current = self._current_id()
        files = {key_id: self.directory / f"{key_id}.pub" for key_id in self.public()}
        infos = [
            KeyInfo(
                key_id, datetime.fromtimestamp(file.stat().st_mtime, UTC), key_id == current, file.read_text("ascii")
            )
            for key_id, file in files.items()
        ]
        return sorted(infos, key=lambda info: info.made_at)

    def head(self, tenant_id: UUID) -> Head | None:
        """The newest seal of a tenant that was made here."""
        file = self.directory / "heads" / f"{tenant_id}.json"
        try:
            return Head(**json.loads(file.read_text("ascii")))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError) as error:
            raise StorageError(f"{file} cannot be read.", "Put it back from a copy.") from error

    def remember(self, tenant_id: UUID, head: Head) -> None:
        """Keep the newest seal of a tenant outside the database: a chain that was cut off at its end shows by it."""
        known = self.head(tenant_id)
        if known is None or known.number < head.number:
            (self.directory / "heads").mkdir(mode=0o700, parents=True, exist_ok=True)
            text = json.dumps({"number": head.number, "seal_hash": head.seal_hash})
            _write(self.directory / "heads" / f"{tenant_id}.json", text.encode("ascii"))

    def _current_id(self) -> str | None:
        try:
            found = (self.directory / "current").read_text("ascii").strip()
        except FileNotFoundError:
            return None
        return found if _ID.fullmatch(found) else None

    def _make(self, *, first: bool = False) -> str:
        from cryptography.hazmat.primitives import serialization as s
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = Ed25519PrivateKey.generate()
        key_id = key_id_of(key.public_key())
        private = key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption())
        public = key.public_key().public_bytes(s.Encoding.PEM, s.PublicFormat.SubjectPublicKeyInfo)
        _write(self.directory / f"{key_id}.key", private)
        _write(self.directory / f"{key_id}.pub", public)
        if not _write(self.directory / "current", key_id.encode("ascii"), only_new=first):
            for suffix in ("key", "pub"):  # another process was first; its key counts
                (self.directory / f"{key_id}.{suffix}").unlink()
            return self._current_id() or key_id
        return key_id


def key_id_of(key: Ed25519PublicKey) -> str:
    """The id of a public key: 16 hexadecimal digits."""
    return sha256(key.public_bytes_raw()).hexdigest()[:16]


def signed_by(keys: Mapping[str, Ed25519PublicKey], key_id: str, signature: bytes, message: bytes) -> bool:
    """Whether a signature is that of a known key."""
    from cryptography.exceptions import InvalidSignature

    try:
        keys[key_id].verify(signature, message)
    except (InvalidSignature, KeyError):
        return False
    return True


def _write(path: Path, content: bytes, *, only_new: bool = False) -> bool:
    """Write a file whole (mode 0600) or, with ``only_new``, not at all where there is one; whether it was written."""
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    if not only_new:
        os.replace(name, path)
        return True
    try:
        os.link(name, path)
    except FileExistsError:
        return False
    finally:
        os.unlink(name)
    return True
