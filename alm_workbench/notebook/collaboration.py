"""Talking about items in a notebook: comments, attached files, who watches, and what one is told."""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol, cast
from uuid import UUID

from alm_workbench.contexts.attachment.messages import AttachmentDTO
from alm_workbench.contexts.discussion.messages import CommentDTO, CommentRevisionDTO, TextFormat
from alm_workbench.contexts.notification.messages import NotificationDTO, WatcherDTO
from alm_workbench.errors import InvalidInput
from alm_workbench.i18n import _, label
from alm_workbench.notebook.actions import action, told_html, told_text
from alm_workbench.notebook.show import Column, Listing, card
from alm_workbench.shared.ids import ArtifactId

if TYPE_CHECKING:
    from alm_workbench.notebook.artifact import Artifact
    from alm_workbench.notebook.workbench import Workbench

PAGE = 200
Source = str | os.PathLike[str] | bytes | IO[bytes]


class Transfers(Protocol):
    """What a mediator must do beside messages: contents of files, in pieces."""

    def upload(self, artifact_id: ArtifactId, name: str, source: IO[bytes], /) -> AttachmentDTO: ...

    def download(self, artifact_id: ArtifactId, attachment_id: UUID, /) -> Iterator[bytes]: ...


class Comment:
    """A comment on an item; it knows its version."""

    def __init__(self, item: Artifact, dto: CommentDTO) -> None:
        self._item, self.dto = item, dto

    @property
    def id(self) -> UUID:
        """Its id."""
        return self.dto.id

    @property
    def text(self) -> str:
        """What it says."""
        return self.dto.text

    @property
    def author(self) -> str:
        """Who said it."""
        return self.dto.author or ""

    @action
    def reply(self, text: str, *, format: TextFormat = "plain") -> Comment:
        """Answer it."""
        return add_comment(self._item, text, format=format, to=self)

    @action
    def edit(self, text: str, *, format: TextFormat | None = None) -> Comment:
        """Change what it says; raises ``StaleVersion`` when somebody was faster."""
        self.dto = self._item.project.api.comments.update(
            artifact_id=self._item.id,
            comment_id=self.id,
            expected_version=self.dto.version,
            text=text,
            format=format,
        )
        return self

    @action
    def delete(self) -> Comment:
        """Take it away; ``restore`` brings it back."""
        self.dto = self._item.project.api.comments.delete(
            artifact_id=self._item.id, comment_id=self.id, expected_version=self.dto.version
        )
        return self

    @action
    def restore(self) -> Comment:
        """Bring it back."""
        self.dto = self._item.project.api.comments.restore(artifact_id=self._item.id, comment_id=self.id)
        return self

    @action
    def history(self) -> Listing[CommentRevisionDTO]:
        """What it said before, oldest first."""
        columns: list[Column[CommentRevisionDTO]] = [
            Column("version", _("Version"), lambda r: r.version, "integer"),
            Column("change", _("Change"), lambda r: r.change),
            Column("text", _("Text"), lambda r: r.text),
            Column("by", _("By"), lambda r: r.actor),
            Column("at", _("At"), lambda r: r.at, "timestamp"),
        ]
        found = self._item.project.api.comments.history(artifact_id=self._item.id, comment_id=self.id)
        return Listing(found, columns, self._item.key)

    def __repr__(self) -> str:
        return f"<{_('Comment')} {self._item.key}, {self.author}: {self.text[:60]!r}>"


