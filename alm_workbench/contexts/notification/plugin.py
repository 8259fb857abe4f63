"""Registers the notification context."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alm_workbench.contexts.notification import handlers as h
from alm_workbench.contexts.notification import messages as m
from alm_workbench.contexts.notification import people as p
from alm_workbench.contexts.notification import watching as w
from alm_workbench.contexts.notification.repository import NotificationRepository
from alm_workbench.shared.context import Handler, Services
from alm_workbench.shared.plugins import hookimpl


@hookimpl
def alm_handlers(services: Services) -> Mapping[type[Any], Handler]:
    """Handlers of this context."""
    repo = NotificationRepository()
    teller = h.Teller(repo)
    return {
        m.Notify: h.NotifyHandler(teller),
        m.NotifyWatchers: h.NotifyWatchersHandler(teller),
        m.Observe: w.ObserveHandler(teller),
        m.AutoWatch: w.AutoWatchHandler(repo),
        m.MayRead: h.MayReadHandler(),
        m.ListNotifications: h.ListNotificationsHandler(repo),
        m.CountNotifications: h.CountNotificationsHandler(repo),
        m.MarkRead: h.MarkReadHandler(repo),
        m.WatchArtifact: w.WatchHandler(repo),
        m.UnwatchArtifact: w.UnwatchHandler(repo),
        m.ListPeople: p.ListPeopleHandler(),
        m.ListWatchers: w.ListWatchersHandler(repo),
    }
