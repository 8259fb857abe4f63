"""The functions that expressions may ask the database through, bound to one item and evaluated only when called.

Where many items are judged, what one of them asks for is read for all of them (``gather``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import cache, cached_property
from typing import Any
from uuid import UUID

from alm_workbench.contexts.apikey.messages import PeopleBehind
from alm_workbench.contexts.artifact.messages import ArtifactDTO, LinkDTO
from alm_workbench.contexts.artifact.repository import ArtifactRepository
from alm_workbench.contexts.artifact.repository.many import ManyArtifacts
from alm_workbench.mpc import CompiledManifest
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.ids import ArtifactId

GATHERED = "gathered-facts"


class Gathered:
    """Facts about the items that are judged together, each kind read once and only if a rule asks for it.

    What was decided for an item and not written yet counts for the ones after it, as it does for single commands.
    """

    def __init__(self, conn: Any, ids: Iterable[ArtifactId]) -> None:
        self._conn, self.ids, self._many = conn, frozenset(ids), ManyArtifacts()
        self._moved: dict[ArtifactId, str] = {}

    def moved(self, artifact_id: ArtifactId, category: str) -> None:
        """An item is about to have another state category."""
        self._moved[artifact_id] = category

    def links(self, artifact_id: ArtifactId) -> tuple[LinkDTO, ...]:
        """Live links from and to an item."""
        return tuple(self._links[artifact_id])

    def neighbours(self, artifact_id: ArtifactId) -> list[tuple[str, str]]:
        """(type, state category) of the items below or linked to an item."""
        found = self._neighbours[artifact_id]
        return [(type_id, self._moved.get(other, category)) for other, type_id, category in found]

    def last_actor(self, artifact_id: ArtifactId) -> UUID | None:
        """Who moved an item last."""
        return self._last_actors.get(artifact_id)

    @cached_property
    def _links(self) -> Mapping[ArtifactId, list[LinkDTO]]:
        found = defaultdict[ArtifactId, list[LinkDTO]](list)
        for link in self._many.links(self._conn, self.ids):
            for end in {link.source_id, link.target_id}:
                found[end].append(link)
        return found

    @cached_property
    def _neighbours(self) -> Mapping[ArtifactId, list[tuple[ArtifactId, str, str]]]:
        found = defaultdict[ArtifactId, list[tuple[ArtifactId, str, str]]](list)
        for item, other, type_id, category in self._many.neighbours(self._conn, self.ids):
            found[item].append((other, type_id, category))
        return found

    @cached_property
    def _last_actors(self) -> Mapping[ArtifactId, UUID | None]:
        return self._many.last_actors(self._conn, self.ids)


def gather(ctx: MessageContext, ids: Iterable[ArtifactId]) -> Gathered:
    """From now on, read facts about these items together; ``scatter`` when what was decided is written."""
    found = ctx.memo[GATHERED] = Gathered(ctx.conn, ids)
    return found


def scatter(ctx: MessageContext) -> None:
    """Read facts afresh from now on."""
    ctx.memo.pop(GATHERED, None)


def gathered(ctx: MessageContext, artifact_id: ArtifactId | None) -> Gathered | None:
    """The facts read together, where the item is among those they are about."""
    found: Gathered | None = ctx.memo.get(GATHERED)
    return found if found is not None and artifact_id in found.ids else None


def note_moved(ctx: MessageContext, item: ArtifactDTO, category: str) -> None:
    """What is judged after this sees an item in its new state category, also before it is written."""
    found: Gathered | None = ctx.memo.get(GATHERED)
    if found is not None:
        found.moved(item.id, category)


def people_behind(
    ctx: MessageContext, compiled: CompiledManifest, type_id: str, view: Mapping[str, Any], me: UUID
) -> dict[str, str]:
    """Who acts through the keys among author, last actor and caller, where a step needs another person than one of them."""
    flow = compiled.workflow_of(type_id)
    if flow is None or not any(step.not_actor for step in flow.transitions):
        return {}
    known = [view.get("created_by"), view.get("last_actor")]
    actors = tuple(dict.fromkeys([me, *(UUID(actor) for actor in known if actor)]))
    return {str(key): str(person) for key, person in ctx.ask(PeopleBehind(actors)).items()}


def last_actor_of(ctx: MessageContext, repo: ArtifactRepository, artifact_id: ArtifactId) -> UUID | None:
    """Who moved an item last."""
    found = gathered(ctx, artifact_id)
    return found.last_actor(artifact_id) if found else repo.last_actor(ctx.conn, artifact_id)


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
        if artifact_id is None:
            return ()
        found = gathered(ctx, artifact_id)
        return found.links(artifact_id) if found else repo.links(ctx.conn, artifact_id)

    @cache
    def tasks() -> tuple[str, ...]:
        if artifact_id is None:
            return ()
        kinds = {kind.id for kind in compiled.types.values() if kind.aggregate == "Task"}
        found = gathered(ctx, artifact_id)
        near = found.neighbours(artifact_id) if found else repo.neighbours(ctx.conn, artifact_id)
        return tuple(category for type_id, category in near if type_id in kinds)

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
