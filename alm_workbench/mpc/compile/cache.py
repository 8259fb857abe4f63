"""Compiled manifests kept by what they were compiled from."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from ..ast import ManifestAST
from ..model import CompiledManifest


@dataclass(frozen=True, slots=True)
class CacheKey:
    """The three hashes of an artefact, and the text it is about: reasons point into it, and people see its order."""

    ast_hash: str
    meta_hash: str
    engine_version: str
    text: tuple[object, ...]

    @classmethod
    def of(cls, ast: ManifestAST, ast_hash: str, meta_hash: str, engine_version: str) -> CacheKey:
        """The key of a manifest; definitions without a text count by their order."""
        if ast.source is not None:
            text: tuple[object, ...] = (ast.source.file, ast.source.text)
        else:
            text = tuple((node.kind, node.id) for node in ast.defs)
        return cls(ast_hash, meta_hash, engine_version, text)


class CompileCache:
    """The artefacts used last, at most `size` of them; for several threads. What is kept is immutable."""

    def __init__(self, size: int = 64) -> None:
        self.size = size
        self.hits = 0
        self.misses = 0
        self._kept: OrderedDict[CacheKey, CompiledManifest] = OrderedDict()
        self._lock = Lock()

    def get(self, key: CacheKey, make: Callable[[], CompiledManifest]) -> CompiledManifest:
        """The artefact of a key, made if it is not kept; what `make` raises is not kept. Two threads may both make it."""
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
                self.hits += 1
                return found
            self.misses += 1
        made = make()
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > self.size:
                self._kept.popitem(last=False)
        return made

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._kept.clear()

    def __len__(self) -> int:
        return len(self._kept)
