"""People are told what happened: only those who may read it, never of their own doing, and nothing that is hidden."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from alm_workbench.contexts.artifact.messages import ArtifactDTO, CreateArtifact, DeleteArtifact, UpdateArtifact
from alm_workbench.contexts.manifest.messages import SaveManifest
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
from alm_workbench.contexts.project.messages import ActivateManifest, CreateProject, GetProject
from alm_workbench.contexts.project.settings_messages import UpdateProjectSettings
from alm_workbench.contexts.workflow.messages import Happening, TransitionArtifact
from alm_workbench.errors import InvalidInput
from alm_workbench.shared.mediator import LocalMediator
from tests.factories.workbench import Bench

HUSH = """
@schema 2
@namespace "test.hush"
@name "hush"
@version "1.0.0"

def Workflow flow {
  initial: "open"
  states: [{id: "open", category: "todo"}, {id: "done", category: "done"}]
  transitions: [{id: "finish", from: "open", to: "done"}]
}
def ArtifactType note { workflow: "flow" key_prefix: "NOTE" }
def Role owner { privileges: ["*"] }
def Role viewer { privileges: ["artifact:read"] }
def ACL all { action: "*" resource: "*" roles: ["owner"] }
def ACL reading { action: "read" resource: "note" roles: ["viewer"] mask: ["state"] }
"""


def actor(mediator: LocalMediator) -> UUID:
    assert mediator.principal is not None
    return mediator.principal.actor_id


def requirement(bench: Bench, title: str = "Told of", **given: Any) -> ArtifactDTO:
    fields = {"text": "It shall brake."}
    return bench.acme.engineer.send(CreateArtifact(bench.acme.project.id, "requirement", title, fields, **given))


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
    acme, item = workbench.acme, requirement(workbench, "Watched by somebody")
    acme.viewer.send(WatchArtifact(item.id))
    assert acme.viewer.send(WatchArtifact(item.id)).why == "asked"
    moved = acme.engineer.send(TransitionArtifact(item.id, "submit", item.version))
    (one,) = inbox(acme.viewer, item)
    assert (one.kind, one.params) == ("transition", {"from": item.state, "to": moved.state, "transition": "submit"})
    assert one.text["en"] == f"Engineer of acme moved {item.key} to {moved.state}"
    acme.viewer.send(UnwatchArtifact(item.id))
    assert "Viewer of acme" not in [w.name for w in acme.viewer.query(ListWatchers(item.id))]
    acme.engineer.send(Observe(acme.project.id, (Happening("transition", item.id, item, moved),)))
    assert len(inbox(acme.viewer, item)) == 1
    acme.viewer.send(WatchArtifact(item.id))
    acme.engineer.send(Observe(acme.project.id, (Happening("transition", item.id, item, moved),)))
    assert len(inbox(acme.viewer, item)) == 2


def test_who_is_given_an_item_hears_it_and_watches(workbench: Bench) -> None:
    """The author watches from the beginning, the assignee from then on; who loses it hears that too."""
    acme, item = workbench.acme, requirement(workbench, "Given")
    assert [(w.name, w.why) for w in acme.viewer.query(ListWatchers(item.id))] == [("Engineer of acme", "author")]
    given = acme.engineer.send(UpdateArtifact(item.id, item.version, assignee_id=actor(acme.reviewer)))
    (one,) = inbox(acme.reviewer, item)
    assert (one.kind, one.text["en"]) == ("assigned", f"Engineer of acme gave you {item.key}")
    assert {w.name for w in acme.viewer.query(ListWatchers(item.id))} == {"Engineer of acme", "Reviewer of acme"}
    acme.reviewer.send(UnwatchArtifact(item.id))
    taken = acme.engineer.send(UpdateArtifact(item.id, given.version, assignee_id=None))
    acme.engineer.send(UpdateArtifact(item.id, taken.version, assignee_id=actor(acme.reviewer)))
    assert [n.kind for n in inbox(acme.reviewer, item)] == ["assigned", "unassigned", "assigned"]
    assert "Reviewer of acme" not in [w.name for w in acme.viewer.query(ListWatchers(item.id))]


def test_hidden_states_are_not_told(workbench: Bench) -> None:
    """Who watches an item whose state is hidden from him hears that something moved, and nowhere where to."""
    acme = workbench.acme
    project = acme.owner.send(CreateProject("HUSH", "Hush"))
    acme.owner.send(ActivateManifest(project.id, acme.owner.send(SaveManifest(HUSH, "dsl")).version_id))
    item = acme.owner.send(CreateArtifact(project.id, "note", "Quiet"))
    acme.viewer.send(WatchArtifact(item.id))
    acme.owner.send(TransitionArtifact(item.id, "finish", item.version))
    (one,) = inbox(acme.viewer, item)
    assert (one.kind, one.params, one.title) == ("transition", {}, "Quiet")
    assert one.text["en"] == f"Owner moved {item.key}"
    with workbench.runtime.engine.begin() as conn:
        conn.execute(text("SELECT set_config('app.current_tenant_id', :t, true)"), {"t": str(acme.tenant_id)})
        kept = conn.execute(text("SELECT params::text FROM alm.notifications WHERE id = :id"), {"id": one.id}).scalar()
    assert kept == "{}"


def test_who_may_not_read_an_item_any_more_sees_nothing_of_it(workbench: Bench) -> None:
    """The list is judged when it is read: a stricter process takes effect on what was told before."""
    acme = workbench.acme
    project = acme.owner.send(CreateProject("LATER", "Later"))
    acme.owner.send(ActivateManifest(project.id, acme.owner.send(SaveManifest(HUSH, "dsl")).version_id))
    item = acme.owner.send(CreateArtifact(project.id, "note", "Open for now"))
    acme.owner.send(Notify((actor(acme.viewer),), "mention", project.id, "Artifact", item.id))
    unread = acme.viewer.query(CountNotifications()).unread
    strict = HUSH.replace('"1.0.0"', '"1.1.0"').replace('roles: ["viewer"] mask: ["state"]', 'roles: ["owner"]')
    acme.owner.send(ActivateManifest(project.id, acme.owner.send(SaveManifest(strict, "dsl")).version_id))
    assert inbox(acme.viewer, item) == []
    assert acme.viewer.query(CountNotifications()).unread == unread - 1


def test_a_project_says_what_its_people_are_told(workbench: Bench) -> None:
    """Kinds that are switched off are not told, what a process says itself is; nobody watches unasked where that is off."""
    acme = workbench.acme
    project = acme.owner.send(CreateProject("CALM", "Calm"))
    acme.owner.send(ActivateManifest(project.id, acme.owner.send(SaveManifest(HUSH, "dsl")).version_id))
    version = acme.owner.query(GetProject(project.id)).version
    acme.owner.send(UpdateProjectSettings(project.id, version, auto_watch=False, notify=("mention",)))
    item = acme.owner.send(CreateArtifact(project.id, "note", "Calm", assignee_id=actor(acme.viewer)))
    assert acme.owner.query(ListWatchers(item.id)) == ()
    acme.viewer.send(WatchArtifact(item.id))
    acme.owner.send(TransitionArtifact(item.id, "finish", item.version))
    assert inbox(acme.viewer, item) == []
    for kind in ("comment", "mention", "from_the_process"):
        acme.owner.send(Notify((actor(acme.viewer),), kind, project.id, "Artifact", item.id))
    assert [one.kind for one in inbox(acme.viewer, item)] == ["from_the_process", "mention"]


def test_what_lies_in_the_bin_keeps_its_secrets(workbench: Bench) -> None:
    """The row stays, without key and title."""
    acme, item = workbench.acme, requirement(workbench, "Binned")
    acme.engineer.send(Notify((actor(acme.viewer),), "mention", acme.project.id, "Artifact", item.id))
    acme.engineer.send(DeleteArtifact(item.id, item.version))
    (one,) = inbox(acme.viewer, item)
    assert (one.key, one.title) == (None, None)
    assert one.text["en"] == "Engineer of acme mentioned you at an item"
