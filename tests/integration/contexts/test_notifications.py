"""People are told what happened: only those who may read it, never of their own doing, and nothing that is hidden."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from alm_workbench.contexts.artifact.messages import ArtifactDTO, CreateArtifact, DeleteArtifact
from alm_workbench.contexts.notification.messages import (
    CountNotifications,
    ListNotifications,
    ListWatchers,
    MarkRead,
    NotificationDTO,
    Notify,
    Observe,
    UnwatchArtifact,
    WatchArtifact,
)
from alm_workbench.contexts.workflow.messages import Happening
from alm_workbench.errors import InvalidInput
from alm_workbench.shared.mediator import LocalMediator
from tests.factories.workbench import Bench


def actor(mediator: LocalMediator) -> UUID:
    assert mediator.principal is not None
    return mediator.principal.actor_id


def requirement(bench: Bench, title: str = "Told of", **given: Any) -> ArtifactDTO:
    text = {"text": "It shall brake."}
    return bench.acme.engineer.send(CreateArtifact(bench.acme.project.id, "requirement", title, text, **given))


def inbox(mediator: LocalMediator, item: ArtifactDTO, **asked: Any) -> list[NotificationDTO]:
    return [one for one in mediator.query(ListNotifications(**asked)).items if one.entity_id == item.id]


def test_those_who_may_read_are_told_once(workbench: Bench) -> None:
    """Not the one who did it, nobody of elsewhere, nobody twice; keys and strangers among the recipients do no harm."""
    acme, item = workbench.acme, requirement(workbench)
    recipients = (actor(acme.engineer), actor(acme.viewer), actor(acme.viewer), actor(workbench.globex.viewer), uuid4())
    told = acme.engineer.send(Notify(recipients, "mention", acme.project.id, "Artifact", item.id))
    assert told == 1
    (one,) = inbox(acme.viewer, item)
    assert (one.kind, one.key, one.title, one.actor) == ("mention", item.key, "Told of", "Engineer of acme")
    assert one.text["en"] == f"Engineer of acme mentioned you at {item.key}"
    assert one.text["tr"] == f"Engineer of acme, {item.key} öğesinde sizden söz etti"
    assert inbox(acme.engineer, item) == []
    assert workbench.globex.viewer.query(ListNotifications()).items == ()


def test_a_list_is_read_and_counted(workbench: Bench) -> None:
    """Pages, the filter of unread ones, marking some and all, and nobody marks another's."""
    acme, item = workbench.acme, requirement(workbench, "Many")
    me, before = acme.reviewer, acme.reviewer.query(CountNotifications()).unread
    for number in range(3):
        acme.engineer.send(
            Notify((actor(me),), "notify", acme.project.id, "Artifact", item.id, params={"message": f"{number}"})
        )
    found = inbox(me, item)
    assert [one.text["en"] for one in found] == ["2", "1", "0"]
    first = me.query(ListNotifications(limit=2))
    rest = me.query(ListNotifications(limit=2, cursor=first.next_cursor))
    assert [one.id for one in (*first.items, *rest.items)][:3] == [one.id for one in found]
    assert acme.viewer.send(MarkRead((found[0].id,))).marked == 0
    assert me.send(MarkRead((found[0].id,))).marked == 1
    assert [one.text["en"] for one in inbox(me, item, unread=True)] == ["1", "0"]
    assert me.query(CountNotifications()).unread == before + 2
    assert me.send(MarkRead()).marked == before + 2
    assert me.send(MarkRead((found[2].id,), read=False)).marked == 1
    assert me.query(CountNotifications()).unread == 1


def test_what_a_notification_says_is_bounded(workbench: Bench) -> None:
    """A process cannot put a book into everybody's list, and nobody is told of things that are no item or project."""
    acme, item = workbench.acme, requirement(workbench)
    with pytest.raises(InvalidInput):
        acme.engineer.send(
            Notify((actor(acme.viewer),), "x", acme.project.id, "Artifact", item.id, params={"message": "x" * 5000})
        )
    with pytest.raises(InvalidInput):
        acme.engineer.send(Notify((actor(acme.viewer),), "x", acme.project.id, "Secret", item.id))


def test_watchers_hear_of_steps(workbench: Bench) -> None:
    """Asking is enough to watch; who stopped is not made to watch again, and asks anew when he likes."""
    acme, item = workbench.acme, requirement(workbench, "Watched")
    acme.viewer.send(WatchArtifact(item.id))
    assert acme.viewer.send(WatchArtifact(item.id)).why == "asked"
    moved = Happening("transition", item.id, item, item, params={"from": "draft", "to": "review", "secret": "x"})
    acme.engineer.send(Observe(acme.project.id, (moved,)))
    (one,) = inbox(acme.viewer, item)
    assert one.kind == "transition"
    assert "secret" not in one.params
    acme.viewer.send(UnwatchArtifact(item.id))
    assert "Viewer of acme" not in [w.name for w in acme.viewer.query(ListWatchers(item.id))]
    acme.engineer.send(Observe(acme.project.id, (moved,)))
    assert len(inbox(acme.viewer, item)) == 1


def test_who_is_given_an_item_hears_it_and_watches(workbench: Bench) -> None:
    """The author watches from the beginning, the assignee from then on; stopping is for good."""
    acme = workbench.acme
    item = requirement(workbench, "Given")
    given = requirement(workbench, "Given", assignee_id=actor(acme.reviewer))
    acme.engineer.send(Observe(acme.project.id, (Happening("assign", given.id, item, given, ("assignee",)),)))
    (one,) = inbox(acme.reviewer, given)
    assert one.text["en"] == f"Engineer of acme gave you {given.key}"
    assert "Reviewer of acme" in [w.name for w in acme.engineer.query(ListWatchers(given.id))]
    acme.reviewer.send(UnwatchArtifact(given.id))
    acme.engineer.send(Observe(acme.project.id, (Happening("assign", given.id, item, given, ("assignee",)),)))
    assert "Reviewer of acme" not in [w.name for w in acme.engineer.query(ListWatchers(given.id))]


def test_what_lies_in_the_bin_keeps_its_secrets(workbench: Bench) -> None:
    """The row stays, without key and title."""
    acme, item = workbench.acme, requirement(workbench, "Binned")
    acme.engineer.send(Notify((actor(acme.viewer),), "mention", acme.project.id, "Artifact", item.id))
    acme.engineer.send(DeleteArtifact(item.id, item.version))
    (one,) = inbox(acme.viewer, item)
    assert (one.key, one.title) == (None, None)
    assert one.text["en"] == "Engineer of acme mentioned you at an item"
