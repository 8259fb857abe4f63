"""Canonical JSON and stable hashes: the same content always gives the same text.

The form is that of RFC 8785 (JSON Canonicalization Scheme) but for what the contract fixes otherwise:

- keys are sorted by code point; the RFC sorts by UTF-16 code unit, which differs for keys beyond U+FFFF only;
- numbers are written as Python writes them: whole numbers digit by digit however long, where the RFC knows only IEEE 754
  doubles; floats keep their kind, so `1.0`, `1e+21` and `1e-07` where the RFC writes `1`, `1e+21` and `1e-7`, and `-0.0`
  where it writes `0`;
- U+007F and everything above is kept as it is, and control characters are escaped, as in the RFC.

As there, NaN, infinities, half surrogate pairs and keys that are not text have no form and are refused.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any

from .ast import ASTNode, ManifestAST
from .errors import MPCError

_PLAIN = frozenset((str, int, bool, type(None)))


def _check(value: Any, depth: int = 0) -> None:
    if type(value) in _PLAIN or isinstance(value, (str, int)):
        return
    if isinstance(value, float):
        if not math.isfinite(value):
            raise MPCError("E_CANONICAL_NUMBER", "NaN and infinite numbers have no canonical form")
        return
    if depth > 200:
        raise MPCError("E_PARSE_LIMIT", "The value is nested more than 200 levels deep", limit=200)
    if isinstance(value, (list, tuple)):
        for item in value:
            if type(item) not in _PLAIN:
                _check(item, depth + 1)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                raise MPCError("E_CANONICAL_KEY", f"Keys must be text, not {type(key).__name__}")
            if type(item) not in _PLAIN:
                _check(item, depth + 1)
    else:
        raise MPCError("E_CANONICAL_TYPE", f"A {type(value).__name__} has no canonical form")


def canonicalize(value: Any) -> str:
    """JSON with keys sorted by code point, no spaces, non-ASCII kept; refuses NaN and non-text keys."""
    _check(value)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def canonicalize_bytes(value: Any) -> bytes:
    """UTF-8 of the canonical text."""
    return _utf8(canonicalize(value))


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
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


def _head(ast: ManifestAST) -> dict[str, Any]:
    return {
        "schemaVersion": ast.schema_version,
        "namespace": ast.namespace,
        "name": ast.name,
        "manifestVersion": ast.manifest_version,
    }


class ContentHasher:
    """Hashes successive versions of a manifest, writing out anew only the definitions that changed; for several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._written: list[tuple[ASTNode, str]] = []
        self._order: list[int] = []

    def hash(self, ast: ManifestAST) -> str:
        """The `ast_hash` of a version."""
        with self._lock:
            pieces = self._pieces(ast.defs)
        # "defs" is the first key in canonical order, so the rest of the object follows it.
        text = f'{{"defs":[{",".join(pieces)}],{canonicalize(_head(ast))[1:]}'
        return hashlib.sha256(_utf8(text)).hexdigest()

    def _pieces(self, defs: Sequence[ASTNode]) -> list[str]:
        if not self._renewed(defs):
            known = {(node.kind, node.id): (node, text) for node, text in self._written}
            self._written = [(node, _written(node, known.get((node.kind, node.id)))) for node in defs]
            self._order = sorted(range(len(defs)), key=lambda number: _rank(defs[number]))
        return [self._written[number][1] for number in self._order]

    def _renewed(self, defs: Sequence[ASTNode]) -> bool:
        """Take over definitions that stand where they stood, under the names they had; False if there are others."""
        if len(defs) != len(self._written):
            return False
        for number, (node, (before, text)) in enumerate(zip(defs, self._written, strict=True)):
            if node is not before:
                if not _same(node, before):
                    if _rank(node) != _rank(before):
                        return False
                    text = canonicalize(node_data(node))
                self._written[number] = (node, text)
        return True


def _written(node: ASTNode, known: tuple[ASTNode, str] | None) -> str:
    return known[1] if known is not None and _same(known[0], node) else canonicalize(node_data(node))


def _rank(node: ASTNode) -> tuple[str, str, str]:
    """As `order_definitions` ranks the hashed form, whose properties stand one level too deep to count."""
    return node.name or "", node.id, node.kind


def _same(one: ASTNode, other: ASTNode) -> bool:
    """Whether two definitions are the same text; equal ones need not be, since true, 1 and 1.0 are equal in Python."""
    return one.source is not None and other.source is not None and one.source.place is other.source.place


def ast_hash(ast: ManifestAST) -> str:
    """Hash of the content (SHA-256 in hex), equal for the three languages and for any order of definitions."""
    return ContentHasher().hash(ast)


def artifact_hash(ast_digest: str, meta_digest: str, engine_version: str) -> str:
    """Hash that names a compiled artefact."""
    return stable_hash({"astHash": ast_digest, "metaHash": meta_digest, "engineVersion": engine_version})
