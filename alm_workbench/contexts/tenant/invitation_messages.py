"""Commands and queries about invitations: sent, sent again, taken back and accepted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from alm_workbench.shared.messages import AUTHENTICATED, PUBLIC, Command, Query, command, query


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


# -- whoever invites


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


# -- whoever is invited


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
