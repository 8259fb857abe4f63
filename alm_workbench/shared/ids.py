"""Time-ordered identifiers (UUIDv7, RFC 9562 §5.7), made in Python so that one server version is not required."""

from __future__ import annotations

import os
import threading
import time
from typing import NewType
from uuid import UUID

ProjectId = NewType("ProjectId", UUID)
ArtifactId = NewType("ArtifactId", UUID)
ManifestId = NewType("ManifestId", UUID)
VersionId = NewType("VersionId", UUID)

_lock = threading.Lock()
_last = 0


def new_id() -> UUID:
    """A new UUIDv7, strictly increasing within this process."""
    global _last
    with _lock:
        # 48 bits of milliseconds and 12 bits of sub-millisecond fraction order ids made in one process
        ticks = time.time_ns() * 4096 // 1_000_000
        _last = ticks = max(ticks, _last + 1)
    random = int.from_bytes(os.urandom(8), "big") & 0x3FFF_FFFF_FFFF_FFFF
    value = (ticks >> 12) << 80 | 0x7 << 76 | (ticks & 0xFFF) << 64 | 0b10 << 62 | random
    return UUID(int=value)
