"""What steps bring about: actions of transitions and states, and what follows by automations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from alm_workbench.contexts.artifact.messages import ArtifactDTO
from alm_workbench.contexts.manifest.messages import ProcessVersion
from alm_workbench.mpc import TransitionDef
from alm_workbench.shared.context import MessageContext


@dataclass(frozen=True, slots=True)
class StepTaken:
    """A step that an item took: as it was, as it is now (without masks), and what was said with it."""

    process: ProcessVersion
    before: ArtifactDTO
    after: ArtifactDTO
    step: TransitionDef
    reason: str | None = None
    changes: tuple[str, ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict)


def act(ctx: MessageContext, steps: Sequence[StepTaken]) -> int:
    """Carry out what these steps ask for, then whatever follows; gives the intents carried out.

    States are left before transitions act, and entered last; then the automations of the events ``transition``, and
    ``close`` or ``reopen`` where a step enters or leaves the category done. Call it after items, instances and history
    are written. A step whose intent cannot be carried out fails whole.
    """
    return 0
