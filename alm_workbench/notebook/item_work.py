"""What people do around an item: talk about it, attach files, watch it, and note their work."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, cast
from uuid import UUID

from alm_workbench.contexts.discussion.messages import TextFormat
from alm_workbench.contexts.notification.messages import WatcherDTO
from alm_workbench.contexts.planning.work_messages import WorkLogDTO
from alm_workbench.notebook import collaboration, planning
from alm_workbench.notebook.actions import action
from alm_workbench.notebook.collaboration import Comment, File
from alm_workbench.notebook.show import Listing

if TYPE_CHECKING:
    from alm_workbench.notebook.artifact import Artifact


class AroundItem:
    """The part of an item that changes nothing of the item itself."""

    __slots__ = ()

    @property
    def _itself(self) -> Artifact:
        return cast("Artifact", self)

    @property
    def comments(self) -> Listing[Comment]:
        """What was said about it, in that order."""
        return collaboration.comments_of(self._itself)

    @action
    def comment(self, text: str, *, format: TextFormat = "plain", to: Comment | UUID | None = None) -> Comment:
        """Comment on it, or answer a comment; ``@[words](actor id)`` mentions a person."""
        return collaboration.add_comment(self._itself, text, format=format, to=to)

    @property
    def attachments(self) -> Listing[File]:
        """The files attached to it, the newest of each name."""
        return collaboration.files_of(self._itself)

    @action
    def attach(self, source: collaboration.Source, name: str | None = None) -> File:
        """Attach a file: a path, bytes with a ``name``, or an open file. The same name again is a new revision."""
        return collaboration.attach(self._itself, source, name)

    @property
    def watchers(self) -> Listing[WatcherDTO]:
        """Who is told what happens to it."""
        return collaboration.watchers_of(self._itself)

    @action
    def watch(self) -> WatcherDTO:
        """Be told what happens to it."""
        return self._itself.project.api.watchers.watch(artifact_id=self._itself.id)

    @action
    def unwatch(self) -> Listing[WatcherDTO]:
        """Be told no more; gives who still watches."""
        return collaboration.watcher_listing(
            self._itself, self._itself.project.api.watchers.unwatch(artifact_id=self._itself.id)
        )

    @action
    def log_work(
        self, hours: float, on: date | str | None = None, note: str = "", *, remaining: float | None = None
    ) -> WorkLogDTO:
        """Note hours that you worked on it, today or on a day before; ``remaining`` says what is left."""
        return planning.log_work(self._itself, hours, on, note, remaining)

    @action
    def work(self, limit: int = 100) -> Listing[WorkLogDTO]:
        """The work noted on it, latest day first."""
        return planning.work_of(self._itself, limit)

    @action
    def take_back_work(self, work: WorkLogDTO | UUID) -> WorkLogDTO:
        """Take noted work back."""
        return planning.take_back(self._itself, work)
