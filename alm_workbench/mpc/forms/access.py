"""The access rules of a free-standing form's manifest: which of its fields an actor may only read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from ..ast import EMPTY, ManifestAST
from ..compile import build
from ..engines.acl import decide_acl
from ..expr.scope import EvalContext
from ..meta import DomainMeta
from ..model import CompiledManifest

_KINDS = ("ACL", "Role")


@cache
def _access_meta() -> DomainMeta:
    open_kind = {"open": True, "properties": {"mask": {"type": "list", "aka": ["maskFields"]}}}
    return DomainMeta.load({"kinds": {"ACL": open_kind, "Role": {"open": True}}})


def access_of(ast: ManifestAST) -> CompiledManifest:
    """The access rules of a manifest, compiled; raises MPCError for a rule that makes no sense."""
    return build(replace(ast, defs=tuple(node for node in ast.defs if node.kind in _KINDS)), _access_meta())


def masked(
    access: CompiledManifest, field_ids: Iterable[str], roles: Iterable[str], attrs: Mapping[str, Any] | None
) -> frozenset[str]:
    """Fields whose reading is allowed under a mask: they are shown, but cannot be changed."""
    if not access.acl:
        return frozenset()
    ctx = EvalContext(actor={"roles": tuple(roles), "attributes": attrs or EMPTY})
    return frozenset(id_ for id_ in field_ids if decide_acl(access, "read", id_, ctx).mask)
