"""What the audit context does with its messages: versions, differences, commits, seals, erasure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from alm_workbench.contexts.artifact.visibility import visible_payload
from alm_workbench.contexts.audit.diff import diff
from alm_workbench.contexts.audit.domain import AuditVault, GlobalId, VisibleChange, visible_change
from alm_workbench.contexts.audit.messages import (
    AuditEntryDTO,
    CommitDetailDTO,
    CommitDTO,
    CommitEntryDTO,
    DiffDTO,
    DiffSnapshots,
    EntityHistory,
    EraseEntity,
    ErasureDTO,
    GetCommit,
    GetSnapshot,
    ListCommits,
    ListSeals,
    SealAudit,
    SealDTO,
    SealingDTO,
    SnapshotDTO,
    VerificationDTO,
    VerifyAudit,
)
from alm_workbench.contexts.audit.repository import AuditRepository
from alm_workbench.errors import Conflict, ErrorItem, InvalidInput, NotFound
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.ids import new_id
from alm_workbench.shared.messages import Event, Page
from alm_workbench.shared.paging import bad_cursor, decode, encode, page_of

MAX_PAGE = 200
MAX_REASON = 2000
BEFORE_ANY: Mapping[str, Any] = {}
"""The state of an entity before its first version."""


class HistoryHandler:
    """Lists the versions of an entity."""

    def __init__(self, audit: AuditRepository) -> None:
        self._audit = audit

    def __call__(self, ctx: MessageContext, message: EntityHistory) -> Page[AuditEntryDTO]:
        limit = max(1, min(message.limit, MAX_PAGE))
        after = decode(message.cursor)
        rows = self._audit.snapshots(ctx.conn, message.entity_type, message.entity_id, limit + 1, after)
        if not rows and after is None:
            raise NotFound(f"there is no {message.entity_type} {message.entity_id}")
        return page_of([self._entry(ctx, message.entity_type, row) for row in rows], limit, lambda e: e.version)

    def _entry(self, ctx: MessageContext, entity_type: str, row: Any) -> AuditEntryDTO:
        change = changed(ctx, entity_type, row)
        return AuditEntryDTO(
            row.version,
            row.change_type,
            row.actor_id,
            row.actor,
            row.command,
            row.correlation_id,
            row.occurred_at,
            row.recorded_at,
            change.changes,
            row.commit_id,
            change.masked,
            row.payload is None,
        )


class SnapshotHandler:
    """Shows an entity at one version."""

    def __init__(self, audit: AuditRepository) -> None:
        self._audit = audit

    def __call__(self, ctx: MessageContext, message: GetSnapshot) -> SnapshotDTO:
        row = self._audit.snapshot(ctx.conn, message.entity_type, message.entity_id, message.version)
        if row is None:
            raise no_version(message.entity_type, message.entity_id, message.version)
        seen = visible_payload(ctx, message.entity_type, row.payload)
        return SnapshotDTO(
            message.entity_type,
            message.entity_id,
            row.version,
            row.change_type,
            row.commit_id,
            row.actor_id,
            row.actor,
            row.command,
            row.correlation_id,
            row.occurred_at,
            row.recorded_at,
            row.digest.hex(),
            seen.payload,
            seen.hidden,
            row.payload is None,
        )


class DiffHandler:
    """Compares two versions of an entity."""

    def __init__(self, audit: AuditRepository) -> None:
        self._audit = audit

    def __call__(self, ctx: MessageContext, message: DiffSnapshots) -> DiffDTO:
        left, right = (self._state(ctx, message, version) for version in (message.from_, message.to))
        change = visible_change(ctx, message.entity_type, left, right)
        operations = diff(change.left or {}, change.right or {})
        return DiffDTO(
            message.entity_type,
            message.entity_id,
            message.from_,
            message.to,
            operations,
            change.changes,
            change.masked,
        )

    def _state(self, ctx: MessageContext, message: DiffSnapshots, version: int) -> Mapping[str, Any]:
        if version == 0 and self._audit.snapshots(ctx.conn, message.entity_type, message.entity_id, 1, None):
            return BEFORE_ANY
        row = self._audit.snapshot(ctx.conn, message.entity_type, message.entity_id, version)
        if row is None:
            raise no_version(message.entity_type, message.entity_id, version)
        if row.payload is None:
            raise Conflict(f"the values of version {version} were erased, so there is nothing to compare")
        payload: Mapping[str, Any] = row.payload
        return payload


class CommitsHandler:
    """Lists commits."""

    def __init__(self, audit: AuditRepository) -> None:
        self._audit = audit

    def __call__(self, ctx: MessageContext, message: ListCommits) -> Page[CommitDTO]:
        limit = max(1, min(message.limit, MAX_PAGE))
        rows = self._audit.commits(ctx.conn, message, limit + 1, place(message.cursor))
        found = [commit_of(row) for row in rows]
        return page_of(found, limit, lambda commit: [commit.recorded_at.isoformat(), str(commit.id)])


class CommitHandler:
    """Shows a commit with what it changed."""

    def __init__(self, audit: AuditRepository) -> None:
        self._audit = audit

    def __call__(self, ctx: MessageContext, message: GetCommit) -> CommitDetailDTO:
        row = self._audit.commit(ctx.conn, message.commit_id)
        if row is None:
            raise NotFound(f"there is no commit {message.commit_id}")
        limit = max(1, min(message.limit, MAX_PAGE))
        after = place(message.cursor)
        rows = self._audit.of_commit(ctx.conn, message.commit_id, limit + 1, after)
        last = rows[limit - 1] if len(rows) > limit else None
        cursor = encode([last.recorded_at.isoformat(), str(last.id)]) if last is not None else None
        entries = tuple(self._entry(ctx, row) for row in rows[:limit])
        return CommitDetailDTO(commit_of(row), entries, cursor)

    def _entry(self, ctx: MessageContext, row: Any) -> CommitEntryDTO:
        change = changed(ctx, row.entity_type, row)
        return CommitEntryDTO(
            str(GlobalId(row.entity_type, row.entity_id)),
            row.entity_type,
            row.entity_id,
            row.version,
            row.change_type,
            change.changes,
            change.masked,
            row.payload is None,
        )


class SealsHandler:
    """Lists seals."""

    def __init__(self, audit: AuditRepository) -> None:
        self._audit = audit

    def __call__(self, ctx: MessageContext, message: ListSeals) -> Page[SealDTO]:
        limit = max(1, min(message.limit, MAX_PAGE))
        rows = self._audit.seals(ctx.conn, limit + 1, decode(message.cursor))
        return page_of([SealDTO(*row) for row in rows], limit, lambda seal: seal.number)


class SealHandler:
    """Seals now."""

    def __init__(self, vault: AuditVault) -> None:
        self._vault = vault

    def __call__(self, ctx: MessageContext, message: SealAudit) -> SealingDTO:
        return self._vault.seal(ctx.principal.tenant_id)


class VerifyHandler:
    """Verifies everything of the caller's organisation."""

    def __init__(self, vault: AuditVault) -> None:
        self._vault = vault

    def __call__(self, ctx: MessageContext, message: VerifyAudit) -> VerificationDTO:
        return self._vault.verify(ctx.principal.tenant_id, live=message.live)


