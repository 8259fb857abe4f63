"""How items are read: one, by key, in lists, and what may be done with them."""

from __future__ import annotations

from alm_workbench.contexts.artifact.access import Artifacts
from alm_workbench.contexts.artifact.domain import not_found
from alm_workbench.contexts.artifact.messages import (
    ArtifactAccess,
    ArtifactDTO,
    GetArtifact,
    GetArtifactByKey,
    ItemAccessDTO,
)
from alm_workbench.shared.context import MessageContext


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
