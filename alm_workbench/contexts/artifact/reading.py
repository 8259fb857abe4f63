"""How items are read: one, by key, in lists, and what may be done with them."""

from __future__ import annotations

from typing import Any

from alm_workbench.contexts.artifact.access import Artifacts
from alm_workbench.contexts.artifact.domain import CORE, masked, not_found, type_of
from alm_workbench.contexts.artifact.messages import (
    ArtifactAccess,
    ArtifactDTO,
    FindArtifacts,
    GetArtifact,
    GetArtifactByKey,
    ItemAccessDTO,
)
from alm_workbench.contexts.manifest.messages import ProcessVersion
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.messages import Page
from alm_workbench.shared.paging import decode, encode


class GetHandler:
    """Reads one item."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: GetArtifact) -> ArtifactDTO:
        found = self._artifacts.load(ctx, message.artifact_id)
        shown = self._artifacts.readable(ctx, found)
        return self._artifacts.with_access(ctx, shown, found, message.include == "access")


class ArtifactAccessHandler:
    """Says what the caller may do with an item."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: ArtifactAccess) -> ItemAccessDTO:
        found = self._artifacts.load(ctx, message.artifact_id)
        self._artifacts.readable(ctx, found)
        return self._artifacts.access(ctx, found)


class GetByKeyHandler:
    """Reads one item by its key."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: GetArtifactByKey) -> ArtifactDTO:
        self._artifacts.process(ctx, message.project_id)
        found = self._artifacts.repo.by_key(ctx.conn, message.project_id, message.key)
        if found is None:
            raise not_found(message.key)
        shown = self._artifacts.readable(ctx, found)
        return self._artifacts.with_access(ctx, shown, found, message.include == "access")


class FindHandler:
    """Lists items, without those the caller may not read."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: FindArtifacts) -> Page[ArtifactDTO]:
        process = self._artifacts.process(ctx, message.project_id)
        type_id = type_of(process.compiled, message.type, "/type").id if message.type else None
        limit = max(1, min(message.limit, 1000))
        closed = self._artifacts.closed_types(ctx, process, message.project_id)
        after, found = decode(message.cursor), list[tuple[ArtifactDTO, Any]]()
        # pages are filled with what may be seen, and none follows that holds nothing: neither tells of hidden items
        while len(found) <= limit:
            rows = self._artifacts.repo.find(ctx.conn, message, type_id, closed, limit + 1, after)
            for number, row in enumerate(rows, 1):
                key = int(after or 0) + number if message.text else [row.created_at.isoformat(), str(row.id)]
                if shown := self._found(ctx, process, message, row):
                    found.append((shown, key))
            if len(rows) <= limit:
                break
            after = int(after or 0) + len(rows) if message.text else [rows[-1].created_at.isoformat(), str(rows[-1].id)]
        page = found[:limit]
        return Page(tuple(shown for shown, _ in page), encode(page[-1][1]) if len(found) > limit else None)

    def _found(
        self, ctx: MessageContext, process: ProcessVersion, message: FindArtifacts, row: ArtifactDTO
    ) -> ArtifactDTO | None:
        """A row as the caller may see it; None also where it was found by a property that is hidden."""
        hidden = self._artifacts.hidden(ctx, process, row)
        if hidden is None:
            return None
        columns = {column for name in hidden for column in CORE.get(name, ())}
        asked = {"title": message.text, "assignee_id": message.assignee_id, "state": message.state or message.category}
        if any(asked.get(column) for column in columns):
            return None
        return self._artifacts.with_access(ctx, masked(row, hidden), row, message.include == "access")