class EraseHandler:
    """Erases the values of an entity's older versions."""

    def __init__(self, audit: AuditRepository) -> None:
        self._audit = audit

    def __call__(self, ctx: MessageContext, message: EraseEntity) -> ErasureDTO:
        reason = message.reason.strip()
        if not reason or len(reason) > MAX_REASON:
            text = f"say why, in at most {MAX_REASON} characters"
            raise InvalidInput(text, errors=[ErrorItem("/reason", "required", text)])
        erasure_id = new_id()
        newest = self._audit.snapshots(ctx.conn, message.entity_type, message.entity_id, 1, None)
        if not newest or "*" in visible_payload(ctx, message.entity_type, newest[0].payload).hidden:
            raise NotFound(f"there is no {message.entity_type} {message.entity_id}")
        upto, *counts = self._audit.erase(ctx.conn, erasure_id, message.entity_type, message.entity_id, reason)
        count, decisions, answers = counts
        if not any(counts):
            raise Conflict("there is no older version with values: the newest one is never erased, change it first")
        payload = {"entity_type": message.entity_type, "up_to_version": upto, "snapshots": count}
        ctx.emit(Event("EntityErased", message.entity_type, message.entity_id, payload))
        about = (message.entity_type, message.entity_id)
        return ErasureDTO(erasure_id, *about, upto, count, reason, decisions, answers)


def changed(ctx: MessageContext, entity_type: str, row: Any) -> VisibleChange:
    """What a snapshot changed against the version before it, for the caller."""
    before = BEFORE_ANY if row.change_type == "INITIAL" else row.previous
    return visible_change(ctx, entity_type, before, row.payload)


def commit_of(row: Any) -> CommitDTO:
    """A row as a commit."""
    values: list[Any] = [*row[:9], tuple(row[9] or ())]
    return CommitDTO(*values)


def no_version(entity_type: str, entity_id: UUID, version: int) -> NotFound:
    """The refusal of an unknown or foreign version: all alike."""
    return NotFound(f"there is no version {version} of {entity_type} {entity_id}")


def place(cursor: str | None) -> tuple[datetime, UUID] | None:
    """The time and id a cursor stands for."""
    key = decode(cursor)
    if key is None:
        return None
    try:
        return datetime.fromisoformat(key[0]), UUID(key[1])
    except (ValueError, TypeError, IndexError, KeyError):
        raise bad_cursor() from None
