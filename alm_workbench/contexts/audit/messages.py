"""Commands and queries of the audit context."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from alm_workbench.contexts.artifact.messages import ArtifactDTO
from alm_workbench.shared.ids import ProjectId
from alm_workbench.shared.messages import Command, Page, Query, command, dto, query


@dataclass(frozen=True, slots=True)
class ChangeDTO:
    """One property that changed; ``left`` is null where it was added."""

    property: str
    left: Any
    right: Any


@dataclass(frozen=True, slots=True)
class AuditEntryDTO:
    """One version of an entity: who, when, by which command, and what changed.

    ``masked`` names what changed but is withheld from the caller; ``erased`` versions have lost their values for good.
    """

    version: int
    change_type: str
    actor_id: UUID | None
    actor: str | None
    command: str | None
    correlation_id: str | None
    occurred_at: datetime
    recorded_at: datetime
    changes: tuple[ChangeDTO, ...]
    commit_id: UUID | None = None
    masked: tuple[str, ...] = ()
    erased: bool = False


@dataclass(frozen=True, slots=True)
class SnapshotDTO:
    """An entity as it was at one version; ``payload`` is null where it was erased, ``masked`` names what is withheld.

    ``digest`` (hex) is what the seals hold of it.
    """

    entity_type: str
    entity_id: UUID
    version: int
    change_type: str
    commit_id: UUID
    actor_id: UUID | None
    actor: str | None
    command: str | None
    correlation_id: str | None
    occurred_at: datetime
    recorded_at: datetime
    digest: str
    payload: Mapping[str, Any] | None
    masked: tuple[str, ...] = ()
    erased: bool = False


@dataclass(frozen=True, slots=True)
class DiffOpDTO:
    """One step from the older state to the newer: an RFC 6902 operation at a JSON pointer, with both values."""

    op: Literal["add", "remove", "replace"]
    path: str
    left: Any = None
    right: Any = None


@dto
@dataclass(frozen=True, slots=True)
class DiffDTO:
    """What changed between two versions; applying ``operations`` in order to the first gives the second."""

    entity_type: str
    entity_id: UUID
    from_: int
    to: int
    operations: tuple[DiffOpDTO, ...]
    changes: tuple[ChangeDTO, ...]
    masked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CommitDTO:
    """Everything one transaction changed, as a whole: who, by which command, how many snapshots of which types."""

    id: UUID
    actor_id: UUID | None
    actor: str | None
    command: str
    correlation_id: str | None
    occurred_at: datetime
    recorded_at: datetime
    properties: Mapping[str, Any]
    snapshots: int
    entity_types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CommitEntryDTO:
    """One entity that a commit changed; ``entity`` reads ``Type/uuid``."""

    entity: str
    entity_type: str
    entity_id: UUID
    version: int
    change_type: str
    changes: tuple[ChangeDTO, ...]
    masked: tuple[str, ...] = ()
    erased: bool = False


@dataclass(frozen=True, slots=True)
class CommitDetailDTO:
    """A commit with a page of the entities it changed."""

    commit: CommitDTO
    entries: tuple[CommitEntryDTO, ...]
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class DecisionDTO:
    """One decision of the log: which rule of which manifest said what, and why."""

    id: UUID
    at: datetime
    actor_id: UUID | None
    actor: str | None
    command: str
    entity_type: str
    entity_id: UUID | None
    verdict: str
    rule_id: str | None
    manifest_hash: str | None
    manifest_version_id: UUID | None
    span: Mapping[str, Any] | None
    reasons: tuple[Any, ...]
    correlation_id: str | None


@dataclass(frozen=True, slots=True)
class SealDTO:
    """A sealed batch: the Merkle root over its leaves, chained to the seal before and signed; hashes in hex."""

    number: int
    kind: str
    sealed_at: datetime
    leaf_count: int
    first_at: datetime
    last_at: datetime
    merkle_root: str
    prev_hash: str
    seal_hash: str
    key_id: str | None


@dataclass(frozen=True, slots=True)
class SealingDTO:
    """What a run of sealing did; ``head`` is the hash of the newest seal, worth keeping elsewhere."""

    seals: int
    leaves: int
    head: str | None


@dataclass(frozen=True, slots=True)
class FindingDTO:
    """One thing that is not as it was sealed, and where: commit, entity and version as far as they are known."""

    code: str
    message: str
    seal: int | None = None
    commit_id: UUID | None = None
    entity_type: str | None = None
    entity_id: UUID | None = None
    version: int | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class VerificationDTO:
    """What a verification saw. ``ok`` says that nothing sealed was changed; unsealed rows are only counted.

    ``findings`` holds the first thousand, ``found`` how many there are, ``codes`` how many of each kind. Where ``clock`` is
    the only kind, everything is as it was sealed, but some of it names times when it cannot have been written.
    """

    ok: bool
    seals: int
    snapshots: int
    commits: int
    erased: int
    retired: int
    unsealed: int
    oldest_unsealed_at: datetime | None
    live: int
    head: str | None
    keys: tuple[str, ...]
    seconds: float
    found: int
    codes: Mapping[str, int]
    findings: tuple[FindingDTO, ...]


@dataclass(frozen=True, slots=True)
class ErasureDTO:
    """An erasure: the versions whose values are gone, of the item and of requests for its steps that are over.

    Their digests stay, so that the seals still hold.

    ``decisions`` lost their reasons, ``answers`` that were kept for requests with an Idempotency-Key their bodies.
    """

    id: UUID
    entity_type: str
    entity_id: UUID
    up_to_version: int
    snapshots: int
    reason: str
    decisions: int = 0
    answers: int = 0


@query(route="GET /audit/{entity_type}/{entity_id}/history", privilege="audit:read", facade="audit.history")
@dataclass(frozen=True, slots=True)
class EntityHistory(Query[Page[AuditEntryDTO]]):
    """The versions of an entity, newest first, each with what it changed."""

    entity_type: str
    entity_id: UUID
    limit: int = 50
    cursor: str | None = None


@query(
    route="GET /audit/{entity_type}/{entity_id}/snapshots/{version}", privilege="audit:read", facade="audit.snapshot"
)
@dataclass(frozen=True, slots=True)
class GetSnapshot(Query[SnapshotDTO]):
    """An entity as it was at one version."""

    entity_type: str
    entity_id: UUID
    version: int


@query(route="GET /audit/{entity_type}/{entity_id}/diff", privilege="audit:read", facade="audit.diff")
@dataclass(frozen=True, slots=True)
class DiffSnapshots(Query[DiffDTO]):
    """What changed from one version to another; version 0 is the time before there was any."""

    entity_type: str
    entity_id: UUID
    from_: int
    to: int


@query(route="GET /audit/commits", privilege="audit:read", facade="audit.commits")
@dataclass(frozen=True, slots=True)
class ListCommits(Query[Page[CommitDTO]]):
    """Commits, newest first; ``after`` and ``before`` bound the time of recording."""

    actor_id: UUID | None = None
    command: str | None = None
    correlation_id: str | None = None
    after: datetime | None = None
    before: datetime | None = None
    limit: int = 50
    cursor: str | None = None


@query(route="GET /audit/commits/{commit_id}", privilege="audit:read", facade="audit.commit")
@dataclass(frozen=True, slots=True)
class GetCommit(Query[CommitDetailDTO]):
    """One commit with the entities it changed, a page at a time."""

    commit_id: UUID
    limit: int = 50
    cursor: str | None = None


@query(route="GET /audit/decisions", privilege="audit:read", facade="audit.decisions")
@dataclass(frozen=True, slots=True)
class ListDecisions(Query[Page[DecisionDTO]]):
    """Decisions, newest first: refusals, and the allowances of transitions and changes.

    ``command`` is a message's name (``TransitionArtifact``), ``rule_id`` a rule, step or privilege; the time span is
    from ``since`` up to, not including, ``until``. What I may not see of an item is not in its reasons.
    """

    entity_id: UUID | None = None
    verdict: Literal["allow", "deny"] | None = None
    limit: int = 50
    cursor: str | None = None
    actor_id: UUID | None = None
    rule_id: str | None = None
    entity_type: str | None = None
    command: str | None = None
    correlation_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@query(route="GET /audit/seals", privilege="audit:read", facade="audit.seals")
@dataclass(frozen=True, slots=True)
class ListSeals(Query[Page[SealDTO]]):
    """The seals of the organisation's audit, newest first."""

    limit: int = 50
    cursor: str | None = None


