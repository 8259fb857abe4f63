"""Registers the discussion context."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alm_workbench.contexts.discussion import handlers as h
from alm_workbench.contexts.discussion import messages as m
from alm_workbench.contexts.discussion.repository import CommentRepository
from alm_workbench.shared.context import Handler, Services
from alm_workbench.shared.plugins import hookimpl


@hookimpl
def alm_handlers(services: Services) -> Mapping[type[Any], Handler]:
    """Handlers of this context."""
    comments = h.Comments(CommentRepository())
    return {
        m.AddComment: h.AddCommentHandler(comments),
        m.UpdateComment: h.UpdateCommentHandler(comments),
        m.DeleteComment: h.DeleteCommentHandler(comments),
        m.RestoreComment: h.RestoreCommentHandler(comments),
        m.GetComment: h.GetCommentHandler(comments),
        m.ListComments: h.ListCommentsHandler(comments),
        m.CommentHistory: h.CommentHistoryHandler(comments),
        m.ListMentionable: h.ListMentionableHandler(),
    }
