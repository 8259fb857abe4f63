"""Asking for a step that others must agree to, and what is shown of such a request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any
from uuid import UUID

from alm_workbench.contexts.apikey.messages import PeopleBehind
from alm_workbench.contexts.artifact.messages import ArtifactDTO, GetArtifact, PendingDTO, Situation
from alm_workbench.contexts.notification.audience import may_read_items
from alm_workbench.contexts.notification.messages import Notify
from alm_workbench.contexts.project.acting import acting
from alm_workbench.contexts.project.messages import ActiveProcess
from alm_workbench.contexts.workflow.acting import holders
from alm_workbench.contexts.workflow.intents import Requirement
from alm_workbench.contexts.workflow.messages import ApprovalDTO, RequirementDTO, TransitionArtifact, VoteDTO
from alm_workbench.contexts.workflow.repository import WorkflowRepository
from alm_workbench.contexts.workflow.stepping import JudgedStep
from alm_workbench.errors import AccessDenied, Conflict, NotFound
from alm_workbench.mpc import CompiledManifest
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.ids import ArtifactId, ProjectId, new_id
from alm_workbench.shared.messages import Event


def request_step(
    ctx: MessageContext,
    workflows: WorkflowRepository,
    found: Situation,
    judged: JudgedStep,
    message: TransitionArtifact,
) -> PendingDTO:
    """Keep a step that every rule allows until enough people agree, and tell those who may.

    Raises ``Conflict`` where the same step of the item waits already.
    """
    item, me = found.artifact, ctx.principal
    person = me.actor_id if me.kind == "user" else ctx.ask(PeopleBehind((me.actor_id,))).get(me.actor_id)
    if person is None:
        raise Conflict(f"{judged.step.id!r} waits for approval, so somebody has to ask for it")
    approval_id = new_id()
    workflows.add_request(
        ctx.conn,
        {
            "tenant_id": me.tenant_id,
            "id": approval_id,
            "project_id": item.project_id,
            "artifact_id": item.id,
            "transition_id": judged.step.id,
            "from_state": item.state,
            "to_state": judged.target.id,
            "reason": judged.reason,
            "fields": dict(message.fields),
            "requirements": [asdict(need) for need in judged.approvals],
            "requested_by": me.actor_id,
            "person_id": person,
            "manifest_version_id": found.process.version_id,
            "status": "open",
        },
    )
    ctx.decided(replace(judged.record, reasons=[*judged.record.reasons, asked_reason(judged)]))
    payload = {"project_id": str(item.project_id), "key": item.key, "transition": judged.step.id}
    ctx.emit(Event("ApprovalRequested", "Artifact", item.id, {**payload, "approval_id": str(approval_id)}))
    roles = tuple(sorted({role for need in judged.approvals for role in need.roles}))
    people = tuple(one for one in holders(ctx, found.process.compiled, item, roles) if one != person)
    if people:
        params = {"transition": judged.step.id, "approval_id": str(approval_id)}
        ctx.ask(Notify(people, "approval", item.project_id, "Artifact", item.id, params=params))
    needed = sum(need.count for need in judged.approvals)
    return PendingDTO(approval_id, judged.step.id, judged.target.id, roles, needed, 0, me.actor_id, ctx.now)


def asked_reason(judged: JudgedStep) -> dict[str, Any]:
    """What the decision log says of a step that waits."""
    who = "; ".join(f"{need.count} of {', '.join(need.roles)}" for need in judged.approvals)
    return {"code": "R_APPROVAL_NEEDED", "message": f"waits for approval: {who}", "rule_id": judged.step.id}


def needs_of(row: Any) -> tuple[Requirement, ...]:
    """The requirements of a request as they were when it was made."""
    return tuple(Requirement(tuple(one["roles"]), int(one["count"]), one["reason"]) for one in row.requirements)


def agreed(need: Requirement, votes: Iterable[Any]) -> int:
    """How many people who hold a role that a requirement names have agreed."""
    return sum(vote.verdict == "approve" and bool(set(need.roles) & set(vote.roles)) for vote in votes)


def roles_here(ctx: MessageContext, compiled: CompiledManifest, project_id: ProjectId) -> frozenset[str]:
    """The roles of the caller in a project, with what they imply."""
    return compiled.close_roles(acting(ctx, project_id).roles)


def shown_requests(
    ctx: MessageContext, workflows: WorkflowRepository, rows: Sequence[Any]
) -> list[tuple[Any, ApprovalDTO]]:
    """Requests with what the caller may see of them; those of items that the caller may not read are left out."""
    seen = [(row, item) for row in rows if (item := visible_item(ctx, row)) is not None]
    votes = workflows.votes(ctx.conn, [row.id for row, _ in seen])
    names = workflows.names(ctx.conn, [row.requested_by for row, _ in seen]) if seen else {}
    return [(row, dto_of(ctx, row, item, votes.get(row.id, []), names)) for row, item in seen]


def visible_item(ctx: MessageContext, row: Any) -> ArtifactDTO | None:
    """The item of a request as the caller may see it, who must hold the right to read items there."""
    if not may_read_items(ctx, ProjectId(row.project_id)):
        return None
    try:
        return ctx.ask(GetArtifact(ArtifactId(row.artifact_id)))
    except (NotFound, AccessDenied, Conflict):
        return None


def dto_of(
    ctx: MessageContext, row: Any, item: ArtifactDTO, votes: Sequence[Any], names: Mapping[UUID, str]
) -> ApprovalDTO:
    """A request as its reader may see it: who may not see states is not told where the step leads."""
    compiled = ctx.ask(ActiveProcess(item.project_id)).compiled
    hidden = "state" in item.masked
    flow = compiled.workflow_of(item.type)
    step = next((one for one in flow.transitions if one.id == row.transition_id), None) if flow else None
    needs = needs_of(row)
    return ApprovalDTO(
        row.id,
        ProjectId(row.project_id),
        item.id,
        item.key,
        item.title or None,
        "" if hidden else row.transition_id,
        {} if hidden or step is None else step.labels,
        None if hidden else row.from_state,
        None if hidden else row.to_state,
        None if hidden else row.reason,
        tuple(sorted(name for name in row.fields if name not in item.masked)),
        tuple(RequirementDTO(need.roles, need.count, agreed(need, votes), need.reason) for need in needs),
        tuple(
            VoteDTO(vote.actor_id, vote.actor, vote.verdict, tuple(vote.roles), vote.reason, vote.created_at)
            for vote in votes
        ),
        row.status,
        row.closing_reason,
        row.requested_by,
        names.get(row.requested_by),
        row.created_at,
        row.closed_at,
        row.closed_by,
        row.status == "open" and may_vote(ctx, compiled, row, needs, votes),
        row.version,
    )


def may_vote(
    ctx: MessageContext, compiled: CompiledManifest, row: Any, needs: Sequence[Requirement], votes: Sequence[Any]
) -> bool:
    """Whether a request waits for the caller: a person of an asked role who has neither asked nor answered."""
    me = ctx.principal
    if me.kind != "user" or me.actor_id in (row.person_id, row.requested_by):
        return False
    if any(vote.actor_id == me.actor_id for vote in votes):
        return False
    mine = roles_here(ctx, compiled, ProjectId(row.project_id))
    return any(mine & set(need.roles) for need in needs)