@command(route="POST /audit/seals", privilege="audit:seal", facade="audit.seal", status=200)
@dataclass(frozen=True, slots=True)
class SealAudit(Command[SealingDTO]):
    """Seal now what was committed since the last seal; a job does so every minute."""


@query(route="POST /audit/verify", privilege="audit:verify", facade="audit.verify")
@dataclass(frozen=True, slots=True)
class VerifyAudit(Query[VerificationDTO]):
    """Check every snapshot and commit against the seals, and with ``live`` the tables against the newest snapshots."""

    live: bool = True


@command(
    route="POST /audit/{entity_type}/{entity_id}/erasure", privilege="artifact:erase", facade="audit.erase", status=200
)
@dataclass(frozen=True, slots=True)
class EraseEntity(Command[ErasureDTO]):
    """Remove the values of older versions of an item, comment or file's name for good, and their copies.

    Who, when and the digests stay, and so does the newest version: change it first, so that it holds nothing that must go.
    """

    entity_type: Literal["Artifact", "Comment", "Attachment"]
    entity_id: UUID
    reason: str


@query(route="GET /projects/{project_id}/artifacts-at", privilege="artifact:read", facade="artifacts.at")
@dataclass(frozen=True, slots=True)
class ArtifactsAt(Query[Page[ArtifactDTO]]):
    """The items of a project as they were at a moment, by id.

    When something happened decides, not when it was recorded. What is hidden now stays hidden in the past, and so does
    what was hidden then; versions that were erased are left out. ``type`` is a type's id.
    """

    project_id: ProjectId
    at: datetime
    type: str | None = None
    limit: int = 200
    cursor: str | None = None
