"""Conformance of imports: a manifest with its libraries gives the sources that were found and how much there is."""

from __future__ import annotations

from typing import Any

from ..imports import MemoryLibrary, resolve_imports
from ..parse import parse
from .case import Case, error


def run(case: Case) -> Any:
    """`resolved_imports` and `definition_count`, or the first error."""
    base = parse(case.need("dsl"), format="dsl")
    library, versions = MemoryLibrary(), case.input.get("versions") or {}
    for name, text in (case.input.get("manifests") or {}).items():
        library.register(name, parse(text, format="dsl", file=name), versions.get(name))
    result = resolve_imports(base, library)
    for found in result.diagnostics:
        return error(found.code, found.message)
    return {"resolved_imports": list(result.resolved_imports), "definition_count": len(result.ast.defs)}
