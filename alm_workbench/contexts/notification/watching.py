"""Who watches which item, and what they hear."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from alm_workbench.contexts.artifact.messages import ArtifactDTO, GetArtifact
from alm_workbench.contexts.auth.actor_messages import PrincipalsOf
from alm_workbench.contexts.notification.domain import WATCHED, Told, told_of, watches_of
from alm_workbench.contexts.notification.handlers import Teller
from alm_workbench.contexts.notification.messages import (
    AutoWatch,
    ListWatchers,
    Observe,
    UnwatchArtifact,
    WatchArtifact,
    WatcherDTO,
)
from alm_workbench.contexts.notification.repository import NotificationRepository
from alm_workbench.contexts.project.settings_messages import SettingsOf
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.ids import ArtifactId, ProjectId


class WatchHandler:
    """Lets the caller watch an item that he may read."""

    def __init__(self, repo: NotificationRepository) -> None:
        self._repo = repo

    def __call__(self, ctx: MessageContext, message: WatchArtifact) -> WatcherDTO:
        ctx.ask(GetArtifact(message.artifact_id))
        me = ctx.principal.actor_id
        row = {"tenant_id": ctx.principal.tenant_id, "artifact_id": message.artifact_id, "actor_id": me, "why": "asked"}
        self._repo.watch(ctx.conn, [row], asked=True)
        return next(one for one in self._repo.watchers(ctx.conn, message.artifact_id) if one.actor_id == me)


class UnwatchHandler:
    """Lets the caller not be told any more."""

    def __init__(self, repo: NotificationRepository) -> None:
        self._repo = repo

    def __call__(self, ctx: MessageContext, message: UnwatchArtifact) -> tuple[WatcherDTO, ...]:
        item = ctx.ask(GetArtifact(message.artifact_id))
        self._repo.unwatch(ctx.conn, ctx.principal.tenant_id, message.artifact_id, ctx.principal.actor_id)
        return shown_watchers(self._repo, ctx, item)


class ListWatchersHandler:
    """Lists who watches an item."""

    def __init__(self, repo: NotificationRepository) -> None:
        self._repo = repo

    def __call__(self, ctx: MessageContext, message: ListWatchers) -> tuple[WatcherDTO, ...]:
        return shown_watchers(self._repo, ctx, ctx.ask(GetArtifact(message.artifact_id)))


class AutoWatchHandler:
    """Lets people watch what they have to do with."""

    def __init__(self, repo: NotificationRepository) -> None:
        self._repo = repo

    def __call__(self, ctx: MessageContext, message: AutoWatch) -> int:
        return begin_watching(self._repo, ctx, message.project_id, message.watches)


class ObserveHandler:
    """Tells people of happenings to items, for many items at once."""

    def __init__(self, teller: Teller) -> None:
        self._teller = teller

    def __call__(self, ctx: MessageContext, message: Observe) -> int:
        begin_watching(
            self._teller.repo,
            ctx,
            message.project_id,
            [one for happening in message.happenings for one in watches_of(happening)],
        )
        watched = sorted({h.artifact_id for h in message.happenings if h.event in WATCHED})
        watching = self._teller.repo.watching(ctx.conn, watched) if watched else {}
        told: list[Told] = [one for h in message.happenings for one in told_of(h, watching.get(h.artifact_id, ()))]
        return self._teller.tell(ctx, message.project_id, told)


def begin_watching(
    repo: NotificationRepository,
    ctx: MessageContext,
    project_id: ProjectId,
    watches: Sequence[tuple[ArtifactId, UUID, str]],
) -> int:
    """Let members watch items unless the project says otherwise; keys and authors of imported history read no list."""
    if not watches or not ctx.ask(SettingsOf(project_id)).auto_watch:
        return 0
    people = ctx.ask(PrincipalsOf(tuple(dict.fromkeys(actor for _, actor, _ in watches))))
    rows = {
        (item, actor): {"tenant_id": ctx.principal.tenant_id, "artifact_id": item, "actor_id": actor, "why": why}
        for item, actor, why in reversed(watches)
        if actor in people
    }
    return repo.watch(ctx.conn, list(rows.values()), asked=False) if rows else 0


def shown_watchers(repo: NotificationRepository, ctx: MessageContext, item: ArtifactDTO) -> tuple[WatcherDTO, ...]:
    """Who watches an item; why is not told where it would give away a property that is hidden."""
    giving_away = {"assignee": "assignee_id", "author": "created_by"}
    hidden = {why for why, column in giving_away.items() if column in item.masked}
    return tuple(
        one if one.why not in hidden else WatcherDTO(one.actor_id, one.name, "asked", one.since)
        for one in repo.watchers(ctx.conn, item.id)
    )
