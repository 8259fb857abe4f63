"""Commands that are carried out once, however often they arrive: the Idempotency-Key of a request and its kept answer."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from alm_workbench.errors import ErrorItem, InvalidInput

HEADER = "Idempotency-Key"
KEEP_HOURS = 24
# RFC 8941 strings are quoted; most clients send the bare key
KEY = re.compile(r'"([\x21\x23-\x7e]{1,255})"|([\x21\x23-\x7e]{1,255})')


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command answered: the body as it was sent, and the version of what it made."""

    body: bytes
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Once:
    """A request to carry out once: its key, a digest of what it asks, and how its result becomes an answer."""

    key: str
    fingerprint: bytes
    encode: Callable[[Any], Answer]


def key_of(header: str | None) -> str | None:
    """The key of a header; raises ``InvalidInput`` on one that no client can mean."""
    if header is None:
        return None
    found = KEY.fullmatch(header.strip())
    if found is None:
        item = ErrorItem(HEADER, "idempotency-key", "1 to 255 visible ASCII characters, without quotation marks inside")
        raise InvalidInput(f"{HEADER}: {item.message}", errors=[item])
    return found[1] or found[2]


def fingerprint_of(method: str, path: str, body: bytes) -> bytes:
    """A digest of what is asked: the same key with another digest is a mistake of the client."""
    digest = hashlib.sha256(f"{method} {path}\n".encode())
    digest.update(body)
    return digest.digest()
