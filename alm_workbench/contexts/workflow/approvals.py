"""Agreeing to steps that others asked for: with the last vote needed the step is taken, in the voter's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from alm_workbench.contexts.artifact.messages import GetArtifact, SituationOf
from alm_workbench.contexts.auth.actor_messages import PrincipalsOf
from alm_workbench.contexts.notification.messages import Notify
from alm_workbench.contexts.workflow.handlers import take
from alm_workbench.contexts.workflow.messages import (
    ApprovalDTO,
    ApprovalsOf,
    ApproveStep,
    GetApproval,
    ListApprovals,
    ProjectOfApproval,
    RejectStep,
    TransitionArtifact,
    WithdrawStep,
)
from alm_workbench.contexts.workflow.repository import WorkflowRepository
from alm_workbench.contexts.workflow.requests import agreed, needs_of, roles_here, shown_requests
from alm_workbench.contexts.workflow.stepping import weigh_step
from alm_workbench.errors import AccessDenied, Conflict, ErrorItem, InvalidInput, NotFound, TransitionDenied
from alm_workbench.shared.context import DecisionRecord, MessageContext
from alm_workbench.shared.ids import ArtifactId, ProjectId, new_id
from alm_workbench.shared.messages import Event, Page
from alm_workbench.shared.paging import decode_uuid, encode

MAX_REASON = 2000


class Approvals:
    """What the handlers below share."""

    def __init__(self, workflows: WorkflowRepository) -> None:
        self.workflows = workflows

    def shown(self, ctx: MessageContext, approval_id: UUID) -> ApprovalDTO:
        """A request that the caller may see; raises ``NotFound``."""
        row = self.workflows.request(ctx.conn, approval_id)
        found = shown_requests(ctx, self.workflows, [row]) if row is not None else []
        if not found:
            raise NotFound(f"there is no request for approval {approval_id}")
        return found[0][1]

    def opened(self, ctx: MessageContext, approval_id: UUID) -> Any:
        """An open request of an item that the caller may read, both locked; raises ``NotFound`` and ``Conflict``.

        The item comes first: whoever changes it withdraws the request, in that order.
        """
        shown = self.shown(ctx, approval_id)
        ctx.ask(SituationOf(shown.artifact_id, "transition"))
        row = self.workflows.request(ctx.conn, approval_id, lock=True)
        assert row is not None
        if row.status != "open":
            why = " because the item changed" if row.closing_reason == "changed" else ""
            raise Conflict(f"this request is {row.status} already{why}", current={"status": row.status})
        return row

    def close(self, ctx: MessageContext, row: Any, status: str, reason: str | None, kind: str | None = None) -> None:
        """End a request, and tell whoever asked."""
        self.workflows.close_request(ctx.conn, row.id, status, ctx.now, ctx.principal.actor_id, reason)
        payload = {"project_id": str(row.project_id), "approval_id": str(row.id), "transition": row.transition_id}
        ctx.emit(Event(f"Approval{status.title()}", "Artifact", row.artifact_id, payload))
        if kind is not None:
            params = {"transition": row.transition_id, "approval_id": str(row.id)}
            artifact = ArtifactId(row.artifact_id)
            ctx.ask(Notify((row.person_id,), kind, ProjectId(row.project_id), "Artifact", artifact, params=params))

    def vote(self, ctx: MessageContext, row: Any, verdict: str, reason: str | None) -> list[Any]:
        """Keep what the caller says, if he may say anything; gives all votes. Raises ``AccessDenied``."""
        me = ctx.principal
        if me.kind != "user":
            raise refused(row, "R_APPROVAL_PERSON", "people approve, not keys")
        if me.actor_id in (row.person_id, row.requested_by):
            raise refused(row, "R_WF_NOT_ACTOR", "another person than the one who asked must decide")
        process = ctx.ask(SituationOf(ArtifactId(row.artifact_id), "transition", lock=False)).process
        asked = {role for need in needs_of(row) for role in need.roles}
        roles = sorted(asked & roles_here(ctx, process.compiled, ProjectId(row.project_id)))
        if not roles:
            raise refused(row, "R_WF_AUTH_DENIED", f"one of the roles {', '.join(sorted(asked))} is needed")
        before = self.workflows.votes(ctx.conn, [row.id]).get(row.id, [])
        if any(vote.actor_id == me.actor_id for vote in before):
            raise Conflict("you have answered this request already")
        values = {"tenant_id": me.tenant_id, "id": new_id(), "approval_id": row.id, "artifact_id": row.artifact_id}
        values["actor_id"] = me.actor_id
        self.workflows.add_vote(ctx.conn, {**values, "verdict": verdict, "roles": roles, "reason": reason})
        said = [{"code": "R_APPROVAL", "message": f"{verdict}: {row.transition_id}", "rule_id": row.transition_id}]
        hash_, version = process.compiled.artifact_hash, process.version_id
        ctx.decided(DecisionRecord("allow", "Artifact", row.artifact_id, row.transition_id, said, hash_, version))
        return self.workflows.votes(ctx.conn, [row.id])[row.id]


class ApproveHandler:
    """Agrees."""

    def __init__(self, approvals: Approvals) -> None:
        self._approvals = approvals

    def __call__(self, ctx: MessageContext, message: ApproveStep) -> ApprovalDTO:
        reason = checked_reason(message.reason)
        row = self._approvals.opened(ctx, message.approval_id)
        votes = self._approvals.vote(ctx, row, "approve", reason)
        if all(agreed(need, votes) >= need.count for need in needs_of(row)):
            self._approvals.close(ctx, row, "approved", None, "approved")
            self._take(ctx, row, votes)
        return self._approvals.shown(ctx, message.approval_id)

    def _take(self, ctx: MessageContext, row: Any, votes: Sequence[Any]) -> None:
        """Take the step as the one who asked for it; every rule is asked again, as of now."""
        person = ctx.ask(PrincipalsOf((row.person_id,))).get(row.person_id)
        if person is None:
            raise Conflict("whoever asked for this step is no active member any more; reject the request")
        asker = replace(ctx, principal=replace(person, actor_id=row.requested_by), memo={})
        found = asker.ask(SituationOf(ArtifactId(row.artifact_id), "transition"))
        step = TransitionArtifact(
            found.artifact.id, row.transition_id, found.artifact.version, row.reason, fields=dict(row.fields)
        )
        try:
            judged = weigh_step(found, step)
            given = {f"approval.{n}": f"{v.actor_id} ({', '.join(v.roles)})" for n, v in enumerate(votes, 1)}
            approved = {"code": "R_APPROVED", "message": "approved", "rule_id": row.transition_id, "values": given}
            record = replace(judged.record, reasons=[*judged.record.reasons, approved])
            take(asker, self._approvals.workflows, found, replace(judged, record=record), step)
        except (TransitionDenied, AccessDenied, InvalidInput) as error:
            raise not_any_more(row, error) from error


class RejectHandler:
    """Refuses."""

    def __init__(self, approvals: Approvals) -> None:
        self._approvals = approvals

    def __call__(self, ctx: MessageContext, message: RejectStep) -> ApprovalDTO:
        reason = checked_reason(message.reason)
        if reason is None:
            items = [ErrorItem("/reason", "required", "say why")]
            raise InvalidInput("Whoever refuses a step says why", errors=items)
        row = self._approvals.opened(ctx, message.approval_id)
        self._approvals.vote(ctx, row, "reject", reason)
        self._approvals.close(ctx, row, "rejected", reason, "rejected")
        return self._approvals.shown(ctx, message.approval_id)


class WithdrawHandler:
    """Takes a request back."""

    def __init__(self, approvals: Approvals) -> None:
        self._approvals = approvals

    def __call__(self, ctx: MessageContext, message: WithdrawStep) -> ApprovalDTO:
        reason = checked_reason(message.reason)
        row = self._approvals.opened(ctx, message.approval_id)
        if ctx.principal.actor_id not in (row.person_id, row.requested_by):
            raise refused(row, "R_WF_NOT_ACTOR", "only whoever asked takes a request back; others reject it")
        self._approvals.close(ctx, row, "withdrawn", reason)
        return self._approvals.shown(ctx, message.approval_id)


class GetApprovalHandler:
    """Reads one request."""

    def __init__(self, approvals: Approvals) -> None:
        self._approvals = approvals

    def __call__(self, ctx: MessageContext, message: GetApproval) -> ApprovalDTO:
        return self._approvals.shown(ctx, message.approval_id)


class ApprovalsOfHandler:
    """Lists the requests of an item."""

    def __init__(self, approvals: Approvals) -> None:
        self._approvals = approvals

    def __call__(self, ctx: MessageContext, message: ApprovalsOf) -> tuple[ApprovalDTO, ...]:
        ctx.ask(GetArtifact(message.artifact_id))
        workflows = self._approvals.workflows
        rows = workflows.requests(ctx.conn, artifact_id=message.artifact_id)
        return tuple(dto for _, dto in shown_requests(ctx, workflows, rows))


class ListApprovalsHandler:
    """Lists requests that the caller may see; pages are filled, so nobody counts what is hidden."""

    def __init__(self, approvals: Approvals) -> None:
        self._approvals = approvals

    def __call__(self, ctx: MessageContext, message: ListApprovals) -> Page[ApprovalDTO]:
        limit, after = max(1, min(message.limit, 200)), decode_uuid(message.cursor)
        status = "open" if message.mine else message.status
        if message.mine and message.status not in (None, "open"):
            return Page((), None)
        workflows, found = self._approvals.workflows, list[ApprovalDTO]()
        while len(found) <= limit:
            rows = workflows.requests(
                ctx.conn, project_id=message.project_id, status=status, after=after, limit=limit + 1
            )
            shown = shown_requests(ctx, workflows, rows)
            found += [dto for _, dto in shown if dto.may_vote or not message.mine]
            if len(rows) <= limit:
                break
            after = rows[-1].id
        cursor = encode(str(found[limit - 1].id)) if len(found) > limit else None
        return Page(tuple(found[:limit]), cursor)


class ProjectOfApprovalHandler:
    """Finds the project of a request."""

    def __init__(self, approvals: Approvals) -> None:
        self._approvals = approvals

    def __call__(self, ctx: MessageContext, message: ProjectOfApproval) -> ProjectId | None:
        row = self._approvals.workflows.request(ctx.conn, message.approval_id)
        return ProjectId(row.project_id) if row is not None else None


def checked_reason(reason: str | None) -> str | None:
    """What somebody says, without blanks around it; raises ``InvalidInput`` where it is too long."""
    text = (reason or "").strip()
    if len(text) > MAX_REASON:
        message = f"at most {MAX_REASON} characters"
        raise InvalidInput("The reason is too long", errors=[ErrorItem("/reason", "too-long", message)])
    return text or None


def refused(row: Any, code: str, message: str) -> AccessDenied:
    """The refusal of somebody who may not decide about a request."""
    reason = {"code": code, "message": message, "rule_id": row.transition_id}
    error = AccessDenied(message[:1].upper() + message[1:], reasons=[reason])
    error.record = DecisionRecord("deny", "Artifact", row.artifact_id, row.transition_id, [reason])
    return error


def not_any_more(row: Any, error: TransitionDenied | AccessDenied | InvalidInput) -> Conflict:
    """What the last voter is told where a rule refuses the step now: which rule, not what it looked at.

    Rules judged the one who asked, and may have seen what the voter may not.
    """
    given = error.reasons if isinstance(error, (TransitionDenied, AccessDenied)) else []
    reasons = [{"code": one.get("code"), "rule_id": one.get("rule_id"), "span": one.get("span")} for one in given]
    return Conflict(f"{row.transition_id!r} is not possible any more, so it cannot be approved", reasons=reasons)
