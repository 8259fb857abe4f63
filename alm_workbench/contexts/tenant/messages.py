"""Commands and queries of the tenant context: the organisation, its people, roles and invitations."""

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
class MemberDTO:
    """A person in the organisation; ``status`` is active or suspended."""

    membership_id: UUID
    user_id: UUID
    actor_id: UUID
    email: str
    display_name: str
    status: str
    roles: tuple[str, ...]
    version: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class RoleDTO:
    """A role: what it implies and grants. ``labels`` and ``description`` by language."""

    code: str
    labels: Mapping[str, str]
    implies: tuple[str, ...]
    privileges: tuple[str, ...]
    built_in: bool
    description: Mapping[str, str]
    version: int


@dataclass(frozen=True, slots=True)
class PrivilegeDTO:
    """What a role may grant; ``resource:*`` and ``*`` grant several at once."""

    code: str
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class InvitationDTO:
    """An invitation; ``status`` is open, accepted, revoked or expired. ``invited_by`` is the name of the inviter."""

    invitation_id: UUID
    email: str
    roles: tuple[str, ...]
    status: str
    invited_by: str
    created_at: datetime
    expires_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class InvitationSecretDTO:
    """A fresh invitation with its token, which is shown this once; ``link`` is a path on this server."""

    invitation: InvitationDTO
    token: str
    link: str


@dataclass(frozen=True, slots=True)
class InvitationOfferDTO:
    """What the holder of a token is invited to."""

    tenant_name: str
    tenant_slug: str
    email: str
    expires_at: datetime
    locale: str


@dataclass(frozen=True, slots=True)
class JoinedDTO:
    """The organisation a person has just joined."""

    tenant_id: UUID
    tenant_slug: str
    tenant_name: str
    membership_id: UUID
    roles: tuple[str, ...]


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


@dataclass(frozen=True, slots=True)
class OnboardingDTO:
    """An organisation being set up: the steps that are done, and why it stopped."""

    run_id: UUID
    slug: str
    status: str
    done: tuple[str, ...]
    error: str | None
    started_at: datetime


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


# -- members


@query(route="GET /members", privilege="member:read", facade="members.list")
@dataclass(frozen=True, slots=True)
class ListMembers(Query[tuple[MemberDTO, ...]]):
    """The people of the organisation, by name."""


@command(route=None, privilege="member:manage")
@dataclass(frozen=True, slots=True)
class AddMember(Command[MemberDTO]):
    """Add a person who already has an account, with roles that I hold myself.

    Not for REST: its answer would tell who has an account with other organisations. There people are invited.
    """

    email: str
    roles: tuple[str, ...] = ("viewer",)


@command(route="PATCH /members/{membership_id}", privilege="member:manage", facade="members.update", if_match=True)
@dataclass(frozen=True, slots=True)
class UpdateMember(Command[MemberDTO]):
    """Give a member other roles, suspend or reinstate. Nobody gives or takes more than he holds; one owner stays."""

    membership_id: UUID
    expected_version: int
    roles: tuple[str, ...] | None = None
    status: Literal["active", "suspended"] | None = None


@command(route="DELETE /members/{membership_id}", privilege="member:manage", facade="members.remove", if_match=True)
@dataclass(frozen=True, slots=True)
class RemoveMember(Command[MemberDTO]):
    """Take a person out of the organisation, with all roles and open invitations; what was written stays."""

    membership_id: UUID
    expected_version: int


# -- roles and privileges


@query(route="GET /roles", privilege="member:read", facade="roles.list")
@dataclass(frozen=True, slots=True)
class ListRoles(Query[tuple[RoleDTO, ...]]):
    """The roles of the organisation."""


@query(route="GET /privileges", privilege="member:read", facade="roles.privileges")
@dataclass(frozen=True, slots=True)
class ListPrivileges(Query[tuple[PrivilegeDTO, ...]]):
    """Every privilege that a role may grant."""


