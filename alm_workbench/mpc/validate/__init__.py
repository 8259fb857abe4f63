"""Checking a manifest: structure, meaning, workflows, expressions. Diagnostics are ordered by place."""

from __future__ import annotations

from ..ast import ManifestAST
from ..errors import Diagnostic
from ..meta import DomainMeta
from .findings import Findings
from .semantic import Names, check_duplicates, check_extends, check_references
from .structural import check_structure

__all__ = ["validate"]


def validate(ast: ManifestAST, meta: DomainMeta) -> list[Diagnostic]:
    """Every finding about a manifest; an empty list means it is sound."""
    from .expressions import check_expressions
    from .fields import check_fields
    from .workflow import check_workflows

    findings = Findings(ast, meta)
    check_structure(findings)
    check_duplicates(findings)
    check_extends(findings)
    names = Names(ast, meta.core_fields)
    check_references(findings, names)
    check_fields(findings, names)
    check_workflows(findings)
    check_expressions(findings, names)
    return sorted(findings.diagnostics, key=lambda d: d.sort_key())
