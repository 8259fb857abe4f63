"""Resolving the imports of a manifest, and theirs.

An `Import` definition takes every definition of another manifest: `source` says which (the definition's own id if it
does not say), `version` is a range of versions that will do, `alias` goes before the ids of what is taken. What a
library imports itself comes with it, once, by however many ways it is reached; what a library changes with overlays of
its own is changed before it is taken. Where several unaliased imports want one library, a version is chosen that suits
all of them if there is one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..ast import ASTNode, ManifestAST, SourceMap
from ..errors import Diagnostic, ManifestInvalid, MPCError, Related, Source, Span
from ..meta import DomainMeta
from ..model import ImportPin
from .library import Edition, Library
from .references import Renaming
from .versions import best_version, is_range

Key = tuple[str, str]
IMPORT, OVERLAY = "Import", "Overlay"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much importing may bring: definitions altogether, libraries behind each other, and how much it may work.

    A definition is taken once for every import on its way, and again where versions have to be chosen anew; libraries
    that take each other twice under two aliases could go on doubling for ever.
    """

    max_defs: int = 50_000
    max_depth: int = 50
    max_taken: int = 200_000


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an imported definition comes from: the edition's name, version and file, and its id and kind there."""

    name: str
    version: str
    origin: str
    kind: str
    id: str


