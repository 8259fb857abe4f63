"""Seeing what was deleted: rows in the bin are hidden by row-level security unless the transaction asks for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

_SWITCH = text("SELECT set_config('app.include_deleted', :v, true)")


def include_deleted(conn: Connection, on: bool = True) -> None:
    """Let the rest of the transaction see the bin, or hide it again; whoever calls has checked the right to it."""
    conn.execute(_SWITCH, {"v": "on" if on else ""})


@contextmanager
def bin_seen(conn: Connection, on: bool = True) -> Iterator[None]:
    """Let what is inside see the bin, which is hidden afterwards; with ``on=False`` nothing changes.

    Marking a row as deleted takes it, too: the new row must be visible to who writes it.
    """
    if not on:
        yield
        return
    include_deleted(conn)
    try:
        yield
    except DBAPIError:  # a failed transaction takes no further statement
        raise
    except Exception:
        include_deleted(conn, False)
        raise
    include_deleted(conn, False)
