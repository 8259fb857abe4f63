"""Importing definitions of other manifests: libraries, version ranges, aliases, and what was resolved to what."""

from __future__ import annotations

from .library import Edition, Library, MemoryLibrary, PinnedLibrary
from .resolve import ImportResult, Limits, Origin, resolve_imports
from .versions import best_version, is_range, satisfies

__all__ = [
    "Edition",
    "ImportResult",
    "Library",
    "Limits",
    "MemoryLibrary",
    "Origin",
    "PinnedLibrary",
    "best_version",
    "is_range",
    "resolve_imports",
    "satisfies",
]
