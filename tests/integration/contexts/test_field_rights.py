"""Rules about single fields hold when they are written: by an update, in a creation, and beside a step."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from alm_workbench.contexts.artifact.messages import ArtifactDTO, CreateArtifact, GetArtifact, UpdateArtifact
from alm_workbench.contexts.audit.messages import ListDecisions
from alm_workbench.contexts.manifest.messages import SaveManifest
from alm_workbench.contexts.project.messages import ActivateManifest, CreateProject
from alm_workbench.contexts.workflow.messages import TransitionArtifact
from alm_workbench.errors import AccessDenied, InvalidInput
from tests.factories.workbench import Bench, Org

TEXT = """
@schema 2
@namespace "test.fields"
@name "fields"
@version "1.0.0"

def Workflow flow {
  initial: "open"
  states: [{id: "open", category: "todo"}, {id: "done", category: "done"}]
  transitions: [{id: "finish", from: "open", to: "done"}]
}
def ArtifactType note {
  workflow: "flow"
  key_prefix: "NOTE"
  def FieldDef price { type: "int" aliases: ["cost"] }
  def FieldDef margin { type: "int" }
  def FieldDef text { type: "text" }
}
def Role owner { privileges: ["*"] }
def Role engineer { implies: ["viewer"] privileges: ["artifact:create", "artifact:update", "artifact:transition"] }
def Role viewer { privileges: ["artifact:read"] }
def ACL all { action: "*" resource: "*" roles: ["owner", "engineer"] }
def ACL price_for_owners {
  action: ["create", "update"] resource: "note.price" roles: ["engineer"]
  condition: "not hasRole('owner')" effect: "deny" priority: 10
}
def ACL margin_for_owners {
  action: "read" resource: "note.margin" roles: ["engineer"]
  condition: "not hasRole('owner')" effect: "deny" priority: 10
}
def Policy no_high_margin { events: ["update"] when: "self.fields.text == 'raise' and self.fields.margin > 100" }
def Policy no_empty_text {
  events: ["update"] when: "isEmpty(self.fields.text)" message: {en: "Keep a text", tr: "Bir metin bırakın"}
}
"""


NUMBERS = count(1)


@pytest.fixture
def org(workbench: Bench) -> Org:
    return workbench.acme


@pytest.fixture
def project(org: Org) -> Any:
    """A project under a process in which engineers may not set the price."""
    made = org.owner.send(CreateProject(f"FLD{next(NUMBERS)}", "Fields"))
    saved = org.owner.send(SaveManifest(TEXT, "dsl"))
    org.owner.send(ActivateManifest(made.id, saved.version_id))
    return made


@pytest.fixture
def note(org: Org, project: Any) -> ArtifactDTO:
    return org.owner.send(CreateArtifact(project.id, "note", "A note", {"price": 5, "text": "kept"}))


def test_an_update_of_a_denied_field_is_refused_by_its_rule(org: Org, note: ArtifactDTO) -> None:
    """The type may be updated, the field may not: by its id or by a former one; other fields may."""
    for name in ("price", "cost"):
        with pytest.raises(AccessDenied) as caught:
            org.engineer.send(UpdateArtifact(note.id, note.version, fields={name: 7}))
        assert caught.value.reasons[0]["rule_id"] == "price_for_owners"
    assert org.engineer.query(GetArtifact(note.id)).fields["price"] == 5
    log = org.owner.query(ListDecisions(entity_id=note.id, verdict="deny"))
    assert log.items[0].rule_id == "price_for_owners"
    assert org.engineer.send(UpdateArtifact(note.id, note.version, fields={"text": "new"})).fields["text"] == "new"


def test_a_creation_with_a_denied_field_is_refused(org: Org, project: Any) -> None:
    """Nobody sets in a creation what may not be set there."""
    with pytest.raises(AccessDenied) as caught:
        org.engineer.send(CreateArtifact(project.id, "note", "A note", {"price": 1, "text": "x"}))
    assert caught.value.reasons[0]["rule_id"] == "price_for_owners"
    assert org.engineer.send(CreateArtifact(project.id, "note", "A note", {"text": "x"})).key.startswith("NOTE-")


def test_a_step_does_not_carry_a_denied_field_along(org: Org, note: ArtifactDTO) -> None:
    """The right to take a step is no right to set what a rule forbids."""
    with pytest.raises(AccessDenied) as caught:
        org.engineer.send(TransitionArtifact(note.id, "finish", note.version, fields={"price": 1}))
    assert caught.value.reasons[0]["rule_id"] == "price_for_owners"
    moved = org.engineer.send(TransitionArtifact(note.id, "finish", note.version, fields={"text": "done"}))
    assert (moved.state, moved.fields["text"], moved.fields["price"]) == ("done", "done", 5)


def test_a_policy_looks_at_the_item_as_it_would_be(org: Org, note: ArtifactDTO) -> None:
    """What a policy forbids is the result, not what was there before."""
    with pytest.raises(AccessDenied, match="Keep a text"):
        org.owner.send(UpdateArtifact(note.id, note.version, fields={"text": None}))


def test_the_frozen_asil_of_the_shipped_process(org: Org) -> None:
    """An engineer cannot change the ASIL of an approved requirement; a manager can."""
    made = org.engineer.send(
        CreateArtifact(org.project.id, "requirement", "Braking distance on ice", {"text": "x", "asil": "B"})
    )
    sent = org.engineer.send(TransitionArtifact(made.id, "submit", made.version))
    approved = org.reviewer.send(TransitionArtifact(made.id, "approve", sent.version))
    with pytest.raises(AccessDenied) as caught:
        org.engineer.send(UpdateArtifact(made.id, approved.version, fields={"asil": "QM"}))
    assert caught.value.reasons[0]["rule_id"] == "asil_is_frozen"
    assert org.manager.send(UpdateArtifact(made.id, approved.version, fields={"asil": "C"})).fields["asil"] == "C"


def test_a_hidden_field_cannot_be_set_by_a_step(org: Org) -> None:
    """What is hidden from somebody cannot be written over unseen either."""
    made = org.owner.send(CreateArtifact(org.project.id, "requirement", "Braking distance on ice", {"text": "x"}))
    with pytest.raises((InvalidInput, AccessDenied)):
        org.viewer.send(UpdateArtifact(made.id, made.version, fields={"hazard_note": "x"}))


def test_a_refusal_does_not_tell_what_is_hidden(org: Org, project: Any) -> None:
    """The rule is named; the value it saw is in the log of decisions, not in the answer."""
    made = org.owner.send(CreateArtifact(project.id, "note", "A note", {"margin": 12345, "text": "x"}))
    with pytest.raises(AccessDenied) as caught:
        org.engineer.send(UpdateArtifact(made.id, made.version, fields={"text": "raise"}))
    assert caught.value.reasons[0]["rule_id"] == "no_high_margin"
    assert "12345" not in f"{caught.value.detail} {caught.value.reasons}"
    assert "raise" in str(caught.value.reasons[0]["values"])
    with pytest.raises(AccessDenied, match="12345"):
        org.owner.send(UpdateArtifact(made.id, made.version, fields={"text": "raise"}))
    log = org.owner.query(ListDecisions(entity_id=made.id, verdict="deny"))
    assert all("12345" in str(entry.reasons) for entry in log.items)
