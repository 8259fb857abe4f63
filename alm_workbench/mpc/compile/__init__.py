"""From a sound AST to the compiled manifest: inheritance resolved, references kept by id, expressions stored as trees."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from ..ast import EMPTY, ASTNode, FrozenDict, ManifestAST
from ..canonical import artifact_hash, ast_hash
from ..errors import ManifestInvalid
from ..meta import DomainMeta
from ..model import CompiledManifest
from ..model.rule_index import rule_index
from ..validate import validate
from . import composition, forms, rules, types, views, workflow
from .cache import CacheKey, CompileCache
from .context import Context, Props, labels_of
from .graph import dependency_graph

__all__ = ["ENGINE_VERSION", "SHARED", "CompileCache", "build", "compile_manifest", "labels_of"]

# Raised whenever the same manifest may come to decide otherwise: it is part of the hash that decisions are kept with.
ENGINE_VERSION = "0.2.0"
T = TypeVar("T")


# What `compile_manifest` uses where it is given no cache of its own.
SHARED = CompileCache()


def compile_manifest(
    ast: ManifestAST,
    meta: DomainMeta,
    *,
    engine_version: str = ENGINE_VERSION,
    cache: CompileCache | None = SHARED,
) -> CompiledManifest:
    """Check and compile; raises ManifestInvalid with every error's place.

    The same content, vocabulary and engine give the artefact that `cache` keeps; None compiles anew.
    """
    content = ast_hash(ast)

    def make() -> CompiledManifest:
        diagnostics = validate(ast, meta)
        if any(d.severity == "error" for d in diagnostics):
            raise ManifestInvalid(tuple(diagnostics))
        return build(ast, meta, engine_version, content_hash=content)

    return make() if cache is None else cache.get(CacheKey.of(ast, content, meta.hash, engine_version), make)


def build(
    ast: ManifestAST, meta: DomainMeta, engine_version: str = ENGINE_VERSION, *, content_hash: str | None = None
) -> CompiledManifest:
    """Compile an AST already known to be sound; `content_hash` is its `ast_hash` where that is known."""
    return _build(Context(ast, meta), engine_version, content_hash or ast_hash(ast))


def _build(c: Context, engine_version: str, content: str) -> CompiledManifest:
    ast, meta, meta_digest = c.ast, c.meta, c.meta.hash
    c.enums = _each(c, "EnumDef", types.enum)
    planning = min(ast.of_kind("Planning"), key=lambda node: node.id, default=None)
    parts: dict[str, Any] = {
        "enums": c.enums,
        "types": _each(c, "ArtifactType", types.artifact_type),
        "link_types": _each(c, "LinkType", types.link_type),
        "workflows": _each(c, "Workflow", workflow.workflow),
        "roles": _each(c, "Role", rules.role),
        "acl": _everywhere(c, "ACL", rules.acl),
        "policies": _everywhere(c, "Policy", rules.policy),
        "automations": _by_id(_each(c, "Automation", rules.automation)),
        "views": _each(c, "View", views.view),
        "forms": forms.forms(c),
        "planning": planning.properties if planning else EMPTY,
        "redactions": _by_id(_each(c, "Redact", composition.redact)),
    }
    return CompiledManifest(
        ast.namespace,
        ast.name,
        ast.manifest_version,
        ast.schema_version,
        content,
        meta_digest,
        artifact_hash(content, meta_digest, engine_version),
        engine_version,
        expressions=FrozenDict(sorted(c.expressions.items())),
        depends_on=dependency_graph(ast, meta),
        rules=rule_index(parts["roles"], parts["acl"], parts["policies"]),
        **parts,
    )


def _each(c: Context, kind: str, make: Callable[[Context, ASTNode, Props], T]) -> Mapping[str, T]:
    return FrozenDict({node.id: make(c, node, c.props(node)) for node in c.ast.of_kind(kind)})


def _by_id(found: Mapping[str, T]) -> tuple[T, ...]:
    """In an order that does not depend on where things stand in the text."""
    return tuple(found[id_] for id_ in sorted(found))


def _everywhere(c: Context, kind: str, make: Callable[[Context, ASTNode, Props], T]) -> tuple[T, ...]:
    """Rules count wherever an open vocabulary lets them stand, so that none is silently ignored; ordered by id."""
    found = [(node, top) for top in c.ast.defs for node in top.walk() if node.kind == kind]
    found.sort(key=lambda pair: (pair[0].id, pair[1].kind, pair[1].id))
    return tuple(make(c, node, c.props(node)) for node, _ in found)
