"""Keyset pages: opaque cursors over the sort key of the last row shown.

A cursor is signed and bound to its query (message, filters, organisation), so one that was made up, changed, or taken
from another list is refused and never reaches a handler. The Mediator binds; handlers only encode and decode.
"""

from __future__ import annotations

import base64
import binascii
import contextvars
import hashlib
import hmac
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from typing import Any, TypeVar
from uuid import UUID

from alm_workbench.errors import ErrorItem, InvalidInput
from alm_workbench.shared.messages import Message, Page

T = TypeVar("T")

PROCESS_KEY = os.urandom(32)
"""Signs where no installation gives its own key; its cursors end with the process."""

MAC_BYTES = 12
MAX_CURSOR = 8192
Binding = tuple[Message[Any] | None, UUID | None, bytes]
_binding: contextvars.ContextVar[Binding] = contextvars.ContextVar("alm_cursors", default=(None, None, PROCESS_KEY))


@contextmanager
def bound(query: Message[Any], tenant_id: UUID | None, key: bytes) -> Iterator[None]:
    """Let the cursors made and read inside belong to this query of this organisation."""
    token = _binding.set((query, tenant_id, key))
    try:
        yield
    finally:
        _binding.reset(token)


def encode(key: Any) -> str:
    """An opaque cursor for a JSON-able sort key."""
    raw = json.dumps(key, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_mac(raw) + raw).decode().rstrip("=")


def decode(cursor: str | None) -> Any | None:
    """The sort key of a cursor; raises ``InvalidInput`` on one we did not make, or not for this query."""
    if not cursor:
        return None
    try:
        signed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise bad_cursor() from None
    mac, raw = signed[:MAC_BYTES], signed[MAC_BYTES:]
    if len(cursor) > MAX_CURSOR or not hmac.compare_digest(mac, _mac(raw)):
        raise bad_cursor()
    return json.loads(raw)


def _mac(raw: bytes) -> bytes:
    query, tenant_id, key = _binding.get()
    names = [field.name for field in fields(query)] if query is not None else []  # type: ignore[arg-type]
    filters = [(name, getattr(query, name)) for name in names if name not in ("cursor", "limit")]
    about = repr((type(query).__name__, tenant_id, filters)).encode()
    return hmac.digest(hmac.digest(key, about, hashlib.sha256), raw, hashlib.sha256)[:MAC_BYTES]


def decode_uuid(cursor: str | None) -> UUID | None:
    """The id a cursor stands for."""
    key = decode(cursor)
    try:
        return UUID(key) if key is not None else None
    except (ValueError, AttributeError, TypeError):
        raise bad_cursor() from None


def bad_cursor() -> InvalidInput:
    """The refusal of a cursor."""
    return InvalidInput(
        "The cursor is not one of ours, or belongs to another list",
        errors=[ErrorItem("/cursor", "cursor", "start again without it")],
    )


def page_of(rows: Sequence[T], limit: int, key: Callable[[T], Any]) -> Page[T]:
    """A page out of ``limit + 1`` fetched rows."""
    shown = tuple(rows[:limit])
    return Page(shown, encode(key(shown[-1])) if len(rows) > limit else None)
