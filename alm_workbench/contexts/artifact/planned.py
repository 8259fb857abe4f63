"""Items for planning: read in bulk, shown as the caller may see them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any
from uuid import UUID

from alm_workbench.contexts.artifact.access import Artifacts
from alm_workbench.contexts.artifact.domain import masked
from alm_workbench.contexts.artifact.messages import ArtifactDTO
from alm_workbench.contexts.artifact.planned_messages import (
    ItemsBelow,
    ItemsOfTypes,
    ItemsReferring,
    OpenItemsOf,
    UnplannedItems,
)
from alm_workbench.contexts.artifact.repository.planned import PlannedItems
from alm_workbench.contexts.project.messages import VisibleProjects
from alm_workbench.errors import Conflict, NotFound
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.messages import Page
from alm_workbench.shared.paging import decode, encode

Rows = Callable[[int, Any], list[ArtifactDTO]]


class Planned:
    """What the handlers below share."""

    def __init__(self, artifacts: Artifacts) -> None:
        self.artifacts, self.items = artifacts, PlannedItems()

    def shown(self, ctx: MessageContext, items: Iterable[ArtifactDTO]) -> Iterator[ArtifactDTO]:
        """Items without what is hidden from the caller; a project without rules shows nothing."""
        for item in items:
            try:
                process = self.artifacts.process(ctx, item.project_id)
            except (Conflict, NotFound):
                continue
            hidden = self.artifacts.hidden(ctx, process, item)
            if hidden is not None:
                yield masked(item, hidden)

    def page(
        self,
        ctx: MessageContext,
        rows: Rows,
        key: Callable[[ArtifactDTO], Any],
        keep: Callable[[ArtifactDTO], bool],
        limit: int,
        cursor: str | None,
    ) -> Page[ArtifactDTO]:
        """A page filled with what may be seen; none follows that is empty, so nobody can count what is hidden."""
        after, limit = decode(cursor), max(1, min(limit, 1000))
        found: list[tuple[ArtifactDTO, Any]] = []
        while len(found) <= limit:
            read = rows(limit + 1, after)
            for row in read:
                found += [(item, key(row)) for item in self.shown(ctx, [row]) if keep(item)]
            if len(read) <= limit:
                break
            after = key(read[-1])
        kept = found[:limit]
        return Page(tuple(item for item, _ in kept), encode(kept[-1][1]) if len(found) > limit else None)


class ItemsOfTypesHandler:
    """Reads items by type."""

    def __init__(self, planned: Planned) -> None:
        self._planned = planned

    def __call__(self, ctx: MessageContext, message: ItemsOfTypes) -> tuple[ArtifactDTO, ...]:
        rows = self._planned.items.of_types(ctx.conn, message.project_id, message.types)
        return tuple(self._planned.shown(ctx, rows))


class ItemsReferringHandler:
    """Reads items by what they name."""

    def __init__(self, planned: Planned) -> None:
        self._planned = planned

    def __call__(self, ctx: MessageContext, message: ItemsReferring) -> tuple[ArtifactDTO, ...]:
        rows = self._planned.items.referring(ctx.conn, message.project_id, message.fields, message.targets)
        return tuple(item for item in self._planned.shown(ctx, rows) if not set(item.masked) & set(message.fields))


class ItemsBelowHandler:
    """Reads what stands below items."""

    def __init__(self, planned: Planned) -> None:
        self._planned = planned

    def __call__(self, ctx: MessageContext, message: ItemsBelow) -> tuple[ArtifactDTO, ...]:
        rows = self._planned.items.below(ctx.conn, message.project_id, message.roots)
        return tuple(item for item in self._planned.shown(ctx, rows) if "parent_id" not in item.masked)


class UnplannedItemsHandler:
    """Reads the backlog."""

    def __init__(self, planned: Planned) -> None:
        self._planned = planned

    def __call__(self, ctx: MessageContext, message: UnplannedItems) -> Page[ArtifactDTO]:
        closed = self._planned.artifacts.closed_types(
            ctx, self._planned.artifacts.process(ctx, message.project_id), message.project_id
        )
        types = frozenset(message.types) - closed
        hidden = {*message.fields, "state", "state_category", "rank"}

        def rows(limit: int, after: Any) -> list[ArtifactDTO]:
            q = self._planned.items
            return q.unplanned(ctx.conn, message.project_id, types, message.fields, message.done, limit, after)

        def visible(item: ArtifactDTO) -> bool:
            return not hidden & set(item.masked)

        return self._planned.page(ctx, rows, backlog_place, visible, message.limit, message.cursor)


class OpenItemsOfHandler:
    """Reads what is on somebody's plate."""

    def __init__(self, planned: Planned) -> None:
        self._planned = planned

    def __call__(self, ctx: MessageContext, message: OpenItemsOf) -> Page[ArtifactDTO]:
        projects: frozenset[UUID] | None = ctx.ask(VisibleProjects())
        hidden = {"assignee_id", "state_category"}

        def rows(limit: int, after: Any) -> list[ArtifactDTO]:
            return self._planned.items.open_of(ctx.conn, message.actor_id, projects, limit, after)

        def visible(item: ArtifactDTO) -> bool:
            return not hidden & set(item.masked)

        return self._planned.page(ctx, rows, latest_place, visible, message.limit, message.cursor)


def backlog_place(item: ArtifactDTO) -> list[str]:
    """Where an item stands in the backlog."""
    return [item.rank or "~", str(item.id)]


def latest_place(item: ArtifactDTO) -> list[str]:
    """Where an item stands among the latest."""
    return [item.updated_at.isoformat(), str(item.id)]
