"""What follows an event by the automations of a process."""

from __future__ import annotations

from alm_workbench.contexts.workflow.messages import Follow
from alm_workbench.shared.context import MessageContext


class FollowHandler:
    """Carries out what follows."""

    def __call__(self, ctx: MessageContext, message: Follow) -> int:
        return 0
