"""Taking bulk changes back."""

from __future__ import annotations

from typing import Any

import pytest

from alm_workbench.contexts.artifact.messages import GetArtifact, UpdateArtifact
from alm_workbench.contexts.bulk.messages import ApplyBulk, BulkTarget, ListBulks, NewItem, UndoBulk
from alm_workbench.contexts.workflow.messages import StateHistory
from alm_workbench.errors import AccessDenied, Conflict, NotFound
from tests.factories.workbench import Bench
from tests.integration.bulk.test_bulk import make, now, targets


def content(item: Any) -> tuple[Any, ...]:
    """What an undo brings back: everything but the version and who changed it when."""
    return (item.title, dict(item.fields), item.state, item.assignee_id, item.parent_id, item.tags, item.deleted_at)


def test_an_undo_restores_every_item(workbench: Bench) -> None:
    """Titles, fields, tags and states are as they were; the run says who took it back, and the history keeps both steps."""
    items = make(workbench, 3, text="It <b>shall</b> hold.", priority="low")
    send, project = workbench.acme.engineer.send, workbench.acme.project.id
    ask: dict[str, Any] = {
        "title": "Changed together",
        "fields": {"priority": "high"},
        "add_tags": ("x",),
    }
    first = send(ApplyBulk(project, "update", targets(items), **ask))
    moved = tuple(BulkTarget(item.id) for item in items)
    second = send(ApplyBulk(project, "transition", moved, transition="submit"))
    assert {i.result for i in send(UndoBulk(project, second.run.id)).items} == {"changed"}
    done = send(UndoBulk(project, first.run.id))
    assert {i.refusal.problem for i in done.items if i.refusal} == {
        "stale-version"
    }  # the undo of the step changed them
    kinds = [run.kind for run in workbench.acme.owner.query(ListBulks(project)).items]
    assert kinds[0] == "undo"
    steps = [(h.transition, h.to_state) for h in workbench.acme.owner.query(StateHistory(items[0].id))]
    assert [s[1] for s in steps] == ["draft", "review", "draft"]
    assert steps[2][0] is None


def test_what_changed_since_is_refused_and_named(workbench: Bench) -> None:
    """An item that somebody changed after the bulk stays as he left it; the others go back."""
    items = make(workbench, 3)
    send, project = workbench.acme.engineer.send, workbench.acme.project.id
    done = send(ApplyBulk(project, "update", targets(items), title="Changed"))
    workbench.acme.owner.send(UpdateArtifact(items[1].id, 2, title="Mine"))
    undo = send(UndoBulk(project, done.run.id))
    assert [(i.result, i.refusal and i.refusal.problem) for i in undo.items] == [
        ("changed", None),
        ("refused", "stale-version"),
        ("changed", None),
    ]
    assert [now(workbench, i.id).title for i in items] == [items[0].title, "Mine", items[2].title]
    assert (undo.run.changed, undo.run.refused, undo.run.undo_of) == (2, 1, done.run.id)


def test_a_bulk_is_taken_back_once_and_an_undo_can_be(workbench: Bench) -> None:
    """The second undo is a conflict; undoing the undo does the change again."""
    items = make(workbench, 2)
    send, project = workbench.acme.engineer.send, workbench.acme.project.id
    done = send(ApplyBulk(project, "update", targets(items), title="Changed", fields={"priority": "high"}))
    undo = send(UndoBulk(project, done.run.id))
    assert [content(now(workbench, i.id)) for i in items] == [content(i) for i in items]
    with pytest.raises(Conflict, match="already"):
        send(UndoBulk(project, done.run.id))
    send(UndoBulk(project, undo.run.id))
    assert {now(workbench, i.id).title for i in items} == {"Changed"}


def test_created_items_go_into_the_bin_and_come_back(workbench: Bench) -> None:
    """Undoing a creation deletes; undoing that restores. Both take the right to delete."""
    send, project = workbench.acme.owner.send, workbench.acme.project.id
    done = send(ApplyBulk(project, "create", create=(NewItem("requirement", "New"),)))
    undo = send(UndoBulk(project, done.run.id))
    item = done.items[0].artifact_id
    assert item is not None
    with pytest.raises(NotFound):
        workbench.acme.owner.query(GetArtifact(item))
    send(UndoBulk(project, undo.run.id))
    assert now(workbench, item).title == "New"


def test_others_need_the_right_to_change_the_project(workbench: Bench) -> None:
    """What somebody else did is not anybody's to take back."""
    items = make(workbench, 1)
    done = workbench.acme.owner.send(ApplyBulk(workbench.acme.project.id, "update", targets(items), title="Owner's"))
    with pytest.raises(AccessDenied, match="project:update"):
        workbench.acme.engineer.send(UndoBulk(workbench.acme.project.id, done.run.id))


def test_nobody_agrees_in_anothers_name_by_an_undo(workbench: Bench) -> None:
    """Who took his approval back has taken it back: the author cannot undo that, whatever he may change otherwise."""
    acme, project = workbench.acme, workbench.acme.project.id
    new = NewItem("requirement", "A requirement of the manager", {"text": "It shall hold."})
    made = acme.manager.send(ApplyBulk(project, "create", create=(new,)))
    item = BulkTarget(made.items[0].artifact_id)  # type: ignore[arg-type]
    acme.manager.send(ApplyBulk(project, "transition", (item,), transition="submit"))
    approved = acme.reviewer.send(ApplyBulk(project, "transition", (item,), transition="approve"))
    assert now(workbench, item.id).state == "approved"
    back = acme.reviewer.send(UndoBulk(project, approved.run.id))
    assert now(workbench, item.id).state == "review"
    with pytest.raises(AccessDenied, match="taken back"):
        acme.manager.send(UndoBulk(project, back.run.id))
    again = acme.reviewer.send(UndoBulk(project, back.run.id))
    assert again.items[0].refusal is not None  # a step of four eyes is taken again, not brought back
    assert "agreement of somebody else" in again.items[0].refusal.message
    assert now(workbench, item.id).state == "review"
