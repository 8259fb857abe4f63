"""Commands and queries of the workflow context."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from alm_workbench.contexts.artifact.messages import ArtifactDTO
from alm_workbench.shared.ids import ArtifactId, ProjectId, VersionId
from alm_workbench.shared.messages import AUTHENTICATED, Command, FieldValue, Page, Query, command, query


@dataclass(frozen=True, slots=True)
class ReasonDTO:
    """Why a rule said what it said: ``span`` is its place in the manifest, ``values`` what it looked at."""

    code: str
    message: str
    rule_id: str | None
    span: Mapping[str, Any] | None
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class OfferedReasonDTO:
    """A reason that a step offers to choose from."""

    id: str
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RequirementDTO:
    """So many people of these roles must agree; ``given`` have."""

    roles: tuple[str, ...]
    count: int
    given: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class TransitionVerdictDTO:
    """One step out of the present state, possible or not, and why not; ``why`` says it by language.

    ``choices`` are the reasons one of which must be given. A step with ``approvals`` is asked for rather than taken;
    ``pending`` is the request that waits already. ``due_at`` is when the system takes it by itself.
    """

    transition: str
    labels: Mapping[str, str]
    target: str
    allowed: bool
    requires: tuple[str, ...]
    reasons: tuple[ReasonDTO, ...]
    why: Mapping[str, str] = field(default_factory=dict)
    choices: tuple[OfferedReasonDTO, ...] = ()
    approvals: tuple[RequirementDTO, ...] = ()
    pending: UUID | None = None
    due_at: datetime | None = None


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
    from_category: str | None = None
    to_category: str | None = None


@dataclass(frozen=True, slots=True)
class StateTimeDTO:
    """How long an item was in a state altogether, in seconds, and how often it came there."""

    state: str
    category: str
    seconds: float
    visits: int
    current: bool


@dataclass(frozen=True, slots=True)
class ItemTimesDTO:
    """How long an item took, in seconds.

    ``lead_s`` runs from its beginning, ``cycle_s`` from when work on it began, until it was done the last time; both are
    None while it is not done, and ``age_s`` is the time since its beginning until then or now. ``reopened`` counts how
    often it left the category done.
    """

    states: tuple[StateTimeDTO, ...]
    age_s: float
    lead_s: float | None
    cycle_s: float | None
    begun_at: datetime | None
    done_at: datetime | None
    reopened: int


@dataclass(frozen=True, slots=True)
class VoteDTO:
    """What somebody said to a request; ``roles`` are those of the asked ones that he held then."""

    actor_id: UUID
    actor: str | None
    verdict: str
    roles: tuple[str, ...]
    reason: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class ApprovalDTO:
    """A step that was asked for. ``key``, ``title`` and states are those that the caller may see of the item.

    ``status`` is open, approved, rejected or withdrawn; ``closing_reason`` says why it was rejected or withdrawn
    (``changed``: the item was changed or moved meanwhile). ``may_vote``: whether it waits for the caller.
    """

    id: UUID
    project_id: ProjectId
    artifact_id: ArtifactId
    key: str | None
    title: str | None
    transition: str
    labels: Mapping[str, str]
    from_state: str | None
    to_state: str | None
    reason: str | None
    changes: tuple[str, ...]
    requirements: tuple[RequirementDTO, ...]
    votes: tuple[VoteDTO, ...]
    status: str
    closing_reason: str | None
    requested_by: UUID
    requested_by_name: str | None
    requested_at: datetime
    closed_at: datetime | None
    closed_by: UUID | None
    may_vote: bool
    version: int


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
    """Take a step of the workflow; ``fields`` are set in the same step.

    ``reason`` is free, or one of those the step offers (more words may follow after a colon). Where others must agree
    first, the step is asked for: the item comes back as it was, with ``pending``.
    """

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


@query(route="GET /artifacts/{artifact_id}/times", privilege="artifact:read", facade="artifacts.times")
@dataclass(frozen=True, slots=True)
class ItemTimes(Query[ItemTimesDTO]):
    """How long an item was in each state, and how long it took in all."""

    artifact_id: ArtifactId


# -- approvals

ApprovalStatus = Literal["open", "approved", "rejected", "withdrawn"]


@query(route="GET /approvals", privilege=AUTHENTICATED, facade="approvals.list")
@dataclass(frozen=True, slots=True)
class ListApprovals(Query[Page[ApprovalDTO]]):
    """Requests for approval that I may see, newest first; ``mine``: those that wait for me."""

    status: ApprovalStatus | None = None
    mine: bool = False
    project_id: ProjectId | None = None
    limit: int = 50
    cursor: str | None = None


@query(route="GET /artifacts/{artifact_id}/approvals", privilege="artifact:read", facade="approvals.of")
@dataclass(frozen=True, slots=True)
class ApprovalsOf(Query[tuple[ApprovalDTO, ...]]):
    """Every request for approval of an item's steps, newest first."""

    artifact_id: ArtifactId


@query(route="GET /approvals/{approval_id}", privilege="artifact:read", facade="approvals.get")
@dataclass(frozen=True, slots=True)
class GetApproval(Query[ApprovalDTO]):
    """One request for approval."""

    approval_id: UUID


@command(route="POST /approvals/{approval_id}/approve", privilege=AUTHENTICATED, facade="approvals.approve", status=200)
@dataclass(frozen=True, slots=True)
class ApproveStep(Command[ApprovalDTO]):
    """Agree to a step that somebody else asked for; with the last one needed it is taken, if every rule still allows it.

    For people who hold one of the roles the process asks, never for keys or for whoever asked.
    """

    approval_id: UUID
    reason: str | None = None


@command(route="POST /approvals/{approval_id}/reject", privilege=AUTHENTICATED, facade="approvals.reject", status=200)
@dataclass(frozen=True, slots=True)
class RejectStep(Command[ApprovalDTO]):
    """Refuse a step that somebody else asked for: one refusal ends the request."""

    approval_id: UUID
    reason: str


@command(
    route="POST /approvals/{approval_id}/withdraw", privilege=AUTHENTICATED, facade="approvals.withdraw", status=200
)
@dataclass(frozen=True, slots=True)
class WithdrawStep(Command[ApprovalDTO]):
    """Take back a step that I asked for."""

    approval_id: UUID
    reason: str | None = None


@query(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class ProjectOfApproval(Query[ProjectId | None]):
    """The project that a request for approval belongs to."""

    approval_id: UUID


# -- for other contexts


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


@command(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class ArmTimers(Command[int]):
    """Set the timers of every item of a project by a process that comes into force; gives how many run."""

    project_id: ProjectId
    version_id: VersionId


@command(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class FireTimer(Command[bool]):
    """Take a step whose time has come, as nobody in particular; False where it is not due any more."""

    timer_id: UUID


@command(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class PutOffTimer(Command[datetime | None]):
    """Let a step that was refused wait; gives when it is tried again."""

    timer_id: UUID


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
