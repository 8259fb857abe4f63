"""What the manifest context does with its messages."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, TypeVar
from uuid import UUID

from alm_workbench.contexts.manifest.library import library_for
from alm_workbench.contexts.manifest.messages import (
    CheckDTO,
    CheckManifest,
    CompiledVersion,
    DiagnosticDTO,
    FindVersion,
    GetVersion,
    GraphDTO,
    GraphManifest,
    ListManifests,
    ListVersions,
    ManifestDTO,
    ProcessVersion,
    SavedVersionDTO,
    SaveManifest,
    StateNodeDTO,
    TransitionEdgeDTO,
    TypeNodeDTO,
    VersionDTO,
    WorkflowGraphDTO,
)
from alm_workbench.contexts.manifest.repository import ManifestRepository
from alm_workbench.contexts.tenant.messages import RequireQuota
from alm_workbench.errors import ErrorItem, ManifestProblem
from alm_workbench.mpc import (
    CheckResult,
    CompiledManifest,
    DomainMeta,
    Sessions,
    check,
    detect_format,
    language_service,
)
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.ids import VersionId, new_id
from alm_workbench.shared.messages import Event, Page
from alm_workbench.shared.paging import decode_uuid, page_of

D = TypeVar("D")


class Checks:
    """Checks of the texts people are writing: each person's last ones are kept, so that a key stroke costs little."""

    def __init__(self, manifests: ManifestRepository, meta: DomainMeta) -> None:
        self._manifests, self._sessions = manifests, Sessions(meta)

    def of(self, ctx: MessageContext, text: str, format: str | None) -> CheckResult:
        """What the core says of a text; what one person writes is never kept for another."""
        session = self._sessions.of((ctx.principal.tenant_id, ctx.principal.actor_id), format)
        return session.check(text, library=library_for(ctx, self._manifests))


class CheckHandler:
    """Asks the core about a text."""

    def __init__(self, checks: Checks) -> None:
        self._checks = checks

    def __call__(self, ctx: MessageContext, message: CheckManifest) -> CheckDTO:
        result = self._checks.of(ctx, message.text, message.format)
        found = language_service.check_payload(message.text, result)["diagnostics"]
        ast = result.ast
        return CheckDTO(
            result.ok,
            ast.namespace if ast else None,
            ast.name if ast else None,
            ast.manifest_version if ast else None,
            result.artifact_hash,
            tuple(diagnostic(item) for item in found),
        )


class GraphHandler:
    """Draws the workflows of a text."""

    def __init__(self, checks: Checks) -> None:
        self._checks = checks

    def __call__(self, ctx: MessageContext, message: GraphManifest) -> GraphDTO:
        result = self._checks.of(ctx, message.text, message.format)
        graph = language_service.graph_payload(message.text, result)
        return GraphDTO(
            tuple(workflow_graph(item) for item in graph["workflows"]),
            tuple(built(TypeNodeDTO, item) for item in graph["types"]),
            tuple(diagnostic(item) for item in graph["diagnostics"]),
        )


class SaveHandler:
    """Keeps a sound text as the next version of its document."""

    def __init__(self, manifests: ManifestRepository, meta: DomainMeta) -> None:
        self._manifests, self._meta = manifests, meta

    def __call__(self, ctx: MessageContext, message: SaveManifest) -> SavedVersionDTO:
        format = message.format or detect_format(message.text)
        library = library_for(ctx, self._manifests)
        compiled = sound(message.text, check(message.text, self._meta, format=format, library=library))
        tenant_id = ctx.principal.tenant_id
        if not self._manifests.has_document(ctx.conn, compiled.namespace, compiled.name):
            ctx.ask(RequireQuota("manifests"))
        manifest_id = self._manifests.document(ctx.conn, tenant_id, compiled.namespace, compiled.name, compiled.name)
        last = self._manifests.newest(ctx.conn, manifest_id)
        name = (compiled.namespace, compiled.name)
        if last and (last.source, last.format, last.artifact_hash) == (message.text, format, compiled.artifact_hash):
            return SavedVersionDTO(manifest_id, last.id, *name, last.number, last.label, last.artifact_hash, True)
        ctx.ask(RequireQuota("storage", len(message.text.encode())))
        version_id, number = VersionId(new_id()), (last.number + 1 if last else 1)
        self._manifests.add_version(
            ctx.conn,
            {
                "tenant_id": tenant_id,
                "id": version_id,
                "manifest_id": manifest_id,
                "number": number,
                "label": compiled.version,
                "format": format,
                "source": message.text,
                "ast_hash": compiled.ast_hash,
                "meta_hash": compiled.meta_hash,
                "artifact_hash": compiled.artifact_hash,
                "compiled": compiled.to_data(),
                "message": message.message,
                "created_at": ctx.now,
                "created_by": ctx.principal.actor_id,
            },
        )
        payload = {"manifest_id": str(manifest_id), "number": number, "artifact_hash": compiled.artifact_hash}
        ctx.emit(Event("ManifestVersionSaved", "ManifestVersion", version_id, payload))
        return SavedVersionDTO(manifest_id, version_id, *name, number, compiled.version, compiled.artifact_hash, False)


