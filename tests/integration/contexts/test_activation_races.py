"""An activation strands nobody: it names the items, and neither creations nor steps slip past it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from alm_workbench.contexts.artifact.messages import CreateArtifact
from alm_workbench.contexts.manifest.messages import SaveManifest
from alm_workbench.contexts.project.messages import ActivateManifest, GetProject
from alm_workbench.contexts.workflow.messages import TransitionArtifact
from alm_workbench.errors import Conflict, StrandedItems
from alm_workbench.storage.engine import begin
from tests.factories.processes import Story, acting_project, process
from tests.factories.workbench import Bench

OTHER = """
def Workflow flow {
  initial: "new"
  states: [{id: "new", category: "todo"}, {id: "done", category: "done"}]
  transitions: [{id: "finish", from: "new", to: "done"}]
}
"""


def in_thread(work: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    """Work that another process would do; its result, or its error."""
    result: list[Any] = []

    def run() -> None:
        try:
            result.append(work())
        except Exception as error:
            result.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, result


def waits(bench: Bench) -> None:
    """Until some transaction waits for another one."""
    import psycopg

    with psycopg.connect(bench.dsns.owner, autocommit=True) as conn:
        for _ in range(2000):
            row = conn.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()
            if row and row[0]:
                return
    raise AssertionError("nobody waits")


def saved(story: Story, *parts: str) -> Any:
    """Another version, not in force."""
    return story.org.owner.send(SaveManifest(process(*parts))).version_id


def test_what_would_be_stranded_is_named(workbench: Bench) -> None:
    """Types and states with their numbers and first keys; a map moves them."""
    story = acting_project(workbench.acme)
    items = [story.new(f"Story {n}") for n in range(3)]
    version = saved(story, OTHER)
    with pytest.raises(StrandedItems) as caught:
        story.org.owner.send(ActivateManifest(story.project_id, version))
    state = caught.value.extra["states"][0]
    assert (state["type_id"], state["state"], state["items"]) == ("story", "draft", 3)
    assert sorted(state["keys"]) == sorted(item.key for item in items)
    assert items[0].key in caught.value.errors[0].message
    done = story.org.owner.send(ActivateManifest(story.project_id, version, {"draft": "new"}))
    assert done.moved == 3
    assert {story.get(item).state for item in items} == {"new"}


@pytest.mark.parametrize("what", ["create", "step"])
def test_what_was_decided_by_the_old_process_is_not_kept_under_the_new_one(workbench: Bench, what: str) -> None:
    """Whoever waits for an activation is told to look again, and nothing of it is kept."""
    story = acting_project(workbench.acme)
    org, item, version = story.org, story.new(), saved(story, OTHER)
    work: Callable[[], Any] = {
        "create": lambda: org.engineer.send(CreateArtifact(story.project_id, "story", "Late")),
        "step": lambda: org.engineer.send(TransitionArtifact(item.id, "start", item.version)),
    }[what]
    with begin(workbench.runtime.engine, tenant_id=org.tenant_id) as conn:
        conn.execute(text("SELECT FROM alm.projects WHERE id = :p FOR UPDATE"), {"p": story.project_id})
        conn.execute(
            text("UPDATE alm.projects SET active_version_id = :v WHERE id = :p"), {"v": version, "p": story.project_id}
        )
        thread, result = in_thread(work)
        waits(workbench)
    thread.join(20)
    assert isinstance(result[0], Conflict)
    assert "another process" in result[0].detail


def test_an_activation_waits_for_what_is_under_way(workbench: Bench) -> None:
    """It sees every item that the old process made, and refuses."""
    story = acting_project(workbench.acme)
    version = saved(story, OTHER)
    org = story.org
    first = story.new()
    old = org.owner.query(GetProject(story.project_id)).active_version_id
    with begin(workbench.runtime.engine, tenant_id=org.tenant_id) as conn:
        conn.execute(text("SELECT FROM alm.projects WHERE id = :p FOR KEY SHARE"), {"p": story.project_id})
        thread, result = in_thread(
            lambda: org.owner.send(ActivateManifest(story.project_id, version, {"draft": "new"}))
        )
        waits(workbench)
        values = {"i": first.id, "s": "work"}
        conn.execute(text("UPDATE alm.artifacts SET state = :s, state_category = 'in_progress' WHERE id = :i"), values)
    thread.join(20)
    assert isinstance(result[0], StrandedItems)
    assert org.owner.query(GetProject(story.project_id)).active_version_id == old
