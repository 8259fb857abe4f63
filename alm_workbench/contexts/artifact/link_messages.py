"""Commands about links that are there (``LinkArtifacts`` and ``ListLinks`` stand in ``messages.py``)."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from alm_workbench.contexts.artifact.messages import LinkDTO
from alm_workbench.shared.ids import ArtifactId
from alm_workbench.shared.messages import UNSET, Command, command


@command(
    route="DELETE /artifacts/{artifact_id}/links/{link_id}",
    privilege="artifact:link",
    facade="artifacts.unlink",
    if_match=True,
)
@dataclass(frozen=True, slots=True)
class UnlinkArtifacts(Command[LinkDTO]):
    """Take a link away, from either of its ends; gives the link as it was."""

    artifact_id: ArtifactId
    link_id: UUID
    expected_version: int


@command(
    route="POST /artifacts/{artifact_id}/links/{link_id}/confirm",
    privilege="artifact:link",
    facade="artifacts.confirm_link",
    if_match=True,
    status=200,
)
@dataclass(frozen=True, slots=True)
class ClearSuspect(Command[LinkDTO]):
    """Say that a suspect link still holds.

    ``pinned_version`` makes it speak of one version of the target from now on, null of whatever version there is.
    """

    artifact_id: ArtifactId
    link_id: UUID
    expected_version: int
    pinned_version: int | None = UNSET