@dataclass(frozen=True, slots=True)
class ImportResult:
    """A manifest with everything it imports.

    `ast` holds the manifest's own definitions, its `Import` definitions among them, and then the imported ones.
    `resolved_imports` names the sources that were found, in order; `pins` every edition that was used, sorted by name;
    `provenance` says by kind and id where each imported definition comes from, `via` which `Import` brought it.
    """

    ast: ManifestAST
    resolved_imports: tuple[str, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    provenance: Mapping[Key, Origin] = field(default_factory=dict)
    pins: tuple[ImportPin, ...] = ()
    via: Mapping[str, ASTNode] = field(default_factory=dict)


def resolve_imports(
    ast: ManifestAST, library: Library, meta: DomainMeta | None = None, *, limits: Limits | None = None
) -> ImportResult:
    """Bring in what a manifest imports; nothing is raised, what cannot be resolved is a diagnostic.

    `meta` tells where references stand that an alias has to rewrite; without it only `extends` and `imports` are known
    to be references. A circle of imports leaves the manifest as it is, with one E_VALID_CYCLE_DETECTED; so do imports
    that take too much work, with one E_PARSE_LIMIT.
    """
    if not any(node.kind == IMPORT for node in ast.defs):
        return ImportResult(ast)
    wanted: dict[str, set[str]] = {}
    taken = 0
    while True:
        known = sum(map(len, wanted.values()))
        resolver = _Resolver(library, meta, limits or Limits(), wanted, taken)
        try:
            result = resolver.run(ast)
        except _Stop as stop:
            return ImportResult(ast, diagnostics=(stop.diagnostic,))
        # Every round may learn of further ranges that a library must lie in; the first that learns nothing is right.
        if sum(map(len, wanted.values())) == known:
            return result
        taken = resolver.taken


class _Stop(Exception):
    """Nothing can be imported, for one reason."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        self.diagnostic = diagnostic


@dataclass(slots=True)
class _View:
    """What a manifest consists of with its imports, under the ids it knows them by."""

    defs: dict[Key, ASTNode] = field(default_factory=dict)
    origins: dict[Key, Origin] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Step:
    """One import on the way from the base: what it is called, and the definition that asks for it."""

    name: str
    node: ASTNode


class _Resolver:
    def __init__(
        self, library: Library, meta: DomainMeta | None, limits: Limits, wanted: dict[str, set[str]], taken: int
    ) -> None:
        self.library, self.meta, self.limits, self.wanted, self.taken = library, meta, limits, wanted, taken
        self.diagnostics: list[Diagnostic] = []
        self.resolved: list[str] = []
        self.pins: dict[tuple[str, str], ImportPin] = {}
        self.via: dict[str, ASTNode] = {}
        self._views: dict[tuple[str, str], _View] = {}
        self._found: dict[str, Sequence[Edition]] = {}
        self._names: tuple[str, ...] = ()

    def run(self, ast: ManifestAST) -> ImportResult:
        self._names = (ast.namespace, f"{ast.namespace}/{ast.name}")
        start = ast.namespace or ast.name or "this manifest"
        own = _View({}, {})
        for node in ast.defs:
            own.defs.setdefault((node.kind, node.id), node)
        for node in ast.of_kind(IMPORT):
            if self._bring(node, own, (), start):
                self.resolved.append(_source_of(node))
        imported = tuple(own.defs[key] for key in own.origins)
        return ImportResult(
            replace(ast, defs=(*ast.defs, *imported)),
            tuple(self.resolved),
            tuple(self.diagnostics),
            own.origins,
            tuple(pin for _, pin in sorted(self.pins.items())),
            self.via,
        )

    # ------------------------------------------------------------ one import

    def _bring(self, node: ASTNode, into: _View, way: tuple[_Step, ...], start: str) -> bool:
        """Add what an Import definition takes to a view; False where its source or version is not to be had."""
        edition = self._choose(node, way)
        if edition is None:
            return False
        base = way[0].node if way else node
        steps = (*way, _Step(edition.name, node))
        self._refuse_circle(edition, way, steps, start)
        if len(steps) > self.limits.max_depth:
            self._report("E_PARSE_LIMIT", f"More than {self.limits.max_depth} libraries import each other", steps)
            return False
        try:
            view = self._view(edition, steps, start)
        except MPCError as error:
            self._unreadable(error, edition, steps)
            return False
        self.pins[edition.name, edition.version] = ImportPin(edition.name, edition.version, edition.hash)
        self.via.setdefault(edition.origin, base)
        self._merge(view, node, into, steps)
        return True

    def _choose(self, node: ASTNode, way: tuple[_Step, ...]) -> Edition | None:
        source, version, alias = _source_of(node), node.properties.get("version"), node.properties.get("alias")
        steps = (*way, _Step(source, node))
        for key, value in (("source", source), ("version", version or ""), ("alias", alias or "")):
            if not isinstance(value, str):
                self._report("E_META_TYPE_NOT_ALLOWED", f"'{key}' of Import '{node.id}' must be text", steps, (key,))
                return None
        editions = self._editions(source)
        if not editions:
            message = f"Import '{source}': there is no manifest of that name to import"
            self._report("E_VALID_UNRESOLVED_REF", message, steps, ("source",))
            return None
        own = [version] if version else []
        shared = self.wanted.setdefault(editions[0].name, set()) if not alias else set()
        shared.update(own)
        labels = [edition.version for edition in editions]
        chosen = best_version(labels, shared) or best_version(labels, own)
        if chosen is None:
            self._unsatisfied(source, version or "", labels, steps)
            return None
        return next(edition for edition in reversed(editions) if edition.version == chosen)

    def _unsatisfied(self, source: str, constraint: str, labels: list[str], steps: tuple[_Step, ...]) -> None:
        newest = best_version(labels) or labels[-1]
        hint = f"there is {', '.join(labels[-8:])}" if len(labels) > 1 else None
        if not is_range(constraint):
            hint = f"'{constraint}' is no range of versions; write ^1.2.0, ~1.2, 1.x or >=1.0.0 <2.0.0"
        message = f"Import '{source}' version {newest} does not satisfy constraint '{constraint}'"
        self._report("E_VALID_UNRESOLVED_REF", message, steps, ("version",), hint)

    def _editions(self, source: str) -> Sequence[Edition]:
        if source not in self._found:
            self._found[source] = self.library.find(source)
        return self._found[source]

    def _refuse_circle(self, edition: Edition, way: tuple[_Step, ...], steps: tuple[_Step, ...], start: str) -> None:
        if edition.name in self._names:
            # Where the manifest itself is meant by its whole name, the circle begins with that name too.
            start = edition.name
        elif all(step.name != edition.name for step in way):
            return
        path = " -> ".join([start, *(step.name for step in way), edition.name])
        raise _Stop(self._diagnostic("E_VALID_CYCLE_DETECTED", f"Import cycle detected: {path}", steps, ("source",)))

    def _view(self, edition: Edition, steps: tuple[_Step, ...], start: str) -> _View:
        """What an edition consists of, its own imports and overlays done."""
        key = (edition.name, edition.version)
        if key not in self._views:
            ast = _filed(edition.ast, edition.origin)
            found = _View()
            for node in ast.defs:
                if node.kind != IMPORT:
                    place = (node.kind, node.id)
                    found.defs.setdefault(place, node)
                    found.origins.setdefault(
                        place, Origin(edition.name, edition.version, edition.origin, node.kind, node.id)
                    )
            for node in ast.of_kind(IMPORT):
                self._bring(node, found, steps, start)
            self._views[key] = self._overlaid(found, ast)
        return self._views[key]

    def _overlaid(self, view: _View, ast: ManifestAST) -> _View:
        overlays = [node for node in view.defs.values() if node.kind == OVERLAY]
        if not overlays:
            return view
        from ..overlay import apply_overlays

        done = apply_overlays(replace(ast, defs=tuple(view.defs.values())), overlays)
        self.diagnostics += done.conflicts
        # An overlay has done its work inside its own manifest; it does not reach into those that import it.
        defs = {(node.kind, node.id): node for node in done.ast.defs if node.kind != OVERLAY}
        maker = next(iter(view.origins.values()))
        origins = {
            key: view.origins.get(key, replace(maker, name=ast.namespace, kind=key[0], id=key[1])) for key in defs
        }
        return _View(defs, origins)

    def _merge(self, view: _View, node: ASTNode, into: _View, steps: tuple[_Step, ...]) -> None:
        self.taken += len(view.defs)
        if self.taken > self.limits.max_taken:
            message = f"The imports take more than {self.limits.max_taken} definitions from each other"
            raise _Stop(self._diagnostic("E_PARSE_LIMIT", message, steps))
        alias = node.properties.get("alias")
        renaming = Renaming(f"{alias}.", frozenset(id_ for _, id_ in view.defs), self.meta) if alias else None
        for (kind, id_), definition in view.defs.items():
            taken = renaming.definition(definition) if renaming else definition
            key, origin = (kind, taken.id), view.origins[kind, id_]
            if key not in into.defs:
                if len(into.defs) >= self.limits.max_defs:
                    message = f"More than {self.limits.max_defs} definitions with those imported"
                    self._report("E_PARSE_LIMIT", message, steps)
                    return
                into.defs[key], into.origins[key] = taken, origin
            elif into.origins.get(key) != origin or into.defs[key] != taken:
                self._conflict(taken, into, origin, steps)

    # ------------------------------------------------------------ findings

    def _conflict(self, taken: ASTNode, into: _View, origin: Origin, steps: tuple[_Step, ...]) -> None:
        key = (taken.kind, taken.id)
        other = into.origins.get(key)
        holder = f"'{other.name}' {other.version}" if other else "this manifest"
        message = f"Import '{origin.name}': {taken.kind} '{taken.id}' is there already, from {holder}"
        related = [Related("defined here", span)] if (span := into.defs[key].span()) else []
        related += [Related("and here", span)] if (span := taken.span()) else []
        hint = "give the import an alias" if not steps[-1].node.properties.get("alias") else None
        self._report("E_VALID_NAMESPACE_CONFLICT", message, steps, (), hint, tuple(related))

    def _unreadable(self, error: MPCError, edition: Edition, steps: tuple[_Step, ...]) -> None:
        found = error.diagnostics if isinstance(error, ManifestInvalid) else ()
        related = tuple(Related(d.message, d.span) for d in found[:5] if d.span)
        message = f"Import '{edition.name}': {edition.origin} cannot be read: {error.message}"
        self._report(error.code, message, steps, ("source",), None, related)

    def _report(
        self,
        code: str,
        message: str,
        steps: tuple[_Step, ...],
        path: tuple[str, ...] = (),
        hint: str | None = None,
        related: tuple[Related, ...] = (),
    ) -> None:
        found = self._diagnostic(code, message, steps, path, hint, related)
        if found not in self.diagnostics:
            self.diagnostics.append(found)

    def _diagnostic(
        self,
        code: str,
        message: str,
        steps: tuple[_Step, ...],
        path: tuple[str, ...] = (),
        hint: str | None = None,
        related: tuple[Related, ...] = (),
    ) -> Diagnostic:
        """A finding at the Import definition it happened at, with the way there from the base."""
        node = steps[-1].node
        way = tuple(
            Related(f"'{step.name}' is imported here", span) for step in steps[:-1] if (span := step.node.span())
        )
        return Diagnostic(
            code, message, "error", _place(node, path), f"defs/{node.id}", hint, (*related, *reversed(way))
        )


def _source_of(node: ASTNode) -> str:
    source = node.properties.get("source", node.id)
    return source if isinstance(source, str) else str(source)


def _place(node: ASTNode, path: tuple[str, ...]) -> Span | None:
    if node.source is None:
        return None
    return node.source.value_span(path) if path and path[0] in node.properties else node.source.id_span()


def _filed(ast: ManifestAST, origin: str) -> ManifestAST:
    """The same manifest, its places under the edition's name, so that findings say which text they mean."""
    if ast.source is None or ast.source.file == origin:
        return ast
    source = Source(ast.source.text, origin)

    def refile(node: ASTNode) -> ASTNode:
        place = SourceMap(source, node.source.base, node.source.place) if node.source else None
        return replace(node, source=place, children=tuple(refile(child) for child in node.children))

    return replace(ast, source=source, defs=tuple(refile(node) for node in ast.defs))
