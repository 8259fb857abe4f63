"""Registers the attachment context."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alm_workbench.contexts.attachment import handlers as h
from alm_workbench.contexts.attachment import messages as m
from alm_workbench.contexts.attachment.domain import BlobStore, FileLimit
from alm_workbench.contexts.attachment.repository import AttachmentRepository
from alm_workbench.shared.context import Handler, Services
from alm_workbench.shared.plugins import hookimpl


@hookimpl
def alm_handlers(services: Services) -> Mapping[type[Any], Handler]:
    """Handlers of this context."""
    blobs: BlobStore = services.ports[BlobStore]
    files = h.Attachments(AttachmentRepository(), blobs, services.port(FileLimit).bytes)
    return {
        m.StartUpload: h.StartUploadHandler(files),
        m.AttachFile: h.AttachFileHandler(files),
        m.OpenAttachment: h.OpenAttachmentHandler(files),
        m.GetAttachment: h.GetAttachmentHandler(files),
        m.ListAttachments: h.ListAttachmentsHandler(files),
        m.DeleteAttachment: h.DeleteAttachmentHandler(files),
        m.RestoreAttachment: h.RestoreAttachmentHandler(files),
    }
