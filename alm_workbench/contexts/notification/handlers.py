"""Telling people, and everybody's own list."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from alm_workbench.contexts.artifact.batch_messages import ItemsOf
from alm_workbench.contexts.artifact.messages import ArtifactDTO
from alm_workbench.contexts.notification.audience import (
    hidden_of,
    may_read_items,
    may_see_project,
    process_of,
    readers_of,
)
from alm_workbench.contexts.notification.domain import Told, check_params, shown_params
from alm_workbench.contexts.notification.messages import (
    CountNotifications,
    ListNotifications,
    MarkRead,
    MayRead,
    NotificationCountDTO,
    NotificationDTO,
    Notify,
    NotifyWatchers,
    ReadDTO,
)
from alm_workbench.contexts.notification.repository import NotificationRepository
from alm_workbench.contexts.notification.wording import text_of
from alm_workbench.contexts.project.settings_messages import SettingsOf
from alm_workbench.errors import InvalidInput
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.ids import ArtifactId, ProjectId, new_id
from alm_workbench.shared.messages import Page
from alm_workbench.shared.paging import decode_uuid, encode

COUNTED = 100
"""So many unread ones are counted."""
TOLD = "told"
SETTING_OF: Mapping[str, str] = {
    "mention": "mention",
    "assigned": "assignment",
    "unassigned": "assignment",
    "transition": "transition",
    "comment": "comment",
    "attach": "comment",
}
"""Which kinds a project may switch off, by the name of its setting; what a process says itself is always told."""


class Teller:
    """Writes notifications for those who may read what they are about."""

    def __init__(self, repo: NotificationRepository) -> None:
        self.repo = repo

    def tell(self, ctx: MessageContext, project_id: ProjectId, told: Sequence[Told], actor: UUID | None = None) -> int:
        """Tell people of items, as far as the project wants them told; how many rows that made."""
        if told:
            wanted = (None, *ctx.ask(SettingsOf(project_id)).notify)
            told = [one for one in told if SETTING_OF.get(one.kind) in wanted]
        rows = [row for one in told for row in self._rows(ctx, project_id, one, actor or ctx.principal.actor_id)]
        if rows:
            self.repo.add(ctx.conn, rows)
        return len(rows)

    def _rows(self, ctx: MessageContext, project_id: ProjectId, told: Told, actor: UUID) -> Iterator[dict[str, Any]]:
        others = [person for person in told.recipients if person != actor]
        readers = readers_of(ctx, project_id, told.artifact_id, others, told.type_id or None) if others else {}
        for reader, hidden in readers.items():
            params = shown_params(told.params, hidden)
            if self.is_new(ctx, reader, told.kind, told.artifact_id, params):
                yield row_of(ctx, reader, told.kind, project_id, "Artifact", told.artifact_id, actor, params)

    def is_new(self, ctx: MessageContext, reader: UUID, kind: str, entity: UUID, params: Mapping[str, Any]) -> bool:
        """Whether somebody was not told the very same in this transaction."""
        told: set[Any] = ctx.memo.setdefault(TOLD, set())
        mark = (reader, kind, entity, json.dumps(params, sort_keys=True))
        if mark in told:
            return False
        told.add(mark)
        return True


class NotifyHandler:
    """Tells people of something."""

    def __init__(self, teller: Teller) -> None:
        self._teller = teller

    def __call__(self, ctx: MessageContext, message: Notify) -> int:
        check_params(message.params)
        if message.entity_type == "Artifact":
            told = Told(ArtifactId(message.entity_id), "", message.kind, message.recipients, message.params)
            return self._teller.tell(ctx, message.project_id, [told], message.actor)
        if message.entity_type != "Project":
            raise InvalidInput(f"nobody is told of a {message.entity_type}")
        actor = message.actor or ctx.principal.actor_id
        seeing = may_see_project(ctx, message.project_id, [one for one in message.recipients if one != actor])
        rows = [
            row_of(ctx, one, message.kind, message.project_id, "Project", message.entity_id, actor, message.params)
            for one in sorted(seeing)
            if self._teller.is_new(ctx, one, message.kind, message.entity_id, message.params)
        ]
        if rows:
            self._teller.repo.add(ctx.conn, rows)
        return len(rows)


class NotifyWatchersHandler:
    """Tells those who watch an item."""

    def __init__(self, teller: Teller) -> None:
        self._teller = teller

    def __call__(self, ctx: MessageContext, message: NotifyWatchers) -> int:
        check_params(message.params)
        watching = self._teller.repo.watching(ctx.conn, [message.artifact_id]).get(message.artifact_id, [])
        others = tuple(actor for actor in watching if actor not in message.without)
        told = Told(message.artifact_id, message.type_id, message.kind, others, message.params)
        return self._teller.tell(ctx, message.project_id, [told])


class MayReadHandler:
    """Says which people may read an item."""

    def __call__(self, ctx: MessageContext, message: MayRead) -> Mapping[UUID, frozenset[str]]:
        return readers_of(ctx, message.project_id, message.artifact_id, message.actors, message.type_id or None)


class ListNotificationsHandler:
    """Lists what I was told, as far as I may see it now."""

    def __init__(self, repo: NotificationRepository) -> None:
        self._repo = repo

    def __call__(self, ctx: MessageContext, message: ListNotifications) -> Page[NotificationDTO]:
        limit, found = max(1, min(message.limit, 200)), list[NotificationDTO]()
        for seen in visible_rows(ctx, self._repo, message, limit + 1, decode_uuid(message.cursor)):
            found.append(shown(seen))
            if len(found) > limit:
                return Page(tuple(found[:limit]), encode(str(found[limit - 1].id)))
        return Page(tuple(found), None)


def shown(seen: Seen) -> NotificationDTO:
    """A notification as its reader may see it now; of an item in the bin neither key nor title."""
    row, item = seen.row, seen.item
    params = shown_params(row.params, seen.hidden)
    live = item is not None and item.deleted_at is None
    key = item.key if item is not None and live else None
    title = item.title if item is not None and live and "title" not in seen.hidden else None
    return NotificationDTO(
        row.id, row.kind, item.project_id if item else row.project_id, row.entity_type, row.entity_id, key, title,
        row.actor_id, row.actor, params, text_of(row.kind, row.actor, key, params), row.created_at, row.read_at,
    )  # fmt: skip


class CountNotificationsHandler:
    """Counts what I have not read."""

    def __init__(self, repo: NotificationRepository) -> None:
        self._repo = repo

    def __call__(self, ctx: MessageContext, message: CountNotifications) -> NotificationCountDTO:
        number = 0
        for _ in visible_rows(ctx, self._repo, ListNotifications(unread=True), COUNTED + 1, None):
            number += 1
            if number > COUNTED:
                return NotificationCountDTO(COUNTED, True)
        return NotificationCountDTO(number, False)


class MarkReadHandler:
    """Marks notifications of mine."""

    def __init__(self, repo: NotificationRepository) -> None:
        self._repo = repo

    def __call__(self, ctx: MessageContext, message: MarkRead) -> ReadDTO:
        return ReadDTO(self._repo.mark(ctx.conn, ctx.principal.actor_id, message.ids, message.read))


@dataclass(frozen=True, slots=True)
class Seen:
    """A notification that its reader may see, with the item it is about and what of that is hidden."""

    row: Any
    item: ArtifactDTO | None
    hidden: frozenset[str]


def visible_rows(
    ctx: MessageContext, repo: NotificationRepository, asked: ListNotifications, batch: int, after: UUID | None
) -> Iterator[Seen]:
    """My notifications of what I may see now, newest first; items are looked up a page at a time."""
    while True:
        rows = repo.page(ctx.conn, ctx.principal.actor_id, asked, batch, after)
        ids = {ArtifactId(row.entity_id) for row in rows if row.entity_type == "Artifact"}
        items = ctx.ask(ItemsOf(tuple(sorted(ids)), deleted=True)) if ids else {}
        yield from (seen for row in rows if (seen := _seen(ctx, row, items)))
        if len(rows) < batch:
            return
        after = rows[-1].id


def _seen(ctx: MessageContext, row: Any, items: Mapping[ArtifactId, ArtifactDTO]) -> Seen | None:
    """A row as it may be seen; None where it may not, or where the item is gone."""
    item = items.get(ArtifactId(row.entity_id)) if row.entity_type == "Artifact" else None
    project_id = item.project_id if item else row.project_id
    if (row.entity_type == "Artifact" and item is None) or not may_read_items(ctx, project_id):
        return None
    if item is None:
        return Seen(row, None, frozenset())
    process = process_of(ctx, project_id)
    hidden = hidden_of(ctx, process, project_id, item.id, item.type) if process else None
    return None if hidden is None else Seen(row, item, hidden)


def row_of(
    ctx: MessageContext,
    reader: UUID,
    kind: str,
    project_id: ProjectId,
    entity_type: str,
    entity_id: UUID,
    actor: UUID,
    params: Mapping[str, Any],
) -> dict[str, Any]:
    """A notification as it is kept."""
    return {
        "tenant_id": ctx.principal.tenant_id,
        "id": new_id(),
        "recipient_id": reader,
        "kind": kind,
        "project_id": project_id,
        "entity_type": entity_type,
        "entity_id": entity_id,
        "actor_id": actor,
        "params": dict(params),
        "created_at": ctx.now,
    }