@command(route="POST /roles", privilege="role:manage", facade="roles.create", idempotent=True)
@dataclass(frozen=True, slots=True)
class CreateRole(Command[RoleDTO]):
    """Make a role out of privileges that I hold. ``labels`` and ``description`` by language."""

    code: str
    labels: Mapping[str, str]
    privileges: tuple[str, ...] = ()
    implies: tuple[str, ...] = ()
    description: Mapping[str, str] | None = None


@command(route="PATCH /roles/{code}", privilege="role:manage", facade="roles.update", if_match=True)
@dataclass(frozen=True, slots=True)
class UpdateRole(Command[RoleDTO]):
    """Change a role of our own; what is not named stays. The built-in ones are fixed."""

    code: str
    expected_version: int
    labels: Mapping[str, str] | None = None
    privileges: tuple[str, ...] | None = None
    implies: tuple[str, ...] | None = None
    description: Mapping[str, str] | None = None


@command(route="DELETE /roles/{code}", privilege="role:manage", facade="roles.delete", if_match=True)
@dataclass(frozen=True, slots=True)
class DeleteRole(Command[RoleDTO]):
    """Delete a role of our own that nobody holds, no role implies and no open invitation promises."""

    code: str
    expected_version: int


# -- invitations


@command(route="POST /invitations", privilege="member:invite", facade="members.invite")
@dataclass(frozen=True, slots=True)
class InviteMember(Command[InvitationSecretDTO]):
    """Invite an address with roles that I hold myself; only an account of this address can accept."""

    email: str
    roles: tuple[str, ...] = ("viewer",)


@query(route="GET /invitations", privilege="member:invite", facade="members.invitations")
@dataclass(frozen=True, slots=True)
class ListInvitations(Query[tuple[InvitationDTO, ...]]):
    """The invitations of the organisation, newest first."""


@command(route="DELETE /invitations/{invitation_id}", privilege="member:invite", facade="members.revoke_invitation")
@dataclass(frozen=True, slots=True)
class RevokeInvitation(Command[InvitationDTO]):
    """Take an open invitation back; its token is dead."""

    invitation_id: UUID


@command(
    route="POST /invitations/{invitation_id}/resend", privilege="member:invite", facade="members.resend_invitation"
)
@dataclass(frozen=True, slots=True)
class ResendInvitation(Command[InvitationSecretDTO]):
    """Give an open or expired invitation a new token and new time; the token before is dead."""

    invitation_id: UUID


@query(route="POST /invitations/look-up", privilege=PUBLIC)
@dataclass(frozen=True, slots=True)
class InvitationByToken(Query[InvitationOfferDTO]):
    """What a token invites to; expired, revoked, used and unknown ones are refused in the same words."""

    token: str


@command(route="POST /invitations/accept", privilege=AUTHENTICATED, status=200)
@dataclass(frozen=True, slots=True)
class AcceptInvitation(Command[JoinedDTO]):
    """Join the organisation that invited my address."""

    token: str


@command(route=None, privilege=PUBLIC)
@dataclass(frozen=True, slots=True)
class AcceptInvitationAs(Command[JoinedDTO]):
    """The same for an account that is being made in this transaction (registration); ``email`` is the account's.

    The transaction stands in the tenant that was joined afterwards.
    """

    token: str
    user_id: UUID
    email: str
    display_name: str


# -- for other contexts and for who runs the installation


@command(route=None, privilege=PUBLIC)
@dataclass(frozen=True, slots=True)
class RequireQuota(Command[None]):
    """Claim room for ``amount`` more of a resource; raises ``TenantQuotaExceeded`` (429).

    Ask before writing: other claims of the organisation wait until this transaction ends. Unlimited tiers cost nothing.
    """

    resource: Resource
    amount: int = 1


@command(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class RightsNow(Command[frozenset[str]]):
    """What I hold tenant-wide at this moment, whatever the process remembers of me.

    Until the transaction ends nobody else changes members and roles: for those who give rights elsewhere.
    """


@query(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class IsActor(Query[bool]):
    """Whether somebody of this organisation has this id: a person, a key, an author of imported history.

    Those who left count too; those of other organisations are as unknown as those that never were.
    """

    actor_id: UUID


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
