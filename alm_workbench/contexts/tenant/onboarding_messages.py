"""Commands and queries about setting up an organisation, for who runs the installation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from alm_workbench.contexts.tenant.messages import TenantDTO
from alm_workbench.shared.messages import PUBLIC, Command, Query, command, query


@dataclass(frozen=True, slots=True)
class OnboardingDTO:
    """An organisation being set up: the steps that are done, and why it stopped."""

    run_id: UUID
    slug: str
    status: str
    done: tuple[str, ...]
    error: str | None
    started_at: datetime


@command(route=None, privilege=PUBLIC)
@dataclass(frozen=True, slots=True)
class OnboardTenant(Command[TenantDTO]):
    """Set up an organisation from the seed, step by step; undone as a whole when a step fails.

    An unfinished run of the same slug and owner is taken up where it stopped.
    """

    slug: str
    name: str
    owner_user_id: UUID
    owner_email: str
    owner_name: str
    tier: str = "enterprise"
    timezone: str = "UTC"
    locale: str = "en"


@query(route=None, privilege=PUBLIC)
@dataclass(frozen=True, slots=True)
class UnfinishedOnboardings(Query[tuple[OnboardingDTO, ...]]):
    """Organisations whose setting up (or taking back) stopped half-way."""


@command(route=None, privilege=PUBLIC)
@dataclass(frozen=True, slots=True)
class ResumeOnboarding(Command[OnboardingDTO]):
    """Finish what an unfinished run began: forwards, or backwards where it was being undone."""

    run_id: UUID
