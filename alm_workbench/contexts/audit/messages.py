"""Queries of the audit context."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from alm_workbench.shared.messages import Page, Query, query


@dataclass(frozen=True, slots=True)
class ChangeDTO:
    """One property that changed; ``left`` is null where it was added."""

    property: str
    left: Any
    right: Any


@dataclass(frozen=True, slots=True)
class AuditEntryDTO:
    """One version of an entity: who, when, by which command, and what changed."""

    version: int
    change_type: str
    actor_id: UUID | None
    actor: str | None
    command: str | None
    correlation_id: str | None
    occurred_at: datetime
    recorded_at: datetime
    changes: tuple[ChangeDTO, ...]


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


@query(route="GET /audit/{entity_type}/{entity_id}/history", privilege="audit:read", facade="audit.history")
@dataclass(frozen=True, slots=True)
class EntityHistory(Query[Page[AuditEntryDTO]]):
    """The versions of an entity, newest first, each with what it changed."""

    entity_type: str
    entity_id: UUID
    limit: int = 50
    cursor: str | None = None


@query(route="GET /audit/decisions", privilege="audit:read", facade="audit.decisions")
@dataclass(frozen=True, slots=True)
class ListDecisions(Query[Page[DecisionDTO]]):
    """Decisions, newest first: refusals, and the allowances of transitions and changes."""

    entity_id: UUID | None = None
    verdict: Literal["allow", "deny"] | None = None
    limit: int = 50
    cursor: str | None = None
