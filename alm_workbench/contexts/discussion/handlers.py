"""How comments are made, changed, taken away and read."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from alm_workbench.contexts.artifact.messages import ArtifactDTO, GetArtifact, SituationOf
from alm_workbench.contexts.artifact.rights import require
from alm_workbench.contexts.audit.messages import GetSnapshot
from alm_workbench.contexts.discussion.domain import Said, check_moment, newly, plain_text, said
from alm_workbench.contexts.discussion.messages import (
    AddComment,
    CommentDTO,
    CommentHistory,
    CommentRevisionDTO,
    DeleteComment,
    GetComment,
    ListComments,
    ListMentionable,
    MentionDTO,
    RestoreComment,
    UpdateComment,
)
from alm_workbench.contexts.discussion.repository import CommentRepository
from alm_workbench.contexts.notification.domain import begins
from alm_workbench.contexts.notification.messages import AutoWatch, MayRead, Notify, NotifyWatchers
from alm_workbench.contexts.project.messages import ProjectPrivileges
from alm_workbench.contexts.tenant.messages import RequireQuota
from alm_workbench.contexts.tenant.people_messages import ListMembers
from alm_workbench.contexts.workflow.messages import Follow, Happening
from alm_workbench.errors import AccessDenied, InvalidInput, NotFound, StaleVersion
from alm_workbench.errors import ErrorItem as Item
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.ids import ArtifactId, new_id
from alm_workbench.shared.messages import Event, Page
from alm_workbench.shared.paging import bad_cursor, decode, page_of
from alm_workbench.shared.principal import grants

MODERATE = "artifact:moderate"
IMPORT = "artifact:import"
MOST = 20


class Comments:
    """What all handlers of this context share."""

    def __init__(self, repo: CommentRepository) -> None:
        self.repo = repo

    def allowed(self, ctx: MessageContext, artifact_id: ArtifactId, words: str) -> ArtifactDTO:
        """The item, if the caller may read it and rules and policies let him comment on it now.

        Raises ``NotFound`` and ``AccessDenied``.
        """
        ctx.ask(GetArtifact(artifact_id))
        situation = ctx.ask(SituationOf(artifact_id, "comment", lock=False))
        item, process = situation.artifact, situation.process
        context = replace(situation.context, event={"name": "comment", "comment": words, "changes": []})
        ctx.decided(require(process, "comment", item.type, context, item.id))
        return item

    def one(
        self, ctx: MessageContext, artifact_id: ArtifactId, comment_id: UUID, *, deleted: bool = False
    ) -> CommentDTO:
        """A comment; raises ``NotFound``."""
        found = self.repo.get(ctx.conn, artifact_id, comment_id, deleted=deleted)
        if found is None:
            raise NotFound(f"there is no comment {comment_id} here")
        return found

    def mine(self, ctx: MessageContext, item: ArtifactDTO, comment: CommentDTO) -> None:
        """Refuse to change what another said; raises ``AccessDenied``."""
        if comment.author_id == ctx.principal.actor_id or moderates(ctx, item):
            return
        reason = {"code": "R_NOT_AUTHOR", "message": f"only who wrote it, or {MODERATE}", "rule_id": MODERATE}
        raise AccessDenied("This comment is somebody else's", reasons=[reason])

    def fresh(self, ctx: MessageContext, comment: CommentDTO, expected: int, values: dict[str, Any]) -> CommentDTO:
        """Change a comment of the expected version; raises ``StaleVersion`` with the present one."""
        if comment.version != expected or not self.repo.change(ctx.conn, comment.id, expected, values):
            now = {"id": str(comment.id), "text": comment.text, "version": comment.version}
            raise StaleVersion(f"the comment has version {comment.version} by now", current=now)
        return self.one(ctx, comment.artifact_id, comment.id, deleted=True)

    def mentioned(self, ctx: MessageContext, item: ArtifactDTO, text: Said) -> tuple[UUID, ...]:
        """Those of the mentioned who are members and may read the item."""
        actors = list(text.actors)
        if text.addresses and ctx.principal.may("member:read"):
            known = {member.email.lower(): member.actor_id for member in ctx.ask(ListMembers())}
            actors += [known[address] for address in text.addresses if address in known]
        actors = list(dict.fromkeys(actors))
        if not actors:
            return ()
        readers = ctx.ask(MayRead(item.id, item.project_id, tuple(actors), item.type))
        return tuple(actor for actor in actors if actor in readers)

    def tell(self, ctx: MessageContext, item: ArtifactDTO, comment: CommentDTO, mentioned: tuple[UUID, ...]) -> None:
        """Tell those who are mentioned."""
        if mentioned:
            params = {"comment_id": str(comment.id)}
            ctx.ask(Notify(mentioned, "mention", item.project_id, "Artifact", item.id, params=params))


def moderates(ctx: MessageContext, item: ArtifactDTO) -> bool:
    """Whether the caller may change what others said."""
    return ctx.principal.may(MODERATE) or grants(ctx.ask(ProjectPrivileges(item.project_id)), MODERATE)


def happened(ctx: MessageContext, event: str, item: ArtifactDTO, comment: CommentDTO) -> None:
    """Let others know: ids only, for texts may be read by whoever may read the item."""
    payload = {"project_id": str(item.project_id), "artifact_id": str(item.id), "key": item.key}
    ctx.emit(Event(event, "Comment", comment.id, payload))


class AddCommentHandler:
    """Adds a comment."""

    def __init__(self, comments: Comments) -> None:
        self._comments = comments

    def __call__(self, ctx: MessageContext, message: AddComment) -> CommentDTO:
        text = said(message.text, message.format)
        words = plain_text(text.text, text.format)
        item = self._comments.allowed(ctx, message.artifact_id, words)
        ctx.ask(RequireQuota("storage", text.size))
        mentioned = self._comments.mentioned(ctx, item, text)
        comment_id = new_id()
        values = {
            "tenant_id": ctx.principal.tenant_id,
            "id": comment_id,
            "artifact_id": item.id,
            "parent_id": self._thread(ctx, message),
            "text": text.text,
            "format": text.format,
            "original": text.original,
            "mentions": list(mentioned),
            "occurred_at": self._moment(ctx, item, message),
        }
        self._comments.repo.add(ctx.conn, values)
        comment = self._comments.one(ctx, item.id, comment_id)
        happened(ctx, "CommentAdded", item, comment)
        me = ctx.principal.actor_id
        if message.occurred_at is None:  # a discussion of the past is news to nobody
            self._comments.tell(ctx, item, comment, mentioned)
            params = {"comment_id": str(comment.id)}
            ctx.ask(NotifyWatchers(item.id, item.project_id, "comment", params, mentioned, item.type))
        ctx.ask(AutoWatch(item.project_id, ((item.id, me, "commenter"),)))
        ctx.ask(Follow(item.project_id, (Happening("comment", item.id, item, item, (), {"comment": words}),)))
        return comment

    def _thread(self, ctx: MessageContext, message: AddComment) -> UUID | None:
        if message.parent_id is None:
            return None
        parent = self._comments.repo.get(ctx.conn, message.artifact_id, message.parent_id)
        if parent is None:
            problem = Item("/parent_id", "unknown", "there is no such comment on this item")
            raise InvalidInput("The comment to answer is not there", errors=[problem])
        return parent.parent_id or parent.id

    def _moment(self, ctx: MessageContext, item: ArtifactDTO, message: AddComment) -> datetime:
        if message.occurred_at is None:
            return ctx.now
        check_moment(message.occurred_at, ctx.now)
        if not ctx.principal.may(IMPORT) and not grants(ctx.ask(ProjectPrivileges(item.project_id)), IMPORT):
            reason = {"code": "R_PRIVILEGE_MISSING", "message": f"privilege {IMPORT} is needed", "rule_id": IMPORT}
            raise AccessDenied("Telling what was said in the past takes the right to import", reasons=[reason])
        return message.occurred_at


class UpdateCommentHandler:
    """Changes the text of a comment."""

    def __init__(self, comments: Comments) -> None:
        self._comments = comments

    def __call__(self, ctx: MessageContext, message: UpdateComment) -> CommentDTO:
        ctx.ask(GetArtifact(message.artifact_id))
        current = self._comments.one(ctx, message.artifact_id, message.comment_id)
        text = said(message.text, message.format or current.format)
        item = self._comments.allowed(ctx, message.artifact_id, plain_text(text.text, text.format))
        self._comments.mine(ctx, item, current)
        ctx.ask(RequireQuota("storage", text.size))
        mentioned = self._comments.mentioned(ctx, item, text)
        values = {
            "text": text.text,
            "format": text.format,
            "original": text.original,
            "mentions": list(mentioned),
            "edited_at": ctx.now,
        }
        changed = self._comments.fresh(ctx, current, message.expected_version, values)
        happened(ctx, "CommentChanged", item, changed)
        before = tuple(one.actor_id for one in current.mentions)
        self._comments.tell(ctx, item, changed, newly(mentioned, before))
        return changed


class DeleteCommentHandler:
    """Puts a comment into the bin."""

    def __init__(self, comments: Comments) -> None:
        self._comments = comments

    def __call__(self, ctx: MessageContext, message: DeleteComment) -> CommentDTO:
        ctx.ask(GetArtifact(message.artifact_id))
        current = self._comments.one(ctx, message.artifact_id, message.comment_id)
        item = self._comments.allowed(ctx, message.artifact_id, "")
        self._comments.mine(ctx, item, current)
        values = {"deleted_at": ctx.now, "deleted_by": ctx.principal.actor_id}
        gone = self._comments.fresh(ctx, current, message.expected_version, values)
        happened(ctx, "CommentDeleted", item, gone)
        return gone


class RestoreCommentHandler:
    """Takes a comment out of the bin."""

    def __init__(self, comments: Comments) -> None:
        self._comments = comments

    def __call__(self, ctx: MessageContext, message: RestoreComment) -> CommentDTO:
        ctx.ask(GetArtifact(message.artifact_id))
        current = self._comments.one(ctx, message.artifact_id, message.comment_id, deleted=True)
        item = self._comments.allowed(ctx, message.artifact_id, "")
        self._comments.mine(ctx, item, current)
        if current.deleted_at is None:
            return current
        back = self._comments.fresh(ctx, current, current.version, {"deleted_at": None, "deleted_by": None})
        happened(ctx, "CommentRestored", item, back)
        return back


class GetCommentHandler:
    """Reads one comment."""

    def __init__(self, comments: Comments) -> None:
        self._comments = comments

    def __call__(self, ctx: MessageContext, message: GetComment) -> CommentDTO:
        ctx.ask(GetArtifact(message.artifact_id))
        return self._comments.one(ctx, message.artifact_id, message.comment_id)


class ListCommentsHandler:
    """Lists comments."""

    def __init__(self, comments: Comments) -> None:
        self._comments = comments

    def __call__(self, ctx: MessageContext, message: ListComments) -> Page[CommentDTO]:
        item = ctx.ask(GetArtifact(message.artifact_id))
        limit, deleted = max(1, min(message.limit, 200)), bool(message.deleted)
        author = None if not deleted or moderates(ctx, item) else ctx.principal.actor_id
        found = self._comments.repo.page(
            ctx.conn,
            item.id,
            limit + 1,
            place(message.cursor),
            newest=message.order == "newest",
            deleted=deleted,
            author=author,
        )
        return page_of(found, limit, lambda comment: [comment.occurred_at.isoformat(), str(comment.id)])


class CommentHistoryHandler:
    """Shows what a comment said before, out of the audit trail."""

    def __init__(self, comments: Comments) -> None:
        self._comments = comments

    def __call__(self, ctx: MessageContext, message: CommentHistory) -> tuple[CommentRevisionDTO, ...]:
        item = ctx.ask(GetArtifact(message.artifact_id))
        comment = self._comments.one(ctx, item.id, message.comment_id, deleted=True)
        if not ctx.principal.may("audit:read"):
            self._comments.mine(ctx, item, comment)
        found = []
        for version in range(1, comment.version + 1):
            then = ctx.ask(GetSnapshot("Comment", comment.id, version))
            text = str(then.payload["text"]) if then.payload else None
            found.append(
                CommentRevisionDTO(version, then.change_type, text, then.occurred_at, then.actor_id, then.actor)
            )
        return tuple(found)


class ListMentionableHandler:
    """Lists whom a comment may mention."""

    def __call__(self, ctx: MessageContext, message: ListMentionable) -> tuple[MentionDTO, ...]:
        item = ctx.ask(GetArtifact(message.artifact_id))
        found: list[MentionDTO] = []
        members = [m for m in ctx.ask(ListMembers()) if m.status == "active" and begins(m.display_name, message.text)]
        for start in range(0, len(members), MOST):
            part = members[start : start + MOST]
            readers = ctx.ask(MayRead(item.id, item.project_id, tuple(m.actor_id for m in part), item.type))
            found += [MentionDTO(m.actor_id, m.display_name) for m in part if m.actor_id in readers]
            if len(found) >= MOST:
                break
        return tuple(found[:MOST])


def place(cursor: str | None) -> tuple[datetime, UUID] | None:
    """Where a page of comments begins; raises ``InvalidInput``."""
    key = decode(cursor)
    if key is None:
        return None
    try:
        return datetime.fromisoformat(key[0]), UUID(key[1])
    except (TypeError, ValueError, LookupError):
        raise bad_cursor() from None
