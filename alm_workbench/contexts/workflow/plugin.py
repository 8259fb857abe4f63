"""Registers the workflow context."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alm_workbench.contexts.workflow import automations
from alm_workbench.contexts.workflow import handlers as h
from alm_workbench.contexts.workflow import messages as m
from alm_workbench.contexts.workflow.repository import WorkflowRepository
from alm_workbench.shared.context import Handler, Services
from alm_workbench.shared.plugins import hookimpl


@hookimpl
def alm_handlers(services: Services) -> Mapping[type[Any], Handler]:
    """Handlers of this context."""
    repo = WorkflowRepository()
    return {
        m.TransitionArtifact: h.TransitionHandler(repo),
        m.PermittedTransitions: h.PermittedHandler(),
        m.StateHistory: h.StateHistoryHandler(repo),
        m.StartInstances: h.StartHandler(repo),
        m.MoveStates: h.MoveStatesHandler(repo),
        m.Follow: automations.FollowHandler(),
    }
