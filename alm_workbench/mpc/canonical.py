"""Canonical JSON and stable hashes (MANIFEST-CORE section 2): the same content always gives the same text."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from .ast import ASTNode, ManifestAST
from .errors import MPCError


def _check(value: Any, depth: int = 0) -> None:
    if value is None or value is True or value is False or isinstance(value, (str, int)):
        return
    if isinstance(value, float):
        if not math.isfinite(value):
            raise MPCError("E_CANONICAL_NUMBER", "NaN and infinite numbers have no canonical form")
        return
    if depth > 200:
        raise MPCError("E_PARSE_LIMIT", "The value is nested more than 200 levels deep", limit=200)
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                raise MPCError("E_CANONICAL_KEY", f"Keys must be text, not {type(key).__name__}")
            _check(item, depth + 1)
        return
    if isinstance(value, (list, tuple)):
        for item in value:
            _check(item, depth + 1)
        return
    raise MPCError("E_CANONICAL_TYPE", f"A {type(value).__name__} has no canonical form")


def canonicalize(value: Any) -> str:
    """JSON with keys sorted by code point, no spaces, non-ASCII kept; refuses NaN and non-text keys."""
    _check(value)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def canonicalize_bytes(value: Any) -> bytes:
    """UTF-8 of the canonical text."""
    try:
        return canonicalize(value).encode()
    except UnicodeEncodeError as error:
        raise MPCError("E_CANONICAL_TYPE", "Text holds half of a surrogate pair") from error


def stable_hash(value: Any, *, algorithm: str = "sha256") -> str:
    """Hex digest of the canonical bytes."""
    return hashlib.new(algorithm, canonicalize_bytes(value)).hexdigest()


def order_definitions(definitions: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """By priority descending, then name, id and kind; stable."""

    def key(item: Mapping[str, Any]) -> tuple[float, str, str, str]:
        priority = item.get("priority") or 0
        number = priority if isinstance(priority, (int, float)) else 0
        return (-number, str(item.get("name") or ""), str(item.get("id") or ""), str(item.get("kind") or ""))

    return sorted(definitions, key=key)


def order_nested(value: Any) -> Any:
    """Order every list under a key `definitions` or `defs`, bottom up, and leave other lists alone."""
    if isinstance(value, Mapping):
        result = {key: order_nested(item) for key, item in value.items()}
        for key in ("definitions", "defs"):
            if isinstance(result.get(key), list):
                result[key] = order_definitions(result[key])
        return result
    if isinstance(value, (list, tuple)):
        return [order_nested(item) for item in value]
    return value


def node_data(node: ASTNode) -> dict[str, Any]:
    """The hashed form of a definition: places left out, empty parts left out."""
    data: dict[str, Any] = {"kind": node.kind, "id": node.id}
    if node.name is not None:
        data["name"] = node.name
    if node.properties:
        data["properties"] = node.properties
    if node.children:
        data["children"] = [node_data(child) for child in node.children]
    return data


def ast_data(ast: ManifestAST) -> dict[str, Any]:
    """The hashed form of a manifest; the order of top-level definitions does not matter."""
    return {
        "schemaVersion": ast.schema_version,
        "namespace": ast.namespace,
        "name": ast.name,
        "manifestVersion": ast.manifest_version,
        "defs": order_definitions([node_data(node) for node in ast.defs]),
    }


def ast_hash(ast: ManifestAST) -> str:
    """Hash of the content, equal for the three languages and for any order of definitions."""
    return stable_hash(ast_data(ast))


def artifact_hash(ast_digest: str, meta_digest: str, engine_version: str) -> str:
    """Hash that names a compiled artefact."""
    return stable_hash({"astHash": ast_digest, "metaHash": meta_digest, "engineVersion": engine_version})
