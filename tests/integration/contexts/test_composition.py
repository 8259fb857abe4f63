"""A manifest that imports another of its organisation, and what is kept out of the decision log."""

from __future__ import annotations

import pytest

from alm_workbench.contexts.artifact.messages import CreateArtifact, UpdateArtifact
from alm_workbench.contexts.audit.messages import ListDecisions
from alm_workbench.contexts.manifest.messages import (
    CheckManifest,
    CompiledVersion,
    GraphManifest,
    SavedVersionDTO,
    SaveManifest,
)
from alm_workbench.contexts.project.messages import ActivateManifest, CreateProject
from alm_workbench.errors import AccessDenied, ManifestProblem
from tests.factories.workbench import Bench, Org

COMMON = """@namespace "{namespace}"
@name "common"
@version "{version}"
def Workflow flow {{
  initial: "open"
  states: ["open", {{id: "closed", category: "done"}}]
  transitions: [{{id: "close", from: "open", to: "closed", requires: [{requires}]}}]
}}
"""
APP = """@namespace "{namespace}"
@name "app"
@version "1.0.0"
def Import common {{ source: "{namespace}/common" version: "^1.0" alias: "c" }}
def ArtifactType note {{
  workflow: "c.flow"
  def FieldDef password {{ type: "string" }}
  def FieldDef diagnosis {{ type: "string" sensitive: true }}
  def FieldDef remark {{ type: "string" }}
}}
def Role owner {{ privileges: ["*"] }}
def ACL all {{ action: "*" resource: "*" roles: ["owner"] }}
def Overlay faster {{ target: "c.flow" op: "append" path: "transitions" value: [{{id: "reopen", from: "closed", to: "open"}}] }}
def Redact own {{ keys: ["remark"] }}
def Policy no_secrets {{
  events: ["update"]
  when: "startsWith(self.fields.password, 'hunter') or startsWith(self.fields.diagnosis, 'acute') or startsWith(self.fields.remark, 'psst')"
  effect: "deny"
}}
"""


def save(org: Org, text: str, namespace: str, **more: str) -> SavedVersionDTO:
    return org.owner.send(SaveManifest(text.format(namespace=namespace, **more)))


def test_a_manifest_imports_another_of_its_organisation(workbench: Bench) -> None:
    """The compiled version pins what it was made of; a newer library makes a new version and leaves the old as it is."""
    org, space = workbench.acme, "lib.pins"
    save(org, COMMON, space, version="1.0.0", requires="")
    first = save(org, APP, space)
    compiled = org.owner.query(CompiledVersion(first.version_id)).compiled
    (pin,) = compiled.imports
    assert (pin.name, pin.version, len(pin.hash)) == (f"{space}/common", "1.0.0", 64)
    assert [t.id for t in compiled.workflows["c.flow"].transitions] == ["close", "reopen"]
    assert save(org, APP, space).unchanged

    save(org, COMMON, space, version="1.1.0", requires='"title"')
    second = save(org, APP, space)
    assert (second.number, second.unchanged) == (2, False)
    assert org.owner.query(CompiledVersion(second.version_id)).compiled.imports[0].version == "1.1.0"
    assert org.owner.query(CompiledVersion(first.version_id)).compiled == compiled

    save(org, COMMON, space, version="2.0.0", requires="")
    assert save(org, APP, space).unchanged


def test_another_organisation_is_no_library(workbench: Bench) -> None:
    """What one organisation keeps, another cannot import; nor can who may not read manifests."""
    space = "lib.private"
    save(workbench.acme, COMMON, space, version="1.0.0", requires="")
    text = APP.format(namespace=space)
    assert workbench.acme.owner.query(CheckManifest(text)).ok
    found = workbench.globex.owner.query(CheckManifest(text)).diagnostics
    assert "there is no manifest of that name" in found[0].message
    with pytest.raises(ManifestProblem, match="no manifest of that name"):
        save(workbench.globex, APP, space)


def test_findings_name_the_manifest_they_are_in(workbench: Bench) -> None:
    """An error in an imported definition stands at the import and names document, version and line."""
    org, space = workbench.acme, "lib.errors"
    save(org, COMMON, space, version="1.0.0", requires="")
    text = (
        APP.format(namespace=space)
        + 'def Overlay wrong { target: "c.flow" op: "replace" path: "initial" value: "nowhere" }\n'
    )
    answer = org.owner.query(CheckManifest(text))
    assert not answer.ok
    assert f"in {space}/common 1.0.0 (version 1): 5:" in answer.diagnostics[0].message
    assert answer.diagnostics[0].line == 4
    graph = org.owner.query(GraphManifest(text))
    assert [t.workflow for t in graph.types] == ["c.flow"]


@pytest.mark.parametrize(("name", "value"), [("password", "hunter2"), ("diagnosis", "acute x"), ("remark", "psst!")])
def test_the_decision_log_holds_no_secrets(workbench: Bench, name: str, value: str) -> None:
    """Neither by a common word, nor in a sensitive field, nor where a Redact definition says so."""
    org, space = workbench.acme, "lib.log"
    save(org, COMMON, space, version="1.0.0", requires="")
    project = org.owner.send(CreateProject(f"LOG{name[:3].upper()}", "Log"))
    org.owner.send(ActivateManifest(project.id, save(org, APP, space).version_id))
    item = org.owner.send(CreateArtifact(project.id, "note", "A note", {name: value}))
    with pytest.raises(AccessDenied) as caught:
        org.owner.send(UpdateArtifact(item.id, item.version, title="Another"))
    assert caught.value.reasons[0]["rule_id"] == "no_secrets"
    (kept,) = org.owner.query(ListDecisions(item.id, "deny")).items
    assert kept.rule_id == "no_secrets"
    assert value not in repr(kept)
    assert "***" in repr(kept.reasons)
