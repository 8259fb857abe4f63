"""What a manifest was put together from, and what of it stays hidden."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import Span


@dataclass(frozen=True, slots=True)
class ImportPin:
    """The edition an import was resolved to: its name in the library, its version, and the hash of its content."""

    name: str
    version: str
    hash: str


@dataclass(frozen=True, slots=True)
class RedactDef:
    """What is hidden from output: words in keys, patterns of paths, and what stands in their place."""

    id: str
    keys: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    mask: str = "***"
    nulls: bool = False
    defaults: bool = True
    span: Span | None = None