class ListHandler:
    """Lists documents."""

    def __init__(self, manifests: ManifestRepository) -> None:
        self._manifests = manifests

    def __call__(self, ctx: MessageContext, message: ListManifests) -> Page[ManifestDTO]:
        limit = max(1, min(message.limit, 200))
        rows = self._manifests.page(ctx.conn, limit + 1, decode_uuid(message.cursor))
        return page_of(rows, limit, lambda row: str(row.id))


class ListVersionsHandler:
    """Lists the versions of a document."""

    def __init__(self, manifests: ManifestRepository) -> None:
        self._manifests = manifests

    def __call__(self, ctx: MessageContext, message: ListVersions) -> tuple[VersionDTO, ...]:
        return self._manifests.versions(ctx.conn, message.manifest_id)


class GetVersionHandler:
    """Reads one version."""

    def __init__(self, manifests: ManifestRepository) -> None:
        self._manifests = manifests

    def __call__(self, ctx: MessageContext, message: GetVersion) -> VersionDTO:
        return self._manifests.version(ctx.conn, message.version_id)


class FindVersionHandler:
    """Finds a version by what it compiled to."""

    def __init__(self, manifests: ManifestRepository) -> None:
        self._manifests = manifests

    def __call__(self, ctx: MessageContext, message: FindVersion) -> VersionId | None:
        return self._manifests.of_hash(ctx.conn, message.namespace, message.name, message.artifact_hash)


class CompiledVersionHandler:
    """Hands out compiled versions; they never change, so a few are kept in memory for every tenant that owns them."""

    def __init__(self, manifests: ManifestRepository, keep: int = 64) -> None:
        self._manifests, self._keep = manifests, keep
        self._cache: OrderedDict[tuple[UUID, UUID], ProcessVersion] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, ctx: MessageContext, message: CompiledVersion) -> ProcessVersion:
        key = (ctx.principal.tenant_id, message.version_id)
        with self._lock:
            if key in self._cache:
                self._cache.move_to_end(key)
                return self._cache[key]
        row = self._manifests.compiled(ctx.conn, message.version_id)
        found = ProcessVersion(message.version_id, row.manifest_id, row.title, CompiledManifest.from_data(row.compiled))
        with self._lock:
            self._cache[key] = found
            while len(self._cache) > self._keep:
                self._cache.popitem(last=False)
        return found


def sound(text: str, result: CheckResult) -> CompiledManifest:
    """The compiled manifest; raises ``ManifestProblem`` with line and column of every error."""
    if result.compiled is not None:
        return result.compiled
    found = [d for d in language_service.check_payload(text, result)["diagnostics"] if d["severity"] == "error"]
    items = [ErrorItem(f"{d['line']}:{d['col']}", d["code"], d["message"]) for d in found]
    first = items[0] if items else ErrorItem("1:1", "E_PARSE_SYNTAX", "the text is no manifest")
    more = f" (and {len(items) - 1} more)" if len(items) > 1 else ""
    raise ManifestProblem(
        f"line {first.path.replace(':', ', column ')}: {first.message}{more}", errors=items, diagnostics=found
    )


def built(cls: type[D], item: Mapping[str, Any]) -> D:
    """A DTO from a payload dictionary; ``from`` is ``from_`` in Python."""
    names = cls.__dataclass_fields__  # type: ignore[attr-defined]
    values = {name: item.get(name.rstrip("_")) for name in names}
    return cls(**{name: tuple(v) if isinstance(v, list) else v for name, v in values.items()})


def diagnostic(item: Mapping[str, Any]) -> DiagnosticDTO:
    """A diagnostic payload as a DTO."""
    return built(DiagnosticDTO, item)


def workflow_graph(item: Mapping[str, Any]) -> WorkflowGraphDTO:
    """A workflow payload as a DTO."""
    parts = {
        **item,
        "states": tuple(built(StateNodeDTO, state) for state in item["states"]),
        "transitions": tuple(built(TransitionEdgeDTO, edge) for edge in item["transitions"]),
    }
    return built(WorkflowGraphDTO, parts)
