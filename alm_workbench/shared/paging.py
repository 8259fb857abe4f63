"""Keyset pages: opaque cursors over the sort key of the last row shown."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from uuid import UUID

from alm_workbench.errors import ErrorItem, InvalidInput
from alm_workbench.shared.messages import Page

T = TypeVar("T")


def encode(key: Any) -> str:
    """An opaque cursor for a JSON-able sort key."""
    return base64.urlsafe_b64encode(json.dumps(key, separators=(",", ":")).encode()).decode().rstrip("=")


def decode(cursor: str | None) -> Any | None:
    """The sort key of a cursor; raises ``InvalidInput`` on one we did not make."""
    if not cursor:
        return None
    try:
        return json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError):
        raise bad_cursor() from None


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
        "The cursor is not one of ours", errors=[ErrorItem("/cursor", "cursor", "start again without it")]
    )


def page_of(rows: Sequence[T], limit: int, key: Callable[[T], Any]) -> Page[T]:
    """A page out of ``limit + 1`` fetched rows."""
    shown = tuple(rows[:limit])
    return Page(shown, encode(key(shown[-1])) if len(rows) > limit else None)
