"""Queries of the access context."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from alm_workbench.shared.messages import AUTHENTICATED, Query, query

Room = Literal[
    "member", "key", "role", "project", "process", "privilege", "workflow", "access", "policy", "tenant_policy"
]


@dataclass(frozen=True, slots=True)
class OtherRuleDTO:
    """A rule that could have spoken and did not decide; ``fate``: role, condition, undecided or not reached."""

    rule_id: str
    fate: str
    text: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ChainLinkDTO:
    """One link of the chain. ``verdict`` is allow, deny, or info where the link only says what was found.

    ``text`` by language; ``span`` is the rule's place in the manifest, ``values`` what it looked at, without what is
    hidden from whoever asks.
    """

    room: Room
    verdict: Literal["allow", "deny", "info"]
    rule_id: str | None
    text: Mapping[str, str]
    span: Mapping[str, Any] | None
    values: Mapping[str, Any]
    others: tuple[OtherRuleDTO, ...]


@dataclass(frozen=True, slots=True)
class HeldRoleDTO:
    """A role somebody holds: ``via`` is the way from the role that was given (itself included) to this one."""

    code: str
    via: tuple[str, ...]
    scope: Literal["organisation", "project"]


@dataclass(frozen=True, slots=True)
class SubjectDTO:
    """Whose rights are explained; ``status`` is active, suspended, gone, or key."""

    actor_id: UUID
    name: str
    email: str
    status: str
    roles: tuple[HeldRoleDTO, ...]


@dataclass(frozen=True, slots=True)
class FieldVerdictDTO:
    """What somebody may see and change of a field, each with the rule that says so."""

    field: str
    labels: Mapping[str, str]
    visible: bool
    visible_rule: str | None
    visible_text: Mapping[str, str]
    editable: bool
    editable_rule: str | None
    editable_text: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class WhoDTO:
    """A member and whether he may; ``room`` and ``rule_id`` say what decided."""

    actor_id: UUID
    name: str
    email: str
    allowed: bool
    room: Room | None
    rule_id: str | None


@dataclass(frozen=True, slots=True)
class ExplanationDTO:
    """The answer and its whole chain. ``summary`` by language; ``notes`` say what could not be known.

    ``process`` reads ``namespace/name version``; it, its id and its hash are those in force at ``at``.
    """

    allowed: bool
    action: str
    entity_type: str
    entity_id: UUID | None
    key: str | None
    at: datetime
    subject: SubjectDTO
    summary: Mapping[str, str]
    process: str | None
    manifest_version_id: UUID | None
    manifest_hash: str | None
    chain: tuple[ChainLinkDTO, ...]
    fields: tuple[FieldVerdictDTO, ...]
    who: tuple[WhoDTO, ...]
    notes: tuple[Mapping[str, str], ...]


@query(route="GET /access/explain", privilege=AUTHENTICATED, facade="access.explain")
@dataclass(frozen=True, slots=True)
class Explain(Query[ExplanationDTO]):
    """Why somebody may or may not do something: membership, roles, privilege, access rules, policies, workflow.

    ``action`` is read, update, delete, restore, link, ``transition:<id>``, create (of a ``type`` in a project), or a
    privilege (``member:invite``). ``entity_type`` is Artifact or Project, and neither for a privilege. ``user`` is an
    e-mail address or id; without it, I. ``role`` asks about anybody who holds just this role. ``at`` asks about that
    moment: the process, roles and item of then, as far as the audit trail tells. ``who_can`` lists for every member
    whether he may do that action. About others, and for ``role``, ``at`` and ``who_can``, the privilege audit:read is
    needed.
    """

    action: str = "read"
    entity_type: Literal["Artifact", "Project"] | None = None
    entity_id: UUID | None = None
    user: str | None = None
    type: str | None = None
    at: datetime | None = None
    who_can: str | None = None
    role: str | None = None
