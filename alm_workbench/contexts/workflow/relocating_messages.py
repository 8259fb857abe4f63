"""What the workflow context does when items come to live under another process."""

from __future__ import annotations

from dataclasses import dataclass

from alm_workbench.shared.ids import ArtifactId, ProjectId, VersionId
from alm_workbench.shared.messages import AUTHENTICATED, Command, command


@dataclass(frozen=True, slots=True)
class InstanceMove:
    """An item with its workflow there, and its state before and after."""

    artifact_id: ArtifactId
    workflow_id: str
    before: str
    before_category: str
    state: str
    category: str


@command(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class RelocateInstances(Command[int]):
    """Let the workflows of items go on under the process of another project; what they are in now, they stay in.

    A state that has another name there is remembered as a step without a transition.
    """

    project_id: ProjectId
    version_id: VersionId
    moves: tuple[InstanceMove, ...]
