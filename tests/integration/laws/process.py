"""A small process for laws about items: a workflow with a way back, a guard, and a policy."""

from __future__ import annotations

from uuid import uuid4

from alm_workbench.contexts.manifest.messages import SaveManifest
from alm_workbench.contexts.project.messages import ActivateManifest, CreateProject, ProjectDTO
from tests.factories.workbench import Org

PROCESS = """
@schema 2
@namespace "test.laws"
@name "laws"
@version "1.0.0"

def Workflow flow {
  initial: "open"
  states: [{id: "open", category: "todo"}, {id: "doing", category: "in_progress"}, {id: "closed", category: "done"}]
  transitions: [
    {id: "start", from: "open", to: "doing"},
    {id: "close", from: "doing", to: "closed", guard: "not isEmpty(self.fields.size)"},
    {id: "reopen", from: ["doing", "closed"], to: "open"},
  ]
}
def ArtifactType thing {
  workflow: "flow"
  key_prefix: "TH"
  def FieldDef size { type: "int" min: 0 max: 9 }
  def FieldDef note { type: "text" }
}
def LinkType needs { from: ["thing"] to: ["thing"] inverse: "needed_by" acyclic: true }
def ACL everybody {
  action: ["read", "create", "update", "transition", "delete", "link"]
  resource: "*"
  effect: "allow"
}
def Policy frozen {
  events: ["update"]
  applies_to: ["thing"]
  when: "self.state == 'closed'"
  effect: "deny"
  message: {en: "Closed things stay as they are"}
}
"""


def make_project(org: Org) -> ProjectDTO:
    """An empty project under the process."""
    version = org.owner.send(SaveManifest(PROCESS))
    project = org.owner.send(CreateProject(f"L{uuid4().hex[:8].upper()}", "Laws"))
    org.owner.send(ActivateManifest(project.id, version.version_id))
    return project
