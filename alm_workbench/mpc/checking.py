"""Reading, checking and compiling in one go, for editors and services: bad input is a result, never an exception."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import replace
from threading import Lock

from .ast import ManifestAST
from .canonical import ContentHasher, artifact_hash
from .composing import Composition, compose
from .errors import Diagnostic, MPCError
from .imports import Library
from .meta import DomainMeta
from .model import CompiledManifest
from .parse import LIMITS, ParseLimits, ParseResult, read


class CheckResult:
    """What a text is: its AST as far as readable, every finding, and the artefact if there is no error.

    The artefact and its hash are worked out when they are first asked for: an editor needs neither while typing.
    """

    __slots__ = ("_compiled", "_content", "_hasher", "_meta", "ast", "diagnostics", "ok", "whole")

    def __init__(
        self,
        ast: ManifestAST | None,
        diagnostics: Sequence[Diagnostic] = (),
        meta: DomainMeta | None = None,
        hasher: ContentHasher | None = None,
        compiled: CompiledManifest | None = None,
        whole: Composition | None = None,
    ) -> None:
        self.ast = ast
        self.whole = whole or (Composition(ast) if ast is not None else None)
        """The manifest with its imports and overlays, which is what is compiled."""
        self.diagnostics = tuple(diagnostics)
        self.ok = not any(d.severity == "error" for d in self.diagnostics)
        """Whether there is no error (warnings are allowed)."""
        self._meta = meta
        self._hasher = hasher
        self._content: str | None = None
        self._compiled = compiled

    @property
    def compiled(self) -> CompiledManifest | None:
        """The artefact, or None where there is an error."""
        if self._compiled is None and self.ok and self.whole is not None and self._meta is not None:
            from .compile import build

            made = build(self.whole.ast, self._meta, content_hash=self._content_hash(self.whole.ast))
            self._compiled = replace(made, imports=self.whole.pins) if self.whole.pins else made
        return self._compiled

    @property
    def artifact_hash(self) -> str | None:
        """The hash of the artefact without compiling it; None where there is an error."""
        if self._compiled is not None:
            return self._compiled.artifact_hash
        if not self.ok or self.whole is None or self._meta is None:
            return None
        from .compile import ENGINE_VERSION

        return artifact_hash(self._content_hash(self.whole.ast), self._meta.hash, ENGINE_VERSION)

    def _content_hash(self, ast: ManifestAST) -> str:
        if self._content is None:
            self._content = (self._hasher or ContentHasher()).hash(ast)
        return self._content


class Session:
    """Checks successive versions of one document; each answer is exactly what `check` says of that text.

    What an edit leaves alone is neither read nor checked again. Nothing is kept outside the object; several threads
    may use it, one at a time.
    """

    def __init__(
        self,
        meta: DomainMeta,
        *,
        format: str | None = None,
        file: str | None = None,
        limits: ParseLimits = LIMITS,
        library: Library | None = None,
    ) -> None:
        from .validate.incremental import Validator

        self.meta = meta
        self._library = library
        self._reading = {"format": format, "file": file, "limits": limits}
        self._validator = Validator(meta)
        self._hasher = ContentHasher()
        self._previous: ParseResult | None = None
        self._last: tuple[str, CheckResult] | None = None
        self._lock = Lock()

    @property
    def rechecked(self) -> int:
        """How many definitions the last check had to look at."""
        return self._validator.rechecked

    def check(self, text: str, *, library: Library | None = None) -> CheckResult:
        """Check the document as it is now; raises nothing. `library` replaces the session's own for this time."""
        with self._lock:
            if self._last is None or self._last[0] != text or self._takes_in(self._last[1]):
                self._last = (text, self._check(text, library or self._library))
            return self._last[1]

    @staticmethod
    def _takes_in(result: CheckResult) -> bool:
        """Whether a result depends on a library, which may have changed since."""
        return result.ast is not None and any(node.kind == "Import" for node in result.ast.defs)

    def _check(self, text: str, library: Library | None) -> CheckResult:
        try:
            result = read(text, **self._reading, previous=self._previous)  # type: ignore[arg-type]
        except MPCError as error:
            return CheckResult(None, (Diagnostic(error.code, error.message, span=error.span),))
        self._previous = result
        ast, syntax = result.ast, result.diagnostics
        whole = compose(ast, library, self.meta)
        found = [*_of_version(ast, self.meta), *whole.at_home(self._validator.check(whole.ast))]
        if whole.diagnostics:
            lost = whole.lost()
            found = [d for d in found if not _follows(d, lost, text)]
            said = {(d.span, d.severity) for d in found if d.span is not None}
            found += [d for d in whole.diagnostics if (d.span, d.severity) not in said]
            found.sort(key=lambda d: d.sort_key())
        if syntax:
            found = [d for d in found if d.code not in _FOLLOWING and d.code not in _FOLLOWING_SYNTAX]
            found = sorted([*syntax, *found], key=lambda d: d.sort_key())
        if any(d.severity == "error" for d in found):
            return CheckResult(ast, found, whole=whole)
        if not _described(whole.ast, self.meta):
            return _compiled(ast, found, self.meta, whole)
        return CheckResult(ast, found, self.meta, self._hasher, whole=whole)


