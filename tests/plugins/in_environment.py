"""Steps that test_example.py runs inside a clean environment: ``python in_environment.py STEP DATA_DIR``."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from alm_workbench.composition import Runtime, opened
from alm_workbench.config import Settings
from alm_workbench.contexts.artifact.messages import CreateArtifact
from alm_workbench.contexts.audit.messages import EntityHistory
from alm_workbench.contexts.auth.messages import CreateAccount
from alm_workbench.contexts.auth.session_messages import ResolvePrincipal
from alm_workbench.contexts.manifest.messages import SaveManifest
from alm_workbench.contexts.plugin.messages import GetPluginValues, SetPluginValue
from alm_workbench.contexts.project.messages import ActivateManifest, CreateProject
from alm_workbench.contexts.reporting.messages import ListReports, RefreshMirror, RunReport
from alm_workbench.contexts.tenant.onboarding_messages import OnboardTenant
from alm_workbench.contexts.workflow.messages import TransitionArtifact
from alm_workbench.errors import AlmError, TransitionDenied
from alm_workbench.shared.mediator import LocalMediator
from alm_workbench.shared.messages import REGISTRY

MANIFEST = """
@schema 2
@namespace "test.plugins"
@name "hazards"
@version "1.0.0"

def Workflow hazard_flow "Hazards" {
  initial: "open"
  states: [{id: "open", category: "todo"}, {id: "accepted", category: "done"}]
  transitions: [{id: "accept", from: "open", to: "accepted",
                 guard: "riskScore(self.fields.harm, self.fields.exposure, self.fields.controllability) >= 9"}]
}
def Role owner "Owner" { privileges: ["*"] }
def ACL owners "Owners do everything" {
  action: "*" resource: "*" roles: ["owner"]
}
def ArtifactType hazard "Hazard" {
  workflow: "hazard_flow" key_prefix: "HAZ"
  def FieldDef harm { type: "string" }
  def FieldDef exposure { type: "string" }
  def FieldDef controllability { type: "string" }
}
"""


def use(runtime: Runtime, root: LocalMediator, kept: Path) -> dict[str, Any]:
    """Everything the example adds, on an organisation of its own."""
    from alm_example.messages import GetRiskAppetite, SetRiskAppetite

    user = root.send(CreateAccount("ada@acme.example", "Ada", "correct horse battery"))
    tenant = root.send(OnboardTenant("acme", "Acme", user.user_id, "ada@acme.example", "Ada"))
    kept.write_text(json.dumps([str(user.user_id), str(tenant.tenant_id)]), "utf-8")
    ada = someone(root, kept)
    version = ada.send(SaveManifest(MANIFEST))
    project = ada.send(CreateProject("HAZ", "Hazards", manifest_version_id=version.version_id))
    ada.send(ActivateManifest(project.id, version.version_id))
    high, low = (
        ada.send(CreateArtifact(project.id, "hazard", " ".join(c), dict(zip(FIELDS, c, strict=True))))
        for c in (("S3", "E4", "C2"), ("S1", "E1", "C1"))
    )
    second = ada.send(CreateArtifact(project.id, "hazard", "again", dict(zip(FIELDS, ("S1", "E1", "C1"), strict=True))))
    ada.send(TransitionArtifact(high.id, "accept", high.version))
    refused = ""
    try:
        ada.send(TransitionArtifact(low.id, "accept", second.version))
    except TransitionDenied as error:
        refused = json.dumps(error.reasons, default=str)
    ada.send(SetRiskAppetite(8))
    ada.send(RefreshMirror())
    report = ada.query(RunReport(project.id, "risk_profile"))
    badge = runtime.plugins.widgets()[0].factory(None, score=9)
    return {
        "created": f"{high.title} passed the guard",
        "refused": refused,
        "report": [list(row) for row in report.rows],
        "widget": [type(badge).__name__, badge.score, badge.asil],
        "appetite": asdict(ada.query(GetRiskAppetite())),
        "routes": [f"{s.method} {s.path}" for s in REGISTRY.public() if s.cls.__module__.startswith("alm_example.")],
    }


def after(runtime: Runtime, root: LocalMediator, kept: Path) -> dict[str, Any]:
    """What is left when the plugin is gone."""
    ada = someone(root, kept)
    values = ada.query(GetPluginValues("alm-example"))
    refused: list[str] = []
    try:
        ada.send(SetPluginValue("alm-example", "risk_appetite", 1))
    except AlmError as error:
        refused = [type(error).__name__, error.detail]
    history = ada.query(EntityHistory("PluginData", values[0].id))
    return {
        "values": [{"key": v.key, "value": v.value, "writable": v.writable} for v in values],
        "refused": refused,
        "reports": [r.name for r in ada.query(ListReports()).items if r.name == "risk_profile"],
        "history": [entry.change_type for entry in history.items],
    }


FIELDS = ("harm", "exposure", "controllability")


def someone(root: LocalMediator, kept: Path) -> LocalMediator:
    """The mediator of the person that `use` made."""
    from uuid import UUID

    user_id, tenant_id = (UUID(value) for value in json.loads(kept.read_text("utf-8")))
    principal = root.query(ResolvePrincipal(user_id, tenant_id))
    assert principal is not None
    return root.as_principal(principal)


def main(step: str, data_dir: Path) -> None:
    """Run one step and print its result as one line of JSON."""
    with opened(Settings(data_dir)) as runtime:
        steps = {"use": use, "after": after}
        answer = steps[step](runtime, runtime.mediator.as_principal(None), data_dir / "made.json")
    print(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
