"""Commands and queries of the workflow context."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from alm_workbench.contexts.artifact.messages import ArtifactDTO
from alm_workbench.shared.ids import ArtifactId, ProjectId, VersionId
from alm_workbench.shared.messages import AUTHENTICATED, Command, FieldValue, Query, command, query


@dataclass(frozen=True, slots=True)
class ReasonDTO:
    """Why a rule said what it said: ``span`` is its place in the manifest, ``values`` what it looked at."""

    code: str
    message: str
    rule_id: str | None
    span: Mapping[str, Any] | None
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TransitionVerdictDTO:
    """One step out of the present state, possible or not, and why not."""

    transition: str
    labels: Mapping[str, str]
    target: str
    allowed: bool
    requires: tuple[str, ...]
    reasons: tuple[ReasonDTO, ...]


@dataclass(frozen=True, slots=True)
class HistoryEntryDTO:
    """One step that was taken. ``duration_s`` is the time spent in the state that was left, in seconds."""

    id: UUID
    transition: str | None
    from_state: str | None
    to_state: str
    actor_id: UUID | None
    actor: str | None
    reason: str | None
    duration_s: float | None
    occurred_at: datetime
    recorded_at: datetime
    manifest_version_id: VersionId


@dataclass(frozen=True, slots=True)
class InstanceStart:
    """An item that begins its workflow."""

    artifact_id: ArtifactId
    workflow_id: str
    state: str
    category: str
    version_id: VersionId
    occurred_at: datetime


@command(
    route="POST /artifacts/{artifact_id}/transitions",
    privilege="artifact:transition",
    facade="artifacts.transition",
    if_match=True,
    status=200,
)
@dataclass(frozen=True, slots=True)
class TransitionArtifact(Command[ArtifactDTO]):
    """Take a step of the workflow; ``fields`` are set in the same step (a reason that is required, for one)."""

    artifact_id: ArtifactId
    transition: str
    expected_version: int
    reason: str | None = None
    fields: Mapping[str, FieldValue] = field(default_factory=dict)


@query(route="GET /artifacts/{artifact_id}/transitions", privilege="artifact:read", facade="artifacts.transitions")
@dataclass(frozen=True, slots=True)
class PermittedTransitions(Query[tuple[TransitionVerdictDTO, ...]]):
    """The steps out of the present state: which are possible, and why the others are not."""

    artifact_id: ArtifactId


@query(route="GET /artifacts/{artifact_id}/history", privilege="artifact:read", facade="artifacts.history")
@dataclass(frozen=True, slots=True)
class StateHistory(Query[tuple[HistoryEntryDTO, ...]]):
    """The steps an item took, oldest first."""

    artifact_id: ArtifactId


@command(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class StartInstances(Command[int]):
    """Begin the workflows of new items."""

    project_id: ProjectId
    starts: tuple[InstanceStart, ...]


@command(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class MoveStates(Command[int]):
    """Move items to states of a new manifest; ``moves`` is (type, old state) to new state."""

    project_id: ProjectId
    version_id: VersionId
    moves: Mapping[tuple[str, str], str]


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened to an item, for the automations of its process.

    ``event`` is one of the language's thirteen; ``changes`` names fields and properties that differ. Items are as they
    are kept, without masks: rules look at them, nobody is shown them. ``params`` are further members of ``event`` in
    expressions (``from``, ``to``, ``transition``, ``reason``, ``link_type`` …).
    """

    event: str
    artifact_id: ArtifactId
    before: ArtifactDTO | None
    after: ArtifactDTO | None
    changes: tuple[str, ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict)


@command(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class Follow(Command[int]):
    """Carry out what the process says follows these happenings, in this transaction; gives the intents carried out.

    Raises ``Conflict`` where one thing leads to the next without end.
    """

    project_id: ProjectId
    happenings: tuple[Happening, ...]
