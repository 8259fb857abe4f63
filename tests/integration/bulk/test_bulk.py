"""Bulk changes: planned, applied through the guards of single commands, and taken back."""

from __future__ import annotations

from typing import Any

import pytest

from alm_workbench.contexts.artifact.messages import ArtifactDTO, GetArtifact, UpdateArtifact
from alm_workbench.contexts.bulk.messages import ApplyBulk, BulkTarget, NewItem, PlanBulk
from alm_workbench.contexts.workflow.messages import StateHistory
from alm_workbench.errors import BulkRefused, PlanOutdated
from tests.factories.workbench import Bench


def make(bench: Bench, n: int, **fields: Any) -> list[ArtifactDTO]:
    """Requirements made in one bulk."""
    new = tuple(NewItem("requirement", f"Requirement {i}", fields) for i in range(n))
    done = bench.acme.engineer.send(ApplyBulk(bench.acme.project.id, "create", create=new))
    return [now(bench, item.artifact_id) for item in done.items]


def now(bench: Bench, artifact_id: Any) -> ArtifactDTO:
    """An item as the owner sees it."""
    return bench.acme.owner.query(GetArtifact(artifact_id))


def targets(items: list[ArtifactDTO]) -> tuple[BulkTarget, ...]:
    """These items in the versions at hand."""
    return tuple(BulkTarget(item.id, item.version) for item in items)


def test_items_are_created_together_with_keys_and_workflows(workbench: Bench) -> None:
    """Each new item has its key and the first entry of its history, as a single one has."""
    items = make(workbench, 3)
    assert len({item.key for item in items}) == 3
    assert all(item.version == 1 and item.state == "draft" for item in items)
    assert [h.to_state for h in workbench.acme.owner.query(StateHistory(items[0].id))] == ["draft"]


def test_a_plan_tells_the_diff_and_changes_nothing(workbench: Bench) -> None:
    """The plan has what differs and which rules allowed it; the item stays as it is."""
    items = make(workbench, 2)
    ask: dict[str, Any] = {"items": targets(items), "fields": {"priority": "high"}}
    plan = workbench.acme.engineer.send(PlanBulk(workbench.acme.project.id, "update", **ask))
    assert [item.result for item in plan.items] == ["changed", "changed"]
    assert [(c.name, c.after) for c in plan.items[0].diff] == [("fields.priority", "high")]
    assert plan.items[0].verdicts[0]["rule_id"]
    assert now(workbench, items[0].id) == items[0]
    done = workbench.acme.engineer.send(ApplyBulk(workbench.acme.project.id, "update", plan_id=plan.run.id, **ask))
    assert [item.diff for item in done.items] == [item.diff for item in plan.items]
    assert now(workbench, items[1].id).fields["priority"] == "high"


def test_a_plan_is_outdated_by_what_changes_after_it(workbench: Bench) -> None:
    """The refusal names the item and both versions, and nothing is changed."""
    items = make(workbench, 2)
    ask: dict[str, Any] = {
        "items": tuple(BulkTarget(item.id) for item in items),
        "fields": {"priority": "high"},
    }
    plan = workbench.acme.engineer.send(PlanBulk(workbench.acme.project.id, "update", **ask))
    workbench.acme.owner.send(UpdateArtifact(items[0].id, 1, title="Meanwhile"))
    with pytest.raises(PlanOutdated) as caught:
        workbench.acme.engineer.send(ApplyBulk(workbench.acme.project.id, "update", plan_id=plan.run.id, **ask))
    assert [(e.path, e.code) for e in caught.value.errors] == [(f"/items/{items[0].key}", "changed")]
    assert now(workbench, items[1].id).version == 1


def test_a_step_is_taken_by_many_and_remembered_for_each(workbench: Bench) -> None:
    """Every item has its history entry with the reason."""
    items = make(workbench, 25, text="The brake shall hold.")
    done = workbench.acme.engineer.send(
        ApplyBulk(workbench.acme.project.id, "transition", targets(items), transition="submit", reason="Ready")
    )
    assert {item.result for item in done.items} == {"changed"}
    last = workbench.acme.owner.query(StateHistory(items[7].id))[-1]
    assert (last.transition, last.reason, last.to_state) == ("submit", "Ready", now(workbench, items[7].id).state)


def test_one_refusal_stops_all_or_is_skipped(workbench: Bench) -> None:
    """All or nothing names every refusal; with skip the others are changed and the refused one is told."""
    items = make(workbench, 3)
    workbench.acme.owner.send(UpdateArtifact(items[1].id, 1, title="Meanwhile"))
    ask: dict[str, Any] = {"items": targets(items), "title": "Together"}
    with pytest.raises(BulkRefused) as caught:
        workbench.acme.engineer.send(ApplyBulk(workbench.acme.project.id, "update", **ask))
    assert [r["refusal"]["problem"] for r in caught.value.extra["refusals"]] == ["stale-version"]
    assert now(workbench, items[0].id).title == "Requirement 0"
    done = workbench.acme.engineer.send(ApplyBulk(workbench.acme.project.id, "update", on_error="skip", **ask))
    assert [item.result for item in done.items] == ["changed", "refused", "changed"]
    assert [now(workbench, item.id).title for item in items] == ["Together", "Meanwhile", "Together"]
