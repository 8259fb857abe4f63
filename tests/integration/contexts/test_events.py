"""Every event of the language: policies refuse it, automations follow it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from alm_workbench.contexts.artifact.link_messages import UnlinkArtifacts
from alm_workbench.contexts.artifact.messages import (
    ArtifactDTO,
    CreateArtifact,
    DeleteArtifact,
    LinkArtifacts,
    RestoreArtifact,
    UpdateArtifact,
)
from alm_workbench.contexts.attachment.messages import AttachFile, StartUpload
from alm_workbench.contexts.audit.messages import ListDecisions
from alm_workbench.contexts.discussion.messages import AddComment
from alm_workbench.contexts.workflow.automations import EVENTS
from alm_workbench.errors import AccessDenied
from alm_workbench.shared.mediator import LocalMediator
from tests.factories.processes import Story, acting_project
from tests.factories.workbench import Bench

LINKS = 'def LinkType near { from: ["story"] to: ["story"] inverse: "near_to" }\n'
RIGHTS = 'def ACL talkers { action: ["comment", "attach", "link", "unlink"] resource: "*" roles: ["engineer"] effect: "allow" }\n'


def me(story: Story) -> LocalMediator:
    """Who does it."""
    return story.org.engineer


def version(story: Story, item: ArtifactDTO) -> int:
    """The item's present version."""
    return story.get(item).version


def unlink(story: Story, item: ArtifactDTO) -> Any:
    link = me(story).send(LinkArtifacts(item.id, "near", story.new("Neighbour").id))
    return lambda: me(story).send(UnlinkArtifacts(item.id, link.id, link.version))


def restore(story: Story, item: ArtifactDTO) -> Any:
    me(story).send(DeleteArtifact(item.id, version(story, item)))
    return lambda: me(story).send(RestoreArtifact(item.id))


def close(story: Story, item: ArtifactDTO) -> Any:
    story.step(item, "start")
    return lambda: story.step(item, "finish")


def reopen(story: Story, item: ArtifactDTO) -> Any:
    close(story, item)()
    return lambda: story.step(item, "reopen")


def delete(story: Story, item: ArtifactDTO) -> Any:
    return lambda: me(story).send(DeleteArtifact(item.id, version(story, item)))


def assign(story: Story, item: ArtifactDTO) -> Any:
    person = story.org.manager.principal
    assert person is not None
    return lambda: me(story).send(UpdateArtifact(item.id, version(story, item), assignee_id=person.actor_id))


def attach(story: Story, item: ArtifactDTO) -> Any:
    def do() -> None:
        upload = me(story).query(StartUpload(item.id, "a.txt"))
        upload.write(b"words")
        me(story).send(AttachFile(item.id, "a.txt", upload.finish()))

    return do


DOING: Mapping[str, Callable[[Story, ArtifactDTO], Callable[[], Any]]] = {
    "create": lambda s, i: lambda: me(s).send(CreateArtifact(s.project_id, "story", "Forbidden")),
    "update": lambda s, i: lambda: me(s).send(UpdateArtifact(i.id, version(s, i), title="Other")),
    "delete": delete,
    "soft_delete": delete,
    "transition": lambda s, i: lambda: s.step(i, "start"),
    "assign": assign,
    "attach": attach,
    "comment": lambda s, i: lambda: me(s).send(AddComment(i.id, "A word")),
    "close": close,
    "reopen": reopen,
    "restore": restore,
    "link": lambda s, i: lambda: me(s).send(LinkArtifacts(i.id, "near", s.new("Neighbour").id)),
    "unlink": unlink,
}


def test_every_event_of_the_language_is_here() -> None:
    """Thirteen events."""
    assert set(DOING) == set(EVENTS)
    assert len(EVENTS) == 13


@pytest.mark.parametrize("event", sorted(DOING))
def test_policies_refuse_and_automations_follow(workbench: Bench, event: str) -> None:
    """A policy about the event stops it; without the policy the automation about it acts, once."""
    heard = f"""def Automation heard {{ event: "{event}" applies_to: "story"
      intents: [{{kind: "audit", target: "self", params: {{action: "heard {event}", actor: "process"}}}}] }}"""
    org = workbench.acme
    story = acting_project(org, LINKS, RIGHTS, heard)
    item = story.new()
    DOING[event](story, item)()
    acted = [
        d
        for d in org.owner.query(ListDecisions(rule_id="heard")).items
        if d.reasons[0]["message"] == f"heard {event} self"
    ]
    assert acted
    if event != "create":
        assert {d.entity_id for d in acted} == {item.id}
    other = story.new("Next")
    ready = DOING[event](story, other)
    policy = f"""def Policy none {{ events: ["{event}"] applies_to: ["story"] when: "self.title != ''" message: "no {event}" }}"""
    story.activate(LINKS, RIGHTS, policy)
    before = len(org.owner.query(ListDecisions(rule_id="none")).items)
    with pytest.raises(AccessDenied, match=f"no {event}"):
        ready()
    assert len(org.owner.query(ListDecisions(rule_id="none")).items) == before + 1
