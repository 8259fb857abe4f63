"""Commands and queries of the attachment context.

The content of a file is no JSON: it is received and sent in streams, by the routes of ``server/files.py`` over REST and by
``StartUpload``, ``AttachFile`` and ``OpenAttachment`` in process.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from alm_workbench.contexts.attachment.domain import Opened, Received, Upload
from alm_workbench.shared.ids import ArtifactId
from alm_workbench.shared.messages import Command, Page, Query, command, query

ATTACH = "artifact:attach"


@dataclass(frozen=True, slots=True)
class AttachmentDTO:
    """A file attached to an item; ``size`` in bytes, ``sha256`` in hex.

    Files of one name on one item are revisions of each other: 1, 2, 3 …
    """

    id: UUID
    artifact_id: ArtifactId
    name: str
    revision: int
    content_type: str
    size: int
    sha256: str
    created_at: datetime
    created_by: UUID | None
    author: str | None
    version: int
    deleted_at: datetime | None = None


@query(route="GET /artifacts/{artifact_id}/attachments", privilege="artifact:read", facade="attachments.list")
@dataclass(frozen=True, slots=True)
class ListAttachments(Query[Page[AttachmentDTO]]):
    """The files of an item by name, the newest revision of each.

    ``name`` lists every revision of one name, newest first; ``deleted`` those in the bin that I may restore.
    """

    artifact_id: ArtifactId
    name: str | None = None
    deleted: bool | None = None
    limit: int = 100
    cursor: str | None = None


@query(
    route="GET /artifacts/{artifact_id}/attachments/{attachment_id}",
    privilege="artifact:read",
    facade="attachments.get",
)
@dataclass(frozen=True, slots=True)
class GetAttachment(Query[AttachmentDTO]):
    """What is known of one file; its content is at ``…/content``."""

    artifact_id: ArtifactId
    attachment_id: UUID


@command(
    route="DELETE /artifacts/{artifact_id}/attachments/{attachment_id}",
    privilege=ATTACH,
    facade="attachments.delete",
    if_match=True,
)
@dataclass(frozen=True, slots=True)
class DeleteAttachment(Command[AttachmentDTO]):
    """Put a file of mine into the bin, or anybody's where I moderate; it can be restored."""

    artifact_id: ArtifactId
    attachment_id: UUID
    expected_version: int


@command(
    route="POST /artifacts/{artifact_id}/attachments/{attachment_id}/restore",
    privilege=ATTACH,
    facade="attachments.restore",
    status=200,
)
@dataclass(frozen=True, slots=True)
class RestoreAttachment(Command[AttachmentDTO]):
    """Take a file of mine out of the bin, or anybody's where I moderate."""

    artifact_id: ArtifactId
    attachment_id: UUID


# -- contents, in process


@query(route=None, privilege=ATTACH)
@dataclass(frozen=True, slots=True)
class StartUpload(Query[Upload]):
    """A place to write a file to before it is attached, for those who may attach it; ``size`` in bytes where it is known.

    Raises ``TooLarge``, ``UnsupportedMediaType`` for a name that says what is not taken here, and what ``AttachFile``
    raises.
    """

    artifact_id: ArtifactId
    name: str
    size: int | None = None


@command(route=None, privilege=ATTACH)
@dataclass(frozen=True, slots=True)
class AttachFile(Command[AttachmentDTO]):
    """Attach what was received; the same content under the same name again is no new revision.

    Raises ``UnsupportedMediaType`` where the content is not what the name says.
    """

    artifact_id: ArtifactId
    name: str
    received: Received


@query(route=None, privilege="artifact:read")
@dataclass(frozen=True, slots=True)
class OpenAttachment(Query[Opened]):
    """The content of a file, to be read and closed."""

    artifact_id: ArtifactId
    attachment_id: UUID
