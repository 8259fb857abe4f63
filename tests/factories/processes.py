"""A small process that acts, and projects under it: for tests of workflows, approvals, automations and timers."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import Any

from alm_workbench.contexts.artifact.messages import ArtifactDTO, CreateArtifact, GetArtifact
from alm_workbench.contexts.manifest.messages import SaveManifest
from alm_workbench.contexts.project.messages import ActivateManifest, CreateProject
from alm_workbench.contexts.workflow.messages import TransitionArtifact
from alm_workbench.shared.ids import ProjectId
from tests.factories.workbench import Org

_numbers = count(1)

HEAD = """
@schema 2
@namespace "test.acting"
@name "{name}"
@version "1.0.0"

def Role owner "Owner" {{ implies: ["manager"] privileges: ["*"] }}
def Role manager "Manager" {{ implies: ["engineer"] }}
def Role engineer "Engineer" {{ implies: ["viewer"] }}
def Role reviewer "Reviewer" {{ implies: ["viewer"] }}
def Role viewer "Viewer" {{ privileges: ["artifact:read"] }}
def ACL readers {{ action: "read" resource: "*" roles: ["viewer"] effect: "allow" }}
def ACL makers {{ action: ["create", "update", "delete", "restore", "assign", "link", "comment"] resource: "story" roles: ["engineer"] effect: "allow" }}
def ACL movers {{ action: "transition" resource: "*" roles: ["engineer", "reviewer"] effect: "allow" }}
def Workflow task_flow {{
  initial: "open"
  states: [{{id: "open", category: "todo"}}, {{id: "closed", category: "done"}}]
  transitions: [{{id: "close", from: "open", to: "closed"}}]
}}
def ArtifactType chore "Chore" {{
  workflow: "task_flow" key_prefix: "CHO" aggregate: "Task" parents: ["story"]
  def FieldDef effort {{ type: "int" }}
}}
"""

STORY = """
def ArtifactType story "Story" {
  workflow: "flow" key_prefix: "STO" children: ["chore", "story"]
  def FieldDef text { type: "text" }
  def FieldDef points { type: "int" min: 0 max: 100 }
  def FieldDef moved_by { type: "user" }
  def FieldDef moved_on { type: "date" }
  def FieldDef secret { type: "text" }
}
"""

FLOW = """
def Workflow flow {
  initial: "draft"
  states: [
    {id: "draft", category: "todo"}, {id: "work", category: "in_progress"},
    {id: "review", category: "in_progress"}, {id: "done", category: "done"},
  ]
  transitions: [
    {id: "start", from: "draft", to: "work"},
    {id: "submit", from: "work", to: "review"},
    {id: "finish", from: ["work", "review"], to: "done"},
    {id: "reopen", from: "done", to: "work"},
  ]
}
"""

APPROVED_FLOW = """
def Workflow flow {
  initial: "draft"
  states: [{id: "draft", category: "todo"}, {id: "done", category: "done"}]
  transitions: [{id: "finish", from: "draft", to: "done", roles: ["engineer"], on_enter: [
    {kind: "requireApproval", target: "self", params: {roles: ["reviewer"]}}]}]
}
"""
"""A workflow whose only step waits for a reviewer."""


@dataclass(frozen=True)
class Story:
    """A project under a process of its own, and what a test does in it."""

    org: Org
    project_id: ProjectId

    def new(self, title: str = "Stop within 38 m", role: str = "engineer", **fields: Any) -> ArtifactDTO:
        """A story."""
        return self.org.mediators[role].send(CreateArtifact(self.project_id, "story", title, fields))

    def step(
        self, item: ArtifactDTO, name: str, role: str = "engineer", reason: str | None = None, **fields: Any
    ) -> ArtifactDTO:
        """Take a step from the version the item has now."""
        now = self.get(item)
        return self.org.mediators[role].send(TransitionArtifact(item.id, name, now.version, reason, fields))

    def get(self, item: ArtifactDTO, role: str = "owner") -> ArtifactDTO:
        """The item as it is now."""
        return self.org.mediators[role].query(GetArtifact(item.id))

    def activate(self, *parts: str, name: str = "", **more: Any) -> None:
        """Put another process into force."""
        owner = self.org.owner
        version = owner.send(SaveManifest(process(*parts, name=name)))
        owner.send(ActivateManifest(self.project_id, version.version_id, **more))


def process(*parts: str, name: str = "") -> str:
    """A process of roles, rights and tasks with these parts; workflow and type of stories unless the parts have them."""
    text = "\n".join(parts)
    rest = ("" if "def Workflow flow" in text else FLOW) + ("" if "def ArtifactType story" in text else STORY)
    return HEAD.format(name=name or f"p{next(_numbers)}") + rest + text


def acting_project(org: Org, *parts: str) -> Story:
    """A new project under a process of its own."""
    owner = org.owner
    version = owner.send(SaveManifest(process(*parts)))
    number = next(_numbers)
    project = owner.send(CreateProject(f"P{number}", f"Project {number}"))
    owner.send(ActivateManifest(project.id, version.version_id))
    return Story(org, project.id)
