"""How files are attached, found, read, put into the bin and taken out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import structlog

from alm_workbench.contexts.artifact.messages import ArtifactDTO, GetArtifact, SituationOf
from alm_workbench.contexts.artifact.rights import require
from alm_workbench.contexts.attachment.domain import BlobStore, Opened, Upload, check_content, clean_name, type_of
from alm_workbench.contexts.attachment.messages import (
    AttachFile,
    AttachmentDTO,
    DeleteAttachment,
    GetAttachment,
    ListAttachments,
    OpenAttachment,
    RestoreAttachment,
    StartUpload,
)
from alm_workbench.contexts.attachment.repository import AttachmentRepository
from alm_workbench.contexts.notification.messages import NotifyWatchers
from alm_workbench.contexts.project.messages import ProjectPrivileges
from alm_workbench.contexts.tenant.messages import RequireQuota
from alm_workbench.contexts.workflow.messages import Follow, Happening
from alm_workbench.errors import AccessDenied, AlmError, NotFound, StaleVersion, TooLarge
from alm_workbench.shared.context import DecisionRecord, MessageContext
from alm_workbench.shared.ids import ArtifactId, new_id
from alm_workbench.shared.messages import Event, Page
from alm_workbench.shared.paging import bad_cursor, decode, page_of
from alm_workbench.shared.principal import grants

MODERATE = "artifact:moderate"
log = structlog.get_logger("alm.files")


class Attachments:
    """What all handlers of this context share; ``limit`` is the largest file in bytes."""

    def __init__(self, repo: AttachmentRepository, blobs: BlobStore, limit: int) -> None:
        self.repo, self.blobs, self.limit = repo, blobs, limit

    def allowed(self, ctx: MessageContext, artifact_id: ArtifactId) -> tuple[ArtifactDTO, DecisionRecord]:
        """The item, if the caller may read it and rules and policies let him attach to it now.

        Raises ``NotFound`` and ``AccessDenied``.
        """
        ctx.ask(GetArtifact(artifact_id))
        situation = ctx.ask(SituationOf(artifact_id, "attach", lock=False))
        item, process = situation.artifact, situation.process
        context = replace(situation.context, event={"name": "attach", "changes": []})
        return item, require(process, "attach", item.type, context, item.id)

    def one(
        self, ctx: MessageContext, artifact_id: ArtifactId, attachment_id: UUID, *, deleted: bool = False
    ) -> AttachmentDTO:
        """A file; raises ``NotFound``."""
        found = self.repo.get(ctx.conn, artifact_id, attachment_id, deleted=deleted)
        if found is None:
            raise NotFound(f"there is no file {attachment_id} here")
        return found

    def mine(self, ctx: MessageContext, item: ArtifactDTO, file: AttachmentDTO) -> None:
        """Refuse to touch what another attached; raises ``AccessDenied``."""
        if file.created_by == ctx.principal.actor_id or moderates(ctx, item):
            return
        reason = {"code": "R_NOT_AUTHOR", "message": f"only who attached it, or {MODERATE}", "rule_id": MODERATE}
        raise AccessDenied("This file is somebody else's", reasons=[reason])

    def changed(self, ctx: MessageContext, file: AttachmentDTO, expected: int, values: dict[str, Any]) -> AttachmentDTO:
        """Change a file of the expected version; raises ``StaleVersion`` with the present one."""
        if file.version != expected or not self.repo.change(ctx.conn, file.id, expected, values):
            now = {"id": str(file.id), "name": file.name, "version": file.version}
            raise StaleVersion(f"the file has version {file.version} by now", current=now)
        return self.one(ctx, file.artifact_id, file.id, deleted=True)


def moderates(ctx: MessageContext, item: ArtifactDTO) -> bool:
    """Whether the caller may remove what others attached."""
    return ctx.principal.may(MODERATE) or grants(ctx.ask(ProjectPrivileges(item.project_id)), MODERATE)


def happened(ctx: MessageContext, event: str, item: ArtifactDTO, file: AttachmentDTO) -> None:
    """Let others know."""
    payload = {"project_id": str(item.project_id), "artifact_id": str(item.id), "key": item.key}
    ctx.emit(Event(event, "Attachment", file.id, payload))


class StartUploadHandler:
    """Opens a place for a content, for those who may attach it."""

    def __init__(self, files: Attachments) -> None:
        self._files = files

    def __call__(self, ctx: MessageContext, message: StartUpload) -> Upload:
        type_of(clean_name(message.name))
        self._files.allowed(ctx, message.artifact_id)
        if message.size is not None and message.size > self._files.limit:
            raise TooLarge(f"a file has at most {self._files.limit // 1_000_000:,} MB here")
        return self._files.blobs.begin(ctx.principal.tenant_id, self._files.limit)


class AttachFileHandler:
    """Attaches what was received."""

    def __init__(self, files: Attachments) -> None:
        self._files = files

    def __call__(self, ctx: MessageContext, message: AttachFile) -> AttachmentDTO:
        name, received = clean_name(message.name), message.received
        kind = check_content(name, received)
        item, record = self._files.allowed(ctx, message.artifact_id)
        ctx.decided(record)
        ctx.ask(RequireQuota("storage", received.size))
        tenant_id, repo = ctx.principal.tenant_id, self._files.repo
        repo.lock(ctx.conn, tenant_id, received.sha256, item.id, name)
        newest, highest = repo.newest(ctx.conn, item.id, name)
        if newest is not None and newest.sha256 == received.sha256:
            return newest
        self._files.blobs.keep(tenant_id, received)
        attachment_id = new_id()
        values = {
            "tenant_id": tenant_id,
            "id": attachment_id,
            "artifact_id": item.id,
            "name": name,
            "revision": highest + 1,
            "content_type": kind.media,
            "size": received.size,
            "sha256": received.sha256,
        }
        repo.add(ctx.conn, values)
        file = self._files.one(ctx, item.id, attachment_id)
        happened(ctx, "FileAttached", item, file)
        params = {"attachment_id": str(file.id), "name": file.name}
        ctx.ask(NotifyWatchers(item.id, item.project_id, "attach", params, type_id=item.type))
        ctx.ask(Follow(item.project_id, (Happening("attach", item.id, item, item, (), {"name": file.name}),)))
        return file


class OpenAttachmentHandler:
    """Opens the content of a file."""

    def __init__(self, files: Attachments) -> None:
        self._files = files

    def __call__(self, ctx: MessageContext, message: OpenAttachment) -> Opened:
        ctx.ask(GetArtifact(message.artifact_id))
        file = self._files.one(ctx, message.artifact_id, message.attachment_id)
        try:
            stream = self._files.blobs.open(ctx.principal.tenant_id, file.sha256)
        except OSError as error:
            log.error("content unreadable", attachment_id=str(file.id), sha256=file.sha256, exc_info=error)
            raise AlmError(
                "The content of this file cannot be read; whoever runs this server finds why in its log"
            ) from None
        return Opened(file.name, file.content_type, file.size, file.sha256, file.created_at, stream)


class DeleteAttachmentHandler:
    """Puts a file into the bin."""

    def __init__(self, files: Attachments) -> None:
        self._files = files

    def __call__(self, ctx: MessageContext, message: DeleteAttachment) -> AttachmentDTO:
        ctx.ask(GetArtifact(message.artifact_id))
        current = self._files.one(ctx, message.artifact_id, message.attachment_id)
        item, record = self._files.allowed(ctx, message.artifact_id)
        ctx.decided(record)
        self._files.mine(ctx, item, current)
        values = {"deleted_at": ctx.now, "deleted_by": ctx.principal.actor_id}
        gone = self._files.changed(ctx, current, message.expected_version, values)
        happened(ctx, "FileDeleted", item, gone)
        return gone


class RestoreAttachmentHandler:
    """Takes a file out of the bin."""

    def __init__(self, files: Attachments) -> None:
        self._files = files

    def __call__(self, ctx: MessageContext, message: RestoreAttachment) -> AttachmentDTO:
        ctx.ask(GetArtifact(message.artifact_id))
        current = self._files.one(ctx, message.artifact_id, message.attachment_id, deleted=True)
        item, record = self._files.allowed(ctx, message.artifact_id)
        ctx.decided(record)
        self._files.mine(ctx, item, current)
        if current.deleted_at is None:
            return current
        back = self._files.changed(ctx, current, current.version, {"deleted_at": None, "deleted_by": None})
        happened(ctx, "FileRestored", item, back)
        return back


class GetAttachmentHandler:
    """Says what is known of a file."""

    def __init__(self, files: Attachments) -> None:
        self._files = files

    def __call__(self, ctx: MessageContext, message: GetAttachment) -> AttachmentDTO:
        ctx.ask(GetArtifact(message.artifact_id))
        return self._files.one(ctx, message.artifact_id, message.attachment_id)


class ListAttachmentsHandler:
    """Lists files."""

    def __init__(self, files: Attachments) -> None:
        self._files = files

    def __call__(self, ctx: MessageContext, message: ListAttachments) -> Page[AttachmentDTO]:
        item = ctx.ask(GetArtifact(message.artifact_id))
        limit, deleted = max(1, min(message.limit, 500)), bool(message.deleted)
        author = None if not deleted or moderates(ctx, item) else ctx.principal.actor_id
        found = self._files.repo.page(
            ctx.conn, item.id, message.name, limit + 1, place(message.cursor), deleted=deleted, author=author
        )
        return page_of(found, limit, lambda file: [file.name, file.revision])


def place(cursor: str | None) -> tuple[str, int] | None:
    """Where a page of files begins; raises ``InvalidInput``."""
    key = decode(cursor)
    if key is None:
        return None
    try:
        return str(key[0]), int(key[1])
    except (TypeError, ValueError, LookupError):
        raise bad_cursor() from None
