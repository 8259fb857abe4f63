"""Commands and queries of the discussion context."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from alm_workbench.shared.ids import ArtifactId
from alm_workbench.shared.messages import Command, Page, Query, command, query

TextFormat = Literal["plain", "rich"]


@dataclass(frozen=True, slots=True)
class MentionDTO:
    """Somebody whom a comment speaks of, and who was told."""

    actor_id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class CommentDTO:
    """A comment on an item. ``parent_id`` is the comment that it answers; ``edited_at`` is there once it was changed.

    ``plain`` texts are kept as they were typed; ``rich`` ones are a safe subset of XHTML. ``occurred_at`` is when it
    was said, ``created_at`` when it came to be here.
    """

    id: UUID
    artifact_id: ArtifactId
    parent_id: UUID | None
    author_id: UUID | None
    author: str | None
    text: str
    format: str
    mentions: tuple[MentionDTO, ...]
    occurred_at: datetime
    created_at: datetime
    edited_at: datetime | None
    version: int
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CommentRevisionDTO:
    """A comment as it was from one moment on; the text is None where it was erased."""

    version: int
    change: str
    text: str | None
    at: datetime
    actor_id: UUID | None
    actor: str | None


@command(
    route="POST /artifacts/{artifact_id}/comments", privilege="artifact:comment", facade="comments.add", idempotent=True
)
@dataclass(frozen=True, slots=True)
class AddComment(Command[CommentDTO]):
    """Comment on an item, or answer a comment (``parent_id``; an answer to an answer stands in the same thread).

    ``@[any words](actor id)`` mentions a person, as ``@e-mail`` does where I may see addresses; who may read the item is
    told. ``occurred_at`` lies in the past and takes the right to import: it is for discussions held elsewhere.
    """

    artifact_id: ArtifactId
    text: str
    format: TextFormat = "plain"
    parent_id: UUID | None = None
    occurred_at: datetime | None = None


@query(route="GET /artifacts/{artifact_id}/comments", privilege="artifact:read", facade="comments.list")
@dataclass(frozen=True, slots=True)
class ListComments(Query[Page[CommentDTO]]):
    """The comments on an item, oldest first unless ``order`` is newest.

    ``deleted`` lists those in the bin that I may restore: my own, or everybody's where I moderate.
    """

    artifact_id: ArtifactId
    order: Literal["oldest", "newest"] = "oldest"
    deleted: bool | None = None
    limit: int = 50
    cursor: str | None = None


@query(route="GET /artifacts/{artifact_id}/comments/{comment_id}", privilege="artifact:read", facade="comments.get")
@dataclass(frozen=True, slots=True)
class GetComment(Query[CommentDTO]):
    """One comment."""

    artifact_id: ArtifactId
    comment_id: UUID


@command(
    route="PATCH /artifacts/{artifact_id}/comments/{comment_id}",
    privilege="artifact:comment",
    facade="comments.update",
    if_match=True,
)
@dataclass(frozen=True, slots=True)
class UpdateComment(Command[CommentDTO]):
    """Change a comment of mine, or anybody's where I moderate; who is mentioned anew is told."""

    artifact_id: ArtifactId
    comment_id: UUID
    expected_version: int
    text: str
    format: TextFormat | None = None


@command(
    route="DELETE /artifacts/{artifact_id}/comments/{comment_id}",
    privilege="artifact:comment",
    facade="comments.delete",
    if_match=True,
)
@dataclass(frozen=True, slots=True)
class DeleteComment(Command[CommentDTO]):
    """Take a comment of mine away, or anybody's where I moderate; it can be restored. Answers to it stay."""

    artifact_id: ArtifactId
    comment_id: UUID
    expected_version: int


@command(
    route="POST /artifacts/{artifact_id}/comments/{comment_id}/restore",
    privilege="artifact:comment",
    facade="comments.restore",
    status=200,
)
@dataclass(frozen=True, slots=True)
class RestoreComment(Command[CommentDTO]):
    """Bring back a comment of mine, or anybody's where I moderate."""

    artifact_id: ArtifactId
    comment_id: UUID


@query(
    route="GET /artifacts/{artifact_id}/comments/{comment_id}/history",
    privilege="artifact:read",
    facade="comments.history",
)
@dataclass(frozen=True, slots=True)
class CommentHistory(Query[tuple[CommentRevisionDTO, ...]]):
    """What a comment of mine said before, oldest first; anybody's where I moderate or read the audit trail."""

    artifact_id: ArtifactId
    comment_id: UUID


@query(route="GET /artifacts/{artifact_id}/mentionable", privilege="artifact:comment", facade="comments.mentionable")
@dataclass(frozen=True, slots=True)
class ListMentionable(Query[tuple[MentionDTO, ...]]):
    """Members who may read an item, by name, at most twenty; ``text`` is how some part of the name begins."""

    artifact_id: ArtifactId
    text: str = ""
