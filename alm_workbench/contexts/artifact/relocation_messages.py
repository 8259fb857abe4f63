"""Taking items to another project."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from alm_workbench.contexts.artifact.messages import ArtifactDTO
from alm_workbench.shared.ids import ArtifactId, ProjectId
from alm_workbench.shared.messages import Command, command


@command(
    route="POST /artifacts/{artifact_id}/move-to-project",
    privilege="artifact:update",
    facade="artifacts.move_to_project",
    if_match=True,
    status=200,
)
@dataclass(frozen=True, slots=True)
class MoveToProject(Command[ArtifactDTO]):
    """Take an item with all below it to another project, where it gets a new key; the old key still finds it.

    ``types`` and ``states`` (by type there) say what types and states become that the other process does not have. Links,
    comments, files and history come along. Whatever would be lost is in the way, and told with its place: a value without
    a field there, a link of a type that the other process does not know.
    """

    artifact_id: ArtifactId
    expected_version: int
    project_id: ProjectId
    types: Mapping[str, str] = field(default_factory=dict)
    states: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    parent_id: ArtifactId | None = None
