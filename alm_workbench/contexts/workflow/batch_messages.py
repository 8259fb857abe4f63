"""What the workflow context does with many items at once, inside the transactions of other contexts."""

from __future__ import annotations

from dataclasses import dataclass

from alm_workbench.contexts.artifact.batch_messages import Outcome
from alm_workbench.contexts.workflow.messages import TransitionArtifact
from alm_workbench.shared.ids import ArtifactId
from alm_workbench.shared.messages import AUTHENTICATED, Command, command


@dataclass(frozen=True, slots=True)
class Reversion:
    """An item that goes back to the state it had before a step."""

    artifact_id: ArtifactId
    expected_version: int
    state: str


@command(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class TransitionMany(Command[tuple[Outcome, ...]]):
    """Let items take steps, each through the checks of a single step; refusals are in the outcomes.

    No item stands in it twice. Raises what only writing finds (nothing is to be kept then).
    """

    steps: tuple[TransitionArtifact, ...]


@command(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class RevertStates(Command[tuple[Outcome, ...]]):
    """Put items back into states they had before, and remember it as a step without a transition.

    Whoever does it needs the right to take steps with each item, and no policy may forbid the change.
    """

    items: tuple[Reversion, ...]
    reason: str
