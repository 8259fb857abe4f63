"""The functions that expressions may ask the database through, bound to one item and evaluated only when called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from alm_workbench.contexts.artifact.repository import ArtifactRepository
from alm_workbench.mpc import CompiledManifest
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.ids import ArtifactId


def functions_for(
    ctx: MessageContext,
    repo: ArtifactRepository,
    compiled: CompiledManifest,
    artifact_id: ArtifactId | None,
    extra: Mapping[str, Callable[..., Any]],
) -> dict[str, Callable[..., Any]]:
    """linkCount, linkedTaskCount and openTaskCount of one item, beside the functions that plugins add."""

    @cache
    def links() -> tuple[Any, ...]:
        return repo.links(ctx.conn, artifact_id) if artifact_id else ()

    @cache
    def tasks() -> tuple[str, ...]:
        if artifact_id is None:
            return ()
        kinds = {kind.id for kind in compiled.types.values() if kind.aggregate == "Task"}
        return tuple(category for type_id, category in repo.neighbours(ctx.conn, artifact_id) if type_id in kinds)

    def link_count(item: Any, name: str) -> int:
        inverses = {link.inverse: link.id for link in compiled.link_types.values() if link.inverse}
        if name in inverses:
            return sum(link.link_type == inverses[name] and link.target_id == artifact_id for link in links())
        return sum(link.link_type == name and link.source_id == artifact_id for link in links())

    return {
        **extra,
        "linkCount": link_count,
        "linkedTaskCount": lambda item: len(tasks()),
        "openTaskCount": lambda item: sum(category != "done" for category in tasks()),
    }
