"""Commands and queries of the notification context."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from alm_workbench.contexts.workflow.messages import Happening
from alm_workbench.shared.ids import ArtifactId, ProjectId
from alm_workbench.shared.messages import AUTHENTICATED, Command, Json, Page, Query, command, query


@dataclass(frozen=True, slots=True)
class NotificationDTO:
    """One thing that happened. ``key`` and ``title`` are those of the item as I may see it now; ``text`` by language.

    ``kind`` is mention, comment, assigned, transition, or what a process calls its own; ``params`` tells the rest.
    """

    id: UUID
    kind: str
    project_id: ProjectId | None
    entity_type: str
    entity_id: UUID
    key: str | None
    title: str | None
    actor_id: UUID | None
    actor: str | None
    params: Mapping[str, Json]
    text: Mapping[str, str]
    created_at: datetime
    read_at: datetime | None


@dataclass(frozen=True, slots=True)
class NotificationCountDTO:
    """How many of my notifications are unread; ``more`` where there are so many that nobody counts on."""

    unread: int
    more: bool


@dataclass(frozen=True, slots=True)
class ReadDTO:
    """How many notifications were marked."""

    marked: int


@dataclass(frozen=True, slots=True)
class WatcherDTO:
    """Somebody who watches an item; ``why`` is asked, author, assignee or commenter."""

    actor_id: UUID
    name: str
    why: str
    since: datetime


@dataclass(frozen=True, slots=True)
class PersonDTO:
    """A colleague, as far as everybody who works with him knows: addresses and roles are for ``GET /members``."""

    actor_id: UUID
    name: str


@query(route="GET /notifications", privilege=AUTHENTICATED, facade="notifications.list")
@dataclass(frozen=True, slots=True)
class ListNotifications(Query[Page[NotificationDTO]]):
    """What happened that concerns me, newest first; without what I may not see any more."""

    unread: bool | None = None
    kind: str | None = None
    project_id: ProjectId | None = None
    limit: int = 50
    cursor: str | None = None


@query(route="GET /notifications/count", privilege=AUTHENTICATED, facade="notifications.count")
@dataclass(frozen=True, slots=True)
class CountNotifications(Query[NotificationCountDTO]):
    """How many of my notifications are unread."""


@command(route="POST /notifications/read", privilege=AUTHENTICATED, facade="notifications.read", status=200)
@dataclass(frozen=True, slots=True)
class MarkRead(Command[ReadDTO]):
    """Mark notifications of mine as read, or as unread again; no ``ids`` means all of them."""

    ids: tuple[UUID, ...] | None = None
    read: bool = True


@command(
    route="PUT /artifacts/{artifact_id}/watchers/me", privilege="artifact:read", facade="watchers.watch", status=200
)
@dataclass(frozen=True, slots=True)
class WatchArtifact(Command[WatcherDTO]):
    """Be told what happens to an item from now on."""

    artifact_id: ArtifactId


@command(
    route="DELETE /artifacts/{artifact_id}/watchers/me",
    privilege="artifact:read",
    facade="watchers.unwatch",
    status=200,
)
@dataclass(frozen=True, slots=True)
class UnwatchArtifact(Command[tuple[WatcherDTO, ...]]):
    """Be told no more, also where I am author, assignee or commenter; gives who still watches."""

    artifact_id: ArtifactId


@query(route="GET /artifacts/{artifact_id}/watchers", privilege="artifact:read", facade="watchers.list")
@dataclass(frozen=True, slots=True)
class ListWatchers(Query[tuple[WatcherDTO, ...]]):
    """Who watches an item, by name."""

    artifact_id: ArtifactId


@query(route="GET /projects/{project_id}/people", privilege="artifact:update", facade="projects.people")
@dataclass(frozen=True, slots=True)
class ListPeople(Query[tuple[PersonDTO, ...]]):
    """Active members who may read items of a project, by name, at most fifty: whom work may be given to.

    ``text`` is how some part of the name begins.
    """

    project_id: ProjectId
    text: str = ""


# -- for other contexts


@command(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class Notify(Command[int]):
    """Tell people of something; gives how many were told.

    Nobody is told of what he did himself (``actor``; None: whoever sends this), of an item he may not read, or twice of
    the same in one transaction. ``entity_type`` is Artifact or Project. ``params`` is JSON-able and holds names and
    ids (``from`` and ``to`` are states, ``changes`` fields, ``message`` a text by language), never values of fields:
    those are hidden from some.
    """

    recipients: tuple[UUID, ...]
    kind: str
    project_id: ProjectId
    entity_type: str
    entity_id: UUID
    actor: UUID | None = None
    params: Mapping[str, Json] = field(default_factory=dict)


@command(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class NotifyWatchers(Command[int]):
    """Tell those who watch an item, but those in ``without``; otherwise as ``Notify``."""

    artifact_id: ArtifactId
    project_id: ProjectId
    kind: str
    params: Mapping[str, Json] = field(default_factory=dict)
    without: tuple[UUID, ...] = ()
    type_id: str = ""
    """The item's type, which spares looking the item up."""


@command(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class Observe(Command[int]):
    """Tell people what happened to items of theirs; gives how many were told.

    Who was given an item hears that, who watches one hears of its steps; authors and assignees watch from then on,
    unless they stopped by themselves.
    """

    project_id: ProjectId
    happenings: tuple[Happening, ...]


@command(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class AutoWatch(Command[int]):
    """Let people watch items they have to do with: ``watches`` is (item, actor, why); gives how many began to.

    Nothing for who stopped watching the item by himself, and where nobody is to watch unasked.
    """

    project_id: ProjectId
    watches: tuple[tuple[ArtifactId, UUID, str], ...]


@query(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class MayRead(Query[Mapping[UUID, frozenset[str]]]):
    """Which of some actors may read an item, with what of it is hidden from each; people of this organisation only."""

    artifact_id: ArtifactId
    project_id: ProjectId
    actors: tuple[UUID, ...]
    type_id: str = ""