class Sessions:
    """The sessions used last, one for each document somebody works on, at most `size` of them; for several threads."""

    def __init__(self, meta: DomainMeta, size: int = 16) -> None:
        self.meta = meta
        self.size = size
        self._kept: OrderedDict[Hashable, Session] = OrderedDict()
        self._lock = Lock()

    def of(self, key: Hashable, format: str | None = None) -> Session:
        """The session of a document in a language; `key` names the document and whoever may see it."""
        with self._lock:
            whole = (key, format)
            found = self._kept.get(whole)
            if found is None:
                found = self._kept[whole] = Session(self.meta, format=format)
            self._kept.move_to_end(whole)
            while len(self._kept) > self.size:
                self._kept.popitem(last=False)
            return found


def check(
    text: str,
    meta: DomainMeta,
    *,
    format: str | None = None,
    file: str | None = None,
    limits: ParseLimits = LIMITS,
    library: Library | None = None,
) -> CheckResult:
    """Check a manifest text; syntax errors of one definition do not hide findings in the others.

    `library` is what its `Import` definitions take from.
    """
    return Session(meta, format=format, file=file, limits=limits, library=library).check(text)


# A definition that could not be read leaves references to it dangling: such findings would only mislead.
_FOLLOWING = {
    "E_VALID_UNRESOLVED_REF", "E_VALID_UNUSED", "E_EXPR_UNKNOWN_NAME", "E_EXPR_UNKNOWN_VALUE", "E_WF_UNKNOWN_STATE",
    "E_OVERLAY_UNKNOWN_SELECTOR", "E_OVERLAY_PATH",
}  # fmt: skip
# Where a definition broke off, what it held may look as if it stood at the top.
_FOLLOWING_SYNTAX = {"E_META_CHILD_NOT_ALLOWED"}


def _follows(found: Diagnostic, lost: Sequence[str], text: str) -> bool:
    """Whether a finding says no more than that an import failed: it names what the import was to bring."""
    if found.code not in _FOLLOWING or found.span is None:
        return False
    word = text[found.span.start : found.span.end].strip("\"'")
    return any(word.startswith(prefix) for prefix in lost)


def _of_version(ast: ManifestAST, meta: DomainMeta) -> list[Diagnostic]:
    """An error where a manifest is written for a later version of a vocabulary that describes its kinds."""
    if ast.schema_version <= meta.schema_version or not any(kind.properties for kind in meta.kinds):
        return []
    message = f"This manifest needs version {ast.schema_version} of the vocabulary; here it is {meta.schema_version}"
    return [Diagnostic("E_META_UNKNOWN_VALUE", message, span=ast.header_span("schema"))]


def _described(ast: ManifestAST, meta: DomainMeta) -> bool:
    """Whether the vocabulary describes every kind used, so that a checked definition always compiles."""
    kinds = {node.kind for node in ast.defs}
    return all((kind := meta.get_kind(name)) is not None and not kind.open for name in kinds)


def _compiled(ast: ManifestAST, found: Sequence[Diagnostic], meta: DomainMeta, whole: Composition) -> CheckResult:
    """The result for open kinds, about which only compiling tells whether their words have a meaning."""
    from .compile import build

    try:
        made = replace(build(whole.ast, meta), imports=whole.pins)
        return CheckResult(ast, found, meta, compiled=made, whole=whole)
    except MPCError as error:
        return CheckResult(ast, [*found, Diagnostic(error.code, error.message, span=error.span)])
