"""Where imported manifests come from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from ..ast import ManifestAST
from ..canonical import ast_hash
from ..model import ImportPin


class Edition:
    """One version of a manifest in a library; it is read when it is first needed.

    `name` is what the library calls the manifest, whatever spelling asked for it; `origin` is what diagnostics call
    this edition: a file name, or the manifest's name with its version.
    """

    __slots__ = ("_ast", "_hash", "_read", "name", "origin", "version")

    def __init__(self, name: str, version: str, origin: str, read: ManifestAST | Callable[[], ManifestAST]) -> None:
        self.name = name
        self.version = version
        self.origin = origin
        self._ast = read if isinstance(read, ManifestAST) else None
        self._read = read if not isinstance(read, ManifestAST) else None
        self._hash: str | None = None

    @property
    def ast(self) -> ManifestAST:
        """What it says; raises ManifestInvalid if its text cannot be read."""
        if self._ast is None:
            assert self._read is not None
            self._ast = self._read()
        return self._ast

    @property
    def hash(self) -> str:
        """The hash of its content."""
        if self._hash is None:
            self._hash = ast_hash(self.ast)
        return self._hash

    def __repr__(self) -> str:
        return f"<Edition {self.name} {self.version}>"


class Library(Protocol):
    """Manifests that may be imported."""

    def find(self, source: str, /) -> Sequence[Edition]:
        """Every edition of the manifest that `source` names, oldest first; empty if there is none."""
        ...


class MemoryLibrary:
    """Manifests held in memory."""

    def __init__(self) -> None:
        self._editions: dict[str, list[Edition]] = {}
        self._names: dict[str, set[str]] = {}

    def register(self, name: str, ast: ManifestAST, version: str | None = None, *, origin: str | None = None) -> None:
        """Offer a manifest under a name; its version is its own unless told."""
        label = version if version is not None else ast.manifest_version
        file = ast.source.file if ast.source else None
        self.add(Edition(name, label, origin or file or f"{name} {label}", ast))

    def add(self, edition: Edition, *, also: Iterable[str] = ()) -> None:
        """Offer an edition, under further names too; a name that two manifests share finds neither."""
        self._editions.setdefault(edition.name, []).append(edition)
        for name in also:
            self._names.setdefault(name, set()).add(edition.name)

    def find(self, source: str, /) -> Sequence[Edition]:
        """Every edition of a manifest, in the order they were offered."""
        if source in self._editions:
            return tuple(self._editions[source])
        meant = self._names.get(source, set())
        return tuple(self._editions[next(iter(meant))]) if len(meant) == 1 else ()


class PinnedLibrary:
    """A library that offers exactly what a compiled manifest was made of, so that compiling again gives the same."""

    def __init__(self, library: Library, pins: Iterable[ImportPin]) -> None:
        self._library = library
        self._pins = {(pin.name, pin.version, pin.hash) for pin in pins}

    def find(self, source: str, /) -> Sequence[Edition]:
        """The editions that were used; one whose content has changed is not among them."""
        found = self._library.find(source)
        known = {(name, version) for name, version, _ in self._pins}
        return tuple(
            edition
            for edition in found
            if (edition.name, edition.version) in known and (edition.name, edition.version, edition.hash) in self._pins
        )
