"""Reading, checking and compiling in one go, for editors and services: bad input is a result, never an exception."""

from __future__ import annotations

from dataclasses import dataclass

from .ast import ManifestAST
from .errors import Diagnostic, MPCError
from .meta import DomainMeta
from .model import CompiledManifest
from .parse import LIMITS, ParseLimits, read


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a text is: its AST as far as readable, every finding, and the artefact if there is no error."""

    ast: ManifestAST | None
    diagnostics: tuple[Diagnostic, ...] = ()
    compiled: CompiledManifest | None = None

    @property
    def ok(self) -> bool:
        """Whether there is no error (warnings are allowed)."""
        return not any(d.severity == "error" for d in self.diagnostics)


def check(
    text: str, meta: DomainMeta, *, format: str | None = None, file: str | None = None, limits: ParseLimits = LIMITS
) -> CheckResult:
    """Check a manifest text; syntax errors of one definition do not hide findings in the others."""
    from .compile import build
    from .validate import validate

    try:
        result = read(text, format=format, file=file, limits=limits)
    except MPCError as error:
        return CheckResult(None, (Diagnostic(error.code, error.message, span=error.span),))
    syntax = result.diagnostics
    found = validate(result.ast, meta)
    if syntax:
        found = [d for d in found if not _may_follow(d)]
    diagnostics = tuple(sorted([*syntax, *found], key=lambda d: d.sort_key()))
    if any(d.severity == "error" for d in diagnostics):
        return CheckResult(result.ast, diagnostics)
    return CheckResult(result.ast, diagnostics, build(result.ast, meta))


# A definition that could not be read leaves references to it dangling: such findings would only mislead.
_FOLLOWING = {"E_VALID_UNRESOLVED_REF", "E_EXPR_UNKNOWN_NAME", "E_EXPR_UNKNOWN_VALUE", "E_WF_UNKNOWN_STATE"}


def _may_follow(diagnostic: Diagnostic) -> bool:
    return diagnostic.code in _FOLLOWING
