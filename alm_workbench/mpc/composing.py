"""Putting a manifest together: what it imports, then its own overlays; and saying where findings in it come from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from .ast import ASTNode, ManifestAST
from .errors import Diagnostic, Related
from .imports import ImportResult, Library, MemoryLibrary, Origin, resolve_imports
from .meta import DomainMeta
from .model import ImportPin


@dataclass(frozen=True, slots=True)
class Composition:
    """A manifest put together: `ast` is what is checked and compiled, `pins` the editions it was made of."""

    ast: ManifestAST
    diagnostics: tuple[Diagnostic, ...] = ()
    pins: tuple[ImportPin, ...] = ()
    provenance: Mapping[tuple[str, str], Origin] = field(default_factory=dict)
    via: Mapping[str, ASTNode] = field(default_factory=dict)
    touched: Mapping[str, tuple[ASTNode, ...]] = field(default_factory=dict)

    def at_home(self, diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
        """Findings as the reader of this manifest needs them.

        An error in an imported definition stands at the `Import` that brought it, names the manifest it is in, and has
        its own place as a related one. Remarks about imported definitions are for those who write them, and left out.
        A finding in what an overlay changed has the overlay as a related place.
        """
        if not self.via and not self.touched:
            return list(diagnostics)
        moved = (self._at_home(found) for found in diagnostics)
        return [found for found in moved if found is not None]

    def lost(self) -> list[str]:
        """What the ids begin with that imports would have brought, had they not failed; all begin with ''."""
        arrived = {id(node) for node in self.via.values()}
        missing = (node for node in self.ast.of_kind("Import") if id(node) not in arrived)
        aliases = (node.properties.get("alias") for node in missing)
        return [f"{alias}." if isinstance(alias, str) and alias else "" for alias in aliases]

    def _at_home(self, found: Diagnostic) -> Diagnostic | None:
        overlays = [n for n in self.touched.get(_id(found), ()) if _concerns(n, found)]
        places = tuple(Related(f"changed by overlay '{n.id}'", span) for n in overlays if (span := n.span()))
        found = replace(found, related=(*found.related, *places)) if places else found
        origin = self._origin(found)
        if origin is None:
            return found
        if found.severity != "error":
            return None
        node = self.via[origin]
        place = f"{found.span.line}:{found.span.col}: " if found.span else ""
        related = (Related(found.message, found.span), *found.related) if found.span else found.related
        return Diagnostic(
            found.code,
            f"in {origin}: {place}{found.message}",
            "error",
            node.source.id_span() if node.source else None,
            found.path,
            found.hint,
            related,
        )

    def _origin(self, found: Diagnostic) -> str | None:
        """The edition a finding is in, None if it is in the manifest itself."""
        if found.span is not None:
            return found.span.file if found.span.file in self.via else None
        id_ = _id(found)
        return next((o.origin for (_, own), o in self.provenance.items() if own == id_ and o.origin in self.via), None)


def _id(found: Diagnostic) -> str:
    """The id of the definition a finding is about."""
    return (found.path or "").removeprefix("defs/").partition("/")[0]


def _concerns(overlay: ASTNode, found: Diagnostic) -> bool:
    """Whether an overlay may have to do with a finding: it changed the property that is about, or it cannot be told."""
    changed = overlay.properties.get("path")
    where = (found.path or "").removeprefix("defs/").split("/")
    if not isinstance(changed, str) or len(where) < 2:
        return True
    return where[1] in re.split(r"[.\[/]", changed)


def compose(ast: ManifestAST, library: Library | None, meta: DomainMeta) -> Composition:
    """Resolve the imports of a manifest, then apply its own `Overlay` definitions; nothing is raised."""
    imports, overlays = ast.of_kind("Import"), ast.of_kind("Overlay")
    if not imports and not overlays:
        return Composition(ast)
    found = resolve_imports(ast, library or MemoryLibrary(), meta) if imports else ImportResult(ast)
    result = Composition(found.ast, found.diagnostics, found.pins, found.provenance, found.via)
    diagnostics = tuple(result.at_home(found.diagnostics))
    if not overlays:
        return Composition(found.ast, diagnostics, found.pins, found.provenance, found.via)
    from .overlay import apply_overlays

    done = apply_overlays(found.ast, overlays)
    said = (*diagnostics, *done.diagnostics)
    return Composition(done.ast, said, found.pins, found.provenance, found.via, done.touched)
