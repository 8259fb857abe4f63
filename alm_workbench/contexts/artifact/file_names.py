"""How rows of a file name each other: keys, parents before what stands below them, and fields that refer to items."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from alm_workbench.contexts.artifact.file_rows import Row


def refers(row: Row, name: str) -> bool:
    """Whether a field of a row's type names other items."""
    return row.kind.fields[name].type == "reference"


def words_of(value: Any) -> list[str]:
    """The names in a reference field."""
    return [str(word) for word in (value if isinstance(value, list) else [value]) if word is not None]


def replaced(value: Any, names: Mapping[str, str]) -> Any:
    """A reference field with ids where it has names."""
    if isinstance(value, list):
        return [names.get(str(word), word) for word in value]
    return names.get(str(value), value)


def is_id(word: str) -> bool:
    """Whether a word is an id."""
    try:
        UUID(word)
    except ValueError:
        return False
    return True


def own_number(row: Row) -> int | None:
    """The number in a key that items of the row's type have; None where it is another tool's key, or none."""
    prefix, _, number = (row.key or "").rpartition("-")
    fits = prefix == row.kind.key_prefix and number.isdecimal() and number.isascii() and str(int(number)) == number
    return int(number) if fits and 0 < int(number) < 2**31 else None


def waves(rows: Sequence[Row], named: Mapping[str, Row]) -> Iterator[list[Row]]:
    """Rows so that each comes after the one that it calls its parent; those in a circle come last, and together."""
    left, done = list(rows), set[int]()
    while left:
        ready = [row for row in left if (above := named.get(row.parent or "")) is None or above.number in done]
        wave = ready or left
        done |= {row.number for row in wave}
        left = [row for row in left if row.number not in done]
        yield wave
