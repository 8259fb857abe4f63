"""Merkle trees as RFC 6962 (section 2.1) has them: leaves and nodes are hashed with different prefixes."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

EMPTY = sha256(b"").digest()
"""The root over no leaves."""


def root(leaves: Iterable[bytes]) -> bytes:
    """The root over leaf data in this order; 32 bytes.

    Pairing level by level, with an odd last node lifted as it is, gives the tree of the RFC, whose left part is the
    largest power of two.
    """
    level = [sha256(b"\x00" + data).digest() for data in leaves]
    if not level:
        return EMPTY
    while len(level) > 1:
        odd = level[-1] if len(level) % 2 else None
        pairs = iter(level)
        level = [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=False)]
        if odd is not None:
            level.append(odd)
    return level[0]
