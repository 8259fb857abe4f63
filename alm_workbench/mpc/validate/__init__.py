"""Checking a manifest: structure, meaning, workflows, expressions, rules. Diagnostics are ordered by place."""

from __future__ import annotations

from ..ast import ManifestAST
from ..errors import Diagnostic
from ..meta import DomainMeta

__all__ = ["validate"]


def validate(ast: ManifestAST, meta: DomainMeta) -> list[Diagnostic]:
    """Every finding about a manifest; an empty list means it is sound."""
    from .incremental import Validator

    return Validator(meta).check(ast)
