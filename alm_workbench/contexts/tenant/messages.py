"""Commands and queries about the organisation itself: its settings, its subscription, whether it is open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from alm_workbench.shared.messages import AUTHENTICATED, PUBLIC, Command, Query, command, query
from alm_workbench.shared.tiers import Resource


@dataclass(frozen=True, slots=True)
class TenantDTO:
    """An organisation and its settings. ``week_start`` is the ISO weekday (Monday = 1).

    ``working_calendar``: ``{"days": [1, 2, …], "holidays": ["2026-01-01", …]}``; ``settings``: see ``UpdateTenant``.
    """

    tenant_id: UUID
    slug: str
    name: str
    tier: str
    timezone: str
    week_start: int
    locale: str
    status: str
    version: int
    working_calendar: Mapping[str, Any]
    settings: Mapping[str, Any]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class QuotaDTO:
    """One limit and what is used of it; ``limit`` is None where there is none. ``storage`` is in bytes."""

    resource: str
    used: int
    limit: int | None


@dataclass(frozen=True, slots=True)
class SubscriptionDTO:
    """The subscription: requests a minute and a second, and the quotas."""

    tier: str
    labels: Mapping[str, str]
    requests_per_minute: int
    burst: int
    quotas: tuple[QuotaDTO, ...]


# -- the organisation


@query(route="GET /tenant", privilege=AUTHENTICATED, facade="tenant.get")
@dataclass(frozen=True, slots=True)
class GetTenant(Query[TenantDTO]):
    """The organisation I work in."""


@command(route="PATCH /tenant", privilege="tenant:manage", facade="tenant.update", if_match=True)
@dataclass(frozen=True, slots=True)
class UpdateTenant(Command[TenantDTO]):
    """Change the organisation; what is not named stays.

    ``settings``: ``invitation_days`` (1 to 30, default 7), ``audit_retention_months`` (null: for ever); a null
    removes one. ``working_calendar`` replaces the whole calendar.
    """

    expected_version: int
    name: str | None = None
    timezone: str | None = None
    week_start: int | None = None
    locale: Literal["en", "tr"] | None = None
    working_calendar: Mapping[str, Any] | None = None
    settings: Mapping[str, int | None] | None = None


@query(route="GET /tenant/subscription", privilege="tenant:read", facade="tenant.subscription")
@dataclass(frozen=True, slots=True)
class GetSubscription(Query[SubscriptionDTO]):
    """The subscription of the organisation, and what is used of it."""


@command(route="POST /tenant/deactivate", privilege="tenant:deactivate", facade="tenant.deactivate", status=200)
@dataclass(frozen=True, slots=True)
class DeactivateTenant(Command[TenantDTO]):
    """Close the organisation for everybody, at once; nothing is deleted. ``slug`` must name it, against accidents.

    Only who runs the installation can open it again (``alm tenant reactivate``).
    """

    slug: str


# -- for other contexts and for who runs the installation


@command(route=None, privilege=PUBLIC)
@dataclass(frozen=True, slots=True)
class RequireQuota(Command[None]):
    """Claim room for ``amount`` more of a resource; raises ``TenantQuotaExceeded`` (429).

    Ask before writing: other claims of the organisation wait until this transaction ends. Unlimited tiers cost nothing.
    """

    resource: Resource
    amount: int = 1


@query(route=None, privilege=PUBLIC)
@dataclass(frozen=True, slots=True)
class TenantBySlug(Query[UUID | None]):
    """The id of the tenant with this slug."""

    slug: str


@query(route=None, privilege=PUBLIC)
@dataclass(frozen=True, slots=True)
class TenantById(Query[TenantDTO | None]):
    """An organisation, active or not, for who runs the installation."""

    tenant_id: UUID


@command(route=None, privilege=PUBLIC)
@dataclass(frozen=True, slots=True)
class SetTier(Command[TenantDTO]):
    """Give an organisation another subscription; what it has above the new quotas stays, more does not come."""

    slug: str
    tier: str


@command(route=None, privilege=PUBLIC)
@dataclass(frozen=True, slots=True)
class SetTenantStatus(Command[TenantDTO]):
    """Deactivate or reactivate an organisation, as who runs the installation."""

    slug: str
    active: bool