class File:
    """A file attached to an item."""

    def __init__(self, item: Artifact, dto: AttachmentDTO) -> None:
        self._item, self.dto = item, dto

    @property
    def id(self) -> UUID:
        """Its id."""
        return self.dto.id

    @property
    def name(self) -> str:
        """Its name."""
        return self.dto.name

    @property
    def size(self) -> int:
        """Its size in bytes."""
        return self.dto.size

    @action
    def read(self) -> bytes:
        """The whole content."""
        return b"".join(self._pieces())

    @action
    def save(self, path: str | os.PathLike[str] = ".", *, overwrite: bool = False) -> Path:
        """Save it under a path, or under its own name in a directory; gives the path.

        Raises ``InvalidInput`` where there is a file already, unless ``overwrite``.
        """
        target = Path(path).expanduser()
        target = target / self.name if target.is_dir() else target
        if target.exists() and not overwrite:
            raise InvalidInput(_("There is a file {path} already; overwrite=True replaces it").format(path=target))
        try:
            handle, waiting = tempfile.mkstemp(dir=target.absolute().parent)
        except OSError as error:
            text = _("The file {path} cannot be written ({reason})").format(path=target, reason=error.strerror)
            raise InvalidInput(text) from None
        try:
            with os.fdopen(handle, "wb") as out:
                for piece in self._pieces():
                    out.write(piece)
            os.chmod(waiting, 0o666 & ~current_umask())
            os.replace(waiting, target)
        except BaseException:
            Path(waiting).unlink(missing_ok=True)
            raise
        return target

    @action
    def delete(self) -> File:
        """Put it into the bin; ``restore`` takes it out again."""
        self.dto = self._item.project.api.attachments.delete(
            artifact_id=self._item.id, attachment_id=self.id, expected_version=self.dto.version
        )
        return self

    @action
    def restore(self) -> File:
        """Take it out of the bin."""
        self.dto = self._item.project.api.attachments.restore(artifact_id=self._item.id, attachment_id=self.id)
        return self

    @action
    def revisions(self) -> Listing[File]:
        """Every file of this name on the item, newest first."""
        return files_of(self._item, self.name)

    def _pieces(self) -> Iterator[bytes]:
        """The content; raises ``InvalidInput`` at its end where it is not what was attached."""
        digest = hashlib.sha256()
        for piece in transfers(self._item).download(self._item.id, self.id):
            digest.update(piece)
            yield piece
        if digest.hexdigest() != self.dto.sha256:
            raise InvalidInput(_("What came of {name} is not what was attached; try again").format(name=self.name))

    def __repr__(self) -> str:
        return f"<{self.name} ({sized(self.size)}), {self._item.key}>"

    def _repr_html_(self) -> str:
        return file_card(self)


class Notifications:
    """What happened that concerns you, newest first; looked up when it is shown or counted."""

    def __init__(self, workbench: Workbench) -> None:
        self._workbench = workbench

    @property
    def unread_count(self) -> int:
        """How many are unread (a hundred stands for more, too)."""
        return self._workbench.api.notifications.count().unread

    @property
    def unread(self) -> Listing[NotificationDTO]:
        """Those that you have not read."""
        return self._listing(unread=True)

    def all(self, limit: int = PAGE) -> Listing[NotificationDTO]:
        """The newest ones, read or not."""
        return self._listing(limit=limit)

    @action
    def mark_read(self, *those: NotificationDTO) -> int:
        """Mark some as read, or all; how many were not."""
        ids = tuple(one.id for one in those) if those else None
        return self._workbench.api.notifications.read(ids=ids).marked

    @action
    def _listing(self, *, unread: bool | None = None, limit: int = PAGE) -> Listing[NotificationDTO]:
        page = self._workbench.api.notifications.list(unread=unread, limit=min(limit, PAGE))
        columns: list[Column[NotificationDTO]] = [
            Column("what", _("What happened"), lambda n: label(n.text)),
            Column("title", _("Title"), lambda n: n.title),
            Column("at", _("At"), lambda n: n.created_at, "timestamp"),
            Column("read", _("Read"), lambda n: n.read_at is not None, "boolean"),
        ]
        return Listing(page.items, columns)

    def __getitem__(self, index: int) -> NotificationDTO:
        return self.all()[index]

    def __iter__(self) -> Iterator[NotificationDTO]:
        return iter(self.all())

    def __len__(self) -> int:
        return len(self.all())

    @told_text
    def __repr__(self) -> str:
        return repr(self.all())

    @told_html
    def _repr_html_(self) -> str:
        return self.all()._repr_html_()


