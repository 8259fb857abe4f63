"""Conformance of overlays: one flat definition and overlays give the flat definition they make of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..ast import ASTNode, FrozenDict, ManifestAST, freeze, thaw
from ..errors import MPCError
from ..overlay import apply_overlays
from .case import Case, error


def run(case: Case) -> Any:
    """The changed definition without its nulls, or the first conflict."""
    base = case.need("base")
    if not isinstance(base, Mapping):
        raise MPCError("E_PARSE_SYNTAX", "'base' must be an object")
    kind, id_, namespace = (str(base.get(key, "")) for key in ("kind", "id", "namespace"))
    node = ASTNode(kind, id_, base.get("name"), freeze(base))
    overlays = [_overlay(number, given) for number, given in enumerate(case.input.get("overlays") or ())]
    result = apply_overlays(ManifestAST(namespace=namespace, defs=(node,)), overlays)
    if result.conflicts:
        return error(result.conflicts[0].code, result.conflicts[0].message)
    if not result.ast.defs:
        return error("E_OVERLAY_UNKNOWN_SELECTOR", "No definition is left")
    left = result.ast.defs[0]
    flat = {"id": left.id, "kind": left.kind, "namespace": namespace, **thaw(left.properties)}
    return {key: value for key, value in flat.items() if value is not None}


def _overlay(number: int, given: Any) -> ASTNode:
    if not isinstance(given, Mapping):
        raise MPCError("E_PARSE_SYNTAX", "An overlay must be an object")
    properties = {key: value for key, value in given.items() if key != "id"}
    return ASTNode(
        "Overlay", str(given.get("id", f"o{number}")), None, FrozenDict(freeze({"op": "replace", **properties}))
    )
