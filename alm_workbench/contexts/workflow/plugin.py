"""Registers the workflow context."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alm_workbench.contexts.workflow import approvals as a
from alm_workbench.contexts.workflow import (
    automations,
    batch,
    handlers,
    instances,
    reading,
    relocating,
    relocating_messages,
    timers,
)
from alm_workbench.contexts.workflow import batch_messages as many_m
from alm_workbench.contexts.workflow import messages as m
from alm_workbench.contexts.workflow.repository import WorkflowRepository
from alm_workbench.shared.context import Handler, Services
from alm_workbench.shared.plugins import hookimpl


@hookimpl
def alm_handlers(services: Services) -> Mapping[type[Any], Handler]:
    """Handlers of this context."""
    repo = WorkflowRepository()
    approvals = a.Approvals(repo)
    return {
        m.TransitionArtifact: handlers.TransitionHandler(repo),
        m.PermittedTransitions: reading.PermittedHandler(repo),
        m.StateHistory: reading.StateHistoryHandler(repo),
        m.ItemTimes: reading.ItemTimesHandler(repo),
        m.ListApprovals: a.ListApprovalsHandler(approvals),
        m.ApprovalsOf: a.ApprovalsOfHandler(approvals),
        m.GetApproval: a.GetApprovalHandler(approvals),
        m.ApproveStep: a.ApproveHandler(approvals),
        m.RejectStep: a.RejectHandler(approvals),
        m.WithdrawStep: a.WithdrawHandler(approvals),
        m.ProjectOfApproval: a.ProjectOfApprovalHandler(approvals),
        many_m.TransitionMany: batch.TransitionManyHandler(repo),
        many_m.RevertStates: batch.RevertStatesHandler(repo),
        m.StartInstances: instances.StartHandler(repo),
        m.MoveStates: instances.MoveStatesHandler(repo),
        relocating_messages.RelocateInstances: relocating.RelocateInstancesHandler(repo),
        m.ArmTimers: timers.ArmTimersHandler(repo),
        m.FireTimer: timers.FireTimerHandler(repo),
        m.PutOffTimer: timers.PutOffTimerHandler(repo),
        m.Follow: automations.FollowHandler(),
    }
