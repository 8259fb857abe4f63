"""The bin: items are put into it and taken out of it."""

from __future__ import annotations

from dataclasses import replace

from alm_workbench.contexts.artifact.access import Artifacts, check_version
from alm_workbench.contexts.artifact.messages import ArtifactDTO, DeleteArtifact, RestoreArtifact
from alm_workbench.contexts.artifact.rights import require
from alm_workbench.contexts.tenant.messages import RequireQuota
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.messages import Event


class DeleteHandler:
    """Puts an item into the bin."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: DeleteArtifact) -> ArtifactDTO:
        current = self._artifacts.load(ctx, message.artifact_id, lock=True)
        process = self._artifacts.process(ctx, current.project_id)
        check_version(self._artifacts, ctx, current, message.expected_version)
        context = self._artifacts.context(ctx, process, current, {"name": "soft_delete"})
        ctx.decided(require(process, "delete", current.type, context, current.id))
        shown = self._artifacts.readable(ctx, current)
        self._artifacts.repo.include_deleted(ctx.conn)
        values = {"deleted_at": ctx.now, "deleted_by": ctx.principal.actor_id}
        gone = self._artifacts.repo.update(ctx.conn, current.id, current.version, values)
        self._artifacts.repo.include_deleted(ctx.conn, False)
        payload = {"project_id": str(current.project_id), "key": current.key}
        ctx.emit(Event("EntitySoftDeleted", "Artifact", current.id, payload))
        version = gone.version if gone else current.version + 1
        return replace(shown, deleted_at=ctx.now, version=version)


class RestoreHandler:
    """Takes an item out of the bin."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: RestoreArtifact) -> ArtifactDTO:
        repo = self._artifacts.repo
        ctx.ask(RequireQuota("artifacts"))
        repo.include_deleted(ctx.conn)
        current = self._artifacts.load(ctx, message.artifact_id, lock=True)
        process = self._artifacts.process(ctx, current.project_id)
        if current.deleted_at is not None:
            context = self._artifacts.context(ctx, process, current, {"name": "restore"})
            ctx.decided(require(process, "delete", current.type, context, current.id))
            repo.update(ctx.conn, current.id, current.version, {"deleted_at": None, "deleted_by": None})
            payload = {"project_id": str(current.project_id), "key": current.key}
            ctx.emit(Event("EntityRestored", "Artifact", current.id, payload))
        repo.include_deleted(ctx.conn, False)
        return self._artifacts.readable(ctx, self._artifacts.load(ctx, current.id))
