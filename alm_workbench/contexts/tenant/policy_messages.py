"""Commands and queries about an organisation's own policies, which stand above the process of any project."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from alm_workbench.mpc import CompiledManifest
from alm_workbench.shared.messages import AUTHENTICATED, Command, Query, command, query


@dataclass(frozen=True, slots=True)
class PolicyWarningDTO:
    """What somebody should look at twice; ``path`` is a JSON pointer, ``text`` by language."""

    path: str
    code: str
    text: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PolicyDTO:
    """A policy of the organisation. ``definition`` has the properties of a manifest's Policy.

    ``built_in`` ones came with the organisation: they can be changed and switched off, not deleted.
    """

    code: str
    labels: Mapping[str, str]
    enabled: bool
    definition: Mapping[str, Any]
    built_in: bool
    warnings: tuple[PolicyWarningDTO, ...]
    version: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class TenantPolicies:
    """The enabled policies of an organisation, ready to decide, with the row version of each."""

    compiled: CompiledManifest
    versions: Mapping[str, int]


@query(route="GET /policies", privilege="tenant:read", facade="policies.list")
@dataclass(frozen=True, slots=True)
class ListPolicies(Query[tuple[PolicyDTO, ...]]):
    """The policies of the organisation, by code."""


@command(route="POST /policies", privilege="tenant:manage", facade="policies.create", idempotent=True)
@dataclass(frozen=True, slots=True)
class CreatePolicy(Command[PolicyDTO]):
    """Make a policy that holds in every project at once.

    ``definition``: ``events`` (create, update, soft_delete, restore, transition, assign, link …), and if wanted
    ``when``, ``effect`` (deny unless it says allow), ``applies_to``, ``priority``, ``labels`` and ``message``.
    """

    code: str
    definition: Mapping[str, Any]
    enabled: bool = True


@command(route="PATCH /policies/{code}", privilege="tenant:manage", facade="policies.update", if_match=True)
@dataclass(frozen=True, slots=True)
class UpdatePolicy(Command[PolicyDTO]):
    """Switch a policy on or off, or give it another definition (all of it); what is not named stays."""

    code: str
    expected_version: int
    enabled: bool | None = None
    definition: Mapping[str, Any] | None = None


@command(route="DELETE /policies/{code}", privilege="tenant:manage", facade="policies.delete", if_match=True)
@dataclass(frozen=True, slots=True)
class DeletePolicy(Command[PolicyDTO]):
    """Delete a policy of our own; the built-in ones can be switched off."""

    code: str
    expected_version: int


# -- for other contexts


@query(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class PoliciesInForce(Query[TenantPolicies | None]):
    """The enabled policies. ``stamp`` tells their rows and versions: what is known under it is not read again."""

    stamp: str


@query(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class PoliciesThen(Query[TenantPolicies | None]):
    """The enabled ones of policies as the audit trail kept them (``code``, ``definition``, ``enabled``, ``version``)."""

    rows: tuple[Mapping[str, Any], ...]