def comments_of(item: Artifact, *, newest: bool = False) -> Listing[Comment]:
    """The comments on an item, in the order they were said."""
    found: list[CommentDTO] = []
    cursor: str | None = None
    while True:
        page = item.project.api.comments.list(
            artifact_id=item.id, order="newest" if newest else "oldest", limit=PAGE, cursor=cursor
        )
        found += page.items
        if (cursor := page.next_cursor) is None:
            break
    columns: list[Column[Comment]] = [
        Column("author", _("By"), lambda c: c.author),
        Column("text", _("Text"), lambda c: c.text),
        Column("at", _("At"), lambda c: c.dto.occurred_at, "timestamp"),
        Column("edited", _("Edited"), lambda c: c.dto.edited_at is not None, "boolean"),
    ]
    return Listing([Comment(item, dto) for dto in found], columns, item.key)


def add_comment(
    item: Artifact, text: str, *, format: TextFormat = "plain", to: Comment | UUID | None = None
) -> Comment:
    """Comment on an item."""
    parent = to.id if isinstance(to, Comment) else to
    dto = item.project.api.comments.add(artifact_id=item.id, text=text, format=format, parent_id=parent)
    return Comment(item, dto)


def files_of(item: Artifact, name: str | None = None) -> Listing[File]:
    """The files of an item by name, or every revision of one."""
    found: list[AttachmentDTO] = []
    cursor: str | None = None
    while True:
        page = item.project.api.attachments.list(artifact_id=item.id, name=name, limit=PAGE, cursor=cursor)
        found += page.items
        if (cursor := page.next_cursor) is None:
            break
    columns: list[Column[File]] = [
        Column("name", _("Name"), lambda f: f.name),
        Column("revision", _("Revision"), lambda f: f.dto.revision, "integer"),
        Column("size", _("Size"), lambda f: sized(f.size)),
        Column("by", _("By"), lambda f: f.dto.author),
        Column("at", _("At"), lambda f: f.dto.created_at, "timestamp"),
    ]
    return Listing([File(item, dto) for dto in found], columns, item.key)


def attach(item: Artifact, source: Source, name: str | None = None) -> File:
    """Attach a file by its path, bytes or an open file."""
    if isinstance(source, bytes):
        if not name:
            raise InvalidInput(_("Bytes need a name: attach(data, name='…')"))
        return File(item, transfers(item).upload(item.id, name, io.BytesIO(source)))
    if isinstance(source, (str, os.PathLike)):
        path = Path(source).expanduser()
        try:
            with path.open("rb") as stream:
                return File(item, transfers(item).upload(item.id, name or path.name, stream))
        except OSError as error:
            text = _("The file {path} cannot be read ({reason})").format(path=path.absolute(), reason=error.strerror)
            raise InvalidInput(text) from None
    if not hasattr(source, "read"):
        raise InvalidInput(_("Give a path, bytes or an open file, not a {kind}").format(kind=type(source).__name__))
    given = name or Path(str(getattr(source, "name", ""))).name
    return File(item, transfers(item).upload(item.id, given, source))


def watchers_of(item: Artifact) -> Listing[WatcherDTO]:
    """Who watches an item."""
    return watcher_listing(item, item.project.api.watchers.list(artifact_id=item.id))


def watcher_listing(item: Artifact, found: Sequence[WatcherDTO]) -> Listing[WatcherDTO]:
    """Watchers as a table."""
    columns: list[Column[WatcherDTO]] = [
        Column("name", _("Name"), lambda w: w.name),
        Column("why", _("Why"), lambda w: w.why),
        Column("since", _("Since"), lambda w: w.since, "timestamp"),
    ]
    return Listing(found, columns, item.key)


def transfers(item: Artifact) -> Transfers:
    """How contents of files get to the workbench of an item and back; raises ``InvalidInput``."""
    mediator = item.project.workbench.mediator
    if not hasattr(mediator, "upload"):
        raise InvalidInput(_("This connection carries no files"))
    return cast("Transfers", mediator)


def sized(size: int) -> str:
    """A size for people."""
    return (
        f"{size / 1_000_000:,.1f} MB" if size >= 100_000 else f"{size / 1000:,.1f} kB" if size >= 1000 else f"{size} B"
    )


def current_umask() -> int:
    """The mask of this process, which can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def file_card(file: File) -> str:
    """A file as a card."""
    dto = file.dto
    rows = [
        (_("Size"), sized(dto.size)),
        (_("Type"), dto.content_type),
        (_("By"), dto.author),
        (_("At"), dto.created_at),
    ]
    return card(dto.name, [*rows, ("SHA-256", dto.sha256)])
