"""States that lie behind the agreement of somebody else, and who may let items begin or return there without that step."""

from __future__ import annotations

from alm_workbench.contexts.project.messages import ProjectPrivileges
from alm_workbench.contexts.workflow.intents import line_of, requirements, step_intents
from alm_workbench.errors import AccessDenied
from alm_workbench.mpc import CompiledManifest, WorkflowDef
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.ids import ProjectId
from alm_workbench.shared.principal import grants

CHANGE = "project:update"
"""The privilege to set such a state without the step that leads there: in imports, moves from elsewhere, and undos."""


def open_states(flow: WorkflowDef) -> frozenset[str]:
    """States that one person alone can reach: along steps that neither need another person nor wait for approval.

    Guards and roles are not asked: they hold for whoever acts, and he may meet them. Where a step is free to lead
    anywhere, everything is open.
    """
    found, level = {flow.initial}, [flow.initial]
    while level:
        here = level.pop()
        for step in flow.transitions:
            if step.to in found or not {*line_of(flow, here), "*"} & set(step.from_):
                continue
            if step.not_actor is None and not requirements(step_intents(flow, here, step)):
                if step.rule_type == "dynamic":
                    return frozenset(flow.states)
                found.add(step.to)
                level.append(step.to)
    return frozenset(found)


def require_entry(
    ctx: MessageContext, compiled: CompiledManifest, project_id: ProjectId, type_id: str, state: str
) -> None:
    """Refuse to set a state that lies behind the agreement of somebody else; raises ``AccessDenied``."""
    flow = compiled.workflows[compiled.types[type_id].workflow]
    key = ("open-states", compiled.artifact_hash, flow.id)
    if key not in ctx.memo:
        ctx.memo[key] = open_states(flow)
    if state in ctx.memo[key] or ctx.principal.may(CHANGE):
        return
    if grants(ctx.ask(ProjectPrivileges(project_id)), CHANGE):
        return
    message = f"{state!r} takes the agreement of somebody else; to set it without that step takes {CHANGE}"
    reason = {"code": "R_PRIVILEGE_MISSING", "message": message, "rule_id": CHANGE}
    raise AccessDenied(message, reasons=[reason])
