"""Moving, linking and deleting many at once, and taking it back."""

from __future__ import annotations

from typing import Any

from alm_workbench.contexts.artifact.messages import FindArtifacts, ListLinks
from alm_workbench.contexts.bulk.messages import ApplyBulk, BulkTarget, NewItem, PlanBulk, UndoBulk
from tests.factories.workbench import Bench
from tests.integration.bulk.test_bulk import make, now, targets


def order(bench: Bench) -> list[Any]:
    """All items of the project in its order."""
    asked = FindArtifacts(bench.acme.project.id, sort="rank", limit=1000)
    return [item.id for item in bench.acme.owner.query(asked).items]


def test_items_move_together_and_back(workbench: Bench) -> None:
    """They stand before the one that was named, in their order; undone, all stand where they stood."""
    items = make(workbench, 4)
    send, project = workbench.acme.owner.send, workbench.acme.project.id
    before = order(workbench)
    done = send(ApplyBulk(project, "move", targets(items[2:]), before=items[0].id))
    ids = [item.id for item in items]
    assert [i for i in order(workbench) if i in ids] == [ids[2], ids[3], ids[0], ids[1]]
    undo = send(UndoBulk(project, done.run.id))
    assert {i.result for i in undo.items} == {"changed"}
    assert order(workbench) == before


def test_items_are_linked_and_unlinked_together(workbench: Bench) -> None:
    """A type of link that does not fit refuses; undoing takes links away, and undoing that makes them again."""
    requirement = make(workbench, 1)[0]
    send, project = workbench.acme.owner.send, workbench.acme.project.id
    new = tuple(NewItem("test_case", f"Test {i}") for i in range(3))
    tests = tuple(
        BulkTarget(i.artifact_id) for i in send(ApplyBulk(project, "create", create=new)).items if i.artifact_id
    )
    ask: dict[str, Any] = {"link_type": "verifies", "target_id": requirement.id}
    plan = send(PlanBulk(project, "link", tests, **ask))
    assert {i.result for i in plan.items} == {"changed"}
    assert {(d.name, d.before, d.after) for i in plan.items for d in i.diff} == {
        ("link:verifies", None, requirement.key)
    }
    assert not workbench.acme.owner.query(ListLinks(requirement.id))
    done = send(ApplyBulk(project, "link", tests, **ask))
    assert len(workbench.acme.owner.query(ListLinks(requirement.id))) == 3
    assert send(PlanBulk(project, "link", tests, **ask)).run.refused == 3  # they are linked already
    undo = send(UndoBulk(project, done.run.id))
    assert not workbench.acme.owner.query(ListLinks(requirement.id))
    send(UndoBulk(project, undo.run.id))
    gone = send(ApplyBulk(project, "unlink", tests, **ask))
    assert (gone.run.changed, len(workbench.acme.owner.query(ListLinks(requirement.id)))) == (3, 0)
    assert {(d.before, d.after) for i in gone.items for d in i.diff} == {(requirement.key, None)}
    assert send(ApplyBulk(project, "unlink", tests, **ask)).run.unchanged == 3


def test_items_are_deleted_and_restored_together(workbench: Bench) -> None:
    """They are found in the bin only; restoring and undoing bring them back as they were."""
    items = make(workbench, 3)
    send, project = workbench.acme.owner.send, workbench.acme.project.id
    done = send(ApplyBulk(project, "delete", targets(items)))
    assert done.run.changed == 3
    found = {i.id for i in workbench.acme.owner.query(FindArtifacts(project, deleted="only", limit=1000)).items}
    assert {item.id for item in items} <= found
    send(ApplyBulk(project, "restore", (BulkTarget(items[0].id),)))
    undo = send(UndoBulk(project, done.run.id))
    assert [i.result for i in undo.items] == ["refused", "changed", "changed"]
    assert [now(workbench, item.id).title for item in items] == [item.title for item in items]


def test_a_question_chooses_what_is_changed(workbench: Bench) -> None:
    """`where` takes what the list of items takes, and means all of them."""
    from alm_workbench.contexts.bulk.messages import BulkQuestion

    items = make(workbench, 60)
    send, project = workbench.acme.owner.send, workbench.acme.project.id
    send(ApplyBulk(project, "update", targets(items), tags=("chosen",)))
    done = send(
        ApplyBulk(project, "update", where=BulkQuestion(tag="chosen"), remove_tags=("chosen",), add_tags=("b",))
    )
    assert done.run.changed == 60
    assert now(workbench, items[59].id).tags == ("b",)
