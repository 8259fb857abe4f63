"""The vocabulary of manifests and its life: what may be said, how that changes, and how documents follow."""

from __future__ import annotations

from .loading import load_domain_meta
from .model import TYPE_WORDS, DomainMeta, FunctionDef, KindDef, PropDef, TemplateDef, meta_data

__all__ = [
    "TYPE_WORDS",
    "DomainMeta",
    "FunctionDef",
    "KindDef",
    "PropDef",
    "TemplateDef",
    "load_domain_meta",
    "meta_data",
]
